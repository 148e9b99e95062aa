package api

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"fleetmint/platform"
	"fleetmint/platform/openapi/wire"
)

// What the local platform says of every product: it has neither a Thing
// Specification Language nor categories.
const (
	commodityCode       = "iothub"
	commodityCodeSenior = "iothub_senior"
	authSecret          = "secret"
	statusDevelopment   = "DEVELOPMENT_STATUS"
	dataFormatAlink     = 1
	netTypeWiFi         = 3
	validateWeak        = 1
	maxTags             = 100
)

func productActions() map[string]action {
	productKey := parameter{name: paramProductKey, mandatory: true}
	return map[string]action{
		wire.ActionCreateProduct: {
			parameters: []parameter{
				{name: platform.FieldProductName, mandatory: true},
				{name: platform.FieldNodeType, kind: integer, mandatory: true, code: codeInvalidNodeType},
				{name: "DataFormat", kind: integer, max: 1},
				{name: "Id2", kind: boolean},
			},
			changes: true, run: (*API).createProduct,
		},
		wire.ActionQueryProduct:     {parameters: []parameter{productKey}, run: (*API).queryProduct},
		wire.ActionQueryProductList: {parameters: pageParameters(true, wire.MaxProductPageSize), run: (*API).queryProductList},
		wire.ActionDeleteProduct:    {parameters: []parameter{productKey}, changes: true, run: (*API).deleteProduct},
		wire.ActionCreateProductTags: {
			parameters: []parameter{productKey}, changes: true, run: (*API).createProductTags,
		},
		wire.ActionListProductTags: {parameters: []parameter{productKey}, run: (*API).listProductTags},
	}
}

// productCodes are how products are refused.
func productCodes() codes {
	return codes{
		{kind: platform.ErrNotFound}:                     codeNoProduct,
		{kind: platform.ErrAlreadyExists}:                codeProductNameTaken,
		{platform.ErrInvalid, platform.FieldProductName}: codeInvalidProductName,
		{platform.ErrInvalid, platform.FieldDescription}: codeLongDescription,
		{platform.ErrInvalid, platform.FieldNodeType}:    codeInvalidNodeType,
		{kind: platform.ErrInvalid}:                      codeInvalidFormatted,
		{kind: platform.ErrConflict}:                     codeDeleteProductFailed,
	}
}

func (a *API) createProduct(ctx context.Context, c *call) (any, error) {
	commodity := c.text("AliyunCommodityCode")
	switch commodity {
	case "":
		commodity = commodityCode
	case commodityCode, commodityCodeSenior:
	default:
		return nil, &refusal{codeInvalidCommodityCode, "AliyunCommodityCode must be iothub or iothub_senior."}
	}
	switch auth := c.text("AuthType"); {
	case auth == "id2", auth == "x509", c.boolean("Id2"):
		return nil, &refusal{codeNotSupported, "The local platform verifies devices by secret only: leave AuthType out or set it to secret."}
	case auth != "" && auth != authSecret:
		return nil, &refusal{codeInvalidFormatted, "AuthType must be secret, id2 or x509."}
	}
	// A NodeType beyond the small ones must not wrap round to a valid one.
	nodeType := c.integer(platform.FieldNodeType, 0)
	if nodeType != int64(platform.NodeDevice) && nodeType != int64(platform.NodeGateway) {
		return nil, &refusal{codeInvalidNodeType, "NodeType must be 0 (device) or 1 (gateway)."}
	}
	p, err := a.store.CreateProduct(ctx, platform.NewProduct{
		Name: c.text(platform.FieldProductName), Description: c.text(platform.FieldDescription),
		NodeType: platform.NodeType(nodeType),
	})
	if err != nil {
		return nil, productCodes().refuse(err)
	}
	c.done = platform.DeviceRef{ProductKey: p.ProductKey}
	return wire.CreateProductResponse{
		Base: c.base, ProductKey: p.ProductKey,
		Data: &wire.CreateProductData{
			ProductKey: p.ProductKey, ProductName: p.Name, ProductSecret: p.ProductSecret,
			AliyunCommodityCode: commodity, AuthType: authSecret,
			DataFormat:  int(c.integer("DataFormat", dataFormatAlink)),
			Description: p.Description, NodeType: int(p.NodeType), ProtocolType: c.text("ProtocolType"),
		},
	}, nil
}

func (a *API) queryProduct(ctx context.Context, c *call) (any, error) {
	p, err := a.store.Product(ctx, c.text(paramProductKey))
	if err != nil {
		return nil, productCodes().refuse(err)
	}
	return wire.QueryProductResponse{Base: c.base, Data: &wire.ProductData{
		ProductKey: p.ProductKey, ProductName: p.Name, ProductSecret: p.ProductSecret,
		ProductStatus: statusDevelopment, AliyunCommodityCode: commodityCode, AuthType: authSecret,
		DataFormat: dataFormatAlink, Description: p.Description, DeviceCount: p.DeviceCount,
		GmtCreate: wire.Millis(p.Created), NetType: netTypeWiFi, NodeType: int(p.NodeType), Owner: true,
		ValidateType: validateWeak, DynamicRegistration: &p.DynamicRegistration,
	}}, nil
}

func (a *API) queryProductList(ctx context.Context, c *call) (any, error) {
	page := c.page()
	found, err := a.store.Products(ctx, page)
	if err != nil {
		return nil, productCodes().refuse(err)
	}
	infos := make([]wire.ProductInfo, len(found.Products))
	for i, p := range found.Products {
		infos[i] = wire.ProductInfo{
			ProductKey: p.ProductKey, ProductName: p.Name, NodeType: int(p.NodeType), DataFormat: dataFormatAlink,
			AuthType: authSecret, Description: p.Description, DeviceCount: p.DeviceCount,
			GmtCreate: wire.Millis(p.Created), DynamicRegistration: &p.DynamicRegistration,
		}
	}
	return wire.QueryProductListResponse{Base: c.base, Data: &wire.ProductListData{
		CurrentPage: page.Number, PageCount: pageCount(found.Total, page.Size), PageSize: page.Size, Total: found.Total,
		List: wire.ProductList{ProductInfo: infos},
	}}, nil
}

func (a *API) deleteProduct(ctx context.Context, c *call) (any, error) {
	productKey := c.text(paramProductKey)
	err := a.store.DeleteProduct(ctx, productKey)
	if errors.Is(err, platform.ErrConflict) {
		if counts, countErr := a.store.Statistics(ctx, productKey); countErr == nil && counts.Devices > 0 {
			return nil, &refusal{codeDeleteProductFailed, fmt.Sprintf("The product still has %d devices; delete them first.", counts.Devices)}
		}
	}
	if err != nil {
		return nil, productCodes().refuse(err)
	}
	return wire.BaseResponse{Base: c.base}, nil
}

func (a *API) createProductTags(ctx context.Context, c *call) (any, error) {
	const mostTags = wire.MaxTagsPerCall
	pairs := c.pairs("ProductTag", "TagKey", "TagValue")
	if len(pairs) == 0 || len(pairs) > mostTags {
		return nil, &refusal{codeInvalidFormatted, fmt.Sprintf("ProductTag must have 1 to %d elements.", mostTags)}
	}
	productKey := c.text(paramProductKey)
	tags, err := a.store.ProductTags(ctx, productKey)
	if err != nil {
		return nil, productCodes().refuse(err)
	}
	added := make(map[string]string, len(pairs))
	var invalid []wire.ProductTag
	for _, pair := range pairs {
		if _, twice := added[pair[0]]; twice || !isTag(pair[0], 30, ".") || !isTag(pair[1], 128, "_-") {
			invalid = append(invalid, wire.ProductTag{TagKey: pair[0], TagValue: pair[1]})
		}
		added[pair[0]], tags[pair[0]] = pair[1], pair[1]
	}
	switch {
	case len(invalid) > 0:
		r := &refusal{codeInvalidFormatted, "A TagKey has 1 to 30 letters, digits and dots and stands there once, a TagValue 1 to 128 letters, digits, _ and -."}
		return wire.CreateProductTagsResponse{Base: c.refused(r), InvalidProductTags: &wire.ProductTags{ProductTag: invalid}}, nil
	case len(tags) > maxTags:
		return nil, &refusal{codeInvalidFormatted, fmt.Sprintf("A product has at most %d tags.", maxTags)}
	}
	if err := a.store.SetProductTags(ctx, productKey, added); err != nil {
		return nil, productCodes().refuse(err)
	}
	return wire.CreateProductTagsResponse{Base: c.base}, nil
}

// isTag checks the rule of tag keys and values.
func isTag(s string, most int, others string) bool {
	if s == "" || len(s) > most {
		return false
	}
	for _, r := range s {
		if !isLetterOrDigit(r) && !strings.ContainsRune(others, r) {
			return false
		}
	}
	return true
}

func isLetterOrDigit(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

func (a *API) listProductTags(ctx context.Context, c *call) (any, error) {
	tags, err := a.store.ProductTags(ctx, c.text(paramProductKey))
	if err != nil {
		return nil, productCodes().refuse(err)
	}
	list := make([]wire.ProductTag, 0, len(tags))
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, wire.ProductTag{TagKey: key, TagValue: tags[key]})
	}
	return wire.ListProductTagsResponse{Base: c.base, Data: &wire.ProductTags{ProductTag: list}}, nil
}
