// Package openapi is the client of the OpenAPI of Alibaba Cloud IoT Platform,
// version 2018-01-20. Client implements platform.Platform for the cloud and for
// the local platform, which speaks the same protocol.
//
// Every request is signed with ACS3-HMAC-SHA256. Failures are *platform.Error
// with the platform's code and RequestId; an ended context stays a context
// error. No error holds a credential or a signed address.
//
// A Client is safe for concurrent use. It keeps idle connections, whose
// goroutines end with Close or half a minute after their last request; it
// starts no others that outlive a call.
package openapi

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/go-resty/resty/v2"

	"fleetmint/platform"
	"fleetmint/platform/openapi/signature"
)

// Defaults of Config.
const (
	DefaultTimeout          = 30 * time.Second
	DefaultMaxResponseBytes = 16 << 20
)

const (
	dialTimeout     = 5 * time.Second
	idleConnTimeout = 30 * time.Second
)

// Config is what a Client needs. Endpoint and Credentials are required.
type Config struct {
	// Endpoint is the address of the OpenAPI, for example
	// https://iot.cn-shanghai.aliyuncs.com or http://127.0.0.1:18080.
	Endpoint    string
	Credentials signature.Credentials
	// IotInstanceID is sent with every request where it is set. Alibaba Cloud
	// demands it for every instance whose console shows an ID.
	IotInstanceID string
	// RootCAs verify the server's certificate; those of the system where nil.
	RootCAs *x509.CertPool
	// Extensions says that the endpoint is a local platform, which can switch
	// dynamic registration and serves larger pages.
	Extensions bool
	// Timeout bounds one request, from dialling to the last byte of the answer.
	// DefaultTimeout where zero.
	Timeout time.Duration
	// MaxResponseBytes bounds one answer. DefaultMaxResponseBytes where zero.
	MaxResponseBytes int
	// Proxy chooses the proxy of a request; http.ProxyFromEnvironment where nil.
	Proxy func(*http.Request) (*url.URL, error)
	// Clock is the time that requests are signed with; time.Now where nil. The
	// cloud refuses a time that is more than 15 minutes off.
	Clock func() time.Time
}

// Client talks to one endpoint. Make it with New.
type Client struct {
	cfg   Config
	host  string // of the endpoint, for messages
	resty *resty.Client
	pause pause
}

var _ platform.Platform = (*Client)(nil)

// New returns a Client. It does not connect: the first call does.
func New(cfg Config) (*Client, error) {
	endpoint, err := parseEndpoint(cfg.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("create OpenAPI client: %w", err)
	}
	if cfg.Credentials.AccessKeyID == "" || cfg.Credentials.AccessKeySecret == "" {
		return nil, errors.New("create OpenAPI client: AccessKeyID and AccessKeySecret are required")
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = DefaultTimeout
	}
	if cfg.MaxResponseBytes <= 0 {
		cfg.MaxResponseBytes = DefaultMaxResponseBytes
	}
	if cfg.Proxy == nil {
		cfg.Proxy = proxyFromEnvironment
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	c := &Client{cfg: cfg, host: endpoint.Host, pause: sleep}
	c.resty = resty.New().
		SetTransport(&http.Transport{
			Proxy:               cfg.Proxy,
			DialContext:         (&net.Dialer{Timeout: dialTimeout}).DialContext,
			TLSClientConfig:     &tls.Config{RootCAs: cfg.RootCAs, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout: dialTimeout,
			ForceAttemptHTTP2:   true,
			MaxIdleConnsPerHost: concurrentTagQueries,
			IdleConnTimeout:     idleConnTimeout,
		}).
		SetBaseURL(endpoint.Scheme+"://"+endpoint.Host).
		SetTimeout(cfg.Timeout).
		SetResponseBodyLimit(cfg.MaxResponseBytes).
		SetCookieJar(nil).
		SetHeader("User-Agent", "Fleetmint").
		SetHeader("Accept", "application/json").
		// A redirect would carry the signature to another place.
		SetRedirectPolicy(resty.RedirectPolicyFunc(func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		})).
		// Warnings of resty quote addresses; every error is returned anyway.
		SetLogger(silent{}).
		SetPreRequestHook(c.sign)
	return c, nil
}

// Close ends idle connections. Calls under way are not disturbed, and the
// Client may still be used.
func (c *Client) Close() {
	c.resty.GetClient().CloseIdleConnections()
}

func parseEndpoint(text string) (*url.URL, error) {
	endpoint, err := url.Parse(text)
	switch {
	case err != nil || endpoint.Host == "" || endpoint.Scheme != "http" && endpoint.Scheme != "https":
		// The text is not repeated: a person may have pasted a secret into it.
		return nil, errors.New("the endpoint is not an address such as https://iot.cn-shanghai.aliyuncs.com")
	case endpoint.User != nil || endpoint.RawQuery != "" || endpoint.Fragment != "" || endpoint.Path != "" && endpoint.Path != "/":
		return nil, errors.New("the endpoint is more than scheme, host and port")
	}
	return endpoint, nil
}

// proxyFromEnvironment drops the text of an error: it quotes the proxy's
// address, which may hold a password.
func proxyFromEnvironment(req *http.Request) (*url.URL, error) {
	proxy, err := http.ProxyFromEnvironment(req)
	if err != nil {
		return nil, errors.New("the proxy address in the environment is not valid")
	}
	return proxy, nil
}

// silent discards what resty logs.
type silent struct{}

func (silent) Errorf(string, ...any) {}
func (silent) Warnf(string, ...any)  {}
func (silent) Debugf(string, ...any) {}
