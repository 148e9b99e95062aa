// Package local is the embedded platform: a server that speaks the OpenAPI, the
// HTTPS dynamic registration and the MQTT of Alibaba Cloud IoT Platform on this
// machine, so that official SDKs work against it unchanged.
//
// Start opens the data folder and every listener; Close ends them in the
// reverse order. A Server owns one goroutine for each listener and those of its
// parts (store, broker, api); all of them have ended when Close returns. Server
// is safe for concurrent use.
package local

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"syscall"
	"time"

	"fleetmint/platform/local/api"
	"fleetmint/platform/local/authority"
	"fleetmint/platform/local/broker"
	"fleetmint/platform/local/registration"
	"fleetmint/platform/local/store"
	"fleetmint/platform/openapi/signature"
)

// ErrPortTaken means that a port the user insisted on is in use; the error
// names the listener and the address.
var ErrPortTaken = errors.New("port is taken")

// ErrInUse means that another process is running the local platform on the same
// data folder; Running tells where it listens.
var ErrInUse = store.ErrLocked

// Port is a port to listen on. With Exact false, another free port is taken
// when Number is in use; Number 0 asks for any free port.
type Port struct {
	Number int
	Exact  bool
}

// Ports are the four listeners of the local platform.
type Ports struct {
	API   Port // OpenAPI over http
	HTTPS Port // OpenAPI and dynamic registration over https
	MQTT  Port // MQTT over TCP
	MQTTS Port // MQTT over TLS
}

// DefaultPorts are the well-known MQTT ports and two high ones for the OpenAPI.
// None of them is insisted on.
func DefaultPorts() Ports {
	return Ports{API: Port{Number: 18080}, HTTPS: Port{Number: 18443}, MQTT: Port{Number: 1883}, MQTTS: Port{Number: 8883}}
}

// Limits bound what clients may ask of the server. Zero means the default.
type Limits struct {
	Connections  int // MQTT connections at once
	MessageBytes int // one MQTT message
}

// Config is what a Server needs. Dir, StoreKey, Credentials and Log are
// required.
type Config struct {
	Dir         string
	Host        string // address to listen on, 127.0.0.1 where empty
	Ports       Ports
	StoreKey    []byte // 32 bytes that seal the secrets in the database
	Credentials signature.Credentials
	Limits      Limits
	LegacyTLS   bool // also offer the cipher suites of the official C SDKs
	Log         *slog.Logger
	Clock       func() time.Time // time.Now where nil
}

// Addresses are where the running platform can be reached. Its JSON form is the
// line that `fleetmint serve` prints.
type Addresses struct {
	OpenAPI  string `json:"openapi"`
	HTTPS    string `json:"https"`
	Register string `json:"register"`
	MQTT     string `json:"mqtt"`
	MQTTS    string `json:"mqtts"`
	CA       string `json:"ca"`
}

// Server is a running local platform.
type Server struct {
	log       *slog.Logger
	dir       string
	addresses Addresses
	store     *store.Store
	broker    *broker.Broker
	api       *api.API
	http      *http.Server
	serving   sync.WaitGroup
	closeOnce sync.Once
	closeErr  error
}

// Start opens the data folder and all listeners. When it returns without an
// error the platform accepts requests on every address. Errors: ErrInUse,
// ErrPortTaken, and those of store.Open.
func Start(ctx context.Context, cfg Config) (_ *Server, err error) {
	if cfg.Log == nil {
		return nil, errors.New("start local platform: no logger given")
	}
	if cfg.Host == "" {
		cfg.Host = "127.0.0.1"
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}

	s := &Server{log: cfg.Log, dir: cfg.Dir}
	var undo []func() error
	defer func() {
		if err == nil {
			return
		}
		for i := len(undo) - 1; i >= 0; i-- {
			err = errors.Join(err, undo[i]())
		}
	}()

	// The store comes first: its lock is what keeps a second process away from
	// the certificates and the address file too.
	s.store, err = store.Open(ctx, store.Config{Dir: cfg.Dir, Key: cfg.StoreKey, Log: cfg.Log})
	if err != nil {
		return nil, fmt.Errorf("start local platform: %w", err)
	}
	undo = append(undo, s.store.Close)

	ca, err := authority.Open(cfg.Dir, certificateHosts(cfg.Host), cfg.Clock())
	if err != nil {
		return nil, fmt.Errorf("start local platform: %w", err)
	}
	s.broker, err = broker.New(broker.Config{
		Store: s.store, Log: cfg.Log, Clock: cfg.Clock,
		MaxConnections: cfg.Limits.Connections, MaxMessageBytes: cfg.Limits.MessageBytes,
	})
	if err != nil {
		return nil, fmt.Errorf("start local platform: %w", err)
	}
	undo = append(undo, func() error { return s.broker.Close(context.Background()) })
	s.api, err = api.New(api.Config{
		Store: s.store, Sessions: s.broker, Credentials: cfg.Credentials, Log: cfg.Log, Clock: cfg.Clock,
	})
	if err != nil {
		return nil, fmt.Errorf("start local platform: %w", err)
	}
	undo = append(undo, func() error { return s.api.Close(context.Background()) })
	registrar := registration.New(registration.Config{Store: s.store, Log: cfg.Log, Now: cfg.Clock})

	listeners := map[string]net.Listener{}
	for _, l := range []struct {
		name string
		port Port
	}{{"api", cfg.Ports.API}, {"https", cfg.Ports.HTTPS}, {"mqtt", cfg.Ports.MQTT}, {"mqtts", cfg.Ports.MQTTS}} {
		listener, err := listen(ctx, cfg.Host, l.name, l.port, cfg.Log)
		if err != nil {
			return nil, fmt.Errorf("start local platform: %w", err)
		}
		undo = append(undo, listener.Close)
		listeners[l.name] = listener
	}
	secure := ca.ServerTLS(cfg.LegacyTLS)
	s.addresses = Addresses{
		OpenAPI:  "http://" + reachable(listeners["api"]),
		HTTPS:    "https://" + reachable(listeners["https"]),
		Register: "https://" + reachable(listeners["https"]) + registration.Path,
		MQTT:     reachable(listeners["mqtt"]),
		MQTTS:    reachable(listeners["mqtts"]),
		CA:       ca.CAPath(),
	}

	mux := http.NewServeMux()
	mux.Handle(registration.Path, registrar)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	mux.Handle("/", s.api)
	s.http = &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    2 << 20, // SDKs put lists of 10,000 names into the query
		// The default logger would print peers' garbage at error level.
		ErrorLog: slog.NewLogLogger(cfg.Log.Handler(), slog.LevelDebug),
	}
	if err := writeAddresses(cfg.Dir, s.addresses); err != nil {
		return nil, fmt.Errorf("start local platform: %w", err)
	}

	s.serve("api", func() error { return s.http.Serve(listeners["api"]) })
	s.serve("https", func() error { return s.http.Serve(tls.NewListener(listeners["https"], secure)) })
	s.serve("mqtt", func() error { return s.broker.Serve(listeners["mqtt"], false) })
	s.serve("mqtts", func() error { return s.broker.Serve(tls.NewListener(listeners["mqtts"], secure), true) })
	return s, nil
}

// Addresses returns where the platform listens.
func (s *Server) Addresses() Addresses { return s.addresses }

// Close stops listening, ends all sessions and closes the database. Requests
// under way get until the context ends. It may be called more than once.
func (s *Server) Close(ctx context.Context) error {
	s.closeOnce.Do(func() {
		removeAddresses(s.dir)
		err := s.http.Shutdown(ctx)
		if err != nil {
			err = errors.Join(err, s.http.Close())
		}
		err = errors.Join(err, s.broker.Close(ctx), s.api.Close(ctx))
		s.serving.Wait()
		s.closeErr = errors.Join(err, s.store.Close())
	})
	if s.closeErr != nil {
		return fmt.Errorf("close local platform: %w", s.closeErr)
	}
	return nil
}

func (s *Server) serve(name string, run func() error) {
	s.serving.Go(func() {
		if err := run(); err != nil && !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			s.log.Error("listener stopped", "listener", name, "error", err)
		}
	})
}

func listen(ctx context.Context, host, name string, port Port, log *slog.Logger) (net.Listener, error) {
	var config net.ListenConfig
	address := net.JoinHostPort(host, strconv.Itoa(port.Number))
	l, err := config.Listen(ctx, "tcp", address)
	switch {
	case err == nil:
		return l, nil
	case !isPortTaken(err):
		return nil, fmt.Errorf("listen for %s on %s: %w", name, address, err)
	case port.Exact:
		return nil, fmt.Errorf("listen for %s on %s: %w; stop the program that uses it or choose another with --%s-port", name, address, ErrPortTaken, name)
	}
	l, err = config.Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return nil, fmt.Errorf("listen for %s on any free port of %s: %w", name, host, err)
	}
	log.Warn("port is taken, using another", "listener", name, "wanted", port.Number, "using", l.Addr().String())
	return l, nil
}

// isPortTaken also covers ports below 1024, which an ordinary user may not
// bind: the remedy, another port, is the same.
func isPortTaken(err error) bool {
	return errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, syscall.EACCES)
}

// reachable is the address a client on this machine uses: a wildcard listener
// is reached through loopback.
func reachable(l net.Listener) string {
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return l.Addr().String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// certificateHosts are the names beyond loopback that the server certificate
// must cover: all addresses of this machine where every one is listened on.
func certificateHosts(host string) []string {
	ip := net.ParseIP(host)
	if ip == nil || !ip.IsUnspecified() {
		return []string{host}
	}
	var hosts []string
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	for _, a := range addresses {
		if n, ok := a.(*net.IPNet); ok {
			hosts = append(hosts, n.IP.String())
		}
	}
	return hosts
}

// String gives the JSON line of the addresses.
func (a Addresses) String() string {
	line, err := json.Marshal(a)
	if err != nil { // strings always encode
		panic(err)
	}
	return string(line)
}
