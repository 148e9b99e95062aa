package broker

import (
	"fmt"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"fleetmint/platform"
)

// hook is where the MQTT library asks the broker. Its methods run on the
// goroutine of the connection, except OnACLCheck for deliveries and
// OnPacketEncode.
type hook struct {
	mqtt.HookBase
	broker *Broker
}

func (h *hook) ID() string { return "fleetmint" }

func (h *hook) Provides(method byte) bool {
	switch method {
	case mqtt.OnPacketRead, mqtt.OnConnectAuthenticate, mqtt.OnACLCheck, mqtt.OnPublish,
		mqtt.OnSubscribed, mqtt.OnPacketEncode, mqtt.OnPacketProcessed, mqtt.OnClientExpired:
		return true
	default:
		return false
	}
}

// OnPacketRead sees every packet before the library does. An error that is
// ErrRejectPacket closes the connection.
func (h *hook) OnPacketRead(cl *mqtt.Client, pk packets.Packet) (packets.Packet, error) {
	c, ok := cl.Net.Conn.(*conn)
	if !ok {
		return pk, nil
	}
	switch pk.FixedHeader.Type {
	case packets.Connect:
		if c.session != nil {
			return pk, nil // the library ends a second CONNECT
		}
		return h.connect(c, cl, pk)
	case packets.Publish:
		b := h.broker
		switch {
		case pk.FixedHeader.Qos > 1:
			b.recordRefused(c, pk.TopicName, "the platform has no QoS 2")
			return pk, packets.ErrRejectPacket
		case len(pk.Payload) > b.limits.messageBytes:
			b.recordRefused(c, pk.TopicName, fmt.Sprintf("the message is larger than %d bytes", b.limits.messageBytes))
			return pk, packets.ErrRejectPacket
		}
		takeIdentifier(c, &pk)
	case packets.Subscribe, packets.Unsubscribe:
		takeIdentifier(c, &pk)
	}
	return pk, nil
}

// takeIdentifier keeps the packet identifiers that devices choose out of the
// library, which confuses them with its own when they are equal, and would then
// lose messages and refuse subscriptions. It is put back into the
// acknowledgement.
func takeIdentifier(c *conn, pk *packets.Packet) {
	c.ack = pk.PacketID
	if pk.PacketID != 0 { // 0 is for the library to refuse
		pk.PacketID, pk.FixedHeader.Qos = 0, 0
	}
}

func (h *hook) connect(c *conn, cl *mqtt.Client, pk packets.Packet) (packets.Packet, error) {
	if pk.ReservedBit != 0 {
		return pk, packets.ErrRejectPacket // MQTT asks to close without an answer
	}
	r := h.broker.admit(c, cl, &pk)
	if r == nil {
		return pk, nil
	}
	code := byte(r.code)
	if pk.ProtocolVersion == 5 {
		cl.Properties.ProtocolVersion = 5
		code = r.code.v5()
	}
	_ = cl.WritePacket(packets.Packet{ // the connection is closed either way
		FixedHeader: packets.FixedHeader{Type: packets.Connack}, ReasonCode: code,
	})
	return pk, packets.ErrRejectPacket
}

// OnConnectAuthenticate lets verified connections through: OnPacketRead did the
// work.
func (h *hook) OnConnectAuthenticate(cl *mqtt.Client, _ packets.Packet) bool {
	return sessionOf(cl) != nil
}

// OnACLCheck is asked for subscriptions and for every delivery. A publish is
// judged in OnPublish: to refuse it here would close the connection.
func (h *hook) OnACLCheck(cl *mqtt.Client, topic string, write bool) bool {
	s := sessionOf(cl)
	return s != nil && (write || maySubscribe(s.ref, topic))
}

// OnSubscribed records the subscriptions that were refused.
func (h *hook) OnSubscribed(cl *mqtt.Client, pk packets.Packet, codes []byte) {
	s := sessionOf(cl)
	if s == nil {
		return
	}
	for i, code := range codes {
		if code >= packets.ErrUnspecifiedError.Code && i < len(pk.Filters) {
			h.broker.recordRefused(s.conn, pk.Filters[i].Filter, "subscription refused: a device may subscribe to its own topics only")
		}
	}
}

// OnPublish takes every message of a device out of the library's hands.
func (h *hook) OnPublish(cl *mqtt.Client, pk packets.Packet) (packets.Packet, error) {
	s := sessionOf(cl)
	if s == nil { // our own
		return pk, nil
	}
	var qos byte
	if s.conn.ack != 0 {
		qos = 1
	}
	h.broker.receive(s, pk.TopicName, pk.Payload, qos)
	return pk, packets.CodeSuccessIgnore
}

// OnPacketProcessed acknowledges a message of QoS 1, also one that was dropped:
// the device would send it for ever.
func (h *hook) OnPacketProcessed(cl *mqtt.Client, pk packets.Packet, err error) {
	c, ok := cl.Net.Conn.(*conn)
	if !ok || pk.FixedHeader.Type != packets.Publish || c.ack == 0 || err != nil {
		return
	}
	_ = cl.WritePacket(packets.Packet{ // a broken connection ends in its read
		FixedHeader: packets.FixedHeader{Type: packets.Puback}, PacketID: c.ack,
	})
}

// OnPacketEncode puts the device's packet identifier into acknowledgements. It
// may run on any goroutine, but those of SUBSCRIBE are written by the
// connection's own.
func (h *hook) OnPacketEncode(cl *mqtt.Client, pk packets.Packet) packets.Packet {
	if t := pk.FixedHeader.Type; t == packets.Suback || t == packets.Unsuback {
		if c, ok := cl.Net.Conn.(*conn); ok {
			pk.PacketID = c.ack
		}
	}
	return pk
}

// OnClientExpired removes the subscriptions of a session that is forgotten.
func (h *hook) OnClientExpired(cl *mqtt.Client) { h.broker.server.UnsubscribeClient(cl) }

// recordRefused records a message or subscription that was not let through.
func (b *Broker) recordRefused(c *conn, topic, reason string) {
	a := platform.Activity{
		Kind: platform.ActivityConnection, Outcome: platform.Refused,
		Reason: fmt.Sprintf("%s (topic %.200q)", reason, topic), Remote: c.remote,
	}
	if c.session != nil {
		a.ProductKey, a.DeviceName = c.session.ref.ProductKey, c.session.ref.DeviceName
	}
	b.record(a)
}
