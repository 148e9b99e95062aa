package api

import (
	"context"

	"fleetmint/platform/openapi/wire"
)

// extensionActions are those that Alibaba Cloud does not have: there the switch
// is in the web console only.
func extensionActions() map[string]action {
	return map[string]action{
		wire.ActionSetDynamicRegistration: {
			parameters: []parameter{
				{name: paramProductKey, mandatory: true},
				{name: "Enabled", kind: boolean, mandatory: true},
			},
			changes: true, run: (*API).setDynamicRegistration,
		},
	}
}

func (a *API) setDynamicRegistration(ctx context.Context, c *call) (any, error) {
	if err := a.store.SetDynamicRegistration(ctx, c.text(paramProductKey), c.boolean("Enabled")); err != nil {
		return nil, productCodes().refuse(err)
	}
	return wire.BaseResponse{Base: c.base}, nil
}
