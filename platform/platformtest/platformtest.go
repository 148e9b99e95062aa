// Package platformtest is the contract of platform.Platform as a test suite:
// every implementation passes Run.
//
// Each part opens a platform of its own and makes its own products, with names
// that are new every time, so that the suite may also run against a platform
// that already holds others; it deletes what it made. The parts run one after
// the other and start no goroutines that outlive them.
package platformtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"fleetmint/platform"
)

// hang ends a test that waits for something that does not come.
const hang = 2 * time.Minute

// Run checks that the platforms which open returns keep the contract of
// platform.Platform. open registers its own clean-up with t.
func Run(t *testing.T, open func(t *testing.T) platform.Platform) {
	t.Helper()
	for _, part := range []struct {
		name string
		test func(*testing.T, platform.Platform)
	}{
		{"Products", testProducts},
		{"ProductRules", testProductRules},
		{"ProductPages", testProductPages},
		{"UnknownProduct", testUnknownProduct},
		{"Devices", testDevices},
		{"DeviceRules", testDeviceRules},
		{"DevicePages", testDevicePages},
		{"FindDevices", testFindDevices},
		{"DevicesNamed", testDevicesNamed},
		{"BatchOfNames", testBatchOfNames},
		{"BatchOfCount", testBatchOfCount},
		{"BatchRefused", testBatchRefused},
		{"DynamicRegistration", testDynamicRegistration},
		{"ProductWithDevices", testProductWithDevices},
		{"Statistics", testStatistics},
		{"CancelledContext", testCancelledContext},
	} {
		t.Run(part.name, func(t *testing.T) { part.test(t, open(t)) })
	}
}

func testProducts(t *testing.T, p platform.Platform) {
	ctx := limited(t)
	for _, method := range append(platform.Methods(), platform.MethodUnknown) {
		for _, node := range []platform.NodeType{platform.NodeDevice, platform.NodeGateway} {
			want := platform.NewProduct{Name: unique("product"), Description: "Lamp, 2nd & “new” 灯 +1", NodeType: node, Method: method}
			created := createProduct(t, p, want)
			if created.ProductKey == "" || created.ProductSecret == "" {
				t.Fatal("a new product has no ProductKey or no ProductSecret")
			}
			got, err := p.Product(ctx, created.ProductKey)
			if err != nil {
				t.Fatal(err)
			}
			if got.ProductKey != created.ProductKey || got.ProductSecret != created.ProductSecret {
				t.Error("ProductKey or ProductSecret differ from those of the creation")
			}
			for _, product := range []platform.Product{created, got} {
				is := platform.NewProduct{Name: product.Name, Description: product.Description, NodeType: product.NodeType, Method: product.Method}
				if is != want {
					t.Errorf("got %+v, want %+v", is, want)
				}
				if product.DeviceCount != 0 || product.Created.IsZero() {
					t.Errorf("a new product has %d devices and was created at %v", product.DeviceCount, product.Created)
				}
			}
			if got.DynamicRegistrationKnown != created.DynamicRegistrationKnown || got.DynamicRegistration != created.DynamicRegistration {
				t.Error("the creation and the query differ about dynamic registration")
			}
		}
	}
	gone := createProduct(t, p, platform.NewProduct{Name: unique("gone")})
	if err := p.DeleteProduct(ctx, gone.ProductKey); err != nil {
		t.Fatal(err)
	}
	_, err := p.Product(ctx, gone.ProductKey)
	wantKind(t, err, platform.ErrNotFound, "", "query a deleted product")
}

func testProductRules(t *testing.T, p platform.Platform) {
	ctx := limited(t)
	taken := createProduct(t, p, platform.NewProduct{Name: unique("taken")})
	for _, row := range []struct {
		what    string
		product platform.NewProduct
		kind    error
		field   string
	}{
		{"a name that is too short", platform.NewProduct{Name: "abc"}, platform.ErrInvalid, platform.FieldProductName},
		{"a name that is too long", platform.NewProduct{Name: strings.Repeat("灯", 16)}, platform.ErrInvalid, platform.FieldProductName},
		{"a name with a blank", platform.NewProduct{Name: "two words"}, platform.ErrInvalid, platform.FieldProductName},
		{"no name", platform.NewProduct{}, platform.ErrInvalid, platform.FieldProductName},
		{
			"a long description",
			platform.NewProduct{Name: unique("long"), Description: strings.Repeat("d", platform.ProductDescriptionMax+1)},
			platform.ErrInvalid, platform.FieldDescription,
		},
		{"a wrong node type", platform.NewProduct{Name: unique("node"), NodeType: 7}, platform.ErrInvalid, platform.FieldNodeType},
		{"a name that is taken", platform.NewProduct{Name: taken.Name}, platform.ErrAlreadyExists, platform.FieldProductName},
	} {
		product, err := p.CreateProduct(ctx, row.product)
		wantKind(t, err, row.kind, row.field, "create a product with "+row.what)
		if product.ProductKey != "" {
			removeProduct(t, p, product.ProductKey)
		}
	}
}

func testProductPages(t *testing.T, p platform.Platform) {
	ctx := limited(t)
	before, err := p.Products(ctx, platform.Page{Number: 1, Size: 1})
	if err != nil {
		t.Fatal(err)
	}
	var newest []string
	for range 5 {
		product := createProduct(t, p, platform.NewProduct{Name: unique("page"), Method: platform.SubDevice})
		newest = append([]string{product.ProductKey}, newest...)
	}
	var listed []string
	for number := 1; number <= 3; number++ {
		page, err := p.Products(ctx, platform.Page{Number: number, Size: 2})
		if err != nil {
			t.Fatal(err)
		}
		if page.Total != before.Total+5 {
			t.Errorf("page %d: total %d, want %d", number, page.Total, before.Total+5)
		}
		for _, product := range page.Products {
			listed = append(listed, product.ProductKey)
			if product.ProductSecret != "" {
				t.Error("a listing holds a ProductSecret")
			}
			if slices.Contains(newest, product.ProductKey) && product.Method != platform.SubDevice {
				t.Errorf("method %q in the listing, want %q", product.Method, platform.SubDevice)
			}
		}
	}
	if len(listed) < 5 || !slices.Equal(listed[:5], newest) {
		t.Errorf("listed %v, want %v first", listed, newest)
	}
	beyond, err := p.Products(ctx, platform.Page{Number: 5 + before.Total/2, Size: 2})
	if err != nil {
		t.Fatal(err)
	}
	if len(beyond.Products) != 0 {
		t.Errorf("a page beyond the last has %d products", len(beyond.Products))
	}
	for _, page := range []platform.Page{{}, {Number: 0, Size: 10}, {Number: 1, Size: 0}, {Number: -1, Size: 10}, {Number: 1, Size: -1}} {
		_, err := p.Products(ctx, page)
		wantKind(t, err, platform.ErrInvalid, "", fmt.Sprintf("list products of page %+v", page))
	}
}

func testUnknownProduct(t *testing.T, p platform.Platform) {
	ctx := limited(t)
	product := createProduct(t, p, platform.NewProduct{Name: unique("gone")})
	unknown := product.ProductKey
	if err := p.DeleteProduct(ctx, unknown); err != nil {
		t.Fatal(err)
	}
	for what, call := range map[string]func() error{
		"query product":  func() error { _, err := p.Product(ctx, unknown); return err },
		"delete product": func() error { return p.DeleteProduct(ctx, unknown) },
		"list devices":   func() error { _, err := p.Devices(ctx, unknown, platform.Page{Number: 1, Size: 10}); return err },
		"query device": func() error {
			_, err := p.Device(ctx, platform.DeviceRef{ProductKey: unknown, DeviceName: "lamp-1"})
			return err
		},
		"query devices":   func() error { _, err := p.DevicesNamed(ctx, unknown, []string{"lamp-1"}); return err },
		"register device": func() error { _, err := p.RegisterDevice(ctx, platform.NewDevice{ProductKey: unknown}); return err },
		"register names": func() error {
			_, err := p.RegisterDevices(ctx, platform.Batch{ProductKey: unknown, Names: []string{"lamp-1"}}, nil)
			return err
		},
		"register a count": func() error {
			_, err := p.RegisterDevices(ctx, platform.Batch{ProductKey: unknown, Count: 2}, nil)
			return err
		},
		"delete device": func() error {
			return p.DeleteDevice(ctx, platform.DeviceRef{ProductKey: unknown, DeviceName: "lamp-1"})
		},
	} {
		wantKind(t, call(), platform.ErrNotFound, "", what+" of an unknown product")
	}
	if err := p.SetDynamicRegistration(ctx, unknown, true); !errors.Is(err, platform.ErrUnsupported) {
		wantKind(t, err, platform.ErrNotFound, "", "switch dynamic registration of an unknown product")
	}
}

func testDevices(t *testing.T, p platform.Platform) {
	ctx := limited(t)
	product := createProduct(t, p, platform.NewProduct{Name: unique("devices")})
	for _, want := range []platform.NewDevice{
		{DeviceName: "lamp-1"},
		{DeviceName: "a@B.c:1_-", Nickname: "kitchen"},
		{DeviceName: "LAMP-1"}, // names are case-sensitive
		{DeviceName: strings.Repeat("x", platform.DeviceNameMax)},
		{DeviceName: ""},
	} {
		want.ProductKey = product.ProductKey
		registered := registerDevice(t, p, want)
		if want.DeviceName == "" {
			want.DeviceName = registered.DeviceName
			if err := platform.ValidateDeviceName(registered.DeviceName); err != nil {
				t.Errorf("the platform chose a name: %v", err)
			}
		}
		got, err := p.Device(ctx, platform.DeviceRef{ProductKey: product.ProductKey, DeviceName: want.DeviceName})
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range []platform.Device{registered, got} {
			if d.ProductKey != want.ProductKey || d.DeviceName != want.DeviceName || d.Nickname != want.Nickname {
				t.Errorf("got %s %s (%s), want %s %s (%s)", d.ProductKey, d.DeviceName, d.Nickname, want.ProductKey, want.DeviceName, want.Nickname)
			}
			if d.DeviceSecret == "" || d.IotID == "" || d.Created.IsZero() {
				t.Errorf("%s has no DeviceSecret, no IotId or no time of creation", d.DeviceName)
			}
			if d.Status != platform.StatusUnactive || !d.Activated.IsZero() || !d.LastOnline.IsZero() {
				t.Errorf("%s has never connected, but is %s, activated %v, last online %v", d.DeviceName, d.Status, d.Activated, d.LastOnline)
			}
		}
		if got.DeviceSecret != registered.DeviceSecret || got.IotID != registered.IotID {
			t.Errorf("%s: DeviceSecret or IotId differ from those of the registration", want.DeviceName)
		}
	}

	gone := platform.DeviceRef{ProductKey: product.ProductKey, DeviceName: "lamp-1"}
	if err := p.DeleteDevice(ctx, gone); err != nil {
		t.Fatal(err)
	}
	_, err := p.Device(ctx, gone)
	wantKind(t, err, platform.ErrNotFound, "", "query a deleted device")
	wantKind(t, p.DeleteDevice(ctx, gone), platform.ErrNotFound, "", "delete a device twice")
}

func testDeviceRules(t *testing.T, p platform.Platform) {
	ctx := limited(t)
	product := createProduct(t, p, platform.NewProduct{Name: unique("rules")})
	taken := registerDevice(t, p, platform.NewDevice{ProductKey: product.ProductKey, DeviceName: "lamp-1"})
	for name, kind := range map[string]error{
		"abc":                   platform.ErrInvalid,
		strings.Repeat("a", 33): platform.ErrInvalid,
		"two words":             platform.ErrInvalid,
		"灯灯灯灯":                  platform.ErrInvalid,
		"lamp/1":                platform.ErrInvalid,
		"lamp-1":                platform.ErrAlreadyExists,
	} {
		_, err := p.RegisterDevice(ctx, platform.NewDevice{ProductKey: product.ProductKey, DeviceName: name})
		wantKind(t, err, kind, platform.FieldDeviceName, fmt.Sprintf("register device %q", name))
	}
	still, err := p.Device(ctx, taken.DeviceRef)
	if err != nil {
		t.Fatal(err)
	}
	if still.DeviceSecret != taken.DeviceSecret {
		t.Error("a refused registration changed the DeviceSecret")
	}
	// A name is unique within its product only.
	other := createProduct(t, p, platform.NewProduct{Name: unique("other")})
	registerDevice(t, p, platform.NewDevice{ProductKey: other.ProductKey, DeviceName: "lamp-1"})
}

func testDevicePages(t *testing.T, p platform.Platform) {
	const count = 125
	ctx := limited(t)
	product := createProduct(t, p, platform.NewProduct{Name: unique("pages")})
	secrets := make(map[string]string)
	result := registerBatch(t, p, platform.Batch{ProductKey: product.ProductKey, Names: numbered("bulk", count)})
	for _, d := range result.Devices {
		secrets[d.DeviceName] = d.DeviceSecret
	}
	// One that is certainly the newest.
	newest := registerDevice(t, p, platform.NewDevice{ProductKey: product.ProductKey, DeviceName: "newest"})
	secrets[newest.DeviceName] = newest.DeviceSecret

	for _, size := range []int{7, 50, 60, 120, 1000} {
		seen := make(map[string]bool)
		var last time.Time
		for number := 1; ; number++ {
			page, err := p.Devices(ctx, product.ProductKey, platform.Page{Number: number, Size: size})
			if err != nil {
				t.Fatal(err)
			}
			if page.Total != count+1 {
				t.Errorf("size %d, page %d: total %d, want %d", size, number, page.Total, count+1)
			}
			if want := max(0, min(size, count+1-(number-1)*size)); len(page.Devices) != want {
				t.Fatalf("size %d, page %d: %d devices, want %d", size, number, len(page.Devices), want)
			}
			for i, d := range page.Devices {
				if number == 1 && i == 0 && d.DeviceName != "newest" {
					t.Errorf("size %d: %s comes first, want the newest", size, d.DeviceName)
				}
				if seen[d.DeviceName] {
					t.Errorf("size %d: %s is listed twice", size, d.DeviceName)
				}
				seen[d.DeviceName] = true
				if d.DeviceSecret != secrets[d.DeviceName] || d.ProductKey != product.ProductKey || d.Status != platform.StatusUnactive {
					t.Errorf("size %d: %s is listed with another certificate or as %s", size, d.DeviceName, d.Status)
				}
				if !last.IsZero() && d.Created.After(last) {
					t.Errorf("size %d: %s is younger than the one before it", size, d.DeviceName)
				}
				last = d.Created
			}
			if len(page.Devices) == 0 {
				break
			}
		}
		if len(seen) != count+1 {
			t.Errorf("size %d: %d devices listed, want %d", size, len(seen), count+1)
		}
	}
	_, err := p.Devices(ctx, product.ProductKey, platform.Page{})
	wantKind(t, err, platform.ErrInvalid, "", "list devices of page 0")
}

func testFindDevices(t *testing.T, p platform.Platform) {
	ctx := limited(t)
	product := createProduct(t, p, platform.NewProduct{Name: unique("find")})
	for _, name := range []string{"lamp-0001", "LAMP-0002", "door-0001", "xlam", "p-12"} {
		registerDevice(t, p, platform.NewDevice{ProductKey: product.ProductKey, DeviceName: name})
	}
	for _, row := range []struct {
		filter platform.DeviceFilter
		page   platform.Page
		want   []string
		total  int
	}{
		{platform.DeviceFilter{Contains: "lamp"}, platform.Page{Number: 1, Size: 10}, []string{"LAMP-0002", "lamp-0001"}, 2},
		{platform.DeviceFilter{Contains: "0001"}, platform.Page{Number: 1, Size: 10}, []string{"door-0001", "lamp-0001"}, 2},
		{platform.DeviceFilter{Contains: "0001"}, platform.Page{Number: 2, Size: 1}, []string{"lamp-0001"}, 2},
		{platform.DeviceFilter{Contains: "lamp-0003"}, platform.Page{Number: 1, Size: 10}, nil, 0},
		{platform.DeviceFilter{Contains: "lamp", Status: platform.StatusUnactive}, platform.Page{Number: 1, Size: 10}, []string{"LAMP-0002", "lamp-0001"}, 2},
		{platform.DeviceFilter{Status: platform.StatusOnline}, platform.Page{Number: 1, Size: 10}, nil, 0},
		{platform.DeviceFilter{}, platform.Page{Number: 1, Size: 2}, []string{"p-12", "xlam"}, 5},
	} {
		page, err := p.FindDevices(ctx, product.ProductKey, row.filter, row.page)
		if errors.Is(err, platform.ErrUnsupported) {
			t.Skip(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := deviceNames(page.Devices); !slices.Equal(got, row.want) && len(got)+len(row.want) > 0 || page.Total != row.total {
			t.Errorf("%+v, page %+v: %q of %d, want %q of %d", row.filter, row.page, got, page.Total, row.want, row.total)
		}
	}
}

func testDevicesNamed(t *testing.T, p platform.Platform) {
	const count = 120
	ctx := limited(t)
	product := createProduct(t, p, platform.NewProduct{Name: unique("named")})
	names := numbered("unit", count)
	registerBatch(t, p, platform.Batch{ProductKey: product.ProductKey, Names: names})
	slices.Reverse(names)

	asked := append([]string{"nobody-1", "no good name"}, names...)
	devices, err := p.DevicesNamed(ctx, product.ProductKey, append(asked, "nobody-2"))
	if err != nil {
		t.Fatal(err)
	}
	if got := deviceNames(devices); !slices.Equal(got, names) {
		t.Errorf("got %v, want the names in the order asked", got)
	}
	for _, d := range devices {
		if d.DeviceSecret == "" || d.ProductKey != product.ProductKey {
			t.Errorf("%s has no certificate", d.DeviceName)
		}
	}
	none, err := p.DevicesNamed(ctx, product.ProductKey, nil)
	if err != nil || len(none) != 0 {
		t.Errorf("no names: got %d devices and error %v", len(none), err)
	}
}

func testBatchOfNames(t *testing.T, p platform.Platform) {
	ctx := limited(t)
	product := createProduct(t, p, platform.NewProduct{Name: unique("batch")})
	taken := registerDevice(t, p, platform.NewDevice{ProductKey: product.ProductKey, DeviceName: "taken-1"})

	names := []string{"good-1", "bad name", "good-2", "taken-1", "good-1", "abc", "good-3"}
	progress := &recorder{t: t}
	result, err := p.RegisterDevices(ctx, platform.Batch{ProductKey: product.ProductKey, Names: names}, progress.record)
	if err != nil {
		t.Fatal(err)
	}
	progress.wantComplete(len(names))

	if got, want := deviceNames(result.Devices), []string{"good-1", "good-2", "good-3"}; !slices.Equal(slices.Sorted(slices.Values(got)), want) {
		t.Errorf("registered %v, want %v", got, want)
	}
	for _, d := range result.Devices {
		found, err := p.Device(ctx, d.DeviceRef)
		if err != nil {
			t.Fatal(err)
		}
		if d.DeviceSecret == "" || d.DeviceSecret != found.DeviceSecret || d.IotID != found.IotID {
			t.Errorf("%s: the batch and the query differ in the certificate", d.DeviceName)
		}
	}
	want := []platform.RejectedName{
		{DeviceName: "bad name", Reason: platform.ErrInvalid},
		{DeviceName: "taken-1", Reason: platform.ErrAlreadyExists},
		{DeviceName: "good-1", Reason: platform.ErrAlreadyExists},
		{DeviceName: "abc", Reason: platform.ErrInvalid},
	}
	if len(result.Rejected) != len(want) {
		t.Fatalf("rejected %v, want %v", result.Rejected, want)
	}
	for i, r := range result.Rejected {
		if r.DeviceName != want[i].DeviceName || !errors.Is(r.Reason, want[i].Reason) {
			t.Errorf("rejected %q: %v, want %q: %v", r.DeviceName, r.Reason, want[i].DeviceName, want[i].Reason)
		}
	}
	still, err := p.Device(ctx, taken.DeviceRef)
	if err != nil {
		t.Fatal(err)
	}
	if still.DeviceSecret != taken.DeviceSecret {
		t.Error("the batch changed the DeviceSecret of a device that was there already")
	}

	again, err := p.RegisterDevices(ctx, platform.Batch{ProductKey: product.ProductKey, Names: []string{"good-1", "good-2"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(again.Devices) != 0 || len(again.Rejected) != 2 {
		t.Errorf("the same names again: %d registered and %d rejected, want 0 and 2", len(again.Devices), len(again.Rejected))
	}
}

func testBatchOfCount(t *testing.T, p platform.Platform) {
	const count = 60
	product := createProduct(t, p, platform.NewProduct{Name: unique("count")})
	progress := &recorder{t: t}
	result, err := p.RegisterDevices(limited(t), platform.Batch{ProductKey: product.ProductKey, Count: count}, progress.record)
	if err != nil {
		t.Fatal(err)
	}
	progress.wantComplete(count)
	distinct := make(map[string]bool)
	for _, d := range result.Devices {
		distinct[d.DeviceName] = true
		if err := platform.ValidateDeviceName(d.DeviceName); err != nil || d.DeviceSecret == "" || d.ProductKey != product.ProductKey {
			t.Errorf("%s has no certificate or a wrong name: %v", d.DeviceName, err)
		}
	}
	if len(distinct) != count || len(result.Devices) != count || len(result.Rejected) != 0 {
		t.Errorf("%d devices of %d names and %d rejected, want %d, %d and 0", len(result.Devices), len(distinct), len(result.Rejected), count, count)
	}
}

func testBatchRefused(t *testing.T, p platform.Platform) {
	ctx := limited(t)
	product := createProduct(t, p, platform.NewProduct{Name: unique("refused")})
	for _, count := range []int{0, -1, platform.BatchMax + 1} {
		_, err := p.RegisterDevices(ctx, platform.Batch{ProductKey: product.ProductKey, Count: count}, nil)
		wantKind(t, err, platform.ErrInvalid, platform.FieldCount, fmt.Sprintf("register %d devices", count))
	}
	result, err := p.RegisterDevices(ctx, platform.Batch{ProductKey: product.ProductKey, Names: []string{"no", "no good"}}, nil)
	if err != nil || len(result.Rejected) != 2 || len(result.Devices) != 0 {
		t.Errorf("bad names only: %+v, %v; want both rejected", result, err)
	}
}

func testDynamicRegistration(t *testing.T, p platform.Platform) {
	ctx := limited(t)
	product := createProduct(t, p, platform.NewProduct{Name: unique("switch"), Method: platform.PerProductPreregistered})
	for _, on := range []bool{false, true, true, false} {
		err := p.SetDynamicRegistration(ctx, product.ProductKey, on)
		if errors.Is(err, platform.ErrUnsupported) {
			var refused *platform.Error
			if !errors.As(err, &refused) || refused.Message == "" {
				t.Fatalf("unsupported without a reason: %v", err)
			}
			t.Skip(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.Product(ctx, product.ProductKey)
		if err != nil {
			t.Fatal(err)
		}
		if !got.DynamicRegistrationKnown || got.DynamicRegistration != on {
			t.Errorf("switched to %t: known %t, on %t", on, got.DynamicRegistrationKnown, got.DynamicRegistration)
		}
		page, err := p.Products(ctx, platform.Page{Number: 1, Size: 200})
		if err != nil {
			t.Fatal(err)
		}
		for _, listed := range page.Products {
			if listed.ProductKey == product.ProductKey && (!listed.DynamicRegistrationKnown || listed.DynamicRegistration != on) {
				t.Errorf("switched to %t: the listing says known %t, on %t", on, listed.DynamicRegistrationKnown, listed.DynamicRegistration)
			}
		}
		if got.Method != platform.PerProductPreregistered {
			t.Errorf("the switch changed the method to %q", got.Method)
		}
	}
}

func testProductWithDevices(t *testing.T, p platform.Platform) {
	ctx := limited(t)
	product := createProduct(t, p, platform.NewProduct{Name: unique("full")})
	device := registerDevice(t, p, platform.NewDevice{ProductKey: product.ProductKey})
	wantKind(t, p.DeleteProduct(ctx, product.ProductKey), platform.ErrConflict, "", "delete a product with a device")
	got, err := p.Product(ctx, product.ProductKey)
	if err != nil {
		t.Fatal(err)
	}
	if got.DeviceCount != 1 {
		t.Errorf("the product counts %d devices, want 1", got.DeviceCount)
	}
	if _, err := p.Device(ctx, device.DeviceRef); err != nil {
		t.Errorf("the refused deletion took the device: %v", err)
	}
	if err := p.DeleteDevice(ctx, device.DeviceRef); err != nil {
		t.Fatal(err)
	}
	if err := p.DeleteProduct(ctx, product.ProductKey); err != nil {
		t.Errorf("delete the product without its device: %v", err)
	}
}

func testStatistics(t *testing.T, p platform.Platform) {
	ctx := limited(t)
	before, err := p.Statistics(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	product := createProduct(t, p, platform.NewProduct{Name: unique("stats")})
	for range 3 {
		registerDevice(t, p, platform.NewDevice{ProductKey: product.ProductKey})
	}
	got, err := p.Statistics(ctx, product.ProductKey)
	if err != nil {
		t.Fatal(err)
	}
	if want := (platform.Statistics{Devices: 3}); got != want {
		t.Errorf("product: got %+v, want %+v", got, want)
	}
	all, err := p.Statistics(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	if all.Devices != before.Devices+3 {
		t.Errorf("all products: %d devices, want %d", all.Devices, before.Devices+3)
	}
}

func testCancelledContext(t *testing.T, p platform.Platform) {
	product := createProduct(t, p, platform.NewProduct{Name: unique("cancel")})
	ref := registerDevice(t, p, platform.NewDevice{ProductKey: product.ProductKey}).DeviceRef
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	name := unique("never")
	for what, call := range map[string]func() error{
		"list products":  func() error { _, err := p.Products(ctx, platform.Page{Number: 1, Size: 10}); return err },
		"query product":  func() error { _, err := p.Product(ctx, product.ProductKey); return err },
		"create product": func() error { _, err := p.CreateProduct(ctx, platform.NewProduct{Name: name}); return err },
		"delete product": func() error { return p.DeleteProduct(ctx, product.ProductKey) },
		"list devices": func() error {
			_, err := p.Devices(ctx, product.ProductKey, platform.Page{Number: 1, Size: 10})
			return err
		},
		"query device":  func() error { _, err := p.Device(ctx, ref); return err },
		"query devices": func() error { _, err := p.DevicesNamed(ctx, product.ProductKey, []string{ref.DeviceName}); return err },
		"register device": func() error {
			_, err := p.RegisterDevice(ctx, platform.NewDevice{ProductKey: product.ProductKey})
			return err
		},
		"register devices": func() error {
			_, err := p.RegisterDevices(ctx, platform.Batch{ProductKey: product.ProductKey, Count: 3}, nil)
			return err
		},
		"delete device": func() error { return p.DeleteDevice(ctx, ref) },
		"count devices": func() error { _, err := p.Statistics(ctx, product.ProductKey); return err },
	} {
		if err := call(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a cancelled context: %v, want context.Canceled", what, err)
		}
	}
	got, err := p.Statistics(limited(t), product.ProductKey)
	if err != nil {
		t.Fatal(err)
	}
	if got.Devices != 1 {
		t.Errorf("%d devices after calls with a cancelled context, want 1", got.Devices)
	}
}
