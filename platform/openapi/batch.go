package openapi

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"fleetmint/platform"
	"fleetmint/platform/openapi/wire"
)

const opRegisterBatch = "register devices"

// The console asks for the state of an application at growing intervals: the
// local platform is done in milliseconds, the cloud in seconds or minutes.
const (
	firstPollLocal = 50 * time.Millisecond
	firstPollCloud = 500 * time.Millisecond
	maxPoll        = 2 * time.Second
)

// collectTime is how long the devices of an application that has been carried
// out are still collected after the context has ended.
const collectTime = 5 * time.Second

// RegisterDevices implements platform.Platform. It applies for at most 10,000
// devices at a time, so that an error leaves the earlier ones registered.
// Devices come in the order of the names given; their time of creation is not
// known. Refused names do not keep the others from being registered.
//
// When the context ends while the platform is carrying out an application, the
// platform goes on with it; the error then names the application, whose devices
// are not in the result.
func (c *Client) RegisterDevices(ctx context.Context, batch platform.Batch, progress func(platform.Progress)) (platform.BatchResult, error) {
	if err := checkBatch(batch); err != nil {
		return platform.BatchResult{}, err
	}
	b := &batchRun{client: c, productKey: batch.ProductKey, total: batch.Count, report: progress}
	if len(batch.Names) > 0 {
		return b.named(ctx, batch.Names)
	}
	return b.generated(ctx, batch.Count)
}

func checkBatch(batch platform.Batch) error {
	size := len(batch.Names)
	if size == 0 {
		size = batch.Count
	}
	if size < 1 || size > platform.BatchMax {
		return &platform.Error{
			Op: opRegisterBatch, Kind: platform.ErrInvalid, Field: platform.FieldCount, Value: strconv.Itoa(size),
			Message: fmt.Sprintf("a batch has 1 to %d devices", platform.BatchMax),
		}
	}
	return nil
}

// batchRun is one call of RegisterDevices.
type batchRun struct {
	client      *Client
	productKey  string
	done, total int // devices registered or refused
	report      func(platform.Progress)
}

func (b *batchRun) advance(devices int) {
	b.done += devices
	if b.report != nil {
		b.report(platform.Progress{Done: b.done, Total: b.total})
	}
}

// generated registers devices whose names the platform chooses.
func (b *batchRun) generated(ctx context.Context, count int) (platform.BatchResult, error) {
	var result platform.BatchResult
	b.advance(0)
	for count > 0 {
		n := min(count, wire.MaxBatchNames)
		params := b.params()
		params.Set(platform.FieldCount, strconv.Itoa(n))
		var answer wire.BatchRegisterDeviceResponse
		err := b.client.call(ctx, request{op: opRegisterBatch, action: wire.ActionBatchRegisterDevice, params: params}, &answer)
		if err != nil {
			return result, err
		}
		if answer.Data == nil {
			return result, withoutData(opRegisterBatch)
		}
		devices, _, err := b.create(ctx, answer.Data.ApplyID)
		result.Devices = append(result.Devices, devices...)
		if err == nil && len(devices) < n {
			err = b.incomplete(n - len(devices))
		}
		if err != nil {
			return result, err
		}
		count -= n
	}
	return result, nil
}

// named registers the given names.
func (b *batchRun) named(ctx context.Context, names []string) (platform.BatchResult, error) {
	b.total = len(names)
	// Reasons are kept by position: of a name given twice, the second is refused.
	reasons := make(map[int]error)
	position := make(map[string]int, len(names))
	var wanted []string
	for i, name := range names {
		if err := platform.ValidateDeviceName(name); err != nil {
			reasons[i] = err
		} else if _, twice := position[name]; twice {
			reasons[i] = taken(name, "the name is in the batch more than once")
		} else {
			position[name] = i
			wanted = append(wanted, name)
		}
	}
	b.advance(len(reasons))

	registered := make(map[string]platform.Device, len(wanted))
	var err error
	for len(wanted) > 0 && err == nil {
		n := min(len(wanted), wire.MaxBatchNames)
		var devices []platform.Device
		var refused map[string]error
		devices, refused, err = b.chunk(ctx, wanted[:n])
		wanted = wanted[n:]
		for _, d := range devices {
			registered[d.DeviceName] = d
		}
		for name, reason := range refused {
			if i, given := position[name]; given {
				reasons[i] = reason
			}
		}
	}

	result := platform.BatchResult{Devices: make([]platform.Device, 0, len(registered))}
	for i, name := range names {
		if reason, rejected := reasons[i]; rejected {
			result.Rejected = append(result.Rejected, platform.RejectedName{DeviceName: name, Reason: reason})
		} else if d, ok := registered[name]; ok {
			result.Devices = append(result.Devices, d)
		}
	}
	return result, err
}

// chunk registers at most wire.MaxBatchNames distinct names. Names that the
// platform refuses are left out and the others are applied for again, because
// an application with one refused name is not carried out, or only in part.
func (b *batchRun) chunk(ctx context.Context, names []string) (registered []platform.Device, refused map[string]error, err error) {
	refused = make(map[string]error)
	for len(names) > 0 {
		id, faults, err := b.check(ctx, names)
		var devices []platform.Device
		if err == nil && len(faults) == 0 {
			devices, faults, err = b.apply(ctx, id)
		}
		registered = append(registered, devices...)
		settled := make(map[string]bool, len(devices))
		for _, d := range devices {
			settled[d.DeviceName] = true
		}
		var open []string
		rejected := 0
		for _, name := range names {
			if reason, bad := faults[name]; bad {
				refused[name] = reason
				rejected++
			} else if !settled[name] {
				open = append(open, name)
			}
		}
		b.advance(rejected)
		if err != nil {
			return registered, refused, err
		}
		if len(open) == len(names) {
			return registered, refused, b.incomplete(len(open))
		}
		names = open
	}
	return registered, refused, nil
}

// check applies for names and waits until they have been checked. It returns
// the application, or the names at fault.
func (b *batchRun) check(ctx context.Context, names []string) (applyID int64, faults map[string]error, err error) {
	var answer wire.BatchCheckDeviceNamesResponse
	err = b.client.call(ctx, request{
		op: opRegisterBatch, action: wire.ActionBatchCheckDeviceNames,
		// An application that is never carried out does nothing.
		repeatable: true,
		params:     b.params(), form: nameParams(names),
	}, &answer)
	// The names at fault come at once, with or without success, or later with
	// the application's state.
	if answer.Data != nil {
		if faults = faultsOfCheck(answer.Data); len(faults) > 0 {
			return 0, faults, nil
		}
	}
	if err != nil {
		return 0, nil, err
	}
	if answer.Data == nil || answer.Data.ApplyID == 0 {
		return 0, nil, withoutData(opRegisterBatch)
	}
	state, err := b.await(ctx, answer.Data.ApplyID, wire.ApplyCheck)
	if err != nil {
		return 0, nil, err
	}
	if state.Status == wire.ApplyCheckFailed {
		if faults = faultsOfState(state); len(faults) == 0 {
			return 0, nil, b.failed(state)
		}
		return 0, faults, nil
	}
	return answer.Data.ApplyID, nil, nil
}

// apply has a checked application carried out.
func (b *batchRun) apply(ctx context.Context, applyID int64) ([]platform.Device, map[string]error, error) {
	params := b.params()
	params.Set("ApplyId", strconv.FormatInt(applyID, 10))
	var answer wire.BatchRegisterDeviceWithApplyIDResponse
	err := b.client.call(ctx, request{
		op: opRegisterBatch, action: wire.ActionBatchRegisterDeviceWithApplyID, params: params,
	}, &answer)
	if err != nil {
		return nil, nil, err
	}
	return b.create(ctx, applyID)
}

// create waits until an application has been carried out and collects its
// devices.
func (b *batchRun) create(ctx context.Context, applyID int64) ([]platform.Device, map[string]error, error) {
	state, err := b.await(ctx, applyID, wire.ApplyCheck, wire.ApplyCheckSuccess, wire.ApplyCreate)
	if err != nil {
		return nil, nil, fmt.Errorf("application %d may go on at the platform: %w", applyID, err)
	}
	var refused map[string]error
	if state.Status != wire.ApplyCreateSuccess {
		refused = faultsOfState(state)
		if len(refused) == 0 {
			return nil, nil, b.failed(state)
		}
	}
	devices, err := b.collect(ctx, applyID)
	return devices, refused, err
}

// await polls until the application has left the given states.
func (b *batchRun) await(ctx context.Context, applyID int64, busy ...string) (*wire.ApplyStatusData, error) {
	params := b.params()
	params.Set("ApplyId", strconv.FormatInt(applyID, 10))
	interval := firstPollCloud
	if b.client.cfg.Extensions {
		interval = firstPollLocal
	}
	for {
		var answer wire.QueryBatchRegisterDeviceStatusResponse
		err := b.client.call(ctx, request{
			op: opRegisterBatch, action: wire.ActionQueryBatchRegisterDeviceStatus, params: params, repeatable: true,
		}, &answer)
		if err != nil {
			return nil, err
		}
		if answer.Data == nil {
			return nil, withoutData(opRegisterBatch)
		}
		if !slices.Contains(busy, answer.Data.Status) {
			return answer.Data, nil
		}
		if err := b.client.pause(ctx, interval); err != nil {
			return nil, fmt.Errorf("%s: %w", opRegisterBatch, err)
		}
		interval = min(interval*3/2, maxPoll)
	}
}

// collect fetches the devices of an application page by page. They are
// registered already: when the context ends, it goes on for a short time, so
// that the result is complete, and then returns the context's error.
func (b *batchRun) collect(ctx context.Context, applyID int64) ([]platform.Device, error) {
	var devices []platform.Device
	fetching, stop := outlive(ctx, collectTime)
	defer stop()
	for page := 1; ; page++ {
		params := pageParams(page, wire.MaxApplyPageSize)
		params.Set("ApplyId", strconv.FormatInt(applyID, 10))
		var answer wire.QueryPageByApplyIDResponse
		err := b.client.call(fetching, request{
			op: opRegisterBatch, action: wire.ActionQueryPageByApplyID, params: params, repeatable: true,
		}, &answer)
		if err != nil {
			if ctx.Err() != nil {
				err = fmt.Errorf("%s: %w", opRegisterBatch, ctx.Err())
			}
			return devices, err
		}
		var infos []wire.ApplyDeviceInfo
		if answer.ApplyDeviceList != nil {
			infos = answer.ApplyDeviceList.ApplyDeviceInfo
		}
		for _, info := range infos {
			devices = append(devices, platform.Device{
				DeviceRef:    platform.DeviceRef{ProductKey: b.productKey, DeviceName: info.DeviceName},
				DeviceSecret: info.DeviceSecret,
				IotID:        info.IotID,
				Status:       platform.StatusUnactive,
			})
		}
		b.advance(len(infos))
		if len(infos) < wire.MaxApplyPageSize || len(devices) >= answer.Total {
			break
		}
	}
	if err := ctx.Err(); err != nil {
		return devices, fmt.Errorf("%s: %w", opRegisterBatch, err)
	}
	return devices, nil
}

// outlive returns a context that ends a while after ctx does.
func outlive(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stopWatching := context.AfterFunc(ctx, func() {
		_ = sleep(longer, by)
		cancel()
	})
	return longer, func() {
		stopWatching()
		cancel()
	}
}

func (b *batchRun) params() url.Values {
	return url.Values{platform.FieldProductKey: {b.productKey}}
}

// failed is an application that failed as a whole.
func (b *batchRun) failed(state *wire.ApplyStatusData) error {
	return &platform.Error{
		Op: opRegisterBatch, Kind: platform.ErrInternal,
		Message: fmt.Sprintf("the platform ended the batch with the state %.40q", state.Status),
	}
}

func (b *batchRun) incomplete(devices int) error {
	return &platform.Error{
		Op: opRegisterBatch, Kind: platform.ErrInternal,
		Message: fmt.Sprintf("the platform could not register %d devices of the batch", devices),
	}
}
