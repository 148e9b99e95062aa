package platformtest_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"fleetmint/platform"
	"fleetmint/platform/platformtest"
)

// The suite must accept the simplest platform that keeps the contract, with and
// without a switch for dynamic registration.
func TestSuiteAcceptsMemory(t *testing.T) {
	for _, switchable := range []bool{true, false} {
		t.Run("switchable="+strconv.FormatBool(switchable), func(t *testing.T) {
			platformtest.Run(t, func(*testing.T) platform.Platform { return &memory{switchable: switchable} })
		})
	}
}

// memory is a platform in slices, oldest first.
type memory struct {
	mu         sync.Mutex
	switchable bool
	made       int
	products   []platform.Product
	devices    []platform.Device
}

// enter locks the platform for one call, unless the context has ended.
func (m *memory) enter(ctx context.Context) (func(), error) {
	if err := ctx.Err(); err != nil {
		return func() {}, err
	}
	m.mu.Lock()
	return m.mu.Unlock, nil
}

func refuse(kind error, field string) error {
	return &platform.Error{Op: "test", Kind: kind, Field: field, Message: kind.Error()}
}

// next makes a distinct text.
func (m *memory) next(prefix string) string {
	m.made++
	return fmt.Sprintf("%s-%d", prefix, m.made)
}

func (m *memory) index(productKey string) (int, error) {
	i := slices.IndexFunc(m.products, func(p platform.Product) bool { return p.ProductKey == productKey })
	if i < 0 {
		return 0, refuse(platform.ErrNotFound, platform.FieldProductKey)
	}
	return i, nil
}

func (m *memory) of(productKey string) []platform.Device {
	var devices []platform.Device
	for _, d := range m.devices {
		if d.ProductKey == productKey {
			devices = append(devices, d)
		}
	}
	return devices
}

func cut[T any](oldestFirst []T, page platform.Page) ([]T, error) {
	if page.Number < 1 || page.Size < 1 {
		return nil, refuse(platform.ErrInvalid, "")
	}
	items := slices.Clone(oldestFirst)
	slices.Reverse(items)
	from := min((page.Number-1)*page.Size, len(items))
	return items[from:min(from+page.Size, len(items))], nil
}

func (m *memory) Products(ctx context.Context, page platform.Page) (platform.ProductPage, error) {
	leave, err := m.enter(ctx)
	defer leave()
	if err != nil {
		return platform.ProductPage{}, err
	}
	products, err := cut(m.products, page)
	for i := range products {
		products[i].ProductSecret = ""
	}
	return platform.ProductPage{Products: products, Total: len(m.products)}, err
}

func (m *memory) Product(ctx context.Context, productKey string) (platform.Product, error) {
	leave, err := m.enter(ctx)
	defer leave()
	if err != nil {
		return platform.Product{}, err
	}
	i, err := m.index(productKey)
	if err != nil {
		return platform.Product{}, err
	}
	product := m.products[i]
	product.DeviceCount = len(m.of(productKey))
	return product, nil
}

func (m *memory) CreateProduct(ctx context.Context, product platform.NewProduct) (platform.Product, error) {
	leave, err := m.enter(ctx)
	defer leave()
	if err != nil {
		return platform.Product{}, err
	}
	if err := product.Validate(); err != nil {
		return platform.Product{}, err
	}
	for _, p := range m.products {
		if p.Name == product.Name {
			return platform.Product{}, refuse(platform.ErrAlreadyExists, platform.FieldProductName)
		}
	}
	created := platform.Product{
		ProductKey: m.next("pk"), ProductSecret: m.next("ps"), Name: product.Name, Description: product.Description,
		NodeType: product.NodeType, Method: product.Method, Created: time.Now(),
		DynamicRegistration: m.switchable, DynamicRegistrationKnown: m.switchable,
	}
	m.products = append(m.products, created)
	return created, nil
}

func (m *memory) DeleteProduct(ctx context.Context, productKey string) error {
	leave, err := m.enter(ctx)
	defer leave()
	if err != nil {
		return err
	}
	i, err := m.index(productKey)
	if err != nil {
		return err
	}
	if len(m.of(productKey)) > 0 {
		return refuse(platform.ErrConflict, "")
	}
	m.products = slices.Delete(m.products, i, i+1)
	return nil
}

func (m *memory) SetDynamicRegistration(ctx context.Context, productKey string, enabled bool) error {
	leave, err := m.enter(ctx)
	defer leave()
	if err != nil {
		return err
	}
	if !m.switchable {
		return refuse(platform.ErrUnsupported, "")
	}
	i, err := m.index(productKey)
	if err == nil {
		m.products[i].DynamicRegistration = enabled
	}
	return err
}

func (m *memory) Devices(ctx context.Context, productKey string, page platform.Page) (platform.DevicePage, error) {
	leave, err := m.enter(ctx)
	defer leave()
	if err != nil {
		return platform.DevicePage{}, err
	}
	if _, err := m.index(productKey); err != nil {
		return platform.DevicePage{}, err
	}
	all := m.of(productKey)
	devices, err := cut(all, page)
	return platform.DevicePage{Devices: devices, Total: len(all)}, err
}

func (m *memory) FindDevices(ctx context.Context, productKey string, filter platform.DeviceFilter, page platform.Page) (platform.DevicePage, error) {
	leave, err := m.enter(ctx)
	defer leave()
	if err != nil {
		return platform.DevicePage{}, err
	}
	if _, err := m.index(productKey); err != nil {
		return platform.DevicePage{}, err
	}
	found := slices.DeleteFunc(slices.Clone(m.of(productKey)), func(d platform.Device) bool {
		return !strings.Contains(strings.ToLower(d.DeviceName), strings.ToLower(filter.Contains)) ||
			filter.Status != "" && filter.Status != d.Status
	})
	devices, err := cut(found, page)
	return platform.DevicePage{Devices: devices, Total: len(found)}, err
}

func (m *memory) Device(ctx context.Context, ref platform.DeviceRef) (platform.Device, error) {
	devices, err := m.DevicesNamed(ctx, ref.ProductKey, []string{ref.DeviceName})
	if err == nil && len(devices) == 0 {
		err = refuse(platform.ErrNotFound, platform.FieldDeviceName)
	}
	if err != nil {
		return platform.Device{}, err
	}
	return devices[0], nil
}

func (m *memory) DevicesNamed(ctx context.Context, productKey string, names []string) ([]platform.Device, error) {
	leave, err := m.enter(ctx)
	defer leave()
	if err != nil {
		return nil, err
	}
	if _, err := m.index(productKey); err != nil {
		return nil, err
	}
	var devices []platform.Device
	for _, name := range names {
		for _, d := range m.of(productKey) {
			if d.DeviceName == name {
				devices = append(devices, d)
			}
		}
	}
	return devices, nil
}

func (m *memory) RegisterDevice(ctx context.Context, device platform.NewDevice) (platform.Device, error) {
	leave, err := m.enter(ctx)
	defer leave()
	if err != nil {
		return platform.Device{}, err
	}
	return m.register(device)
}

func (m *memory) register(device platform.NewDevice) (platform.Device, error) {
	if _, err := m.index(device.ProductKey); err != nil {
		return platform.Device{}, err
	}
	if device.DeviceName == "" {
		device.DeviceName = m.next("device")
	}
	if err := platform.ValidateDeviceName(device.DeviceName); err != nil {
		return platform.Device{}, err
	}
	for _, d := range m.of(device.ProductKey) {
		if d.DeviceName == device.DeviceName {
			return platform.Device{}, refuse(platform.ErrAlreadyExists, platform.FieldDeviceName)
		}
	}
	d := platform.Device{
		DeviceRef:    platform.DeviceRef{ProductKey: device.ProductKey, DeviceName: device.DeviceName},
		DeviceSecret: m.next("ds"), IotID: m.next("iot"), Nickname: device.Nickname,
		Status: platform.StatusUnactive, Created: time.Now(),
	}
	m.devices = append(m.devices, d)
	return d, nil
}

func (m *memory) RegisterDevices(ctx context.Context, batch platform.Batch, progress func(platform.Progress)) (platform.BatchResult, error) {
	leave, err := m.enter(ctx)
	defer leave()
	if err != nil {
		return platform.BatchResult{}, err
	}
	if _, err := m.index(batch.ProductKey); err != nil {
		return platform.BatchResult{}, err
	}
	names := batch.Names
	if len(names) == 0 {
		if batch.Count < 1 || batch.Count > platform.BatchMax {
			return platform.BatchResult{}, refuse(platform.ErrInvalid, platform.FieldCount)
		}
		names = make([]string, batch.Count)
	}
	var result platform.BatchResult
	for i, name := range names {
		d, err := m.register(platform.NewDevice{ProductKey: batch.ProductKey, DeviceName: name})
		if err != nil {
			result.Rejected = append(result.Rejected, platform.RejectedName{DeviceName: name, Reason: err})
		} else {
			result.Devices = append(result.Devices, d)
		}
		if progress != nil {
			progress(platform.Progress{Done: i + 1, Total: len(names)})
		}
	}
	return result, nil
}

func (m *memory) DeleteDevice(ctx context.Context, ref platform.DeviceRef) error {
	leave, err := m.enter(ctx)
	defer leave()
	if err != nil {
		return err
	}
	if _, err := m.index(ref.ProductKey); err != nil {
		return err
	}
	i := slices.IndexFunc(m.devices, func(d platform.Device) bool { return d.DeviceRef == ref })
	if i < 0 {
		return refuse(platform.ErrNotFound, platform.FieldDeviceName)
	}
	m.devices = slices.Delete(m.devices, i, i+1)
	return nil
}

func (m *memory) Statistics(ctx context.Context, productKey string) (platform.Statistics, error) {
	leave, err := m.enter(ctx)
	defer leave()
	if err != nil {
		return platform.Statistics{}, err
	}
	devices := m.devices
	if productKey != "" {
		devices = m.of(productKey)
	}
	return platform.Statistics{Devices: int64(len(devices))}, nil
}
