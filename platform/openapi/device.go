package openapi

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"time"

	"fleetmint/platform"
	"fleetmint/platform/openapi/wire"
)

// Devices implements platform.Platform. A listing has neither the time of
// activation nor that of the last connection. Alibaba Cloud refuses pages that
// begin beyond its 10,000th device.
func (c *Client) Devices(ctx context.Context, productKey string, page platform.Page) (platform.DevicePage, error) {
	return c.listDevices(ctx, "list devices", productKey, platform.DeviceFilter{}, page)
}

// FindDevices implements platform.Platform. Alibaba Cloud has no such search.
func (c *Client) FindDevices(ctx context.Context, productKey string, filter platform.DeviceFilter, page platform.Page) (platform.DevicePage, error) {
	const op = "find devices"
	if !c.cfg.Extensions && filter != (platform.DeviceFilter{}) {
		return platform.DevicePage{}, &platform.Error{Op: op, Kind: platform.ErrUnsupported, Message: "the cloud's API cannot search in a list of devices"}
	}
	return c.listDevices(ctx, op, productKey, filter, page)
}

func (c *Client) listDevices(ctx context.Context, op, productKey string, filter platform.DeviceFilter, page platform.Page) (platform.DevicePage, error) {
	most := wire.MaxDevicePageSize
	if c.cfg.Extensions {
		most = wire.ExtendedDevicePageSize
	}
	infos, total, err := gather(op, page, most, func(number, size int) ([]wire.DeviceInfo, int, error) {
		params := pageParams(number, size)
		params.Set(platform.FieldProductKey, productKey)
		if filter.Contains != "" {
			params.Set(wire.ParamNameContains, filter.Contains)
		}
		if filter.Status != "" {
			params.Set(wire.ParamDeviceStatus, string(filter.Status))
		}
		var answer wire.QueryDeviceResponse
		err := c.call(ctx, request{op: op, action: wire.ActionQueryDevice, params: params, repeatable: true}, &answer)
		if err != nil {
			return nil, 0, err
		}
		if answer.Data == nil {
			return nil, answer.Total, nil
		}
		return answer.Data.DeviceInfo, answer.Total, nil
	})
	if err != nil {
		return platform.DevicePage{}, err
	}
	devices := make([]platform.Device, len(infos))
	for i, info := range infos {
		devices[i] = platform.Device{
			DeviceRef:    platform.DeviceRef{ProductKey: info.ProductKey, DeviceName: info.DeviceName},
			DeviceSecret: info.DeviceSecret,
			IotID:        info.IotID,
			Nickname:     info.Nickname,
			Status:       platform.Status(info.DeviceStatus),
			Created:      utc(info.UtcCreate),
		}
	}
	return platform.DevicePage{Devices: devices, Total: total}, nil
}

// Device implements platform.Platform.
func (c *Client) Device(ctx context.Context, ref platform.DeviceRef) (platform.Device, error) {
	const op = "query device"
	var answer wire.QueryDeviceDetailResponse
	err := c.call(ctx, request{
		op: op, action: wire.ActionQueryDeviceDetail, params: refParams(ref), repeatable: true,
	}, &answer)
	if err != nil {
		return platform.Device{}, err
	}
	if answer.Data == nil {
		return platform.Device{}, withoutData(op)
	}
	return platform.Device{
		DeviceRef:    platform.DeviceRef{ProductKey: answer.Data.ProductKey, DeviceName: answer.Data.DeviceName},
		DeviceSecret: answer.Data.DeviceSecret,
		IotID:        answer.Data.IotID,
		Nickname:     answer.Data.Nickname,
		Status:       platform.Status(answer.Data.Status),
		Created:      utc(answer.Data.UtcCreate),
		Activated:    utc(answer.Data.UtcActive),
		LastOnline:   utc(answer.Data.UtcOnline),
		Address:      answer.Data.IPAddress,
	}, nil
}

// DevicesNamed implements platform.Platform. A name given twice is answered
// once. Names that no device can have are not asked for: they would spoil the
// query for the others.
func (c *Client) DevicesNamed(ctx context.Context, productKey string, names []string) ([]platform.Device, error) {
	const op = "query devices"
	asked := make([]string, 0, len(names))
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		if !seen[name] && platform.ValidateDeviceName(name) == nil {
			seen[name] = true
			asked = append(asked, name)
		}
	}
	found := make(map[string]platform.Device, len(asked))
	for chunk := range slices.Chunk(asked, wire.MaxDetailNames) {
		var answer wire.BatchQueryDeviceDetailResponse
		err := c.call(ctx, request{
			op: op, action: wire.ActionBatchQueryDeviceDetail, repeatable: true,
			params: url.Values{platform.FieldProductKey: {productKey}},
			form:   nameParams(chunk),
		}, &answer)
		if err != nil {
			return nil, err
		}
		if answer.Data == nil {
			continue
		}
		for _, d := range answer.Data.Data {
			found[d.DeviceName] = platform.Device{
				DeviceRef:    platform.DeviceRef{ProductKey: d.ProductKey, DeviceName: d.DeviceName},
				DeviceSecret: d.DeviceSecret,
				IotID:        d.IotID,
				Nickname:     d.Nickname,
				Status:       platform.Status(d.Status),
				Created:      utc(d.UtcCreate),
				Activated:    utc(d.UtcActive),
			}
		}
	}
	devices := make([]platform.Device, 0, len(found))
	for _, name := range asked {
		if d, ok := found[name]; ok {
			devices = append(devices, d)
		}
	}
	return devices, nil
}

// RegisterDevice implements platform.Platform. Created is the time of this
// computer, because the answer has none.
func (c *Client) RegisterDevice(ctx context.Context, device platform.NewDevice) (platform.Device, error) {
	const op = "register device"
	params := url.Values{platform.FieldProductKey: {device.ProductKey}}
	if device.DeviceName != "" {
		if err := platform.ValidateDeviceName(device.DeviceName); err != nil {
			return platform.Device{}, err
		}
		params.Set(platform.FieldDeviceName, device.DeviceName)
	}
	if device.Nickname != "" {
		params.Set(platform.FieldNickname, device.Nickname)
	}
	var answer wire.RegisterDeviceResponse
	if err := c.call(ctx, request{op: op, action: wire.ActionRegisterDevice, params: params}, &answer); err != nil {
		return platform.Device{}, err
	}
	if answer.Data == nil {
		return platform.Device{}, withoutData(op)
	}
	return platform.Device{
		DeviceRef:    platform.DeviceRef{ProductKey: answer.Data.ProductKey, DeviceName: answer.Data.DeviceName},
		DeviceSecret: answer.Data.DeviceSecret,
		IotID:        answer.Data.IotID,
		Nickname:     answer.Data.Nickname,
		Status:       platform.StatusUnactive,
		Created:      c.cfg.Clock(),
	}, nil
}

// DeleteDevice implements platform.Platform.
func (c *Client) DeleteDevice(ctx context.Context, ref platform.DeviceRef) error {
	return c.call(ctx, request{op: "delete device", action: wire.ActionDeleteDevice, params: refParams(ref)}, &wire.BaseResponse{})
}

func refParams(ref platform.DeviceRef) url.Values {
	return url.Values{platform.FieldProductKey: {ref.ProductKey}, platform.FieldDeviceName: {ref.DeviceName}}
}

// nameParams numbers names as lists are written in the OpenAPI, from 1.
func nameParams(names []string) url.Values {
	params := make(url.Values, len(names))
	for i, name := range names {
		params.Set(platform.FieldDeviceName+"."+strconv.Itoa(i+1), name)
	}
	return params
}

// utc reads a time. One in an unforeseen form is worth less than the device it
// belongs to, so it is left out.
func utc(text string) time.Time {
	t, err := wire.ParseUTC(text)
	if err != nil {
		return time.Time{}
	}
	return t
}
