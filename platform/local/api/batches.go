package api

import (
	"context"
	"errors"
	"log/slog"

	"fleetmint/platform"
	"fleetmint/platform/local/store"
	"fleetmint/platform/openapi/wire"
)

func batchActions() map[string]action {
	productKey := parameter{name: paramProductKey, mandatory: true}
	applyID := parameter{name: paramApplyID, kind: integer, mandatory: true, code: codeInvalidApplyID}
	return map[string]action{
		wire.ActionBatchCheckDeviceNames: {parameters: []parameter{productKey}, run: (*API).batchCheckDeviceNames},
		wire.ActionBatchRegisterDevice: {
			parameters: []parameter{productKey, {name: platform.FieldCount, kind: integer, mandatory: true, min: 1, max: wire.MaxBatchNames}},
			changes:    true, run: (*API).batchRegisterDevice,
		},
		wire.ActionBatchRegisterDeviceWithApplyID: {
			parameters: []parameter{productKey, applyID}, changes: true, run: (*API).batchRegisterDeviceWithApplyID,
		},
		wire.ActionQueryBatchRegisterDeviceStatus: {
			parameters: []parameter{productKey, applyID}, run: (*API).queryBatchRegisterDeviceStatus,
		},
		wire.ActionQueryPageByApplyID: {
			parameters: append([]parameter{applyID}, pageParameters(false, wire.ExtendedDevicePageSize)...),
			run:        (*API).queryPageByApplyID,
		},
	}
}

// batchCodes are how batches are refused.
func batchCodes() codes {
	return codes{
		{kind: platform.ErrNotFound}:                     codeNoApplication,
		{platform.ErrNotFound, platform.FieldProductKey}: codeNoProduct,
		{kind: platform.ErrInvalid}:                      codeInvalidFormatted,
		{kind: platform.ErrConflict}:                     codeWrongApplication,
	}
}

// batchCheckDeviceNames refuses at once what breaks a rule or stands there
// twice. Names that exist make the application one that failed its check, as
// the caller finds by QueryBatchRegisterDeviceStatus.
func (a *API) batchCheckDeviceNames(ctx context.Context, c *call) (any, error) {
	names, nicknames := batchNames(c.parameters)
	switch {
	case len(names) == 0:
		return nil, &refusal{codeNoDeviceNames, "Give DeviceName.N or DeviceNameList.N."}
	case len(names) > wire.MaxBatchNames:
		return nil, &refusal{codeManyDevices, tooMany("The batch", wire.MaxBatchNames).message}
	}
	productKey := c.text(paramProductKey)
	if _, err := a.store.Product(ctx, productKey); err != nil {
		return nil, productCodes().refuse(err)
	}
	if r, faults := checkNames(names, nicknames); r != nil {
		return wire.BatchCheckDeviceNamesResponse{Base: c.refused(r), Data: faults}, nil
	}
	existing, err := a.store.DevicesNamed(ctx, productKey, names)
	if err != nil {
		return nil, deviceCodes().refuse(err)
	}
	app := store.Application{ProductKey: productKey, Status: store.StatusCheckSuccess, Names: names, Nicknames: nicknames}
	for _, d := range existing {
		app.Status = store.StatusCheckFailed
		app.Invalid = append(app.Invalid, store.InvalidName{DeviceName: d.DeviceName, Reason: "a device of this name exists"})
	}
	app, err = a.store.CreateApplication(ctx, app)
	if err != nil {
		return nil, batchCodes().refuse(err)
	}
	return wire.BatchCheckDeviceNamesResponse{Base: c.base, Data: &wire.BatchCheckDeviceNamesData{ApplyID: app.ID}}, nil
}

// batchNames reads DeviceName.N and DeviceNameList.N. nicknames is nil where
// there are none, or has one for each name.
func batchNames(p parameters) (names, nicknames []string) {
	names = p.texts(paramDeviceName)
	pairs := p.pairs("DeviceNameList", paramDeviceName, "DeviceNickname")
	if len(pairs) == 0 {
		return names, nil
	}
	nicknames = make([]string, len(names), len(names)+len(pairs))
	for _, pair := range pairs {
		names, nicknames = append(names, pair[0]), append(nicknames, pair[1])
	}
	return names, nicknames
}

// checkNames returns a refusal and the names at fault, or nil where all names
// keep to the rules.
func checkNames(names, nicknames []string) (*refusal, *wire.BatchCheckDeviceNamesData) {
	var invalid, invalidNicknames, repeated []string
	var details []wire.InvalidDetail
	seen := make(map[string]bool, len(names)) // value: reported as repeated
	for i, name := range names {
		nickname := ""
		if i < len(nicknames) {
			nickname = nicknames[i]
		}
		var reason string
		if err, ok := errors.AsType[*platform.Error](platform.ValidateDeviceName(name)); ok {
			invalid = append(invalid, name)
			reason = err.Message
		} else if reported, twice := seen[name]; twice {
			if !reported {
				repeated = append(repeated, name)
			}
			seen[name] = true
			reason = "the name is given twice"
		} else {
			seen[name] = false
		}
		if nickname != "" && !isNickname(nickname) {
			invalidNicknames = append(invalidNicknames, nickname)
			if reason == "" {
				reason = nicknameRule
			}
		}
		if reason != "" {
			details = append(details, wire.InvalidDetail{DeviceName: name, NickName: nickname, ErrorMsg: reason})
		}
	}
	if len(details) == 0 {
		return nil, nil
	}
	data := &wire.BatchCheckDeviceNamesData{InvalidDetailList: &wire.CheckInvalidDetailList{InvalidDetailList: details}}
	r := &refusal{codeInvalidFormatted, "Some nicknames break the rule. " + nicknameRule}
	if invalidNicknames != nil {
		data.InvalidDeviceNicknameList = &wire.InvalidDeviceNicknameList{InvalidDeviceNickname: invalidNicknames}
	}
	if repeated != nil {
		r = &refusal{codeDeviceNameTaken, "Some names are given twice."}
		data.RepeatedDeviceNameList = &wire.RepeatedDeviceNameList{RepeatDevieNameList: repeated}
	}
	if invalid != nil {
		r = &refusal{codeInvalidDeviceName, "Some names break the rule: a DeviceName has 4 to 32 letters, digits and - _ @ . :"}
		data.InvalidDeviceNameList = &wire.InvalidDeviceNameList{InvalidDeviceName: invalid}
	}
	return r, data
}

func (a *API) batchRegisterDevice(ctx context.Context, c *call) (any, error) {
	app, err := a.store.CreateApplication(ctx, store.Application{
		ProductKey: c.text(paramProductKey), Status: store.StatusCheckSuccess,
		Names: make([]string, c.integer(platform.FieldCount, 0)), // empty: the store chooses
	})
	if err != nil {
		return nil, batchCodes().refuse(err)
	}
	if err := a.apply(ctx, app.ID, app.ProductKey); err != nil {
		return nil, err
	}
	return wire.BatchRegisterDeviceResponse{Base: c.base, Data: &wire.ApplyData{ApplyID: app.ID}}, nil
}

func (a *API) batchRegisterDeviceWithApplyID(ctx context.Context, c *call) (any, error) {
	id := c.integer(paramApplyID, 0)
	if err := a.apply(ctx, id, c.text(paramProductKey)); err != nil {
		return nil, err
	}
	return wire.BatchRegisterDeviceWithApplyIDResponse{Base: c.base, Data: &wire.ApplyData{ApplyID: id}}, nil
}

// apply accepts an application and has it carried out in the background. One
// that is being carried out is accepted once more without effect.
func (a *API) apply(ctx context.Context, id int64, productKey string) error {
	first, err := a.jobs.claim(id)
	if err != nil {
		return err
	}
	if !first {
		_, err := a.application(ctx, id, productKey)
		return err
	}
	if err := a.accept(ctx, id, productKey); err != nil {
		a.jobs.release(id)
		return err
	}
	a.jobs.start(id, func(ctx context.Context) {
		if err := a.store.RunApplication(ctx, id); err != nil {
			a.log.LogAttrs(ctx, slog.LevelError, "batch not registered", slog.Int64("ApplyId", id), slog.Any("error", err))
		}
	})
	return nil
}

// accept keeps that an application is to be carried out. Nobody else changes
// the status of an application that is claimed.
func (a *API) accept(ctx context.Context, id int64, productKey string) error {
	app, err := a.application(ctx, id, productKey)
	switch {
	case err != nil:
		return err
	case app.Status == store.StatusCreate: // an earlier attempt failed
		return nil
	case app.Status != store.StatusCheckSuccess:
		return &refusal{codeWrongApplication, "The application is in state " + app.Status + ": only one in state CHECK_SUCCESS can be carried out."}
	}
	return batchCodes().refuse(a.store.SetApplicationStatus(ctx, id, store.StatusCreate))
}

// application returns the one of an ApplyId if it belongs to the product.
func (a *API) application(ctx context.Context, id int64, productKey string) (store.Application, error) {
	app, err := a.store.Application(ctx, id)
	if err != nil {
		return store.Application{}, batchCodes().refuse(err)
	}
	if app.ProductKey != productKey {
		return store.Application{}, &refusal{codeWrongApplication, "The application belongs to another product."}
	}
	return app, nil
}

func (a *API) queryBatchRegisterDeviceStatus(ctx context.Context, c *call) (any, error) {
	app, err := a.application(ctx, c.integer(paramApplyID, 0), c.text(paramProductKey))
	if err != nil {
		return nil, err
	}
	data := &wire.ApplyStatusData{Status: app.Status}
	if app.Status == store.StatusCheckFailed || app.Status == store.StatusCreateFailed {
		invalid := make(map[string]bool, len(app.Invalid))
		data.InvalidList, data.ValidList = &wire.NameList{Name: []string{}}, &wire.NameList{Name: []string{}}
		data.InvalidDetailList = &wire.StatusInvalidDetailList{InvalidDetailList: make([]wire.InvalidDetail, len(app.Invalid))}
		for i, n := range app.Invalid {
			invalid[n.DeviceName] = true
			data.InvalidList.Name = append(data.InvalidList.Name, n.DeviceName)
			data.InvalidDetailList.InvalidDetailList[i] = wire.InvalidDetail{DeviceName: n.DeviceName, NickName: n.Nickname, ErrorMsg: n.Reason}
		}
		for _, name := range app.Names {
			if !invalid[name] {
				data.ValidList.Name = append(data.ValidList.Name, name)
			}
		}
	}
	return wire.QueryBatchRegisterDeviceStatusResponse{Base: c.base, Data: data}, nil
}

func (a *API) queryPageByApplyID(ctx context.Context, c *call) (any, error) {
	page := c.page()
	found, err := a.store.ApplicationDevices(ctx, c.integer(paramApplyID, 0), page)
	if err != nil {
		return nil, batchCodes().refuse(err)
	}
	infos := make([]wire.ApplyDeviceInfo, len(found.Devices))
	for i, d := range found.Devices {
		infos[i] = wire.ApplyDeviceInfo{DeviceName: d.DeviceName, DeviceSecret: d.DeviceSecret, IotID: d.IotID}
	}
	return wire.QueryPageByApplyIDResponse{
		Base: c.base, ApplyDeviceList: &wire.ApplyDeviceList{ApplyDeviceInfo: infos},
		Page: page.Number, PageCount: pageCount(found.Total, page.Size), PageSize: page.Size, Total: found.Total,
	}, nil
}
