package platform

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// NodeType says whether a product's devices connect themselves or also carry
// sub-devices. The numbers are the wire's.
type NodeType int

// The node types of the cloud's CreateProduct.
const (
	NodeDevice  NodeType = 0 // connects directly, or as a sub-device of a gateway
	NodeGateway NodeType = 1 // may have sub-devices
)

// Valid reports whether n is one of the two node types.
func (n NodeType) Valid() bool { return n == NodeDevice || n == NodeGateway }

// Product is a family of devices that share a ProductKey and a ProductSecret.
type Product struct {
	ProductKey    string
	ProductSecret string // empty in listings
	Name          string
	Description   string
	NodeType      NodeType
	Method        Method // MethodUnknown where the platform does not know it
	// DynamicRegistration is whether new devices may register themselves. It is
	// meaningful only when DynamicRegistrationKnown is set: the cloud has no
	// API that tells.
	DynamicRegistration      bool
	DynamicRegistrationKnown bool
	DeviceCount              int
	Created                  time.Time
}

// NewProduct is what a person decides when creating a product.
type NewProduct struct {
	Name        string
	Description string
	NodeType    NodeType
	Method      Method
}

// Limits of product fields, from the cloud's CreateProduct. A Chinese, Japanese
// or Korean character counts twice towards the name's length.
const (
	ProductNameMin        = 4
	ProductNameMax        = 30
	ProductDescriptionMax = 100
)

// Validate reports the first rule that the product breaks, as ErrInvalid.
func (p NewProduct) Validate() error {
	const op = "create product"
	if err := ValidateProductName(p.Name); err != nil {
		return err
	}
	if utf8.RuneCountInString(p.Description) > ProductDescriptionMax {
		return &Error{Op: op, Kind: ErrInvalid, Field: FieldDescription, Message: "a description has at most 100 characters"}
	}
	if !p.NodeType.Valid() {
		return &Error{Op: op, Kind: ErrInvalid, Field: FieldNodeType, Message: "the node type is 0 (device) or 1 (gateway)"}
	}
	return nil
}

// ValidateProductName checks a product name: 4 to 30 letters, digits and
// "_-@()", where a Chinese, Japanese or Korean character counts twice.
func ValidateProductName(name string) error {
	invalid := &Error{
		Op: "check product name", Kind: ErrInvalid, Field: FieldProductName, Value: name,
		Message: "a product name has 4 to 30 letters, digits and _ - @ ( ); a Chinese character counts as two",
	}
	if !utf8.ValidString(name) {
		return invalid
	}
	length := 0
	for _, r := range name {
		switch {
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul):
			length += 2
		case r < utf8.RuneSelf && (isLetterOrDigit(byte(r)) || strings.ContainsRune("_-@()", r)):
			length++
		default:
			return invalid
		}
	}
	if length < ProductNameMin || length > ProductNameMax {
		return invalid
	}
	return nil
}

func isLetterOrDigit(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// ProductPage is one page of products. Total counts all of them.
type ProductPage struct {
	Products []Product
	Total    int
}
