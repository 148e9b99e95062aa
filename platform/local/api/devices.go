package api

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"fleetmint/platform"
	"fleetmint/platform/openapi/wire"
)

// region is the one the local platform stands in for; its wall clock is that of
// the Gmt fields.
const region = "cn-shanghai"

func regionTime(t time.Time) string { return wire.Local(t, time.FixedZone("CST", 8*60*60)) }

func deviceActions() map[string]action {
	productKey := parameter{name: paramProductKey, mandatory: true}
	return map[string]action{
		wire.ActionRegisterDevice: {parameters: []parameter{productKey}, changes: true, run: (*API).registerDevice},
		wire.ActionQueryDevice: {
			parameters: append([]parameter{productKey}, pageParameters(false, wire.ExtendedDevicePageSize)...),
			run:        (*API).queryDevice,
		},
		wire.ActionQueryDeviceDetail:      {run: (*API).queryDeviceDetail},
		wire.ActionQueryDeviceInfo:        {run: (*API).queryDeviceInfo},
		wire.ActionBatchQueryDeviceDetail: {parameters: []parameter{productKey}, run: (*API).batchQueryDeviceDetail},
		wire.ActionGetDeviceStatus:        {run: (*API).getDeviceStatus},
		wire.ActionBatchGetDeviceState:    {run: (*API).batchGetDeviceState},
		wire.ActionQueryDeviceStatistics:  {run: (*API).queryDeviceStatistics},
		wire.ActionDeleteDevice:           {changes: true, run: (*API).deleteDevice},
		wire.ActionDisableThing:           {changes: true, run: (*API).disableThing},
		wire.ActionEnableThing:            {changes: true, run: (*API).enableThing},
		wire.ActionResetThing:             {changes: true, run: (*API).resetThing},
	}
}

// deviceCodes are how devices are refused.
func deviceCodes() codes {
	return codes{
		{platform.ErrNotFound, platform.FieldProductKey}: codeNoProduct,
		{kind: platform.ErrNotFound}:                     codeNoDevice,
		{kind: platform.ErrAlreadyExists}:                codeDeviceNameTaken,
		{platform.ErrInvalid, platform.FieldDeviceName}:  codeInvalidDeviceName,
		{kind: platform.ErrInvalid}:                      codeInvalidFormatted,
		{kind: platform.ErrConflict}:                     codeDeviceChangeFailed,
	}
}

func (a *API) registerDevice(ctx context.Context, c *call) (any, error) {
	nickname := c.text(paramNickname)
	if nickname != "" && !isNickname(nickname) {
		return nil, &refusal{codeInvalidFormatted, nicknameRule}
	}
	d, err := a.store.RegisterDevice(ctx, platform.NewDevice{
		ProductKey: c.text(paramProductKey), DeviceName: c.text(paramDeviceName), Nickname: nickname,
	})
	if err != nil {
		return nil, deviceCodes().refuse(err)
	}
	c.done = d.DeviceRef
	return wire.RegisterDeviceResponse{Base: c.base, Data: &wire.RegisterDeviceData{
		ProductKey: d.ProductKey, DeviceName: d.DeviceName, DeviceSecret: d.DeviceSecret, IotID: d.IotID, Nickname: d.Nickname,
	}}, nil
}

const nicknameRule = "A nickname has 4 to 64 letters, digits and _; a Chinese character counts as two."

// isNickname checks the rule of RegisterDevice.
func isNickname(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	length := 0
	for _, r := range s {
		switch {
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul):
			length += 2
		case isLetterOrDigit(r) || r == '_':
			length++
		default:
			return false
		}
	}
	return length >= 4 && length <= 64
}

// queryDevice pages by CurrentPage, or by the NextToken of the answer before.
// Unlike Alibaba Cloud it does not insist on the latter.
func (a *API) queryDevice(ctx context.Context, c *call) (any, error) {
	page := c.page()
	if token := c.text("NextToken"); token != "" {
		skipped, ok := parseNextToken(token)
		if !ok || skipped%page.Size != 0 {
			return nil, &refusal{codeInvalidPage, "NextToken must be that of the page before, with the same PageSize."}
		}
		page.Number = skipped/page.Size + 1
	}
	filter := platform.DeviceFilter{Contains: c.text(wire.ParamNameContains), Status: platform.Status(c.text(wire.ParamDeviceStatus))}
	found, err := a.store.FindDevices(ctx, c.text(paramProductKey), filter, page)
	if err != nil {
		return nil, deviceCodes().refuse(err)
	}
	infos := make([]wire.DeviceInfo, len(found.Devices))
	for i, d := range found.Devices {
		infos[i] = wire.DeviceInfo{
			DeviceName: d.DeviceName, DeviceSecret: d.DeviceSecret, DeviceStatus: string(d.Status),
			GmtCreate: regionTime(d.Created), GmtModified: regionTime(d.Created), IotID: d.IotID, Nickname: d.Nickname,
			ProductKey: d.ProductKey, UtcCreate: wire.UTC(d.Created), UtcModified: wire.UTC(d.Created),
		}
	}
	answer := wire.QueryDeviceResponse{
		Base: c.base, Data: &wire.DeviceInfoList{DeviceInfo: infos},
		Page: page.Number, PageCount: pageCount(found.Total, page.Size), PageSize: page.Size, Total: found.Total,
	}
	if page.Number < answer.PageCount {
		answer.NextToken = nextToken(page.Number * page.Size)
	}
	return answer, nil
}

// nextToken says how many devices the pages before have shown.
func nextToken(skipped int) string {
	return base64.RawURLEncoding.EncodeToString([]byte("after:" + strconv.Itoa(skipped)))
}

func parseNextToken(token string) (skipped int, ok bool) {
	plain, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return 0, false
	}
	digits, ok := strings.CutPrefix(string(plain), "after:")
	n, err := strconv.ParseUint(digits, 10, 31)
	return int(n), ok && err == nil
}

// device finds the one that IotId, or else ProductKey and DeviceName, stand
// for. What is found is what a change is recorded of.
func (a *API) device(ctx context.Context, c *call) (platform.Device, error) {
	var d platform.Device
	var err error
	switch iotID, productKey, name := c.text(paramIotID), c.text(paramProductKey), c.text(paramDeviceName); {
	case iotID != "" && !isIotID(iotID):
		return platform.Device{}, &refusal{codeInvalidIotID, "An IotId has letters and digits only."}
	case iotID != "":
		d, err = a.store.DeviceByIotID(ctx, iotID)
	case productKey == "":
		return platform.Device{}, &refusal{codeNoProductKey, "Give the IotId, or ProductKey and DeviceName."}
	case name == "":
		return platform.Device{}, &refusal{codeNoDeviceName, "Give the IotId, or ProductKey and DeviceName."}
	default:
		d, err = a.store.Device(ctx, platform.DeviceRef{ProductKey: productKey, DeviceName: name})
	}
	if err != nil {
		return platform.Device{}, deviceCodes().refuse(err)
	}
	c.done = d.DeviceRef
	return d, nil
}

func isIotID(s string) bool {
	return len(s) <= 64 && !strings.ContainsFunc(s, func(r rune) bool { return !isLetterOrDigit(r) })
}

func (a *API) queryDeviceDetail(ctx context.Context, c *call) (any, error) {
	d, err := a.device(ctx, c)
	if err != nil {
		return nil, err
	}
	p, err := a.store.Product(ctx, d.ProductKey)
	if err != nil {
		return nil, productCodes().refuse(err)
	}
	return wire.QueryDeviceDetailResponse{Base: c.base, Data: &wire.DeviceDetail{
		ProductKey: d.ProductKey, ProductName: p.Name, DeviceName: d.DeviceName, DeviceSecret: d.DeviceSecret,
		IotID: d.IotID, Nickname: d.Nickname, NodeType: int(p.NodeType), Status: string(d.Status), Region: region,
		IPAddress: d.Address, Owner: true,
		GmtCreate: regionTime(d.Created), GmtActive: regionTime(d.Activated), GmtOnline: regionTime(d.LastOnline),
		UtcCreate: wire.UTC(d.Created), UtcActive: wire.UTC(d.Activated), UtcOnline: wire.UTC(d.LastOnline),
	}}, nil
}

func (a *API) queryDeviceInfo(ctx context.Context, c *call) (any, error) {
	d, err := a.device(ctx, c)
	if err != nil {
		return nil, err
	}
	return wire.QueryDeviceInfoResponse{Base: c.base, Data: &wire.DeviceIdentity{
		ProductKey: d.ProductKey, DeviceName: d.DeviceName, DeviceSecret: d.DeviceSecret, IotID: d.IotID, Nickname: d.Nickname,
	}}, nil
}

func (a *API) batchQueryDeviceDetail(ctx context.Context, c *call) (any, error) {
	p, err := a.store.Product(ctx, c.text(paramProductKey))
	if err != nil {
		return nil, productCodes().refuse(err)
	}
	devices, err := a.named(ctx, c, p.ProductKey, wire.MaxDetailNames)
	if err != nil {
		return nil, err
	}
	details := make([]wire.BatchDeviceDetail, len(devices))
	for i, d := range devices {
		details[i] = wire.BatchDeviceDetail{
			DeviceName: d.DeviceName, DeviceSecret: d.DeviceSecret,
			GmtActive: regionTime(d.Activated), GmtCreate: regionTime(d.Created), IotID: d.IotID, Nickname: d.Nickname,
			NodeType: int(p.NodeType), ProductKey: d.ProductKey, ProductName: p.Name, Region: region,
			Status: string(d.Status), UtcActive: wire.UTC(d.Activated), UtcCreate: wire.UTC(d.Created),
		}
	}
	return wire.BatchQueryDeviceDetailResponse{Base: c.base, Data: &wire.BatchDeviceDetailList{Data: details}}, nil
}

// named returns the devices of DeviceName.N that exist.
func (a *API) named(ctx context.Context, c *call, productKey string, most int) ([]platform.Device, error) {
	names := c.texts(paramDeviceName)
	if len(names) == 0 {
		return nil, &refusal{codeNoDeviceNames, "DeviceName.1 is missing."}
	}
	if len(names) > most {
		return nil, tooMany(paramDeviceName, most)
	}
	devices, err := a.store.DevicesNamed(ctx, productKey, names)
	if err != nil {
		return nil, deviceCodes().refuse(err)
	}
	return devices, nil
}

func tooMany(list string, most int) *refusal {
	return &refusal{codeInvalidFormatted, fmt.Sprintf("%s has more than %d elements.", list, most)}
}

func (a *API) getDeviceStatus(ctx context.Context, c *call) (any, error) {
	d, err := a.device(ctx, c)
	if err != nil {
		return nil, err
	}
	return wire.GetDeviceStatusResponse{Base: c.base, Data: &wire.DeviceStatusData{
		Status: string(d.Status), Timestamp: wire.Millis(statusSince(d)),
	}}, nil
}

// statusSince is the last change of state that is known of.
func statusSince(d platform.Device) time.Time {
	return slices.MaxFunc([]time.Time{d.Created, d.Activated, d.LastOnline}, time.Time.Compare)
}

func (a *API) batchGetDeviceState(ctx context.Context, c *call) (any, error) {
	devices, err := a.devicesOfState(ctx, c)
	if err != nil {
		return nil, err
	}
	states := make([]wire.DeviceStatus, len(devices))
	for i, d := range devices {
		states[i] = wire.DeviceStatus{
			DeviceName: d.DeviceName, IotID: d.IotID, Status: string(d.Status), Timestamp: wire.Millis(statusSince(d)),
			LastOnlineTime: wire.UTC(d.LastOnline), AsAddress: d.Address,
		}
	}
	return wire.BatchGetDeviceStateResponse{Base: c.base, DeviceStatusList: &wire.DeviceStatusList{DeviceStatus: states}}, nil
}

// devicesOfState are those of IotId.N, or else of ProductKey and DeviceName.N.
// Those that do not exist are left out.
func (a *API) devicesOfState(ctx context.Context, c *call) ([]platform.Device, error) {
	ids := c.texts(paramIotID)
	if len(ids) == 0 {
		if c.text(paramProductKey) == "" {
			return nil, &refusal{codeNoProductKey, "Give IotId.N, or ProductKey and DeviceName.N."}
		}
		return a.named(ctx, c, c.text(paramProductKey), wire.MaxStateNames)
	}
	if len(ids) > wire.MaxStateNames {
		return nil, tooMany(paramIotID, wire.MaxStateNames)
	}
	devices := make([]platform.Device, 0, len(ids))
	for _, id := range ids {
		d, err := a.store.DeviceByIotID(ctx, id)
		switch {
		case errors.Is(err, platform.ErrNotFound):
		case err != nil:
			return nil, deviceCodes().refuse(err)
		default:
			devices = append(devices, d)
		}
	}
	return devices, nil
}

func (a *API) queryDeviceStatistics(ctx context.Context, c *call) (any, error) {
	if c.text("GroupId") != "" {
		return nil, &refusal{codeNotSupported, "The local platform has no device groups: leave GroupId out."}
	}
	counts, err := a.store.Statistics(ctx, c.text(paramProductKey))
	if err != nil {
		return nil, productCodes().refuse(err)
	}
	return wire.QueryDeviceStatisticsResponse{Base: c.base, Data: &wire.DeviceStatisticsData{
		DeviceCount: counts.Devices, ActiveCount: counts.Active, OnlineCount: counts.Online,
	}}, nil
}

func (a *API) deleteDevice(ctx context.Context, c *call) (any, error) {
	return a.changeDevice(ctx, c, "the device was deleted", a.store.DeleteDevice)
}

func (a *API) disableThing(ctx context.Context, c *call) (any, error) {
	return a.changeDevice(ctx, c, "the device was disabled", func(ctx context.Context, ref platform.DeviceRef) error {
		return a.store.SetDisabled(ctx, ref, true)
	})
}

func (a *API) enableThing(ctx context.Context, c *call) (any, error) {
	return a.changeDevice(ctx, c, "", func(ctx context.Context, ref platform.DeviceRef) error {
		return a.store.SetDisabled(ctx, ref, false)
	})
}

// changeDevice makes a change. With a reason it then ends the device's session:
// from the change on no new one begins.
func (a *API) changeDevice(ctx context.Context, c *call, disconnect string, change func(context.Context, platform.DeviceRef) error) (any, error) {
	d, err := a.device(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := change(ctx, d.DeviceRef); err != nil {
		return nil, deviceCodes().refuse(err)
	}
	if disconnect != "" {
		a.sessions.Disconnect(d.DeviceRef, disconnect)
	}
	return wire.BaseResponse{Base: c.base}, nil
}

// resetThing leaves the session alone, as Alibaba Cloud does: the device may
// register again when it wants to.
func (a *API) resetThing(ctx context.Context, c *call) (any, error) {
	if _, err := a.changeDevice(ctx, c, "", a.store.ResetDevice); err != nil {
		return nil, err
	}
	return wire.ResetThingResponse{Base: c.base}, nil
}
