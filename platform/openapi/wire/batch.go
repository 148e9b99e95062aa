package wire

// Status values of a batch application, see QueryBatchRegisterDeviceStatus.
const (
	ApplyCheck         = "CHECK"          // names are being checked
	ApplyCheckSuccess  = "CHECK_SUCCESS"  // all names are free
	ApplyCheckFailed   = "CHECK_FAILED"   // some names are not
	ApplyCreate        = "CREATE"         // devices are being registered
	ApplyCreateSuccess = "CREATE_SUCCESS" // all devices are registered
	ApplyCreateFailed  = "CREATE_FAILED"  // some devices are not
)

// BatchCheckDeviceNamesResponse answers BatchCheckDeviceNames. Data may be
// there in a refusal too, with the names at fault.
type BatchCheckDeviceNamesResponse struct {
	Base
	Data *BatchCheckDeviceNamesData `json:"Data,omitempty"`
}

// BatchCheckDeviceNamesData has the application's id, or the names at fault.
type BatchCheckDeviceNamesData struct {
	ApplyID                   int64                      `json:"ApplyId,omitempty"`
	InvalidDeviceNameList     *InvalidDeviceNameList     `json:"InvalidDeviceNameList,omitempty"`
	InvalidDeviceNicknameList *InvalidDeviceNicknameList `json:"InvalidDeviceNicknameList,omitempty"`
	RepeatedDeviceNameList    *RepeatedDeviceNameList    `json:"RepeatedDeviceNameList,omitempty"`
	InvalidDetailList         *CheckInvalidDetailList    `json:"InvalidDetailList,omitempty"`
}

// InvalidDeviceNameList wraps DeviceNames that break the rule.
type InvalidDeviceNameList struct {
	InvalidDeviceName []string `json:"InvalidDeviceName"`
}

// InvalidDeviceNicknameList wraps nicknames that break the rule.
type InvalidDeviceNicknameList struct {
	InvalidDeviceNickname []string `json:"InvalidDeviceNickname"`
}

// RepeatedDeviceNameList wraps DeviceNames that are there already. The cloud
// spells the inner name without a c.
type RepeatedDeviceNameList struct {
	RepeatDevieNameList []string `json:"RepeatDevieNameList"`
}

// CheckInvalidDetailList wraps the reasons of BatchCheckDeviceNames; here the
// inner name begins with a capital.
type CheckInvalidDetailList struct {
	InvalidDetailList []InvalidDetail `json:"InvalidDetailList"`
}

// InvalidDetail is one refused name with the reason.
type InvalidDetail struct {
	DeviceName string `json:"DeviceName"`
	NickName   string `json:"NickName"`
	ErrorMsg   string `json:"ErrorMsg"`
}

// BatchRegisterDeviceResponse answers BatchRegisterDevice.
type BatchRegisterDeviceResponse struct {
	Base
	Data *ApplyData `json:"Data,omitempty"`
}

// BatchRegisterDeviceWithApplyIDResponse answers
// BatchRegisterDeviceWithApplyId.
type BatchRegisterDeviceWithApplyIDResponse struct {
	Base
	Data *ApplyData `json:"Data,omitempty"`
}

// ApplyData is the id of an application.
type ApplyData struct {
	ApplyID int64 `json:"ApplyId"`
}

// QueryBatchRegisterDeviceStatusResponse answers
// QueryBatchRegisterDeviceStatus.
type QueryBatchRegisterDeviceStatusResponse struct {
	Base
	Data *ApplyStatusData `json:"Data,omitempty"`
}

// ApplyStatusData is how far an application has come. The lists are filled for
// CHECK_FAILED and CREATE_FAILED only.
type ApplyStatusData struct {
	Status            string                   `json:"Status"`
	ValidList         *NameList                `json:"ValidList,omitempty"`
	InvalidList       *NameList                `json:"InvalidList,omitempty"`
	InvalidDetailList *StatusInvalidDetailList `json:"InvalidDetailList,omitempty"`
}

// NameList wraps DeviceNames.
type NameList struct {
	Name []string `json:"Name"`
}

// StatusInvalidDetailList wraps the reasons of QueryBatchRegisterDeviceStatus;
// here the inner name begins with a small letter.
type StatusInvalidDetailList struct {
	InvalidDetailList []InvalidDetail `json:"invalidDetailList"`
}

// QueryPageByApplyIDResponse answers QueryPageByApplyId, all of it at the top
// level.
type QueryPageByApplyIDResponse struct {
	Base
	ApplyDeviceList *ApplyDeviceList `json:"ApplyDeviceList,omitempty"`
	Page            int              `json:"Page"`
	PageCount       int              `json:"PageCount"`
	PageSize        int              `json:"PageSize"`
	Total           int              `json:"Total"`
}

// ApplyDeviceList wraps the devices of an application.
type ApplyDeviceList struct {
	ApplyDeviceInfo []ApplyDeviceInfo `json:"ApplyDeviceInfo"`
}

// ApplyDeviceInfo is one device of an application.
type ApplyDeviceInfo struct {
	DeviceID     string `json:"DeviceId,omitempty"` // obsolete
	DeviceName   string `json:"DeviceName"`
	DeviceSecret string `json:"DeviceSecret"`
	IotID        string `json:"IotId"`
}
