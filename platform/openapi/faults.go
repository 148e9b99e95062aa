package openapi

import (
	"errors"

	"fleetmint/platform"
	"fleetmint/platform/openapi/wire"
)

// faultsOfCheck reads the names that BatchCheckDeviceNames refused at once.
func faultsOfCheck(data *wire.BatchCheckDeviceNamesData) map[string]error {
	faults := make(map[string]error)
	if data.InvalidDeviceNameList != nil {
		for _, name := range data.InvalidDeviceNameList.InvalidDeviceName {
			faults[name] = invalid(name, "")
		}
	}
	if data.RepeatedDeviceNameList != nil {
		for _, name := range data.RepeatedDeviceNameList.RepeatDevieNameList {
			faults[name] = taken(name, "")
		}
	}
	if data.InvalidDetailList != nil {
		addDetails(faults, data.InvalidDetailList.InvalidDetailList)
	}
	return faults
}

// faultsOfState reads the names that an application failed for. The state says
// why in free text only. The names have passed the rule before they were sent,
// so the reason is that they are taken.
func faultsOfState(state *wire.ApplyStatusData) map[string]error {
	faults := make(map[string]error)
	if state.InvalidList != nil {
		for _, name := range state.InvalidList.Name {
			faults[name] = taken(name, "")
		}
	}
	if state.InvalidDetailList != nil {
		addDetails(faults, state.InvalidDetailList.InvalidDetailList)
	}
	return faults
}

// addDetails adds the platform's words to the reasons.
func addDetails(faults map[string]error, details []wire.InvalidDetail) {
	for _, d := range details {
		reason := taken(d.DeviceName, d.ErrorMsg)
		if errors.Is(faults[d.DeviceName], platform.ErrInvalid) {
			reason = invalid(d.DeviceName, d.ErrorMsg)
		}
		faults[d.DeviceName] = reason
	}
}

func taken(name, message string) error {
	return rejected(platform.ErrAlreadyExists, name, message, "a device of this name exists already")
}

func invalid(name, message string) error {
	return rejected(platform.ErrInvalid, name, message, "the platform does not allow this DeviceName")
}

func rejected(kind error, name, message, fallback string) error {
	if message == "" {
		message = fallback
	}
	return &platform.Error{Op: "register device", Kind: kind, Field: platform.FieldDeviceName, Value: name, Message: message}
}
