package wire

// CreateProductResponse answers CreateProduct. The ProductKey is there twice.
type CreateProductResponse struct {
	Base
	ProductKey string             `json:"ProductKey,omitempty"`
	Data       *CreateProductData `json:"Data,omitempty"`
}

// CreateProductData is the new product.
type CreateProductData struct {
	ProductKey          string `json:"ProductKey"`
	ProductName         string `json:"ProductName"`
	ProductSecret       string `json:"ProductSecret"`
	AliyunCommodityCode string `json:"AliyunCommodityCode"`
	AuthType            string `json:"AuthType"`
	DataFormat          int    `json:"DataFormat"`
	Description         string `json:"Description"`
	ID2                 bool   `json:"Id2"`
	NodeType            int    `json:"NodeType"`
	ProtocolType        string `json:"ProtocolType"`
}

// QueryProductResponse answers QueryProduct.
type QueryProductResponse struct {
	Base
	Data *ProductData `json:"Data,omitempty"`
}

// ProductData is one product with its ProductSecret.
type ProductData struct {
	ProductKey          string `json:"ProductKey"`
	ProductName         string `json:"ProductName"`
	ProductSecret       string `json:"ProductSecret"`
	ProductStatus       string `json:"ProductStatus"` // DEVELOPMENT_STATUS or RELEASE_STATUS
	AliyunCommodityCode string `json:"AliyunCommodityCode"`
	AuthType            string `json:"AuthType"`
	CategoryKey         string `json:"CategoryKey"`
	CategoryName        string `json:"CategoryName"`
	DataFormat          int    `json:"DataFormat"`
	Description         string `json:"Description"`
	DeviceCount         int    `json:"DeviceCount"`
	GmtCreate           int64  `json:"GmtCreate"` // milliseconds
	ID2                 bool   `json:"Id2"`
	NetType             int    `json:"NetType"` // 3 Wi-Fi, 6 cellular, 7 Ethernet, 8 other
	NodeType            int    `json:"NodeType"`
	Owner               bool   `json:"Owner"`
	ProtocolType        string `json:"ProtocolType"`
	ValidateType        int    `json:"ValidateType"` // 0 strong, 1 weak, 2 none
	// DynamicRegistration is an extension of the local platform; nil on Alibaba
	// Cloud, whose OpenAPI does not tell.
	DynamicRegistration *bool `json:"DynamicRegistration,omitempty"`
}

// QueryProductListResponse answers QueryProductList, newest product first.
type QueryProductListResponse struct {
	Base
	Data *ProductListData `json:"Data,omitempty"`
}

// ProductListData is one page of products.
type ProductListData struct {
	CurrentPage int         `json:"CurrentPage"`
	PageCount   int         `json:"PageCount"`
	PageSize    int         `json:"PageSize"`
	Total       int         `json:"Total"`
	List        ProductList `json:"List"`
}

// ProductList wraps the products of a page.
type ProductList struct {
	ProductInfo []ProductInfo `json:"ProductInfo"`
}

// ProductInfo is one product in a listing; it has no ProductSecret.
type ProductInfo struct {
	ProductKey  string `json:"ProductKey"`
	ProductName string `json:"ProductName"`
	NodeType    int    `json:"NodeType"`
	DataFormat  int    `json:"DataFormat"`
	AuthType    string `json:"AuthType"`
	Description string `json:"Description"`
	DeviceCount int    `json:"DeviceCount"`
	GmtCreate   int64  `json:"GmtCreate"` // milliseconds
	// DynamicRegistration is an extension of the local platform.
	DynamicRegistration *bool `json:"DynamicRegistration,omitempty"`
}

// CreateProductTagsResponse answers CreateProductTags. The tags at fault are
// there only in a refusal.
type CreateProductTagsResponse struct {
	Base
	InvalidProductTags *ProductTags `json:"InvalidProductTags,omitempty"`
}

// ListProductTagsResponse answers ListProductTags.
type ListProductTagsResponse struct {
	Base
	Data *ProductTags `json:"Data,omitempty"`
}

// ProductTags wraps a product's tags.
type ProductTags struct {
	ProductTag []ProductTag `json:"ProductTag"`
}

// ProductTag is one tag. TagKey has 1 to 30 letters, digits and dots, TagValue
// 1 to 128 letters, digits, underscores and hyphens.
type ProductTag struct {
	TagKey   string `json:"TagKey"`
	TagValue string `json:"TagValue"`
}
