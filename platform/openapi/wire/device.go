package wire

// RegisterDeviceResponse answers RegisterDevice.
type RegisterDeviceResponse struct {
	Base
	Data *RegisterDeviceData `json:"Data,omitempty"`
}

// RegisterDeviceData is the new device.
type RegisterDeviceData struct {
	ProductKey   string `json:"ProductKey"`
	DeviceName   string `json:"DeviceName"`
	DeviceSecret string `json:"DeviceSecret"`
	IotID        string `json:"IotId"`
	Nickname     string `json:"Nickname"`
	DevEUI       string `json:"DevEui,omitempty"`  // LoRaWAN
	JoinEUI      string `json:"JoinEui,omitempty"` // LoRaWAN
}

// QueryDeviceResponse answers QueryDevice, newest device first. The numbers of
// the page are at the top level.
type QueryDeviceResponse struct {
	Base
	Data      *DeviceInfoList `json:"Data,omitempty"`
	Page      int             `json:"Page"`
	PageCount int             `json:"PageCount"`
	PageSize  int             `json:"PageSize"`
	Total     int             `json:"Total"`
	NextToken string          `json:"NextToken,omitempty"` // empty on the last page
}

// DeviceInfoList wraps the devices of a page.
type DeviceInfoList struct {
	DeviceInfo []DeviceInfo `json:"DeviceInfo"`
}

// DeviceInfo is one device in a listing.
type DeviceInfo struct {
	DeviceID     string `json:"DeviceId,omitempty"` // obsolete
	DeviceName   string `json:"DeviceName"`
	DeviceSecret string `json:"DeviceSecret"`
	DeviceStatus string `json:"DeviceStatus"`
	DeviceType   string `json:"DeviceType"`
	GmtCreate    string `json:"GmtCreate"`
	GmtModified  string `json:"GmtModified"`
	IotID        string `json:"IotId"`
	Nickname     string `json:"Nickname"`
	ProductKey   string `json:"ProductKey"`
	UtcCreate    string `json:"UtcCreate"`
	UtcModified  string `json:"UtcModified"`
}

// QueryDeviceDetailResponse answers QueryDeviceDetail.
type QueryDeviceDetailResponse struct {
	Base
	Data *DeviceDetail `json:"Data,omitempty"`
}

// DeviceDetail is everything about one device.
type DeviceDetail struct {
	ProductKey      string `json:"ProductKey"`
	ProductName     string `json:"ProductName"`
	DeviceName      string `json:"DeviceName"`
	DeviceSecret    string `json:"DeviceSecret"`
	IotID           string `json:"IotId"`
	Nickname        string `json:"Nickname"`
	NodeType        int    `json:"NodeType"`
	Status          string `json:"Status"`
	Region          string `json:"Region"`
	FirmwareVersion string `json:"FirmwareVersion"`
	IPAddress       string `json:"IpAddress"`
	Owner           bool   `json:"Owner"`
	GmtCreate       string `json:"GmtCreate"`
	GmtActive       string `json:"GmtActive"`
	GmtOnline       string `json:"GmtOnline"`
	UtcCreate       string `json:"UtcCreate"`
	UtcActive       string `json:"UtcActive"`
	UtcOnline       string `json:"UtcOnline"`
}

// QueryDeviceInfoResponse answers QueryDeviceInfo.
type QueryDeviceInfoResponse struct {
	Base
	Data *DeviceIdentity `json:"Data,omitempty"`
}

// DeviceIdentity is a device's certificate, IotId and nickname.
type DeviceIdentity struct {
	ProductKey   string `json:"ProductKey"`
	DeviceName   string `json:"DeviceName"`
	DeviceSecret string `json:"DeviceSecret"`
	IotID        string `json:"IotId"`
	Nickname     string `json:"Nickname"`
}

// BatchQueryDeviceDetailResponse answers BatchQueryDeviceDetail. Unknown names
// are left out without a word.
type BatchQueryDeviceDetailResponse struct {
	Base
	Data *BatchDeviceDetailList `json:"Data,omitempty"`
}

// BatchDeviceDetailList wraps the devices: Data within Data.
type BatchDeviceDetailList struct {
	Data []BatchDeviceDetail `json:"Data"`
}

// BatchDeviceDetail is one device of BatchQueryDeviceDetail.
type BatchDeviceDetail struct {
	DeviceName      string `json:"DeviceName"`
	DeviceSecret    string `json:"DeviceSecret"`
	FirmwareVersion string `json:"FirmwareVersion"`
	GmtActive       string `json:"GmtActive"`
	GmtCreate       string `json:"GmtCreate"`
	IotID           string `json:"IotId"`
	Nickname        string `json:"Nickname"`
	NodeType        int    `json:"NodeType"`
	ProductKey      string `json:"ProductKey"`
	ProductName     string `json:"ProductName"`
	Region          string `json:"Region"`
	Status          string `json:"Status"`
	UtcActive       string `json:"UtcActive"`
	UtcCreate       string `json:"UtcCreate"`
}

// GetDeviceStatusResponse answers GetDeviceStatus.
type GetDeviceStatusResponse struct {
	Base
	Data *DeviceStatusData `json:"Data,omitempty"`
}

// DeviceStatusData is a device's state and when it was taken up.
type DeviceStatusData struct {
	Status    string `json:"Status"`
	Timestamp int64  `json:"Timestamp"` // milliseconds
}

// BatchGetDeviceStateResponse answers BatchGetDeviceState, at the top level.
type BatchGetDeviceStateResponse struct {
	Base
	DeviceStatusList *DeviceStatusList `json:"DeviceStatusList,omitempty"`
}

// DeviceStatusList wraps the states of several devices.
type DeviceStatusList struct {
	DeviceStatus []DeviceStatus `json:"DeviceStatus"`
}

// DeviceStatus is the state of one device of BatchGetDeviceState.
type DeviceStatus struct {
	DeviceID       string `json:"DeviceId,omitempty"` // obsolete
	DeviceName     string `json:"DeviceName"`
	IotID          string `json:"IotId"`
	Status         string `json:"Status"`
	Timestamp      int64  `json:"Timestamp"` // milliseconds
	LastOnlineTime string `json:"LastOnlineTime"`
	AsAddress      string `json:"AsAddress"` // remote address of the connection
}

// QueryDeviceStatisticsResponse answers QueryDeviceStatistics.
type QueryDeviceStatisticsResponse struct {
	Base
	Data *DeviceStatisticsData `json:"Data,omitempty"`
}

// DeviceStatisticsData are counts of devices; these names begin with a small
// letter.
type DeviceStatisticsData struct {
	DeviceCount int64 `json:"deviceCount"`
	ActiveCount int64 `json:"activeCount"`
	OnlineCount int64 `json:"onlineCount"`
}

// ResetThingResponse answers ResetThing.
type ResetThingResponse struct {
	Base
	JobID string `json:"JobId,omitempty"`
}
