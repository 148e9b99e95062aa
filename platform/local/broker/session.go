package broker

import (
	"errors"
	"sync"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"fleetmint/platform"
)

// session is one verified connection of a device.
type session struct {
	ref           platform.DeviceRef
	conn          *conn
	client        *mqtt.Client
	clean         bool
	autoSubscribe bool          // _ss=1: replies and downlinks come without a subscription
	done          chan struct{} // closed when the connection is gone and accounted for
	established   bool          // the device was let in; used by the connection's goroutine

	// Guarded by the registry's lock.
	replaced bool // a newer connection of the device waits for this one's end
	online   bool // the store holds the device online on this session's account

	mu      sync.Mutex
	reason  string // why it was ended from outside, empty otherwise
	queue   []packets.Packet
	writing bool
	ended   bool
	writer  sync.WaitGroup
}

// sessionID is the session's name within the MQTT library: the device, never
// the clientId. No DeviceName holds a slash.
func sessionID(ref platform.DeviceRef) string { return ref.ProductKey + "/" + ref.DeviceName }

// sessionOf returns the session of a client of the MQTT library, nil where it
// is not verified.
func sessionOf(cl *mqtt.Client) *session {
	if c, ok := cl.Net.Conn.(*conn); ok {
		return c.session
	}
	return nil
}

// kick closes the connection. The first reason counts. MQTT 3.1.1 has no way to
// tell the device why.
func (s *session) kick(reason string) {
	s.mu.Lock()
	if s.reason == "" {
		s.reason = reason
	}
	s.mu.Unlock()
	s.client.Stop(nil)
}

// push sends a message past the subscriptions. It never blocks: a queue per
// session is written by a goroutine that lives as long as there is something to
// write. A message too many is dropped, as the library does with its own queue.
func (s *session) push(pk packets.Packet) {
	if pk.FixedHeader.Qos > 0 {
		id, err := s.client.NextPacketID()
		if err != nil {
			return // the device has acknowledged none of the 65,535 before
		}
		pk.PacketID = uint16(id)
		s.client.State.Inflight.Set(pk) // sent again when the device comes back
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || len(s.queue) >= writesPending {
		return
	}
	s.queue = append(s.queue, pk)
	if !s.writing {
		s.writing = true
		s.writer.Go(s.write)
	}
}

func (s *session) write() {
	for {
		s.mu.Lock()
		if len(s.queue) == 0 || s.ended {
			s.queue, s.writing = nil, false
			s.mu.Unlock()
			return
		}
		pk := s.queue[0]
		s.queue = s.queue[1:]
		s.mu.Unlock()
		_ = s.client.WritePacket(pk) // a broken connection ends in its read
	}
}

// end stops the writer and returns the reason that kick was given.
func (s *session) end() string {
	s.mu.Lock()
	s.ended = true
	reason := s.reason
	s.mu.Unlock()
	s.writer.Wait()
	return reason
}

// endSession accounts for a session whose connection is gone.
func (b *Broker) endSession(s *session, cause error) {
	reason := s.end()
	// The library forgets a clean session by itself, unless its connection broke
	// while it was being established.
	if cl, ok := b.server.Clients.Get(sessionID(s.ref)); ok && cl == s.client && s.clean {
		b.server.UnsubscribeClient(cl)
		b.server.Clients.Delete(cl.ID)
	}
	if b.registry.takeOnline(s) {
		b.disconnected(s.ref)
	}
	if reason == "" {
		reason = endReason(cause)
	}
	if s.established {
		b.record(platform.Activity{
			Kind: platform.ActivityConnection, Outcome: platform.Accepted,
			ProductKey: s.ref.ProductKey, DeviceName: s.ref.DeviceName,
			Reason: "went offline: " + reason, Remote: s.conn.remote,
		})
	}
	b.registry.remove(s)
}

func (b *Broker) disconnected(ref platform.DeviceRef) {
	if err := b.store.Disconnected(b.ctx, ref, b.clock()); err != nil && !errors.Is(err, platform.ErrNotFound) {
		b.log.Error("cannot mark a device offline", "productKey", ref.ProductKey, "deviceName", ref.DeviceName, "error", err)
	}
}

func endReason(cause error) string {
	switch {
	case cause == nil:
		return "the device disconnected"
	case isTimeout(cause):
		return "nothing arrived for 1.5 times the keep-alive interval"
	case errors.Is(cause, packets.ErrPacketTooLarge):
		return "the device sent a message that is too large"
	case errors.Is(cause, packets.ErrRejectPacket):
		return "the device sent what the platform does not accept"
	default:
		return "the connection was lost"
	}
}

// registry holds the live session of every connected device, at most one each.
type registry struct {
	mu     sync.Mutex
	closed bool
	live   map[platform.DeviceRef]*session
}

func newRegistry() *registry { return &registry{live: make(map[platform.DeviceRef]*session)} }

// claim makes s the live session of its device. It ends the one before and
// waits until that is accounted for: two sessions of a device never overlap.
// false means that the broker is closing; inherited then says that the caller
// has to mark the device offline.
func (r *registry) claim(s *session) (inherited, ok bool) {
	for {
		r.mu.Lock()
		if r.closed {
			r.mu.Unlock()
			return inherited, false
		}
		before := r.live[s.ref]
		if before == nil {
			s.online = inherited
			r.live[s.ref] = s
			r.mu.Unlock()
			return inherited, true
		}
		before.replaced = true
		r.mu.Unlock()

		before.kick("replaced by a newer connection of the same device from " + s.conn.remote)
		<-before.done

		r.mu.Lock()
		inherited = inherited || before.online
		r.mu.Unlock()
	}
}

// setOnline notes that the store holds the device online for s.
func (r *registry) setOnline(s *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s.online = true
}

// takeOnline reports whether the end of s takes the device offline, and if so
// notes that it did. It does not when a newer session waits.
func (r *registry) takeOnline(s *session) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	take := s.online && !s.replaced
	if take {
		s.online = false
	}
	return take
}

func (r *registry) remove(s *session) {
	r.mu.Lock()
	if r.live[s.ref] == s {
		delete(r.live, s.ref)
	}
	r.mu.Unlock()
	close(s.done)
}

func (r *registry) get(ref platform.DeviceRef) *session {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.live[ref]
}

func (r *registry) len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.live)
}

// close ends all sessions and lets no new ones in. It does not wait: closing a
// TLS connection may take seconds, and the connection's own goroutine waits for
// it anyway.
func (r *registry) close(reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for _, s := range r.live {
		go s.kick(reason)
	}
}

// connect tells the store that the device is online.
func (b *Broker) connect(s *session) error {
	if err := b.store.Connected(b.ctx, s.ref, s.conn.remote, b.clock()); err != nil {
		return err
	}
	b.registry.setOnline(s)
	return nil
}
