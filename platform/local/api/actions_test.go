package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"fleetmint/platform"
)

func TestProducts(t *testing.T) {
	f := newFixture(t, credentials)
	created := f.must("CreateProduct", "ProductName", "Street-Lamp", "NodeType", "1", "Description", "灯",
		"AliyunCommodityCode", "iothub_senior", "DataFormat", "0", "AuthType", "secret", "NetType", "WIFI")
	productKey := created.text("ProductKey")
	secret, _ := created.at(t, "Data", "ProductSecret").(string)
	want := fmt.Sprintf(`{"RequestId":"%s","Success":true,"ProductKey":"%s","Data":{"ProductKey":"%[2]s","ProductName":"Street-Lamp",`+
		`"ProductSecret":"%s","AliyunCommodityCode":"iothub_senior","AuthType":"secret","DataFormat":0,"Description":"灯","Id2":false,"NodeType":1,"ProtocolType":""}}`,
		created.text("RequestId"), productKey, secret)
	if created.body != want {
		t.Errorf("got  %s\nwant %s", created.body, want)
	}
	if a := f.last(); a.Kind != platform.ActivityAdministration || a.Action != "CreateProduct" || a.ProductKey != productKey ||
		a.Outcome != platform.Accepted || a.Remote != "127.0.0.1" || !a.Time.Equal(startOfTest) {
		t.Errorf("recorded %+v", a)
	}

	got := f.must("QueryProduct", "ProductKey", productKey)
	want = fmt.Sprintf(`{"RequestId":"%s","Success":true,"Data":{"ProductKey":"%s","ProductName":"Street-Lamp","ProductSecret":"%s",`+
		`"ProductStatus":"DEVELOPMENT_STATUS","AliyunCommodityCode":"iothub","AuthType":"secret","CategoryKey":"","CategoryName":"","DataFormat":1,`+
		`"Description":"灯","DeviceCount":0,"GmtCreate":1704164645000,"Id2":false,"NetType":3,"NodeType":1,"Owner":true,"ProtocolType":"","ValidateType":1,"DynamicRegistration":true}}`,
		got.text("RequestId"), productKey, secret)
	if got.body != want {
		t.Errorf("got  %s\nwant %s", got.body, want)
	}

	f.must("SetDynamicRegistration", "ProductKey", productKey, "Enabled", "false")
	second := f.product("Pump")
	list := f.must("QueryProductList", "CurrentPage", "1", "PageSize", "1")
	want = fmt.Sprintf(`{"RequestId":"%s","Success":true,"Data":{"CurrentPage":1,"PageCount":2,"PageSize":1,"Total":2,"List":{"ProductInfo":[`+
		`{"ProductKey":"%s","ProductName":"Pump","NodeType":0,"DataFormat":1,"AuthType":"secret","Description":"","DeviceCount":0,"GmtCreate":1704164645000,"DynamicRegistration":true}]}}}`,
		list.text("RequestId"), second)
	if list.body != want {
		t.Errorf("got  %s\nwant %s", list.body, want)
	}
	list = f.must("QueryProductList", "CurrentPage", "2", "PageSize", "1")
	if list.at(t, "Data", "List", "ProductInfo", 0, "DynamicRegistration") != false {
		t.Errorf("dynamic registration is still on: %s", list.body)
	}
	if strings.Contains(list.body, "ProductSecret") {
		t.Errorf("a listing holds a ProductSecret: %s", list.body)
	}
	if got := f.must("QueryProductList", "CurrentPage", "9", "PageSize", "200"); !strings.Contains(got.body, `"ProductInfo":[]`) {
		t.Errorf("a page beyond the end: %s", got.body)
	}

	f.must("RegisterDevice", "ProductKey", second, "DeviceName", "pump-1")
	kept := f.refused("iot.prod.DeleteProductFailed", "DeleteProduct", "ProductKey", second)
	if !strings.Contains(kept.text("ErrorMessage"), "1 devices") {
		t.Errorf("the refusal says %q", kept.text("ErrorMessage"))
	}
	if a := f.last(); a.Outcome != platform.Refused || a.Action != "DeleteProduct" || a.Reason != kept.text("ErrorMessage") || a.ProductKey != second {
		t.Errorf("recorded %+v", a)
	}
	f.must("DeleteProduct", "ProductKey", productKey)
	f.refused("iot.prod.NotExistedProduct", "QueryProduct", "ProductKey", productKey)
}

func TestProductRefusals(t *testing.T) {
	f := newFixture(t, credentials)
	f.product("Street-Lamp")
	const unknown = "a1000000000"
	for _, row := range [][]string{
		{"iot.prod.AlreadyExistedProductName", "CreateProduct", "ProductName", "Street-Lamp", "NodeType", "0"},
		{"iot.prod.InvalidFormattedProductName", "CreateProduct", "ProductName", "x y", "NodeType", "0"},
		{"iot.prod.LongProductDesc", "CreateProduct", "ProductName", "Pump", "NodeType", "0", "Description", strings.Repeat("d", 101)},
		{"iot.prod.InvalidNodeType", "CreateProduct", "ProductName", "Pump", "NodeType", "2"},
		{"iot.prod.InvalidNodeType", "CreateProduct", "ProductName", "Pump", "NodeType", "gateway"},
		{"iot.prod.InvalidNodeType", "CreateProduct", "ProductName", "Pump", "NodeType", "4294967296"},
		{"iot.prod.InvalidAliyunCommodityCode", "CreateProduct", "ProductName", "Pump", "NodeType", "0", "AliyunCommodityCode", "other"},
		{"iot.common.APINotSupportedInInstance", "CreateProduct", "ProductName", "Pump", "NodeType", "0", "AuthType", "x509"},
		{"iot.common.APINotSupportedInInstance", "CreateProduct", "ProductName", "Pump", "NodeType", "0", "AuthType", "id2"},
		{"iot.common.APINotSupportedInInstance", "CreateProduct", "ProductName", "Pump", "NodeType", "0", "Id2", "true"},
		{"iot.common.InvalidFormattedParameter", "CreateProduct", "ProductName", "Pump", "NodeType", "0", "AuthType", "none"},
		{"iot.common.InvalidFormattedParameter", "CreateProduct", "ProductName", "Pump", "NodeType", "0", "DataFormat", "one"},
		{"iot.common.InvalidFormattedParameter", "CreateProduct", "ProductName", "Pump", "NodeType", "0", "Id2", "yes"},
		{"iot.prod.NotExistedProduct", "QueryProduct", "ProductKey", unknown},
		{"iot.prod.NotExistedProduct", "DeleteProduct", "ProductKey", unknown},
		{"iot.prod.NotExistedProduct", "ListProductTags", "ProductKey", unknown},
		{"iot.prod.NotExistedProduct", "CreateProductTags", "ProductKey", unknown, "ProductTag.1.TagKey", "k", "ProductTag.1.TagValue", "v"},
		{"iot.prod.NotExistedProduct", "SetDynamicRegistration", "ProductKey", unknown, "Enabled", "true"},
		{"iot.common.InvalidFormattedParameter", "SetDynamicRegistration", "ProductKey", unknown, "Enabled", "on"},
		{"iot.common.InvalidPageParams", "QueryProductList", "CurrentPage", "0", "PageSize", "10"},
		{"iot.common.InvalidPageParams", "QueryProductList", "CurrentPage", "1", "PageSize", "201"},
		{"iot.common.InvalidPageParams", "QueryProductList", "CurrentPage", "one", "PageSize", "10"},
		{"iot.common.InvalidPageParams", "QueryProductList", "CurrentPage", "99999999999999999999", "PageSize", "10"},
	} {
		f.refused(row[0], row[1], row[2:]...)
	}
	for action, missing := range map[string][]string{
		"CreateProduct":          {"ProductName", "NodeType"},
		"QueryProduct":           {"ProductKey"},
		"DeleteProduct":          {"ProductKey"},
		"QueryProductList":       {"CurrentPage", "PageSize"},
		"CreateProductTags":      {"ProductKey"},
		"ListProductTags":        {"ProductKey"},
		"SetDynamicRegistration": {"ProductKey", "Enabled"},
	} {
		f.missing(action, missing...)
	}
}

// missing calls an action without each of its mandatory parameters.
func (f *fixture) missing(action string, mandatory ...string) {
	f.t.Helper()
	for _, left := range mandatory {
		var params []string
		for _, name := range mandatory {
			value := "1"
			if name == left {
				value = "" // as good as left out
			}
			params = append(params, name, value)
		}
		a := f.call(action, params...)
		f.gateway(a, http.StatusBadRequest, "Missing"+left)
		if want := left + " is mandatory for this action."; a.text("Message") != want {
			f.t.Errorf("%s without %s says %q", action, left, a.text("Message"))
		}
	}
}

func TestProductTags(t *testing.T) {
	f := newFixture(t, credentials)
	productKey := f.product("Street-Lamp")
	if got := f.must("ListProductTags", "ProductKey", productKey); !strings.Contains(got.body, `"Data":{"ProductTag":[]}`) {
		t.Errorf("no tags: %s", got.body)
	}
	f.must("CreateProductTags", "ProductKey", productKey,
		"ProductTag.1.TagKey", "fleetmint.method", "ProductTag.1.TagValue", "PerDevice", "ProductTag.2.TagKey", "site", "ProductTag.2.TagValue", "a_b-1")
	f.must("CreateProductTags", "ProductKey", productKey, "ProductTag.1.TagKey", "site", "ProductTag.1.TagValue", "c")
	got := f.must("ListProductTags", "ProductKey", productKey)
	if !strings.Contains(got.body, `"Data":{"ProductTag":[{"TagKey":"fleetmint.method","TagValue":"PerDevice"},{"TagKey":"site","TagValue":"c"}]}`) {
		t.Errorf("tags: %s", got.body)
	}
	product, err := f.store.Product(t.Context(), productKey)
	if err != nil || product.Method != platform.PerDevice {
		t.Errorf("the method is %q, %v", product.Method, err)
	}
	const code = "iot.common.InvalidFormattedParameter"
	bad := f.refused(code, "CreateProductTags", "ProductKey", productKey,
		"ProductTag.1.TagKey", "good", "ProductTag.1.TagValue", "v", "ProductTag.2.TagKey", "bad key", "ProductTag.2.TagValue", "v")
	if !strings.Contains(bad.body, `"InvalidProductTags":{"ProductTag":[{"TagKey":"bad key","TagValue":"v"}]}`) {
		t.Errorf("the tag at fault is not named: %s", bad.body)
	}
	f.refused(code, "CreateProductTags", "ProductKey", productKey)
	f.refused(code, "CreateProductTags", "ProductKey", productKey, "ProductTag.1.TagKey", "k")
	f.refused(code, "CreateProductTags", "ProductKey", productKey, "ProductTag.1.TagKey", strings.Repeat("k", 31), "ProductTag.1.TagValue", "v")
	f.refused(code, "CreateProductTags", append([]string{"ProductKey", productKey}, tags(0, 11)...)...)
	for i := range 9 {
		f.must("CreateProductTags", append([]string{"ProductKey", productKey}, tags(i*10, 10)...)...)
	}
	f.refused(code, "CreateProductTags", append([]string{"ProductKey", productKey}, tags(100, 10)...)...)
}

func tags(from, n int) []string {
	var params []string
	for i := range n {
		prefix := "ProductTag." + strconv.Itoa(i+1)
		params = append(params, prefix+".TagKey", "key."+strconv.Itoa(from+i), prefix+".TagValue", "v")
	}
	return params
}

func TestDevices(t *testing.T) {
	f := newFixture(t, credentials)
	productKey := f.product("Street-Lamp")
	registered := f.must("RegisterDevice", "ProductKey", productKey, "DeviceName", "lamp-1", "Nickname", "lamp_one")
	secret, _ := registered.at(t, "Data", "DeviceSecret").(string)
	iotID, _ := registered.at(t, "Data", "IotId").(string)
	want := fmt.Sprintf(`{"RequestId":"%s","Success":true,"Data":{"ProductKey":"%s","DeviceName":"lamp-1","DeviceSecret":"%s","IotId":"%s","Nickname":"lamp_one"}}`,
		registered.text("RequestId"), productKey, secret, iotID)
	if registered.body != want {
		t.Errorf("got  %s\nwant %s", registered.body, want)
	}
	generated := f.must("RegisterDevice", "ProductKey", productKey)
	if name, _ := generated.at(t, "Data", "DeviceName").(string); platform.ValidateDeviceName(name) != nil {
		t.Errorf("generated the name %q", name)
	}
	if a := f.last(); a.Action != "RegisterDevice" || a.DeviceName != generated.at(t, "Data", "DeviceName") {
		t.Errorf("recorded %+v", a)
	}

	detail := f.must("QueryDeviceDetail", "ProductKey", productKey, "DeviceName", "lamp-1")
	want = fmt.Sprintf(`{"RequestId":"%s","Success":true,"Data":{"ProductKey":"%s","ProductName":"Street-Lamp","DeviceName":"lamp-1","DeviceSecret":"%s",`+
		`"IotId":"%s","Nickname":"lamp_one","NodeType":0,"Status":"UNACTIVE","Region":"cn-shanghai","FirmwareVersion":"","IpAddress":"","Owner":true,`+
		`"GmtCreate":"2024-01-02 11:04:05","GmtActive":"","GmtOnline":"","UtcCreate":"2024-01-02T03:04:05.000Z","UtcActive":"","UtcOnline":""}}`,
		detail.text("RequestId"), productKey, secret, iotID)
	if detail.body != want {
		t.Errorf("got  %s\nwant %s", detail.body, want)
	}
	if got := f.must("GetDeviceStatus", "IotId", iotID); !strings.Contains(got.body, `"Data":{"Status":"UNACTIVE","Timestamp":1704164645000}`) {
		t.Errorf("status: %s", got.body)
	}

	ref := platform.DeviceRef{ProductKey: productKey, DeviceName: "lamp-1"}
	online := startOfTest.Add(time.Minute)
	if err := f.store.Connected(t.Context(), ref, "192.0.2.7", online); err != nil {
		t.Fatal(err)
	}
	// IotId wins over a name that names nothing.
	detail = f.must("QueryDeviceDetail", "IotId", iotID, "ProductKey", "none", "DeviceName", "none")
	for field, value := range map[string]any{
		"Status": "ONLINE", "IpAddress": "192.0.2.7", "UtcActive": "2024-01-02T03:05:05.000Z", "GmtOnline": "2024-01-02 11:05:05",
	} {
		if got := detail.at(t, "Data", field); got != value {
			t.Errorf("%s is %v, want %v", field, got, value)
		}
	}
	if got := f.must("QueryDeviceInfo", "IotId", iotID); got.at(t, "Data", "DeviceSecret") != secret {
		t.Errorf("info: %s", got.body)
	}
	batch := f.must("BatchQueryDeviceDetail", "ProductKey", productKey, "DeviceName.1", "none", "DeviceName.2", "lamp-1")
	if list, _ := batch.at(t, "Data", "Data").([]any); len(list) != 1 || batch.at(t, "Data", "Data", 0, "Status") != "ONLINE" {
		t.Errorf("batch: %s", batch.body)
	}
	for _, params := range [][]string{
		{"ProductKey", productKey, "DeviceName.1", "lamp-1", "DeviceName.2", "none"},
		{"IotId.1", iotID, "IotId.2", "none"},
	} {
		got := f.must("BatchGetDeviceState", params...)
		want := fmt.Sprintf(`"DeviceStatusList":{"DeviceStatus":[{"DeviceName":"lamp-1","IotId":"%s","Status":"ONLINE","Timestamp":1704164705000,`+
			`"LastOnlineTime":"2024-01-02T03:05:05.000Z","AsAddress":"192.0.2.7"}]}}`, iotID)
		if !strings.HasSuffix(got.body, want) {
			t.Errorf("got %s, want %s at its end", got.body, want)
		}
	}
	for _, params := range [][]string{nil, {"ProductKey", productKey}} {
		got := f.must("QueryDeviceStatistics", params...)
		if !strings.HasSuffix(got.body, `"Data":{"deviceCount":2,"activeCount":1,"onlineCount":1}}`) {
			t.Errorf("statistics: %s", got.body)
		}
	}

	f.must("DisableThing", "ProductKey", productKey, "DeviceName", "lamp-1")
	if got := f.must("GetDeviceStatus", "IotId", iotID); got.at(t, "Data", "Status") != "DISABLE" {
		t.Errorf("disabled: %s", got.body)
	}
	f.must("EnableThing", "IotId", iotID)
	f.must("ResetThing", "IotId", iotID)
	if v, _ := f.store.Verification(productKey, "lamp-1"); v.Disabled || v.Active {
		t.Errorf("after enable and reset: disabled %t, active %t", v.Disabled, v.Active)
	}
	f.must("DeleteDevice", "IotId", iotID)
	f.refused("iot.device.NotExistedDevice", "QueryDeviceDetail", "IotId", iotID)
	if a := f.last(); a.Action != "DeleteDevice" || a.DeviceName != "lamp-1" || a.ProductKey != productKey {
		t.Errorf("recorded %+v", a)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.Equal(f.kicked, []platform.DeviceRef{ref, ref}) { // disabled, deleted
		t.Errorf("sessions ended: %v", f.kicked)
	}
}

func TestDeviceRefusals(t *testing.T) {
	f := newFixture(t, credentials)
	productKey := f.product("Street-Lamp")
	f.must("RegisterDevice", "ProductKey", productKey, "DeviceName", "lamp-1")
	const unknown = "a1000000000"
	for _, row := range [][]string{
		{"iot.device.AlreadyExistedDeviceName", "RegisterDevice", "ProductKey", productKey, "DeviceName", "lamp-1"},
		{"iot.device.InvalidFormattedDeviceName", "RegisterDevice", "ProductKey", productKey, "DeviceName", "two words"},
		{"iot.common.InvalidFormattedParameter", "RegisterDevice", "ProductKey", productKey, "Nickname", "abc"},
		{"iot.common.InvalidFormattedParameter", "RegisterDevice", "ProductKey", productKey, "Nickname", "two words"},
		{"iot.common.InvalidFormattedParameter", "RegisterDevice", "ProductKey", productKey, "Nickname", "abcd\xff"},
		{"iot.prod.NotExistedProduct", "RegisterDevice", "ProductKey", unknown},
		{"iot.prod.NotExistedProduct", "QueryDevice", "ProductKey", unknown},
		{"iot.prod.NotExistedProduct", "BatchQueryDeviceDetail", "ProductKey", unknown, "DeviceName.1", "lamp-1"},
		{"iot.prod.NotExistedProduct", "BatchGetDeviceState", "ProductKey", unknown, "DeviceName.1", "lamp-1"},
		{"iot.prod.NotExistedProduct", "QueryDeviceStatistics", "ProductKey", unknown},
		{"iot.common.APINotSupportedInInstance", "QueryDeviceStatistics", "GroupId", "g"},
		{"iot.device.NoneDeviceNameElement", "BatchQueryDeviceDetail", "ProductKey", productKey},
		{"iot.device.NoneDeviceNameElement", "BatchGetDeviceState", "ProductKey", productKey},
		{"iot.prod.NullProductKey", "BatchGetDeviceState"},
		{"iot.common.InvalidPageParams", "QueryDevice", "ProductKey", productKey, "CurrentPage", "0"},
		{"iot.common.InvalidPageParams", "QueryDevice", "ProductKey", productKey, "PageSize", "1001"},
		{"iot.common.InvalidPageParams", "QueryDevice", "ProductKey", productKey, "NextToken", "nonsense"},
	} {
		f.refused(row[0], row[1], row[2:]...)
	}
	for _, action := range []string{"QueryDeviceDetail", "QueryDeviceInfo", "GetDeviceStatus", "DeleteDevice", "DisableThing", "EnableThing", "ResetThing"} {
		f.refused("iot.prod.NullProductKey", action, "DeviceName", "lamp-1")
		f.refused("iot.device.NullDeviceName", action, "ProductKey", productKey)
		f.refused("iot.prod.NotExistedProduct", action, "ProductKey", unknown, "DeviceName", "lamp-1")
		f.refused("iot.device.NotExistedDevice", action, "ProductKey", productKey, "DeviceName", "lamp-2")
		f.refused("iot.device.NotExistedDevice", action, "IotId", "9a1MTdk9brqQ2bhdG4OY001094fd00")
		f.refused("iot.device.InvalidIoTId", action, "IotId", "not an id", "ProductKey", productKey, "DeviceName", "lamp-1")
	}
	for action, most := range map[string]int{"BatchQueryDeviceDetail": 100, "BatchGetDeviceState": 50} {
		f.refused("iot.common.InvalidFormattedParameter", action, append([]string{"ProductKey", productKey}, names("DeviceName", most+1)...)...)
		f.must(action, append([]string{"ProductKey", productKey}, names("DeviceName", most)...)...)
	}
	f.refused("iot.common.InvalidFormattedParameter", "BatchGetDeviceState", names("IotId", 51)...)
	f.missing("RegisterDevice", "ProductKey")
	f.missing("QueryDevice", "ProductKey")
	f.missing("BatchQueryDeviceDetail", "ProductKey")
}

// names makes a list of parameters lamp-1, lamp-2 and so on.
func names(list string, n int) []string {
	var params []string
	for i := range n {
		number := strconv.Itoa(i + 1)
		params = append(params, list+"."+number, "lamp-"+number)
	}
	return params
}

func TestQueryDevicePages(t *testing.T) {
	f := newFixture(t, credentials)
	productKey := f.product("Street-Lamp")
	if got := f.must("QueryDevice", "ProductKey", productKey); !strings.Contains(got.body,
		`"Data":{"DeviceInfo":[]},"Page":1,"PageCount":0,"PageSize":10,"Total":0}`) {
		t.Errorf("an empty product: %s", got.body)
	}
	for i := range 5 {
		f.must("RegisterDevice", "ProductKey", productKey, "DeviceName", "lamp-"+strconv.Itoa(i))
	}
	var walked []string
	params := []string{"ProductKey", productKey, "PageSize", "2"}
	for page := 1; ; page++ {
		got := f.must("QueryDevice", params...)
		for i := range got.at(t, "Data", "DeviceInfo").([]any) {
			walked = append(walked, got.at(t, "Data", "DeviceInfo", i, "DeviceName").(string))
		}
		if got.fields["Page"] != float64(page) || got.fields["PageCount"] != 3.0 || got.fields["Total"] != 5.0 {
			t.Fatalf("page %d: %s", page, got.body)
		}
		token := got.text("NextToken")
		if token == "" {
			break
		}
		params = []string{"ProductKey", productKey, "PageSize", "2", "NextToken", token}
		f.refused("iot.common.InvalidPageParams", "QueryDevice", "ProductKey", productKey, "PageSize", "7", "NextToken", token)
	}
	if want := []string{"lamp-4", "lamp-3", "lamp-2", "lamp-1", "lamp-0"}; !slices.Equal(walked, want) {
		t.Errorf("walked %v, want %v", walked, want)
	}
	third := f.must("QueryDevice", "ProductKey", productKey, "PageSize", "2", "CurrentPage", "3")
	if third.at(t, "Data", "DeviceInfo", 0, "DeviceName") != "lamp-0" || third.at(t, "Data", "DeviceInfo", 0, "UtcCreate") != "2024-01-02T03:04:05.000Z" {
		t.Errorf("the third page: %s", third.body)
	}
}

// await polls an application until it is done with its work.
func (f *fixture) await(productKey, applyID string) answer {
	f.t.Helper()
	for {
		a := f.must("QueryBatchRegisterDeviceStatus", "ProductKey", productKey, "ApplyId", applyID)
		if status := a.at(f.t, "Data", "Status"); status != "CREATE" && status != "CHECK" {
			return a
		}
	}
}

func applyID(t *testing.T, a answer) string {
	t.Helper()
	return strconv.FormatInt(int64(a.at(t, "Data", "ApplyId").(float64)), 10)
}

func TestBatchOfNames(t *testing.T) {
	f := newFixture(t, credentials)
	productKey := f.product("Street-Lamp")
	params := url.Values{
		"ProductKey": {productKey}, "DeviceName.1": {"lamp-1"}, "DeviceName.10": {"lamp-10"}, "DeviceName.2": {"lamp-2"},
		"DeviceNameList.1.DeviceName": {"lamp-11"}, "DeviceNameList.1.DeviceNickname": {"昵称_1"},
	}
	checked := f.do(f.v3(http.MethodPost, "BatchCheckDeviceNames", params, true))
	id := applyID(t, checked)
	if want := fmt.Sprintf(`{"RequestId":"%s","Success":true,"Data":{"ApplyId":%s}}`, checked.text("RequestId"), id); checked.body != want {
		t.Errorf("got  %s\nwant %s", checked.body, want)
	}
	if got := f.await(productKey, id); !strings.HasSuffix(got.body, `"Data":{"Status":"CHECK_SUCCESS"}}`) {
		t.Errorf("checked: %s", got.body)
	}
	if got := f.must("QueryPageByApplyId", "ApplyId", id); !strings.HasSuffix(got.body,
		`"ApplyDeviceList":{"ApplyDeviceInfo":[]},"Page":1,"PageCount":0,"PageSize":10,"Total":0}`) {
		t.Errorf("before it is carried out: %s", got.body)
	}
	f.must("BatchRegisterDeviceWithApplyId", "ProductKey", productKey, "ApplyId", id)
	if got := f.await(productKey, id); !strings.HasSuffix(got.body, `"Data":{"Status":"CREATE_SUCCESS"}}`) {
		t.Fatalf("carried out: %s", got.body)
	}
	var got []string
	for page := range 2 {
		a := f.must("QueryPageByApplyId", "ApplyId", id, "PageSize", "2", "CurrentPage", strconv.Itoa(page+1))
		if a.fields["PageCount"] != 2.0 || a.fields["Total"] != 4.0 {
			t.Errorf("page: %s", a.body)
		}
		for i := range 2 {
			got = append(got, a.at(t, "ApplyDeviceList", "ApplyDeviceInfo", i, "DeviceName").(string))
			if secret := a.at(t, "ApplyDeviceList", "ApplyDeviceInfo", i, "DeviceSecret").(string); len(secret) != 32 {
				t.Errorf("secret of %d characters", len(secret))
			}
		}
	}
	if want := []string{"lamp-1", "lamp-2", "lamp-10", "lamp-11"}; !slices.Equal(got, want) {
		t.Errorf("registered %v, want %v", got, want)
	}
	if got := f.must("QueryDeviceInfo", "ProductKey", productKey, "DeviceName", "lamp-11"); got.at(t, "Data", "Nickname") != "昵称_1" {
		t.Errorf("the nickname is lost: %s", got.body)
	}
	f.refused("iot.device.IncorrentDeviceApplyInfo", "BatchRegisterDeviceWithApplyId", "ProductKey", productKey, "ApplyId", id)

	// Names that exist fail the check.
	again := f.must("BatchCheckDeviceNames", "ProductKey", productKey, "DeviceName.1", "lamp-1", "DeviceName.2", "lamp-3")
	id = applyID(t, again)
	want := `"Data":{"Status":"CHECK_FAILED","ValidList":{"Name":["lamp-3"]},"InvalidList":{"Name":["lamp-1"]},` +
		`"InvalidDetailList":{"invalidDetailList":[{"DeviceName":"lamp-1","NickName":"","ErrorMsg":"a device of this name exists"}]}}}`
	if got := f.await(productKey, id); !strings.HasSuffix(got.body, want) {
		t.Errorf("got %s, want %s at its end", got.body, want)
	}
	f.refused("iot.device.IncorrentDeviceApplyInfo", "BatchRegisterDeviceWithApplyId", "ProductKey", productKey, "ApplyId", id)
}

// TestNameTakenAfterTheCheck: nothing is registered then.
func TestNameTakenAfterTheCheck(t *testing.T) {
	f := newFixture(t, credentials)
	productKey := f.product("Street-Lamp")
	id := applyID(t, f.must("BatchCheckDeviceNames", append([]string{"ProductKey", productKey}, names("DeviceName", 2)...)...))
	f.must("RegisterDevice", "ProductKey", productKey, "DeviceName", "lamp-2")
	f.must("BatchRegisterDeviceWithApplyId", "ProductKey", productKey, "ApplyId", id)
	got := f.await(productKey, id)
	if got.at(t, "Data", "Status") != "CREATE_FAILED" || got.at(t, "Data", "InvalidList", "Name", 0) != "lamp-2" {
		t.Errorf("got %s", got.body)
	}
	f.refused("iot.device.NotExistedDevice", "QueryDeviceInfo", "ProductKey", productKey, "DeviceName", "lamp-1")
}

func TestBatchOfChosenNames(t *testing.T) {
	f := newFixture(t, credentials)
	productKey := f.product("Street-Lamp")
	id := applyID(t, f.must("BatchRegisterDevice", "ProductKey", productKey, "Count", "250"))
	if got := f.await(productKey, id); got.at(t, "Data", "Status") != "CREATE_SUCCESS" {
		t.Fatalf("got %s", got.body)
	}
	page := f.must("QueryPageByApplyId", "ApplyId", id, "PageSize", "1000")
	seen := map[string]bool{}
	for i := range 250 {
		name := page.at(t, "ApplyDeviceList", "ApplyDeviceInfo", i, "DeviceName").(string)
		if platform.ValidateDeviceName(name) != nil || seen[name] {
			t.Fatalf("the name %q", name)
		}
		seen[name] = true
	}
	if a := f.last(); a.Action != "BatchRegisterDevice" || a.ProductKey != productKey {
		t.Errorf("recorded %+v", a)
	}
}

// TestBatchAcceptedTwice: an application is carried out once, whoever asks.
func TestBatchAcceptedTwice(t *testing.T) {
	f := newFixture(t, credentials)
	productKey := f.product("Street-Lamp")
	for range 10 {
		id := applyID(t, f.must("BatchCheckDeviceNames", "ProductKey", productKey, "DeviceName.1", "lamp"+f.newNonce()))
		var wg sync.WaitGroup
		for range 4 {
			r := f.v3(http.MethodPost, "BatchRegisterDeviceWithApplyId", pairs(t, "ProductKey", productKey, "ApplyId", id), false)
			wg.Go(func() {
				resp, err := f.server.Client().Do(r)
				if err != nil {
					t.Error(err)
					return
				}
				_ = resp.Body.Close()
			})
		}
		wg.Wait()
		if got := f.await(productKey, id); got.at(t, "Data", "Status") != "CREATE_SUCCESS" {
			t.Fatalf("got %s", got.body)
		}
	}
}

func TestBatchRefusals(t *testing.T) {
	f := newFixture(t, credentials)
	productKey, other := f.product("Street-Lamp"), f.product("Pump")
	id := applyID(t, f.must("BatchCheckDeviceNames", "ProductKey", productKey, "DeviceName.1", "lamp-1"))
	const unknown = "a1000000000"
	for _, row := range [][]string{
		{"iot.device.NoneDeviceNameElement", "BatchCheckDeviceNames", "ProductKey", productKey},
		{"iot.prod.NotExistedProduct", "BatchCheckDeviceNames", "ProductKey", unknown, "DeviceName.1", "lamp-1"},
		{"iot.prod.NotExistedProduct", "BatchRegisterDevice", "ProductKey", unknown, "Count", "1"},
		{"iot.common.InvalidFormattedParameter", "BatchRegisterDevice", "ProductKey", productKey, "Count", "0"},
		{"iot.common.InvalidFormattedParameter", "BatchRegisterDevice", "ProductKey", productKey, "Count", "10001"},
		{"iot.common.InvalidFormattedParameter", "BatchRegisterDevice", "ProductKey", productKey, "Count", "ten"},
		{"iot.device.InvalidFormattedApplyId", "BatchRegisterDeviceWithApplyId", "ProductKey", productKey, "ApplyId", "x"},
		{"iot.device.DeviceApplyIsNotFound", "BatchRegisterDeviceWithApplyId", "ProductKey", productKey, "ApplyId", "1"},
		{"iot.device.IncorrentDeviceApplyInfo", "BatchRegisterDeviceWithApplyId", "ProductKey", other, "ApplyId", id},
		{"iot.device.DeviceApplyIsNotFound", "QueryBatchRegisterDeviceStatus", "ProductKey", productKey, "ApplyId", "1"},
		{"iot.device.IncorrentDeviceApplyInfo", "QueryBatchRegisterDeviceStatus", "ProductKey", other, "ApplyId", id},
		{"iot.device.DeviceApplyIsNotFound", "QueryPageByApplyId", "ApplyId", "1"},
		{"iot.common.InvalidPageParams", "QueryPageByApplyId", "ApplyId", id, "PageSize", "1001"},
	} {
		f.refused(row[0], row[1], row[2:]...)
	}
	f.missing("BatchCheckDeviceNames", "ProductKey")
	f.missing("BatchRegisterDevice", "ProductKey", "Count")
	f.missing("BatchRegisterDeviceWithApplyId", "ProductKey", "ApplyId")
	f.missing("QueryBatchRegisterDeviceStatus", "ProductKey", "ApplyId")
	f.missing("QueryPageByApplyId", "ApplyId")

	bad := f.refused("iot.device.InvalidFormattedDeviceName", "BatchCheckDeviceNames", "ProductKey", productKey,
		"DeviceName.1", "good-1", "DeviceName.2", "bad name", "DeviceName.3", "good-1",
		"DeviceNameList.1.DeviceName", "good-2", "DeviceNameList.1.DeviceNickname", "n")
	for path, want := range map[string]any{
		"InvalidDeviceNameList/InvalidDeviceName":         "bad name",
		"RepeatedDeviceNameList/RepeatDevieNameList":      "good-1",
		"InvalidDeviceNicknameList/InvalidDeviceNickname": "n",
	} {
		outer, inner, _ := strings.Cut(path, "/")
		if got := bad.at(t, "Data", outer, inner, 0); got != want {
			t.Errorf("%s names %v, want %v", path, got, want)
		}
	}
	if details, _ := bad.at(t, "Data", "InvalidDetailList", "InvalidDetailList").([]any); len(details) != 3 {
		t.Errorf("details: %s", bad.body)
	}
}

// TestLargestBatch sends what is documented as the most.
func TestLargestBatch(t *testing.T) {
	f := newFixture(t, credentials)
	productKey := f.product("Street-Lamp")
	params := url.Values{"ProductKey": {productKey}}
	for i := range 10_000 {
		prefix := "DeviceNameList." + strconv.Itoa(i+1)
		params.Set(prefix+".DeviceName", fmt.Sprintf("factory-line-:@.-%05d", i))
		params.Set(prefix+".DeviceNickname", fmt.Sprintf("街灯_%d", i))
	}
	id := applyID(t, f.do(f.v3(http.MethodPost, "BatchCheckDeviceNames", params, true)))
	f.must("BatchRegisterDeviceWithApplyId", "ProductKey", productKey, "ApplyId", id)
	if got := f.await(productKey, id); got.at(t, "Data", "Status") != "CREATE_SUCCESS" {
		t.Fatalf("status %v", got.at(t, "Data", "Status"))
	}
	params.Set("DeviceName.1", "one-more")
	if got := f.do(f.v3(http.MethodPost, "BatchCheckDeviceNames", params, true)); got.text("Code") != "iot.device.ApplyManyDevicesFailed" {
		t.Errorf("one more: %.300s", got.body)
	}
}
