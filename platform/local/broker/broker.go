// Package broker is the MQTT face of the local platform. It verifies devices by
// the CONNECT packet as Alibaba Cloud does, keeps every device to its own
// topics, answers the requests that devices wait on, and carries messages down
// to devices.
//
// A session belongs to a device (ProductKey and DeviceName), whatever clientId
// it connects with: a second successful CONNECT closes the older connection.
// Broker is safe for concurrent use. New starts one goroutine for housekeeping;
// each Serve runs in its caller's and starts two per connection. All have ended
// when Close returns without an error.
package broker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"fleetmint/platform"
	"fleetmint/platform/identity"
)

// Store is what the broker needs from the device store. Verification and
// ProductVerification are called for every CONNECT and must be fast; Record
// must not block.
type Store interface {
	Verification(productKey, deviceName string) (identity.DeviceVerification, bool)
	ProductVerification(productKey string) (identity.ProductVerification, bool)
	// Connected marks a device online and activates it the first time. The
	// device is told of its success only afterwards.
	Connected(ctx context.Context, ref platform.DeviceRef, remote string, at time.Time) error
	// Disconnected marks a device offline. It is not called when a newer
	// connection of the same device took over.
	Disconnected(ctx context.Context, ref platform.DeviceRef, at time.Time) error
	Record(activity platform.Activity)
}

// DefaultMaxMessageBytes is the cloud's limit of one message.
const DefaultMaxMessageBytes = 256 << 10

// DefaultConnectTimeout is how long a connection may take until its CONNECT
// packet has arrived, a TLS handshake included.
const DefaultConnectTimeout = 10 * time.Second

// Config is what a Broker needs. Store and Log are required.
type Config struct {
	Store           Store
	Log             *slog.Logger
	Clock           func() time.Time // time.Now where nil
	MaxConnections  int              // open connections, verified or not; 0: what the process's descriptors allow
	MaxMessageBytes int              // payload of one message; 0: DefaultMaxMessageBytes
	ConnectTimeout  time.Duration    // 0: DefaultConnectTimeout
}

const (
	// packetOverhead is what a packet may hold beside its payload: header,
	// packet identifier and topic.
	packetOverhead = 1 << 10
	// sessionExpiry bounds persistent sessions and the messages waiting in
	// them, as on the cloud.
	sessionExpiry = 7 * 24 * time.Hour
	// writesPending is both the queue of a connection and most of its memory.
	writesPending = 1024
	readBuffer    = 512
)

// Broker accepts device connections on the listeners given to Serve.
type Broker struct {
	store    Store
	log      *slog.Logger
	clock    func() time.Time
	limits   limits
	server   *mqtt.Server
	registry *registry
	ctx      context.Context // for calls to the store; ends with Close
	cancel   context.CancelFunc
	closing  chan struct{} // closed when Close begins

	mu        sync.Mutex
	closed    bool
	listeners map[net.Listener]struct{}
	conns     map[*conn]struct{}
	refusing  bool           // at the connection limit, said so in the log
	running   sync.WaitGroup // connections and Serve calls; added to under mu
	closeOnce sync.Once
	finished  chan struct{} // closed when everything has ended
}

type limits struct {
	connections    int
	messageBytes   int
	connectTimeout time.Duration
}

// New makes a broker. It accepts nothing before Serve. Close it even when Serve
// was never called.
func New(cfg Config) (*Broker, error) {
	switch {
	case cfg.Store == nil:
		return nil, errors.New("make broker: no store given")
	case cfg.Log == nil:
		return nil, errors.New("make broker: no logger given")
	case cfg.MaxConnections < 0 || cfg.MaxMessageBytes < 0 || cfg.ConnectTimeout < 0:
		return nil, errors.New("make broker: a limit is negative")
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.MaxConnections == 0 {
		cfg.MaxConnections = defaultConnections()
	}
	if cfg.MaxMessageBytes == 0 {
		cfg.MaxMessageBytes = DefaultMaxMessageBytes
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = DefaultConnectTimeout
	}

	b := &Broker{
		store:     cfg.Store,
		log:       cfg.Log,
		clock:     cfg.Clock,
		limits:    limits{connections: cfg.MaxConnections, messageBytes: cfg.MaxMessageBytes, connectTimeout: cfg.ConnectTimeout},
		registry:  newRegistry(),
		closing:   make(chan struct{}),
		listeners: make(map[net.Listener]struct{}),
		conns:     make(map[*conn]struct{}),
		finished:  make(chan struct{}),
	}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	b.server = mqtt.New(options(cfg))
	err := b.server.AddHook(&hook{broker: b}, nil)
	if err == nil {
		err = b.server.Serve()
	}
	if err != nil {
		b.cancel()
		return nil, fmt.Errorf("make broker: %w", err)
	}
	return b, nil
}

func options(cfg Config) *mqtt.Options {
	capabilities := mqtt.NewDefaultServerCapabilities()
	capabilities.MaximumClientWritesPending = writesPending
	capabilities.MaximumPacketSize = uint32(min(int64(cfg.MaxMessageBytes)+packetOverhead, maxPacket))
	capabilities.MaximumSessionExpiryInterval = uint32(sessionExpiry / time.Second)
	capabilities.MaximumMessageExpiryInterval = int64(sessionExpiry / time.Second)
	capabilities.MaximumInflight = 1024
	capabilities.MaximumQos = 1 // the cloud has no QoS 2, no retained messages, no shared subscriptions
	capabilities.RetainAvailable = 0
	capabilities.SharedSubAvailable = 0
	capabilities.TopicAliasMaximum = 0
	return &mqtt.Options{
		Capabilities:            capabilities,
		ClientNetReadBufferSize: readBuffer,
		Logger:                  slog.New(quiet{cfg.Log.Handler()}),
		// Nobody may read $SYS; publishing it stops the world to read memory
		// statistics.
		SysTopicResendInterval: int64(24 * time.Hour / time.Second),
		InlineClient:           true,
	}
}

// maxPacket is MQTT's own limit.
const maxPacket = 268_435_455

// Connections returns how many devices are connected now.
func (b *Broker) Connections() int { return b.registry.len() }

// Disconnect closes the connection of a device, if it has one, and records the
// reason. It does not wait for the device to be marked offline, and the device
// may connect again: disable or delete it first to keep it away.
func (b *Broker) Disconnect(ref platform.DeviceRef, reason string) {
	if s := b.registry.get(ref); s != nil {
		s.kick(reason)
	}
}

// Publish sends a message to a device on one of the topics that the device may
// subscribe to. It arrives if the device subscribed to the topic or connected
// with _ss=1, and then once; a message of QoS 1 waits for a device that is away
// and keeps its session. Publish does not say whether anybody received it. qos
// is 0 or 1. Errors are platform.ErrInvalid.
func (b *Broker) Publish(ref platform.DeviceRef, topic string, payload []byte, qos byte) error {
	refuse := func(message string) error {
		return &platform.Error{Op: "publish to device", Kind: platform.ErrInvalid, Field: "Topic", Value: topic, Message: message}
	}
	switch {
	case qos > 1:
		return refuse("the QoS must be 0 or 1")
	case len(payload) > b.limits.messageBytes:
		return refuse(fmt.Sprintf("a message has at most %d bytes", b.limits.messageBytes))
	case strings.ContainsAny(topic, "+#"):
		return refuse("a topic to publish to has no wildcards")
	case !maySubscribe(ref, topic):
		return refuse("this is not a topic of the device")
	}
	b.deliver(ref, topic, payload, qos)
	return nil
}

// deliver sends a message to the subscribers of topic, and to the device itself
// if it connected with _ss=1: never twice to one connection.
func (b *Broker) deliver(ref platform.DeviceRef, topic string, payload []byte, qos byte) {
	id := sessionID(ref)
	if cl, ok := b.server.Clients.Get(id); ok {
		s := sessionOf(cl)
		if s != nil && s.autoSubscribe {
			if _, subscribed := b.server.Topics.Subscribers(topic).Subscriptions[id]; !subscribed {
				s.push(packets.Packet{
					FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: qos},
					TopicName:   topic, Payload: payload, Created: time.Now().Unix(),
				})
			}
		}
	}
	b.route(topic, payload, qos)
}

// route sends a message to the subscribers of topic.
func (b *Broker) route(topic string, payload []byte, qos byte) {
	if err := b.server.Publish(topic, payload, false, qos); err != nil {
		b.log.Debug("message not routed", "topic", topic, "error", err)
	}
}

// Close stops accepting, ends all sessions and waits for them until ctx ends.
// It may be called more than once.
func (b *Broker) Close(ctx context.Context) error {
	b.closeOnce.Do(func() {
		close(b.closing)
		b.mu.Lock()
		b.closed = true
		for l := range b.listeners {
			_ = l.Close() // it may have failed already; nothing is lost
		}
		b.registry.close("the local platform is shutting down")
		for c := range b.conns {
			c.shutDown()
		}
		b.mu.Unlock()
		go func() {
			defer close(b.finished)
			b.running.Wait()
			_ = b.server.Close() // never fails
			b.cancel()
		}()
	})
	select {
	case <-b.finished:
		return nil
	case <-ctx.Done():
		b.cancel() // a store that hangs holds everything up
		return fmt.Errorf("close broker: %w", ctx.Err())
	}
}

func (b *Broker) record(a platform.Activity) {
	a.Time = b.clock()
	b.store.Record(a)
}
