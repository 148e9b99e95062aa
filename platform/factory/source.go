package factory

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"fleetmint/platform"
)

// Lister is the part of a platform that AllDevices needs.
type Lister interface {
	Devices(ctx context.Context, productKey string, page platform.Page) (platform.DevicePage, error)
}

// Listed yields the named devices out of those that were found. Where one of
// the names is missing it fails with ErrMissing and says which.
func Listed(productKey string, names []string, found []platform.Device) (iter.Seq2[platform.Device, error], error) {
	byName := make(map[string]platform.Device, len(found))
	for _, d := range found {
		byName[d.DeviceName] = d
	}
	var missing []string
	for _, name := range names {
		if _, ok := byName[name]; !ok {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("%w: product %s has no %s", ErrMissing, productKey, strings.Join(missing, ", "))
	}
	return func(yield func(platform.Device, error) bool) {
		for _, name := range names {
			if !yield(byName[name], nil) {
				return
			}
		}
	}, nil
}

// pageSize is the most that the cloud's QueryDevice returns in one call.
const pageSize = 50

// AllDevices yields the devices that a product has at the first call, newest
// first, page by page. Devices registered meanwhile move the pages, so that
// some are listed twice; they are yielded once. Devices deleted meanwhile can
// hide others: it then ends with ErrChanged.
func AllDevices(ctx context.Context, lister Lister, productKey string) iter.Seq2[platform.Device, error] {
	return func(yield func(platform.Device, error) bool) {
		seen := make(map[string]struct{})
		total := 0
		for number := 1; ; number++ {
			page, err := lister.Devices(ctx, productKey, platform.Page{Number: number, Size: pageSize})
			if err != nil {
				yield(platform.Device{}, err)
				return
			}
			if number == 1 {
				total = page.Total
			}
			for _, d := range page.Devices {
				if _, ok := seen[d.DeviceName]; ok {
					continue
				}
				seen[d.DeviceName] = struct{}{}
				if !yield(d, nil) {
					return
				}
			}
			if len(page.Devices) == 0 || len(seen) >= total {
				break
			}
		}
		if len(seen) < total {
			yield(platform.Device{}, ErrChanged)
		}
	}
}
