package views

import (
	"context"

	"fleetmint/platform"
)

// deviceRows is the table's window on a product's devices: pages are fetched
// when a row of theirs is first asked for, and the rows in use are asked again
// on every load, so that what is shown follows the platform.
//
// It lives on the UI goroutine.
type deviceRows struct {
	*visit
	onChange   func(error)
	productKey string
	filter     platform.DeviceFilter
	total      int
	pages      map[int][]platform.Device // by page number from 1
	wanted     map[int]bool              // asked for and not yet here
	touched    map[int]bool              // looked at since the last load
}

func newDeviceRows(v *visit, onChange func(error)) *deviceRows {
	return &deviceRows{visit: v, onChange: onChange, pages: map[int][]platform.Device{}, wanted: map[int]bool{}, touched: map[int]bool{}}
}

// load fetches what the table looked at last, or the first page.
func (r *deviceRows) load(productKey string, filter platform.DeviceFilter) {
	if productKey != r.productKey || filter != r.filter {
		r.productKey, r.filter, r.total = productKey, filter, 0
		clear(r.pages)
		clear(r.wanted)
		clear(r.touched)
	}
	r.touched[1] = true // its answer also brings the total
	for number := range r.pages {
		if !r.touched[number] {
			delete(r.pages, number) // so that memory follows what is looked at
		}
	}
	for number := range r.touched {
		r.fetch(number)
	}
	clear(r.touched)
}

// loaded reports whether a row has arrived, without asking for it.
func (r *deviceRows) loaded(row int) bool {
	return row%devicesPage < len(r.pages[row/devicesPage+1])
}

// at is the device of a row; false while it is on its way.
func (r *deviceRows) at(row int) (platform.Device, bool) {
	number, i := row/devicesPage+1, row%devicesPage
	r.touched[number] = true
	devices, here := r.pages[number]
	if !here {
		r.fetch(number)
		devices = r.pages[number]
	}
	if i >= len(devices) {
		return platform.Device{}, false
	}
	return devices[i], true
}

func (r *deviceRows) fetch(number int) {
	if r.wanted[number] {
		return
	}
	r.wanted[number] = true
	productKey, filter := r.productKey, r.filter
	load(r.visit, func(ctx context.Context) (platform.DevicePage, error) {
		return r.Platform.FindDevices(ctx, productKey, filter, platform.Page{Number: number, Size: devicesPage})
	}, func(p platform.DevicePage, err error) {
		if productKey != r.productKey || filter != r.filter {
			return // something else was asked for meanwhile
		}
		delete(r.wanted, number)
		if err == nil {
			r.total = p.Total
			r.pages[number] = p.Devices
		}
		r.onChange(err)
	})
}
