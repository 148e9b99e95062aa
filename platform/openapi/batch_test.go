package openapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"fleetmint/platform"
)

// applied answers QueryPageByApplyId with count devices of the prefix.
func applied(prefix string, count int) reply {
	return func(w http.ResponseWriter, r received) {
		page, _ := strconv.Atoi(r.params.Get("CurrentPage"))
		var devices []string
		for i := (page - 1) * 50; i < min(page*50, count); i++ {
			devices = append(devices, fmt.Sprintf(`{"DeviceName":"%s-%03d","DeviceSecret":"s%d","IotId":"i%d"}`, prefix, i, i, i))
		}
		text(fmt.Sprintf(`{"RequestId":"R-1","Success":true,"ApplyDeviceList":{"ApplyDeviceInfo":[%s]},"Page":%d,"PageCount":3,"PageSize":50,"Total":%d}`,
			strings.Join(devices, ","), page, count))(w, r)
	}
}

func state(status, more string) reply {
	return text(fmt.Sprintf(`{"RequestId":"R-1","Success":true,"Data":{"Status":%q%s}}`, status, more))
}

const application = `{"RequestId":"R-1","Success":true,"Data":{"ApplyId":1295006}}`

func TestRegisterNames(t *testing.T) {
	server := newCloud(t, map[string][]reply{
		"BatchCheckDeviceNames": {
			// Some names are refused at once, one later; the third application
			// is good.
			text(`{"RequestId":"R-1","Success":false,"Code":"iot.device.InvalidFormattedDeviceName","ErrorMessage":"bad","Data":{
				"InvalidDeviceNameList":{"InvalidDeviceName":["odd-1"]},"RepeatedDeviceNameList":{"RepeatDevieNameList":["there-1"]},
				"InvalidDetailList":{"InvalidDetailList":[{"DeviceName":"odd-1","NickName":"","ErrorMsg":"odd names are out"}]}}}`),
			text(application), text(application),
		},
		"QueryBatchRegisterDeviceStatus": {
			state("CHECK", ""),
			state("CHECK_FAILED", `,"ValidList":{"Name":["lamp-000","lamp-001"]},"InvalidList":{"Name":["there-2"]}`),
			state("CHECK_SUCCESS", ""), state("CHECK_SUCCESS", ""), state("CREATE", ""), state("CREATE_SUCCESS", ""),
		},
		"BatchRegisterDeviceWithApplyId": {text(application)},
		"QueryPageByApplyId":             {applied("lamp", 2)},
	})
	names := []string{"lamp-001", "there-1", "no", "odd-1", "lamp-001", "lamp-000", "there-2"}
	var last platform.Progress
	result, err := server.client(t, nil).RegisterDevices(t.Context(), platform.Batch{ProductKey: "pk", Names: names}, func(p platform.Progress) {
		if p.Done < last.Done {
			t.Errorf("progress went back from %+v to %+v", last, p)
		}
		last = p
	})
	if err != nil {
		t.Fatal(err)
	}
	if last != (platform.Progress{Done: 7, Total: 7}) {
		t.Errorf("last progress %+v", last)
	}
	if len(result.Devices) != 2 || result.Devices[0].DeviceName != "lamp-001" || result.Devices[0].DeviceSecret != "s1" || result.Devices[1].DeviceName != "lamp-000" {
		t.Errorf("devices %+v", result.Devices)
	}
	want := []platform.RejectedName{
		{DeviceName: "there-1", Reason: platform.ErrAlreadyExists},
		{DeviceName: "no", Reason: platform.ErrInvalid},
		{DeviceName: "odd-1", Reason: platform.ErrInvalid},
		{DeviceName: "lamp-001", Reason: platform.ErrAlreadyExists},
		{DeviceName: "there-2", Reason: platform.ErrAlreadyExists},
	}
	if len(result.Rejected) != len(want) {
		t.Fatalf("rejected %v", result.Rejected)
	}
	for i, r := range result.Rejected {
		if r.DeviceName != want[i].DeviceName || !errors.Is(r.Reason, want[i].Reason) {
			t.Errorf("rejected %+v, want %+v", r, want[i])
		}
	}
	if !strings.Contains(result.Rejected[2].Reason.Error(), "odd names are out") {
		t.Errorf("the platform's reason is lost: %v", result.Rejected[2].Reason)
	}
	var sent []string
	for key, value := range server.seen("BatchCheckDeviceNames")[2].params {
		if strings.HasPrefix(key, "DeviceName.") {
			sent = append(sent, value...)
		}
	}
	slices.Sort(sent)
	if !slices.Equal(sent, []string{"lamp-000", "lamp-001"}) {
		t.Errorf("the last application is for %v", sent)
	}
}

func TestRegisterNamesInChunks(t *testing.T) {
	var sizes []int
	server := newCloud(t, map[string][]reply{
		"BatchCheckDeviceNames": {func(w http.ResponseWriter, r received) {
			sizes = append(sizes, len(r.params)-1) // all but ProductKey
			text(fmt.Sprintf(`{"RequestId":"R-1","Success":true,"Data":{"ApplyId":%d}}`, len(sizes)))(w, r)
		}},
		"QueryBatchRegisterDeviceStatus": {
			state("CHECK_SUCCESS", ""), state("CREATE_SUCCESS", ""), state("CHECK_SUCCESS", ""),
			state("CREATE_SUCCESS", ""), state("CHECK_SUCCESS", ""), state("CREATE_SUCCESS", ""),
		},
		"BatchRegisterDeviceWithApplyId": {text(application)},
		"QueryPageByApplyId": {func(w http.ResponseWriter, r received) {
			page, _ := strconv.Atoi(r.params.Get("CurrentPage"))
			chunk, _ := strconv.Atoi(r.params.Get("ApplyId"))
			var devices []string
			for i := (page - 1) * 50; i < min(page*50, sizes[chunk-1]); i++ {
				devices = append(devices, fmt.Sprintf(`{"DeviceName":"unit-%05d"}`, (chunk-1)*10_000+i))
			}
			text(fmt.Sprintf(`{"RequestId":"R-1","Success":true,"ApplyDeviceList":{"ApplyDeviceInfo":[%s]},"Total":%d}`,
				strings.Join(devices, ","), sizes[chunk-1]))(w, r)
		}},
	})
	names := make([]string, 20_001)
	for i := range names {
		names[i] = fmt.Sprintf("unit-%05d", i)
	}
	result, err := server.client(t, nil).RegisterDevices(t.Context(), platform.Batch{ProductKey: "pk", Names: names}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(sizes, []int{10_000, 10_000, 1}) {
		t.Errorf("applications for %v names", sizes)
	}
	if len(result.Devices) != len(names) || result.Devices[20_000].DeviceName != "unit-20000" {
		t.Errorf("%d devices, want %d in the order of the names", len(result.Devices), len(names))
	}
}

func TestRegisterCount(t *testing.T) {
	server := newCloud(t, map[string][]reply{
		"BatchRegisterDevice":            {text(application)},
		"QueryBatchRegisterDeviceStatus": {state("CREATE", ""), state("CREATE_SUCCESS", "")},
		"QueryPageByApplyId":             {applied("any", 120)},
	})
	result, err := server.client(t, nil).RegisterDevices(t.Context(), platform.Batch{ProductKey: "pk", Count: 120}, nil)
	if err != nil || len(result.Devices) != 120 {
		t.Fatalf("%d devices, %v", len(result.Devices), err)
	}
	if got := server.seen("QueryPageByApplyId"); len(got) != 3 || got[0].params.Has("ProductKey") || got[0].params.Get("ApplyId") != "1295006" {
		t.Errorf("got %v", got)
	}
}

func TestBatchEndsInError(t *testing.T) {
	names := platform.Batch{ProductKey: "pk", Names: []string{"lamp-000", "lamp-001"}}
	for name, row := range map[string]struct {
		batch   platform.Batch
		replies map[string][]reply
		kind    error
	}{
		"no devices":  {platform.Batch{ProductKey: "pk"}, nil, platform.ErrInvalid},
		"too many":    {platform.Batch{ProductKey: "pk", Count: platform.BatchMax + 1}, nil, platform.ErrInvalid},
		"no product":  {names, map[string][]reply{"BatchCheckDeviceNames": {refusal("iot.prod.NotExistedProduct")}}, platform.ErrNotFound},
		"no ApplyId":  {names, map[string][]reply{"BatchCheckDeviceNames": {text(success)}}, platform.ErrInternal},
		"other names": {names, map[string][]reply{"BatchCheckDeviceNames": {text(`{"RequestId":"R","Success":true,"Data":{"InvalidDeviceNameList":{"InvalidDeviceName":["else"]}}}`)}}, platform.ErrInternal},
		"check fails for no reason": {names, map[string][]reply{
			"BatchCheckDeviceNames": {text(application)}, "QueryBatchRegisterDeviceStatus": {state("CHECK_FAILED", "")},
		}, platform.ErrInternal},
		"creation fails": {names, map[string][]reply{
			"BatchCheckDeviceNames": {text(application)}, "BatchRegisterDeviceWithApplyId": {text(application)},
			"QueryBatchRegisterDeviceStatus": {state("CHECK_SUCCESS", ""), state("CREATE_FAILED", "")},
		}, platform.ErrInternal},
		"too many devices": {names, map[string][]reply{
			"BatchCheckDeviceNames": {text(application)}, "BatchRegisterDeviceWithApplyId": {refusal("iot.device.DeviceCountExceeded")},
			"QueryBatchRegisterDeviceStatus": {state("CHECK_SUCCESS", "")},
		}, platform.ErrConflict},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := newCloud(t, row.replies).client(t, nil).RegisterDevices(t.Context(), row.batch, nil)
			if !errors.Is(err, row.kind) {
				t.Errorf("got %v, want %v", err, row.kind)
			}
		})
	}
}

func TestSomeFailToBeCreated(t *testing.T) {
	server := newCloud(t, map[string][]reply{
		"BatchCheckDeviceNames": {text(application)}, "BatchRegisterDeviceWithApplyId": {text(application)},
		"QueryBatchRegisterDeviceStatus": {
			state("CHECK_SUCCESS", ""),
			state("CREATE_FAILED", `,"InvalidList":{"Name":["late-1"]},"InvalidDetailList":{"invalidDetailList":[{"DeviceName":"late-1","ErrorMsg":"taken meanwhile"}]}`),
		},
		"QueryPageByApplyId": {applied("lamp", 1)},
	})
	result, err := server.client(t, nil).RegisterDevices(t.Context(), platform.Batch{ProductKey: "pk", Names: []string{"late-1", "lamp-000"}}, nil)
	if err != nil || len(result.Devices) != 1 || len(result.Rejected) != 1 || !errors.Is(result.Rejected[0].Reason, platform.ErrAlreadyExists) {
		t.Errorf("got %+v, %v", result, err)
	}
}

// The local platform registers all names of an application or none: those that
// were not at fault are applied for again.
func TestFailedCreationIsRepeatedForTheOthers(t *testing.T) {
	server := newCloud(t, map[string][]reply{
		"BatchCheckDeviceNames": {text(application)}, "BatchRegisterDeviceWithApplyId": {text(application)},
		"QueryBatchRegisterDeviceStatus": {
			state("CHECK_SUCCESS", ""), state("CREATE_FAILED", `,"InvalidList":{"Name":["late-1"]}`),
			state("CHECK_SUCCESS", ""), state("CREATE_SUCCESS", ""),
		},
		"QueryPageByApplyId": {applied("lamp", 0), applied("lamp", 1)},
	})
	result, err := server.client(t, nil).RegisterDevices(t.Context(), platform.Batch{ProductKey: "pk", Names: []string{"late-1", "lamp-000"}}, nil)
	if err != nil || len(result.Devices) != 1 || len(result.Rejected) != 1 || result.Rejected[0].DeviceName != "late-1" {
		t.Errorf("got %+v, %v", result, err)
	}
	if n := len(server.seen("BatchCheckDeviceNames")); n != 2 {
		t.Errorf("%d applications, want 2", n)
	}
}

// A cancelled batch reports every device of an application that was carried
// out, and those of earlier ones.
func TestCancelKeepsWhatIsRegistered(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	server := newCloud(t, map[string][]reply{
		"BatchRegisterDevice":            {text(application)},
		"QueryBatchRegisterDeviceStatus": {state("CREATE_SUCCESS", "")},
		"QueryPageByApplyId":             {applied("any", 120)},
	})
	result, err := server.client(t, nil).RegisterDevices(ctx, platform.Batch{ProductKey: "pk", Count: 20_000}, func(p platform.Progress) {
		if p.Done > 0 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || len(result.Devices) != 120 {
		t.Errorf("%d devices, %v; want 120 and context.Canceled", len(result.Devices), err)
	}
	if n := len(server.seen("BatchRegisterDevice")); n != 1 {
		t.Errorf("%d applications after the context ended, want 1", n)
	}
}

func TestCancelWhileThePlatformWorks(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	server := newCloud(t, map[string][]reply{
		"BatchRegisterDevice":            {text(application)},
		"QueryBatchRegisterDeviceStatus": {func(w http.ResponseWriter, r received) { cancel(); state("CREATE", "")(w, r) }},
	})
	_, err := server.client(t, nil).RegisterDevices(ctx, platform.Batch{ProductKey: "pk", Count: 2}, nil)
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "1295006") {
		t.Errorf("got %v, want context.Canceled and the application", err)
	}
}
