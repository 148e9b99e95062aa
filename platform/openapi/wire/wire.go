// Package wire holds the shapes of the OpenAPI of Alibaba Cloud IoT Platform,
// version 2018-01-20, as they are documented: one definition for the client
// that reads them and the local platform that writes them.
//
// Names and JSON types are the cloud's own, oddities included (a misspelt
// RepeatDevieNameList, a lower-camel deviceCount, a Page outside of Data),
// because official SDKs match them by name and refuse some other types.
//
// The package holds values and pure functions only. It starts no goroutines and
// everything in it may be used concurrently, as far as plain structs may.
package wire

// Version is the version of the OpenAPI that these shapes belong to.
const Version = "2018-01-20"

// Names of actions. SetDynamicRegistration is an extension of the local
// platform; Alibaba Cloud has no action for the switch.
const (
	ActionCreateProduct                  = "CreateProduct"
	ActionDeleteProduct                  = "DeleteProduct"
	ActionQueryProduct                   = "QueryProduct"
	ActionQueryProductList               = "QueryProductList"
	ActionCreateProductTags              = "CreateProductTags"
	ActionListProductTags                = "ListProductTags"
	ActionRegisterDevice                 = "RegisterDevice"
	ActionBatchCheckDeviceNames          = "BatchCheckDeviceNames"
	ActionBatchRegisterDevice            = "BatchRegisterDevice"
	ActionBatchRegisterDeviceWithApplyID = "BatchRegisterDeviceWithApplyId"
	ActionQueryBatchRegisterDeviceStatus = "QueryBatchRegisterDeviceStatus"
	ActionQueryPageByApplyID             = "QueryPageByApplyId"
	ActionQueryDevice                    = "QueryDevice"
	ActionQueryDeviceDetail              = "QueryDeviceDetail"
	ActionQueryDeviceInfo                = "QueryDeviceInfo"
	ActionBatchQueryDeviceDetail         = "BatchQueryDeviceDetail"
	ActionGetDeviceStatus                = "GetDeviceStatus"
	ActionBatchGetDeviceState            = "BatchGetDeviceState"
	ActionQueryDeviceStatistics          = "QueryDeviceStatistics"
	ActionDeleteDevice                   = "DeleteDevice"
	ActionDisableThing                   = "DisableThing"
	ActionEnableThing                    = "EnableThing"
	ActionResetThing                     = "ResetThing"
	ActionSetDynamicRegistration         = "SetDynamicRegistration"
)

// Limits that Alibaba Cloud documents for single calls.
const (
	MaxProductPageSize = 200    // QueryProductList
	MaxDevicePageSize  = 50     // QueryDevice
	MaxApplyPageSize   = 50     // QueryPageByApplyId
	MaxBatchNames      = 10_000 // BatchCheckDeviceNames, and Count of BatchRegisterDevice
	MaxDetailNames     = 100    // BatchQueryDeviceDetail
	MaxStateNames      = 50     // BatchGetDeviceState
	MaxTagsPerCall     = 10     // CreateProductTags
)

// ExtendedDevicePageSize is the largest PageSize of QueryDevice on the local
// platform, which saves the console twenty round trips of fifty.
const ExtendedDevicePageSize = 1000

// Parameters with which QueryDevice of the local platform searches: part of the
// DeviceName in any letter case, and a status in its spelling of the wire.
const (
	ParamNameContains = "DeviceNameContains"
	ParamDeviceStatus = "DeviceStatus"
)

// Base is what every answer of the IoT level starts with. It comes with HTTP
// status 200 even for a refusal; then Success is false and Data is mostly
// absent. Code must be absent or empty on success: some SDKs throw otherwise.
type Base struct {
	RequestID    string `json:"RequestId"`
	Success      bool   `json:"Success"`
	Code         string `json:"Code,omitempty"`
	ErrorMessage string `json:"ErrorMessage,omitempty"`
}

// Head returns the envelope, so that a caller can check any answer alike.
func (b *Base) Head() *Base { return b }

// BaseResponse is the whole answer of DeleteProduct, DeleteDevice,
// DisableThing, EnableThing and SetDynamicRegistration.
type BaseResponse struct {
	Base
}

// GatewayError is a refusal before the IoT level, such as a wrong signature. It
// comes with an HTTP status of 400 or above.
type GatewayError struct {
	RequestID string `json:"RequestId"`
	HostID    string `json:"HostId"`
	Code      string `json:"Code"`
	Message   string `json:"Message"`
	Recommend string `json:"Recommend,omitempty"`
}
