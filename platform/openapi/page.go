package openapi

import (
	"math"
	"net/url"
	"strconv"

	"fleetmint/platform"
)

func pageParams(number, size int) url.Values {
	return url.Values{"CurrentPage": {strconv.Itoa(number)}, "PageSize": {strconv.Itoa(size)}}
}

// gather serves a page of any size from an action whose pages have at most most
// items: it fetches the pages that cover the one asked for, one after the other,
// and cuts off what is too much. Items that are added meanwhile may shift
// others, as between any two pages.
func gather[T any](op string, page platform.Page, most int, fetch func(number, size int) ([]T, int, error)) ([]T, int, error) {
	if page.Number < 1 || page.Size < 1 || page.Number > math.MaxInt32/page.Size {
		return nil, 0, &platform.Error{Op: op, Kind: platform.ErrInvalid, Message: "pages count from 1 and have at least one item"}
	}
	if page.Size <= most {
		return fetch(page.Number, page.Size)
	}
	start := (page.Number - 1) * page.Size
	skip := start % most
	var items []T
	for number := start/most + 1; ; number++ {
		next, total, err := fetch(number, most)
		if err != nil {
			return nil, 0, err
		}
		items = append(items, next[min(skip, len(next)):]...)
		skip = 0
		if len(items) >= page.Size || len(next) < most || number*most >= total {
			return items[:min(page.Size, len(items))], total, nil
		}
	}
}
