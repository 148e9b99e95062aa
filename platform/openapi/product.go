package openapi

import (
	"context"
	"errors"
	"net/url"
	"strconv"

	"golang.org/x/sync/errgroup"

	"fleetmint/platform"
	"fleetmint/platform/openapi/wire"
)

// concurrentTagQueries is how many ListProductTags run at once for one page of
// products.
const concurrentTagQueries = 4

// Products implements platform.Platform. QueryProductList does not tell the
// verification method, so the tags of each product on the page are queried.
func (c *Client) Products(ctx context.Context, page platform.Page) (platform.ProductPage, error) {
	const op = "list products"
	infos, total, err := gather(op, page, wire.MaxProductPageSize, func(number, size int) ([]wire.ProductInfo, int, error) {
		var answer wire.QueryProductListResponse
		err := c.call(ctx, request{
			op: op, action: wire.ActionQueryProductList, repeatable: true,
			params: pageParams(number, size),
		}, &answer)
		if err != nil {
			return nil, 0, err
		}
		if answer.Data == nil {
			return nil, 0, nil
		}
		return answer.Data.List.ProductInfo, answer.Data.Total, nil
	})
	if err != nil {
		return platform.ProductPage{}, err
	}
	products := make([]platform.Product, len(infos))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(concurrentTagQueries)
	for i, info := range infos {
		products[i] = platform.Product{
			ProductKey:  info.ProductKey,
			Name:        info.ProductName,
			Description: info.Description,
			NodeType:    platform.NodeType(info.NodeType),
			DeviceCount: info.DeviceCount,
			Created:     wire.FromMillis(info.GmtCreate),
		}
		setSwitch(&products[i], info.DynamicRegistration)
		group.Go(func() error {
			method, err := c.method(ctx, op, info.ProductKey)
			// A product deleted since it was listed has no method any more.
			if err != nil && !errors.Is(err, platform.ErrNotFound) {
				return err
			}
			products[i].Method = method
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return platform.ProductPage{}, err
	}
	return platform.ProductPage{Products: products, Total: total}, nil
}

// Product implements platform.Platform.
func (c *Client) Product(ctx context.Context, productKey string) (platform.Product, error) {
	const op = "query product"
	data, err := c.queryProduct(ctx, op, productKey)
	if err != nil {
		return platform.Product{}, err
	}
	product := platform.Product{
		ProductKey:    data.ProductKey,
		ProductSecret: data.ProductSecret,
		Name:          data.ProductName,
		Description:   data.Description,
		NodeType:      platform.NodeType(data.NodeType),
		DeviceCount:   data.DeviceCount,
		Created:       wire.FromMillis(data.GmtCreate),
	}
	setSwitch(&product, data.DynamicRegistration)
	if product.Method, err = c.method(ctx, op, productKey); err != nil {
		return platform.Product{}, err
	}
	return product, nil
}

func (c *Client) queryProduct(ctx context.Context, op, productKey string) (*wire.ProductData, error) {
	var answer wire.QueryProductResponse
	err := c.call(ctx, request{
		op: op, action: wire.ActionQueryProduct, repeatable: true,
		params: url.Values{platform.FieldProductKey: {productKey}},
	}, &answer)
	if err != nil {
		return nil, err
	}
	if answer.Data == nil {
		return nil, withoutData(op)
	}
	return answer.Data, nil
}

func setSwitch(p *platform.Product, on *bool) {
	if on != nil {
		p.DynamicRegistration, p.DynamicRegistrationKnown = *on, true
	}
}

// method reads the verification method from the product's tags.
func (c *Client) method(ctx context.Context, op, productKey string) (platform.Method, error) {
	var answer wire.ListProductTagsResponse
	err := c.call(ctx, request{
		op: op, action: wire.ActionListProductTags, repeatable: true,
		params: url.Values{platform.FieldProductKey: {productKey}},
	}, &answer)
	if err != nil || answer.Data == nil {
		return platform.MethodUnknown, err
	}
	for _, tag := range answer.Data.ProductTag {
		// Another tool may have written a value that means nothing here.
		if m := platform.Method(tag.TagValue); tag.TagKey == platform.TagMethod && m.Known() {
			return m, nil
		}
	}
	return platform.MethodUnknown, nil
}

// CreateProduct implements platform.Platform. Product and method are stored by
// two actions. When only the second one fails, the product exists: it is
// returned, with MethodUnknown, together with the error. Created is the time of
// this computer, because the answer has none.
func (c *Client) CreateProduct(ctx context.Context, product platform.NewProduct) (platform.Product, error) {
	const op = "create product"
	if err := product.Validate(); err != nil {
		return platform.Product{}, err
	}
	params := url.Values{
		platform.FieldProductName: {product.Name},
		platform.FieldNodeType:    {strconv.Itoa(int(product.NodeType))},
		"AuthType":                {"secret"},
	}
	if product.Description != "" {
		params.Set(platform.FieldDescription, product.Description)
	}
	var answer wire.CreateProductResponse
	if err := c.call(ctx, request{op: op, action: wire.ActionCreateProduct, params: params}, &answer); err != nil {
		return platform.Product{}, err
	}
	if answer.Data == nil {
		return platform.Product{}, withoutData(op)
	}
	created := platform.Product{
		ProductKey:    answer.Data.ProductKey,
		ProductSecret: answer.Data.ProductSecret,
		Name:          answer.Data.ProductName,
		Description:   answer.Data.Description,
		NodeType:      platform.NodeType(answer.Data.NodeType),
		Created:       c.cfg.Clock(),
		// On the local platform a product starts with the switch on.
		DynamicRegistration:      c.cfg.Extensions,
		DynamicRegistrationKnown: c.cfg.Extensions,
	}
	if product.Method == platform.MethodUnknown {
		return created, nil
	}
	err := c.call(ctx, request{
		op: "store the verification method of product " + created.ProductKey, action: wire.ActionCreateProductTags,
		// A tag that is there already is overwritten with the same value.
		repeatable: true,
		params: url.Values{
			platform.FieldProductKey: {created.ProductKey},
			"ProductTag.1.TagKey":    {platform.TagMethod},
			"ProductTag.1.TagValue":  {string(product.Method)},
		},
	}, &wire.CreateProductTagsResponse{})
	if err != nil {
		return created, err
	}
	created.Method = product.Method
	return created, nil
}

// DeleteProduct implements platform.Platform. Alibaba Cloud does not document
// the code for a product with devices, so a refusal without a clear cause is
// explained by looking at the number of devices.
func (c *Client) DeleteProduct(ctx context.Context, productKey string) error {
	const op = "delete product"
	err := c.call(ctx, request{
		op: op, action: wire.ActionDeleteProduct,
		params: url.Values{platform.FieldProductKey: {productKey}},
	}, &wire.BaseResponse{})
	var refused *platform.Error
	if !errors.Is(err, platform.ErrInternal) || !errors.As(err, &refused) {
		return err
	}
	if product, queryErr := c.queryProduct(ctx, op, productKey); queryErr == nil && product.DeviceCount > 0 {
		refused.Kind = platform.ErrConflict
		refused.Message = "the product still has devices; delete them first"
	}
	return err
}

// SetDynamicRegistration implements platform.Platform. It is ErrUnsupported
// where Config.Extensions is not set.
func (c *Client) SetDynamicRegistration(ctx context.Context, productKey string, enabled bool) error {
	const op = "switch dynamic registration"
	if !c.cfg.Extensions {
		return &platform.Error{
			Op: op, Kind: platform.ErrUnsupported,
			Message: "Alibaba Cloud has no API for dynamic registration; switch it on the product's page in the web console",
		}
	}
	return c.call(ctx, request{
		op: op, action: wire.ActionSetDynamicRegistration, repeatable: true,
		params: url.Values{platform.FieldProductKey: {productKey}, "Enabled": {strconv.FormatBool(enabled)}},
	}, &wire.BaseResponse{})
}

// Statistics implements platform.Platform.
func (c *Client) Statistics(ctx context.Context, productKey string) (platform.Statistics, error) {
	const op = "count devices"
	params := url.Values{}
	if productKey != "" {
		params.Set(platform.FieldProductKey, productKey)
	}
	var answer wire.QueryDeviceStatisticsResponse
	err := c.call(ctx, request{op: op, action: wire.ActionQueryDeviceStatistics, params: params, repeatable: true}, &answer)
	if err != nil {
		return platform.Statistics{}, err
	}
	if answer.Data == nil {
		return platform.Statistics{}, withoutData(op)
	}
	return platform.Statistics{
		Devices: answer.Data.DeviceCount,
		Active:  answer.Data.ActiveCount,
		Online:  answer.Data.OnlineCount,
	}, nil
}

// withoutData is an answer that says success and leaves out what was asked for.
func withoutData(op string) error {
	return &platform.Error{Op: op, Kind: platform.ErrInternal, Message: "the platform reported success without any data"}
}
