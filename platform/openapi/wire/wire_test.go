package wire_test

import (
	"encoding/json"
	"testing"
	"time"

	"fleetmint/platform/openapi/wire"
)

func TestTimes(t *testing.T) {
	at := time.Date(2018, 8, 7, 7, 54, 15, 0, time.UTC)
	china := time.FixedZone("CST", 8*60*60)
	if got, want := wire.UTC(at.In(china)), "2018-08-07T07:54:15.000Z"; got != want {
		t.Errorf("UTC: %q, want %q", got, want)
	}
	if got, want := wire.Local(at, china), "2018-08-07 15:54:15"; got != want {
		t.Errorf("Local: %q, want %q", got, want)
	}
	if got := wire.FromMillis(wire.Millis(at)); !got.Equal(at) {
		t.Errorf("FromMillis of Millis: %v, want %v", got, at)
	}
	var never time.Time
	if wire.UTC(never) != "" || wire.Local(never, china) != "" || wire.Millis(never) != 0 || !wire.FromMillis(0).IsZero() {
		t.Error("the zero time is not the empty value")
	}
	for text, want := range map[string]time.Time{
		"":                              {},
		"2018-08-07T07:54:15.000Z":      at,
		"2018-08-07T07:54:15Z":          at,
		"2018-08-07T15:54:15.000+08:00": at,
	} {
		if got, err := wire.ParseUTC(text); err != nil || !got.Equal(want) {
			t.Errorf("ParseUTC(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"2018-08-07 15:54:15", "Thu, 17-Nov-2016 02:08:12 GMT", "0"} {
		if _, err := wire.ParseUTC(text); err == nil {
			t.Errorf("ParseUTC(%q): no error", text)
		}
	}
}

// Names that official SDKs look for, where they are easy to get wrong.
func TestNames(t *testing.T) {
	base := wire.Base{RequestID: "R", Success: true}
	for _, row := range []struct {
		answer any
		want   string
	}{
		{wire.BaseResponse{Base: base}, `{"RequestId":"R","Success":true}`},
		{
			wire.BaseResponse{Base: wire.Base{RequestID: "R", Code: "c", ErrorMessage: "m"}},
			`{"RequestId":"R","Success":false,"Code":"c","ErrorMessage":"m"}`,
		},
		{
			wire.GatewayError{RequestID: "R", HostID: "h", Code: "c", Message: "m"},
			`{"RequestId":"R","HostId":"h","Code":"c","Message":"m"}`,
		},
		{
			wire.BatchCheckDeviceNamesResponse{Base: base, Data: &wire.BatchCheckDeviceNamesData{
				ApplyID:                1,
				RepeatedDeviceNameList: &wire.RepeatedDeviceNameList{RepeatDevieNameList: []string{"a"}},
				InvalidDetailList:      &wire.CheckInvalidDetailList{InvalidDetailList: []wire.InvalidDetail{{DeviceName: "a"}}},
			}},
			`{"RequestId":"R","Success":true,"Data":{"ApplyId":1,"RepeatedDeviceNameList":{"RepeatDevieNameList":["a"]},` +
				`"InvalidDetailList":{"InvalidDetailList":[{"DeviceName":"a","NickName":"","ErrorMsg":""}]}}}`,
		},
		{
			wire.QueryBatchRegisterDeviceStatusResponse{Base: base, Data: &wire.ApplyStatusData{
				Status: wire.ApplyCreateFailed, InvalidList: &wire.NameList{Name: []string{"a"}},
				InvalidDetailList: &wire.StatusInvalidDetailList{InvalidDetailList: []wire.InvalidDetail{}},
			}},
			`{"RequestId":"R","Success":true,"Data":{"Status":"CREATE_FAILED","InvalidList":{"Name":["a"]},"InvalidDetailList":{"invalidDetailList":[]}}}`,
		},
		{
			wire.QueryDeviceStatisticsResponse{Base: base, Data: &wire.DeviceStatisticsData{DeviceCount: 3, ActiveCount: 2, OnlineCount: 1}},
			`{"RequestId":"R","Success":true,"Data":{"deviceCount":3,"activeCount":2,"onlineCount":1}}`,
		},
		{
			wire.QueryPageByApplyIDResponse{Base: base, ApplyDeviceList: &wire.ApplyDeviceList{ApplyDeviceInfo: []wire.ApplyDeviceInfo{}}, Page: 1},
			`{"RequestId":"R","Success":true,"ApplyDeviceList":{"ApplyDeviceInfo":[]},"Page":1,"PageCount":0,"PageSize":0,"Total":0}`,
		},
		{
			wire.BatchQueryDeviceDetailResponse{Base: base, Data: &wire.BatchDeviceDetailList{Data: []wire.BatchDeviceDetail{}}},
			`{"RequestId":"R","Success":true,"Data":{"Data":[]}}`,
		},
	} {
		got, err := json.Marshal(row.answer)
		if err != nil || string(got) != row.want {
			t.Errorf("%T:\ngot  %s %v\nwant %s", row.answer, got, err, row.want)
		}
	}
}

func FuzzParseUTC(f *testing.F) {
	for _, seed := range []string{"", "2018-08-07T07:54:15.000Z", "2018-08-07 15:54:15"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := wire.ParseUTC(text)
		// A zone can move a time out of the years that RFC 3339 can write.
		if err != nil || parsed.Year() < 0 || parsed.Year() > 9999 {
			return
		}
		again, err := wire.ParseUTC(wire.UTC(parsed))
		if err != nil || !again.Equal(parsed.Truncate(time.Millisecond)) {
			t.Errorf("%q is %v, and written and read again %v: %v", text, parsed, again, err)
		}
	})
}
