package api

import (
	"errors"
	"net/http"

	"fleetmint/platform"
	"fleetmint/platform/openapi/signature"
)

// refusal is an answer of the IoT level that says no.
type refusal struct {
	code    string
	message string
}

func (r *refusal) Error() string { return r.code + ": " + r.message }

// Codes of the IoT level, those that Alibaba Cloud documents and, for want of
// one, codeDeleteProductFailed in their style.
const (
	codeSystemException  = "iot.system.SystemException"
	codeInvalidPage      = "iot.common.InvalidPageParams"
	codeInvalidFormatted = "iot.common.InvalidFormattedParameter"
	codeNotSupported     = "iot.common.APINotSupportedInInstance"

	codeNoProductKey         = "iot.prod.NullProductKey"
	codeNoProduct            = "iot.prod.NotExistedProduct"
	codeProductNameTaken     = "iot.prod.AlreadyExistedProductName"
	codeInvalidProductName   = "iot.prod.InvalidFormattedProductName"
	codeLongDescription      = "iot.prod.LongProductDesc"
	codeInvalidNodeType      = "iot.prod.InvalidNodeType"
	codeInvalidCommodityCode = "iot.prod.InvalidAliyunCommodityCode"
	codeDeleteProductFailed  = "iot.prod.DeleteProductFailed"

	codeNoDevice           = "iot.device.NotExistedDevice"
	codeInvalidIotID       = "iot.device.InvalidIoTId"
	codeNoDeviceName       = "iot.device.NullDeviceName"
	codeNoDeviceNames      = "iot.device.NoneDeviceNameElement"
	codeDeviceNameTaken    = "iot.device.AlreadyExistedDeviceName"
	codeInvalidDeviceName  = "iot.device.InvalidFormattedDeviceName"
	codeManyDevices        = "iot.device.ApplyManyDevicesFailed"
	codeTaskIsRunning      = "iot.device.CreateDeviceTaskIsRunning"
	codeNoApplication      = "iot.device.DeviceApplyIsNotFound"
	codeWrongApplication   = "iot.device.IncorrentDeviceApplyInfo" // the cloud's spelling
	codeInvalidApplyID     = "iot.device.InvalidFormattedApplyId"
	codeDeviceChangeFailed = "iot.device.VerifyDeviceFailed"
)

// codes say how a topic refuses, by the kind of the domain's error and the
// field at fault.
type codes map[fault]string

// fault is a kind of platform.Error, in general or of one field.
type fault struct {
	kind  error
	field string // empty: of any field
}

// refuse turns a refusal of the store into one of the wire. Any other error is
// returned as it is: it is our own failure.
func (c codes) refuse(err error) error {
	refused, ok := errors.AsType[*platform.Error](err)
	if !ok {
		return err
	}
	for _, f := range [...]fault{{refused.Kind, refused.Field}, {kind: refused.Kind}} {
		if code, found := c[f]; found {
			return &refusal{code, refused.Message}
		}
	}
	return err
}

func serviceUnavailable() *signature.Error {
	return &signature.Error{Code: "ServiceUnavailable", HTTPStatus: http.StatusServiceUnavailable, Message: "The local platform is closing."}
}
