package api

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"fleetmint/platform"
	"fleetmint/platform/openapi/signature"
	"fleetmint/platform/openapi/wire"
)

// Limits of a request. The largest one documented, BatchCheckDeviceNames with
// 10,000 names and nicknames of Chinese characters, must fit.
const (
	maxBody       = 4 << 20
	maxParameters = 2*wire.MaxBatchNames + 100
)

// Names of parameters that many actions share.
const (
	paramProductKey  = platform.FieldProductKey
	paramDeviceName  = platform.FieldDeviceName
	paramNickname    = platform.FieldNickname
	paramIotID       = "IotId"
	paramCurrentPage = "CurrentPage"
	paramPageSize    = "PageSize"
	paramApplyID     = "ApplyId"
)

// parameters are those of query and form together, each with one value.
type parameters map[string]string

// readParameters merges query and form. A parameter that occurs twice is
// refused: which of them counts would be anybody's guess. Every error is a
// *signature.Error.
func readParameters(query, form string) (parameters, error) {
	if strings.Count(query, "&")+strings.Count(form, "&") >= maxParameters {
		return nil, invalidParameter("The request has more than " + strconv.Itoa(maxParameters) + " parameters.")
	}
	params := parameters{}
	for _, text := range [...]string{query, form} {
		values, err := signature.ParseParameters(text)
		if err != nil {
			return nil, invalidParameter("The parameters of the request are not URL-encoded.")
		}
		for name, all := range values {
			if _, twice := params[name]; twice || len(all) > 1 {
				return nil, invalidParameter("The request has a parameter more than once.")
			}
			params[name] = all[0]
		}
	}
	return params, nil
}

func invalidParameter(message string) *signature.Error {
	return &signature.Error{Code: "InvalidParameter", HTTPStatus: http.StatusBadRequest, Message: message}
}

// parameterKind is the form of a parameter.
type parameterKind int

const (
	text parameterKind = iota
	integer
	boolean // true or false
)

// parameter describes one parameter of an action. A parameter that is sent
// empty counts as left out.
type parameter struct {
	name      string
	kind      parameterKind
	mandatory bool
	// min and max bound an integer, both included; both 0: not bounded.
	min, max int64
	// code refuses a value of the wrong form, codeInvalidFormatted where empty.
	code string
}

// check refuses what does not fit the description. Parameters that are not
// described are ignored.
func (p parameters) check(described []parameter) error {
	for _, d := range described {
		if d.mandatory && p[d.name] == "" {
			return signature.Missing(d.name)
		}
	}
	for _, d := range described {
		if value := p[d.name]; value != "" && !d.fits(value) {
			code := d.code
			if code == "" {
				code = codeInvalidFormatted
			}
			return &refusal{code, d.rule()}
		}
	}
	return nil
}

func (d parameter) fits(value string) bool {
	switch d.kind {
	case integer:
		n, err := strconv.ParseInt(value, 10, 64)
		return err == nil && (d.min == 0 && d.max == 0 || d.min <= n && n <= d.max)
	case boolean:
		return value == "true" || value == "false"
	default:
		return true
	}
}

func (d parameter) rule() string {
	switch {
	case d.kind == boolean:
		return d.name + " must be true or false."
	case d.min == 0 && d.max == 0:
		return d.name + " must be a whole number."
	default:
		return d.name + " must be a whole number from " + strconv.FormatInt(d.min, 10) + " to " + strconv.FormatInt(d.max, 10) + "."
	}
}

func (p parameters) text(name string) string { return p[name] }

// integer returns a parameter that check has found to be an integer, or the
// fallback where it was left out.
func (p parameters) integer(name string, fallback int64) int64 {
	if n, err := strconv.ParseInt(p[name], 10, 64); err == nil {
		return n
	}
	return fallback
}

func (p parameters) boolean(name string) bool { return p[name] == "true" }

// list returns the parameters name.1, name.2 and so on, with a field such as
// name.1.field where one is given, in the order of their numbers.
func (p parameters) list(name, field string) []numbered {
	prefix, suffix := name+".", ""
	if field != "" {
		suffix = "." + field
	}
	var found []numbered
	for key, value := range p {
		rest, ok := strings.CutPrefix(key, prefix)
		if !ok {
			continue
		}
		digits, ok := strings.CutSuffix(rest, suffix)
		if !ok || digits == "" || digits[0] < '1' || digits[0] > '9' {
			continue
		}
		// The name of another field is not a number.
		if n, err := strconv.ParseUint(digits, 10, 31); err == nil {
			found = append(found, numbered{int(n), value})
		}
	}
	slices.SortFunc(found, func(a, b numbered) int { return a.number - b.number })
	return found
}

// numbered is one element of a list.
type numbered struct {
	number int
	value  string
}

// texts returns the elements of a list of texts.
func (p parameters) texts(name string) []string {
	elements := p.list(name, "")
	values := make([]string, len(elements))
	for i, e := range elements {
		values[i] = e.value
	}
	return values
}

// pairs returns two fields of a list of objects; a field that was left out is
// empty.
func (p parameters) pairs(name, first, second string) [][2]string {
	byNumber := map[int][2]string{}
	for i, field := range [...]string{first, second} {
		for _, e := range p.list(name, field) {
			pair := byNumber[e.number]
			pair[i] = e.value
			byNumber[e.number] = pair
		}
	}
	numbers := make([]int, 0, len(byNumber))
	for n := range byNumber {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	pairs := make([][2]string, len(numbers))
	for i, n := range numbers {
		pairs[i] = byNumber[n]
	}
	return pairs
}

// maxPage keeps page × size within what the store counts.
const maxPage = 1 << 31

// pageParameters describe CurrentPage and PageSize.
func pageParameters(mandatory bool, maxSize int64) []parameter {
	return []parameter{
		{name: paramCurrentPage, kind: integer, mandatory: mandatory, min: 1, max: maxPage, code: codeInvalidPage},
		{name: paramPageSize, kind: integer, mandatory: mandatory, min: 1, max: maxSize, code: codeInvalidPage},
	}
}

// page reads CurrentPage, 1 where left out, and PageSize, 10 where left out.
func (p parameters) page() platform.Page {
	return platform.Page{Number: int(p.integer(paramCurrentPage, 1)), Size: int(p.integer(paramPageSize, 10))}
}

// pageCount is how many pages there are in all.
func pageCount(total, size int) int { return (total + size - 1) / size }

// shown makes foreign text fit to be recorded.
func shown(s string) string {
	const most = 64
	return strings.ToValidUTF8(s[:min(len(s), most)], "�")
}
