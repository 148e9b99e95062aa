package openapi

import (
	"encoding/json"
	"net/http"
	"strings"

	"fleetmint/platform"
	"fleetmint/platform/openapi/wire"
)

// meaning is what a code says in the terms of package platform.
type meaning struct {
	kind    error
	field   string // the parameter at fault, where there is one
	message string // replaces the platform's text, where ours helps more
}

// meanings are the codes that Alibaba Cloud documents. A code that is not here
// is looked up without what follows its first dot, so that Throttling stands
// for Throttling.User too. Codes of failed work (…Failed, …ActionError) are left
// out: unknown codes are internal errors.
var meanings = map[string]meaning{
	// The gateway: signature and account. Its own text for a wrong signature
	// quotes what was signed, so it is never passed on.
	"InvalidAccessKeyId":          {kind: platform.ErrUnauthorized, message: "the AccessKeyID is unknown"},
	"InvalidAccessKeyId.Inactive": {kind: platform.ErrUnauthorized, message: "the AccessKeyID is disabled"},
	"SignatureDoesNotMatch":       {kind: platform.ErrUnauthorized, message: "the AccessKeySecret does not belong to the AccessKeyID"},
	"IncompleteSignature":         {kind: platform.ErrUnauthorized, message: "the platform did not accept the request's signature"},
	"SignatureNonceUsed":          {kind: platform.ErrUnauthorized, message: "the platform has seen this request before"},
	"InvalidTimeStamp":            {kind: platform.ErrUnauthorized, message: "the clock of this computer is more than 15 minutes off"},
	"InvalidSecurityToken":        {kind: platform.ErrUnauthorized, message: "the SecurityToken is not valid or has expired"},
	"MissingSecurityToken":        {kind: platform.ErrUnauthorized, message: "these credentials need a SecurityToken"},
	"Forbidden":                   {kind: platform.ErrUnauthorized},
	"NoPermission":                {kind: platform.ErrUnauthorized},
	"Throttling":                  {kind: platform.ErrThrottled},
	"ServiceUnavailable":          {kind: platform.ErrUnavailable},
	"InternalError":               {kind: platform.ErrInternal},
	// The gateway: what was asked for.
	"InvalidApi":            {kind: platform.ErrUnsupported},
	"InvalidAction":         {kind: platform.ErrUnsupported},
	"InvalidVersion":        {kind: platform.ErrUnsupported},
	"NoSuchVersion":         {kind: platform.ErrUnsupported},
	"UnsupportedHTTPMethod": {kind: platform.ErrUnsupported},
	"MissingProductKey":     {kind: platform.ErrInvalid, field: platform.FieldProductKey},
	"MissingProductName":    {kind: platform.ErrInvalid, field: platform.FieldProductName},
	"MissingNodeType":       {kind: platform.ErrInvalid, field: platform.FieldNodeType},
	"MissingDeviceName":     {kind: platform.ErrInvalid, field: platform.FieldDeviceName},
	"MissingCount":          {kind: platform.ErrInvalid, field: platform.FieldCount},

	"iot.system.InstanceNotFound": {kind: platform.ErrInvalid, message: "the instance is unknown: check the IotInstanceId of the connection"},
	"iot.system.UidNotFound":      {kind: platform.ErrUnauthorized},
	"iot.system.BillIsOverDue":    {kind: platform.ErrUnauthorized, message: "the account has an overdue bill"},
	"iot.system.IllegalRequest":   {kind: platform.ErrInvalid},

	"iot.common.InvalidPageParams":         {kind: platform.ErrInvalid},
	"iot.common.InvalidFormattedParameter": {kind: platform.ErrInvalid},
	"iot.common.InvalidTenant":             {kind: platform.ErrUnauthorized},
	"iot.common.RamActionPermissionDeny":   {kind: platform.ErrUnauthorized},
	"iot.common.AuthActionPermissionDeny":  {kind: platform.ErrUnauthorized},
	"iot.common.APINotSupportedInInstance": {kind: platform.ErrUnsupported},

	"iot.prod.NotExistedProduct":           {kind: platform.ErrNotFound, field: platform.FieldProductKey},
	"iot.prod.NullProductKey":              {kind: platform.ErrInvalid, field: platform.FieldProductKey},
	"iot.prod.InvalidFormattedProductkey":  {kind: platform.ErrInvalid, field: platform.FieldProductKey},
	"iot.prod.AlreadyExistedProductName":   {kind: platform.ErrAlreadyExists, field: platform.FieldProductName},
	"iot.prod.NullProductName":             {kind: platform.ErrInvalid, field: platform.FieldProductName},
	"iot.prod.InvalidFormattedProductName": {kind: platform.ErrInvalid, field: platform.FieldProductName},
	"iot.prod.LongProductDesc":             {kind: platform.ErrInvalid, field: platform.FieldDescription},
	"iot.prod.InvalidNodeType":             {kind: platform.ErrInvalid, field: platform.FieldNodeType},
	"iot.prod.InvalidAliyunCommodityCode":  {kind: platform.ErrInvalid},
	"iot.prod.InvalidFormattedCatId":       {kind: platform.ErrInvalid},
	"iot.prod.NotOpenID2Service":           {kind: platform.ErrUnsupported},
	"iot.prod.NotSeniorProduct":            {kind: platform.ErrUnsupported},
	"iot.prod.ProductCountExceedMax":       {kind: platform.ErrConflict, message: "the instance has as many products as it may have"},

	"iot.device.NotExistedDevice":           {kind: platform.ErrNotFound, field: platform.FieldDeviceName},
	"iot.device.InvalidIoTId":               {kind: platform.ErrNotFound},
	"iot.device.AlreadyExistedDeviceName":   {kind: platform.ErrAlreadyExists, field: platform.FieldDeviceName},
	"iot.device.InvalidFormattedDeviceName": {kind: platform.ErrInvalid, field: platform.FieldDeviceName},
	"iot.device.NullDeviceName":             {kind: platform.ErrInvalid, field: platform.FieldDeviceName},
	"iot.device.NoneDeviceNameElement":      {kind: platform.ErrInvalid, field: platform.FieldDeviceName},
	"iot.device.NullApplyId":                {kind: platform.ErrInvalid},
	"iot.device.InvalidFormattedApplyId":    {kind: platform.ErrInvalid},
	"iot.device.IncorrentDeviceApplyInfo":   {kind: platform.ErrInvalid}, // the cloud's spelling
	"iot.device.DeviceApplyIsNotFound":      {kind: platform.ErrNotFound},
	"iot.device.DeviceCountExceeded":        {kind: platform.ErrConflict, message: "the product or the instance has as many devices as it may have"},
	"iot.device.CreateDeviceTaskIsRunning":  {kind: platform.ErrConflict, message: "another batch is being registered for this product"},
	"iot.device.InactiveDevice":             {kind: platform.ErrConflict, message: "the device has never connected"},
	"iot.device.VerifyDeviceFailed":         {kind: platform.ErrUnauthorized},
	"iot.device.RegionNotSupportX509":       {kind: platform.ErrUnsupported},
}

// meaningOf looks a code up; ok is false for an unknown one.
func meaningOf(code string) (m meaning, ok bool) {
	if m, ok = meanings[code]; ok {
		return m, true
	}
	// Only the gateway's codes are families by their first word.
	if first, _, dotted := strings.Cut(code, "."); dotted && first != "iot" {
		if m, ok = meanings[first]; ok {
			return m, true
		}
	}
	if strings.HasPrefix(code, "Missing") {
		return meaning{kind: platform.ErrInvalid}, true
	}
	return meaning{}, false
}

// refusal turns a code of the platform into an error; fallback is the kind of
// an unknown code.
func (c *Client) refusal(r request, code, requestID, message string, fallback error) error {
	m, ok := meaningOf(code)
	if !ok {
		m = meaning{kind: fallback}
	}
	if m.message == "" {
		m.message = c.clean(message)
	}
	if m.message == "" {
		m.message = m.kind.Error()
	}
	refused := &platform.Error{
		Op: r.op, Kind: m.kind, Code: c.clean(code), RequestID: c.clean(requestID), Field: m.field, Message: m.message,
	}
	// Fields have the names of the parameters.
	if m.field != "" {
		refused.Value = r.params.Get(m.field)
	}
	return refused
}

// gatewayError reads a refusal that came with an HTTP status of 400 or above.
func (c *Client) gatewayError(r request, status int, contentType string, body []byte) error {
	var refused wire.GatewayError
	if err := json.Unmarshal(body, &refused); err != nil || refused.Code == "" {
		return c.foreignAnswer(r.op, status, contentType)
	}
	fallback := platform.ErrInternal
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		fallback = platform.ErrUnauthorized
	case status == http.StatusTooManyRequests:
		fallback = platform.ErrThrottled
	case status >= http.StatusInternalServerError:
		fallback = platform.ErrUnavailable
	}
	return c.refusal(r, refused.Code, refused.RequestID, refused.Message, fallback)
}

// maxMessage bounds how much of the platform's own text goes into an error.
const maxMessage = 500

// clean makes foreign text fit for an error: short, and without our secrets
// should the other side have echoed them.
func (c *Client) clean(text string) string {
	for _, secret := range []string{c.cfg.Credentials.AccessKeySecret, c.cfg.Credentials.SecurityToken} {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "***")
		}
	}
	if len(text) > maxMessage {
		text = strings.ToValidUTF8(text[:maxMessage], "") + "…"
	}
	return text
}
