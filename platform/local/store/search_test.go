package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"fleetmint/platform"
)

// FuzzSearch compares the search over all names at once with one that looks at
// name after name.
func FuzzSearch(f *testing.F) {
	f.Add("lamp-0001 LAMP-0002 xlam p-12 door", "lamp")
	f.Add("aaaa aaaaa aaaaaa", "aaaa")
	f.Add("abab baba", "ba")
	f.Add("", "x")
	f.Fuzz(func(t *testing.T, all, part string) {
		tb := newTable(0)
		var want []string
		seen := map[string]bool{}
		for _, name := range strings.Fields(all) {
			if platform.ValidateDeviceName(name) != nil || seen[name] {
				continue
			}
			seen[name] = true
			tb.add(name, "", uint32(len(seen)), 0)
			if strings.Contains(strings.ToLower(name), strings.ToLower(part)) {
				want = append(want, name)
			}
		}
		slices.Reverse(want)
		got, total := tb.search(platform.DeviceFilter{Contains: part}, 0, len(seen))
		if !slices.Equal(got, want) || total != len(want) {
			t.Errorf("%q in %q: %q of %d, want %q", part, all, got, total, want)
		}
	})
}

func TestSearchFollowsStatusAndDeletion(t *testing.T) {
	ctx := t.Context()
	s := mustOpen(t, t.TempDir())
	pk := newProduct(t, s, "lamp").ProductKey
	must[[]platform.Device](t)(s.RegisterDevices(ctx, pk, []string{"lamp-1", "lamp-2", "lamp-3", "door-1"}))
	ok(t, s.SetDisabled(ctx, platform.DeviceRef{ProductKey: pk, DeviceName: "lamp-2"}, true))
	ok(t, s.DeleteDevice(ctx, platform.DeviceRef{ProductKey: pk, DeviceName: "lamp-3"}))
	for _, row := range []struct {
		filter platform.DeviceFilter
		want   int
	}{
		{platform.DeviceFilter{Contains: "LAMP"}, 2},
		{platform.DeviceFilter{Contains: "lamp", Status: platform.StatusDisabled}, 1},
		{platform.DeviceFilter{Status: platform.StatusUnactive}, 2},
	} {
		page := must[platform.DevicePage](t)(s.FindDevices(ctx, pk, row.filter, platform.Page{Number: 1, Size: 10}))
		if page.Total != row.want || len(page.Devices) != row.want {
			t.Errorf("%+v finds %d of %d, want %d", row.filter, len(page.Devices), page.Total, row.want)
		}
	}
}

func BenchmarkSearch(b *testing.B) {
	const devices = 1_000_000
	t := newTable(devices)
	for i := range devices {
		t.add(fmt.Sprintf("dev%07d", i), "", uint32(i+1), 0)
	}
	for _, part := range []string{"77345", "zzz", "123", "v0"} {
		b.Run(part, func(b *testing.B) {
			for b.Loop() {
				t.search(platform.DeviceFilter{Contains: part}, 0, 50)
			}
		})
	}
}
