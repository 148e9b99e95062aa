package broker

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"
)

// Back-off between failed Accept calls: short for a single aborted connection,
// long enough for descriptors to come free.
const (
	acceptBackoffMin = 5 * time.Millisecond
	acceptBackoffMax = time.Second
)

// Serve accepts connections from l until Close, and then returns nil. secure
// says that l is a TLS listener. Every error of Accept but net.ErrClosed is
// taken as passing, running out of descriptors above all. Serve owns l and
// closes it.
func (b *Broker) Serve(l net.Listener, secure bool) error {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		_ = l.Close()
		return nil
	}
	b.listeners[l] = struct{}{}
	b.running.Add(1)
	b.mu.Unlock()
	defer b.running.Done()
	defer func() {
		b.mu.Lock()
		delete(b.listeners, l)
		b.mu.Unlock()
		_ = l.Close()
	}()

	backoff := acceptBackoffMin
	for {
		nc, err := l.Accept()
		if err == nil {
			backoff = acceptBackoffMin
			b.start(nc, secure)
			continue
		}
		select {
		case <-b.closing:
			return nil
		default:
		}
		if errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("accept MQTT connections: %w", err)
		}
		b.log.Warn("cannot accept a connection, trying again", "error", err, "after", backoff)
		select {
		case <-b.closing:
			return nil
		case <-time.After(backoff):
		}
		backoff = min(2*backoff, acceptBackoffMax)
	}
}

// start runs a connection in a goroutine of its own, or closes it when there
// are too many.
func (b *Broker) start(nc net.Conn, secure bool) {
	c := &conn{Conn: nc, secure: secure, remote: nc.RemoteAddr().String()}
	b.mu.Lock()
	full := len(b.conns) >= b.limits.connections
	if full && !b.refusing {
		b.log.Warn("too many connections, closing new ones", "limit", b.limits.connections)
	}
	b.refusing = full
	if full || b.closed {
		b.mu.Unlock()
		_ = nc.Close() // nothing was said on it
		return
	}
	b.conns[c] = struct{}{}
	b.running.Add(1)
	b.mu.Unlock()
	go b.run(c)
}

// run is the life of one connection.
func (b *Broker) run(c *conn) {
	defer b.running.Done()
	// Covers the TLS handshake and the CONNECT packet. From then on the
	// keep-alive sets the deadline.
	_ = c.SetDeadline(time.Now().Add(b.limits.connectTimeout))
	err := b.server.EstablishConnection(listenerID, c)
	_ = c.Close()
	if c.session != nil {
		b.endSession(c.session, err)
	} else {
		b.log.Debug("connection ended before it was verified", "remote", c.remote, "error", err)
	}
	b.mu.Lock()
	delete(b.conns, c)
	b.mu.Unlock()
}

const listenerID = "local"

// conn is a connection with what the broker knows about it. session and the
// acknowledgement are used by the connection's own goroutine; others reach the
// session only once it is established.
type conn struct {
	net.Conn
	secure  bool
	remote  string
	session *session
	// ack is the packet identifier that the packet being processed is to be
	// acknowledged with, 0 for none.
	ack uint16

	closeOnce sync.Once
	closeErr  error
}

// Close may be called by several goroutines and more than once.
func (c *conn) Close() error {
	c.closeOnce.Do(func() { c.closeErr = c.Conn.Close() })
	return c.closeErr
}

// shutDown makes a connection that has not been verified end now: its read
// fails. A session is ended by kick.
func (c *conn) shutDown() { _ = c.SetReadDeadline(time.Unix(1, 0)) }

// isTimeout reports whether a connection ended because nothing arrived in time.
func isTimeout(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }
