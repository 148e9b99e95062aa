package broker_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"

	"fleetmint/platform"
	"fleetmint/platform/identity"
	"fleetmint/platform/local/broker"
)

const hang = 20 * time.Second // protection only

var (
	cert  = platform.Certificate{ProductKey: "a1B2c3D4e5F", DeviceName: "dev-01", DeviceSecret: "0123456789abcdef0123456789abcdef"}
	other = platform.Certificate{ProductKey: "a1B2c3D4e5F", DeviceName: "dev-02", DeviceSecret: "fedcba9876543210fedcba9876543210"}
	off   = platform.Certificate{ProductKey: "a1B2c3D4e5F", DeviceName: "dev-off", DeviceSecret: "11111111111111111111111111111111"}
	sick  = platform.Certificate{ProductKey: "a1B2c3D4e5F", DeviceName: "dev-sick", DeviceSecret: "22222222222222222222222222222222"}
	ref   = platform.DeviceRef{ProductKey: cert.ProductKey, DeviceName: cert.DeviceName}
)

// fakeStore knows the devices above and keeps what it is told.
type fakeStore struct {
	mu         sync.Mutex
	changed    *sync.Cond
	events     []string // "+name" connected, "-name" disconnected
	activities []platform.Activity
}

func newFakeStore() *fakeStore {
	s := &fakeStore{}
	s.changed = sync.NewCond(&s.mu)
	return s
}

func (s *fakeStore) Verification(productKey, deviceName string) (identity.DeviceVerification, bool) {
	for _, c := range []platform.Certificate{cert, other, off, sick} {
		if c.ProductKey == productKey && c.DeviceName == deviceName {
			return identity.DeviceVerification{DeviceSecret: c.DeviceSecret, Disabled: c == off}, true
		}
	}
	return identity.DeviceVerification{}, false
}

func (s *fakeStore) ProductVerification(productKey string) (identity.ProductVerification, bool) {
	return identity.ProductVerification{ProductSecret: "productsecret000"}, productKey == cert.ProductKey
}

func (s *fakeStore) Connected(_ context.Context, ref platform.DeviceRef, _ string, _ time.Time) error {
	if ref.DeviceName == sick.DeviceName {
		return errors.New("disk full")
	}
	s.note(func() { s.events = append(s.events, "+"+ref.DeviceName) })
	return nil
}

func (s *fakeStore) Disconnected(_ context.Context, ref platform.DeviceRef, _ time.Time) error {
	s.note(func() { s.events = append(s.events, "-"+ref.DeviceName) })
	return nil
}

func (s *fakeStore) Record(a platform.Activity) {
	s.note(func() { s.activities = append(s.activities, a) })
}

func (s *fakeStore) note(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
	s.changed.Broadcast()
}

// await waits until the store was told what fits.
func (s *fakeStore) await(t *testing.T, what string, fits func() bool) {
	t.Helper()
	late := false
	timer := time.AfterFunc(hang, func() { s.note(func() { late = true }) })
	defer timer.Stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	for !fits() {
		if late {
			t.Fatalf("waited in vain for %s; events %v, activities %+v", what, s.events, s.activities)
		}
		s.changed.Wait()
	}
}

func (s *fakeStore) awaitEvents(t *testing.T, want string) {
	t.Helper()
	s.await(t, want, func() bool { return strings.Join(s.events, " ") == want })
}

func (s *fakeStore) awaitRefusal(t *testing.T, reason string) {
	t.Helper()
	s.await(t, "refusal: "+reason, func() bool {
		for _, a := range s.activities {
			if a.Outcome == platform.Refused && strings.Contains(a.Reason, reason) {
				return true
			}
		}
		return false
	})
}

type fixture struct {
	*broker.Broker
	store   *fakeStore
	address string
}

func start(t *testing.T, change func(*broker.Config)) fixture {
	t.Helper()
	store := newFakeStore()
	cfg := broker.Config{Store: store, Log: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&cfg)
	}
	b, err := broker.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serve(t, b, l)
	return fixture{Broker: b, store: store, address: l.Addr().String()}
}

// serve runs Serve until the end of the test and checks that it ends well.
func serve(t *testing.T, b *broker.Broker, l net.Listener) {
	t.Helper()
	served := make(chan error, 1)
	go func() { served <- b.Serve(l, false) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), hang)
		defer cancel()
		if err := b.Close(ctx); err != nil {
			t.Errorf("Close: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
}

// peer speaks MQTT packet by packet.
type peer struct {
	t *testing.T
	net.Conn
}

func dial(t *testing.T, address string) peer {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(hang))
	return peer{t, c}
}

func connectPacket(c identity.Connect) *packets.ConnectPacket {
	p := packets.NewControlPacket(packets.Connect).(*packets.ConnectPacket)
	p.ProtocolName, p.ProtocolVersion, p.Keepalive, p.CleanSession = "MQTT", 4, 60, true
	p.ClientIdentifier = c.ClientID
	p.Username, p.UsernameFlag = c.Username, c.Username != ""
	p.Password, p.PasswordFlag = []byte(c.Password), c.Password != ""
	return p
}

func (p peer) send(packet packets.ControlPacket) {
	p.t.Helper()
	if err := packet.Write(p.Conn); err != nil {
		p.t.Fatalf("send: %v", err)
	}
}

func (p peer) receive() packets.ControlPacket {
	p.t.Helper()
	packet, err := packets.ReadPacket(p.Conn)
	if err != nil {
		p.t.Fatalf("receive: %v", err)
	}
	return packet
}

func (p peer) connect(packet *packets.ConnectPacket) *packets.ConnackPacket {
	p.t.Helper()
	p.send(packet)
	ack, ok := p.receive().(*packets.ConnackPacket)
	if !ok {
		p.t.Fatal("the answer to CONNECT is no CONNACK")
	}
	return ack
}

// awaitClosed fails unless the server closes without another packet.
func (p peer) awaitClosed() {
	p.t.Helper()
	packet, err := packets.ReadPacket(p.Conn)
	if err == nil {
		p.t.Fatalf("got %v, want the connection closed", packet)
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		p.t.Fatal("the connection stays open")
	}
}

func (p peer) subscribe(id uint16, filters ...string) []byte {
	p.t.Helper()
	s := packets.NewControlPacket(packets.Subscribe).(*packets.SubscribePacket)
	s.MessageID, s.Topics, s.Qoss = id, filters, make([]byte, len(filters))
	for i := range s.Qoss {
		s.Qoss[i] = 1
	}
	p.send(s)
	ack, ok := p.receive().(*packets.SubackPacket)
	if !ok || ack.MessageID != id {
		p.t.Fatalf("SUBACK of %d: %+v", id, ack)
	}
	return ack.ReturnCodes
}

func (p peer) publish(topic, payload string, qos byte, id uint16) {
	p.t.Helper()
	m := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	m.TopicName, m.Payload, m.Qos, m.MessageID = topic, []byte(payload), qos, id
	p.send(m)
}

// message returns the next packet, which must be a message; ping proves that
// there is none.
func (p peer) message() *packets.PublishPacket {
	p.t.Helper()
	packet := p.receive()
	m, ok := packet.(*packets.PublishPacket)
	if !ok {
		p.t.Fatalf("got %v, want a message", packet)
	}
	return m
}

func (p peer) ping() {
	p.t.Helper()
	p.send(packets.NewControlPacket(packets.Pingreq))
	if packet, ok := p.receive().(*packets.PingrespPacket); !ok {
		p.t.Fatalf("got %v, want only the PINGRESP", packet)
	}
}

// online connects a device; extra goes into its clientId.
func online(t *testing.T, address string, c platform.Certificate, extra string) peer {
	t.Helper()
	p := dial(t, address)
	packet := connectPacket(identity.BuildConnect(c, identity.Options{}))
	packet.ClientIdentifier = strings.TrimSuffix(packet.ClientIdentifier, "|") + extra + "|"
	if ack := p.connect(packet); ack.ReturnCode != 0 {
		t.Fatalf("CONNACK %d", ack.ReturnCode)
	}
	return p
}

func TestReturnCodes(t *testing.T) {
	f := start(t, nil)
	for _, test := range []struct {
		name   string
		cert   platform.Certificate
		change func(*packets.ConnectPacket)
		code   byte
		reason string
	}{
		{name: "accepted", cert: cert},
		{name: "MQTT 3.1", cert: cert, change: func(p *packets.ConnectPacket) { p.ProtocolName, p.ProtocolVersion = "MQIsdp", 3 }},
		{name: "keep-alive 30", cert: cert, change: func(p *packets.ConnectPacket) { p.Keepalive = 30 }},
		{name: "keep-alive 1200", cert: cert, change: func(p *packets.ConnectPacket) { p.Keepalive = 1200 }},
		{name: "will is ignored", cert: cert, change: func(p *packets.ConnectPacket) {
			p.WillFlag, p.WillQos, p.WillRetain, p.WillTopic = true, 2, true, "/x"
		}},
		{name: "upper-case hex", cert: cert, change: func(p *packets.ConnectPacket) { p.Password = []byte(strings.ToUpper(string(p.Password))) }},
		{name: "version 6", cert: cert, code: 1, reason: "version 6", change: func(p *packets.ConnectPacket) { p.ProtocolVersion = 6 }},
		{name: "another protocol", cert: cert, code: 1, change: func(p *packets.ConnectPacket) { p.ProtocolName = "HTTP" }},
		{name: "clientId without parameters", cert: cert, code: 2, reason: "clientId", change: func(p *packets.ConnectPacket) { p.ClientIdentifier = "dev-01" }},
		{name: "empty clientId", cert: cert, code: 2, change: func(p *packets.ConnectPacket) { p.ClientIdentifier, p.CleanSession = "", false }},
		{name: "keep-alive 0", cert: cert, code: 2, reason: "keep-alive", change: func(p *packets.ConnectPacket) { p.Keepalive = 0 }},
		{name: "keep-alive 29", cert: cert, code: 2, change: func(p *packets.ConnectPacket) { p.Keepalive = 29 }},
		{name: "keep-alive 1201", cert: cert, code: 2, change: func(p *packets.ConnectPacket) { p.Keepalive = 1201 }},
		{name: "unknown authType", cert: cert, code: 2, reason: "authType", change: func(p *packets.ConnectPacket) {
			p.ClientIdentifier = "x|authType=teleport,securemode=2|"
		}},
		{name: "unknown signmethod", cert: cert, code: 2, change: func(p *packets.ConnectPacket) { p.ClientIdentifier = "x|signmethod=sha256|" }},
		{name: "internal error", cert: sick, code: 3, reason: "could not store"},
		{name: "username malformed", cert: cert, code: 4, reason: "username", change: func(p *packets.ConnectPacket) { p.Username = "dev-01" }},
		{name: "username missing", cert: cert, code: 4, change: func(p *packets.ConnectPacket) {
			p.UsernameFlag, p.PasswordFlag = false, false
		}},
		{name: "password missing", cert: cert, code: 4, reason: "password is missing", change: func(p *packets.ConnectPacket) { p.PasswordFlag = false }},
		{name: "signature of another secret", code: 4, reason: "signature", cert: platform.Certificate{
			ProductKey: cert.ProductKey, DeviceName: cert.DeviceName, DeviceSecret: other.DeviceSecret,
		}},
		{name: "unknown product", code: 5, reason: "no product", cert: platform.Certificate{ProductKey: "a1Unknown00", DeviceName: "dev-01"}},
		{name: "unknown device", code: 5, reason: "no device", cert: platform.Certificate{ProductKey: cert.ProductKey, DeviceName: "nobody"}},
		{name: "disabled", cert: off, code: 5, reason: "disabled"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := dial(t, f.address)
			packet := connectPacket(identity.BuildConnect(test.cert, identity.Options{}))
			if test.change != nil {
				test.change(packet)
			}
			if ack := p.connect(packet); ack.ReturnCode != test.code {
				t.Fatalf("CONNACK %d, want %d", ack.ReturnCode, test.code)
			}
			if test.code == 0 {
				p.ping()
				return
			}
			p.awaitClosed()
			f.store.awaitRefusal(t, test.reason)
		})
	}
}

func TestSignMethods(t *testing.T) {
	f := start(t, nil)
	for _, method := range identity.SignMethods() {
		for _, timestamp := range []string{"", "2524608000000"} {
			p := dial(t, f.address)
			packet := connectPacket(identity.BuildConnect(cert, identity.Options{SignMethod: method, Timestamp: timestamp, ClientID: "any"}))
			if ack := p.connect(packet); ack.ReturnCode != 0 {
				t.Errorf("%s, timestamp %q: CONNACK %d", method, timestamp, ack.ReturnCode)
			}
		}
	}
}

func TestTakeover(t *testing.T) {
	f := start(t, nil)
	first := online(t, f.address, cert, "")
	second := dial(t, f.address)
	packet := connectPacket(identity.BuildConnect(cert, identity.Options{ClientID: "another clientId"}))
	if ack := second.connect(packet); ack.ReturnCode != 0 {
		t.Fatalf("CONNACK %d", ack.ReturnCode)
	}
	first.awaitClosed()
	second.ping()
	f.store.awaitEvents(t, "+dev-01 +dev-01")
	if n := f.Connections(); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
	second.Close()
	f.store.awaitEvents(t, "+dev-01 +dev-01 -dev-01")
}

func TestTakeoverRace(t *testing.T) {
	f := start(t, nil)
	const rounds = 20
	var dialing sync.WaitGroup
	for range rounds {
		dialing.Go(func() {
			c, err := net.Dial("tcp", f.address)
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(func() { c.Close() })
			_ = c.SetDeadline(time.Now().Add(hang))
			_ = connectPacket(identity.BuildConnect(cert, identity.Options{})).Write(c)
			_, _ = packets.ReadPacket(c) // CONNACK, or closed by the next one
		})
	}
	dialing.Wait()
	last := online(t, f.address, cert, "")
	last.ping()
	if n := f.Connections(); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
	last.Close()
	f.store.await(t, "the device to go offline", func() bool {
		return len(f.store.events) > rounds && f.store.events[len(f.store.events)-1] == "-dev-01"
	})
}

func TestDisconnect(t *testing.T) {
	f := start(t, nil)
	p := online(t, f.address, cert, "")
	f.Disconnect(platform.DeviceRef{ProductKey: "a1", DeviceName: "nobody"}, "nothing to do")
	f.Disconnect(ref, "the device was disabled")
	p.awaitClosed()
	f.store.awaitEvents(t, "+dev-01 -dev-01")
	f.store.await(t, "the reason", func() bool {
		for _, a := range f.store.activities {
			if strings.Contains(a.Reason, "the device was disabled") {
				return true
			}
		}
		return false
	})
}

func TestPersistentSession(t *testing.T) {
	f := start(t, nil)
	packet := connectPacket(identity.BuildConnect(cert, identity.Options{}))
	packet.CleanSession = false
	topic := "/a1B2c3D4e5F/dev-01/user/get"

	p := dial(t, f.address)
	p.connect(packet)
	p.subscribe(1, topic)
	p.Close()
	f.store.awaitEvents(t, "+dev-01 -dev-01")
	if err := f.Publish(ref, topic, []byte("kept"), 1); err != nil {
		t.Fatal(err)
	}
	p = dial(t, f.address)
	if ack := p.connect(packet); !ack.SessionPresent {
		t.Error("the session is not present")
	}
	kept := p.message()
	if string(kept.Payload) != "kept" {
		t.Errorf("payload %q", kept.Payload)
	}
	// The same packet identifier, in use by the server, is the device's to use.
	if codes := p.subscribe(kept.MessageID, topic); codes[0] != 1 {
		t.Errorf("SUBACK %#x", codes[0])
	}
}

func TestSubscriptions(t *testing.T) {
	f := start(t, nil)
	p := online(t, f.address, cert, "")
	const own = "/a1B2c3D4e5F/dev-01"
	allowed := []string{
		own + "/user/get", own + "/#", "/broadcast/a1B2c3D4e5F/all", "/ota/device/upgrade" + own,
		"/ext/ntp" + own + "/response", "/ext/error" + own, "/ext/rrpc" + own + "/x", "/ext/rrpc/+/" + own + "/user/get",
		"/shadow/get" + own, "/sys" + own + "/#",
	}
	for _, suffix := range []string{ // the Node SDK, in its order
		"thing/event/property/post_reply", "thing/service/property/set", "thing/event/+/post_reply",
		"thing/deviceinfo/update_reply", "thing/deviceinfo/delete_reply", "thing/config/get_reply",
		"thing/config/push", "thing/config/push_reply", "thing/topo/add_reply", "thing/topo/delete_reply",
		"thing/topo/get_reply", "thing/sub/register_reply", "rrpc/request/+",
	} {
		allowed = append(allowed, "/sys"+own+"/"+suffix)
	}
	allowed = append(allowed, "/ext/session"+own+"/combine/login_reply", "/ext/session"+own+"/combine/logout_reply")
	refused := []string{
		"#", "+/#", "/#", "/+/+/#", "/sys/#", "/sys/+/+/#", "/sys/a1B2c3D4e5F/+/#", "/sys/a1B2c3D4e5F/dev-02/thing/#",
		"/sys/a1B2c3D4e5F/dev-011/#", "/sys/a1B2c3D4e5F/dev-01", "/a1B2c3D4e5F/dev-02/user/get", "/a1B2c3D4e5F/#",
		"/shadow/get/a1B2c3D4e5F/dev-02", "/shadow/get/a1B2c3D4e5F/+", "/ext/#", "/ext/session/+/+/#", "/ota/#",
		"/ota/device/upgrade/a1B2c3D4e5F/dev-02", "/broadcast/#", "/broadcast/+/all", "/broadcast/a1Unknown00/all",
		"$SYS/#", "$share/g/sys" + own + "/#", "$share/g//sys/+/+/#", "user/get", "/ext/register",
	}
	for i, filter := range allowed {
		if code := p.subscribe(uint16(i+1), filter)[0]; code > 1 {
			t.Errorf("%s: SUBACK %#x, want it granted", filter, code)
		}
	}
	for i, filter := range refused {
		if code := p.subscribe(uint16(i+1), filter)[0]; code != 0x80 {
			t.Errorf("%s: SUBACK %#x, want 0x80", filter, code)
		}
	}
	f.store.awaitRefusal(t, "subscription refused")
}

func TestForbiddenPublishIsDropped(t *testing.T) {
	f := start(t, nil)
	victim := online(t, f.address, other, ",_ss=1")
	victim.subscribe(1, "/a1B2c3D4e5F/dev-02/#", "/broadcast/a1B2c3D4e5F/all")
	p := online(t, f.address, cert, "")
	for i, topic := range []string{"/a1B2c3D4e5F/dev-02/user/get", "/broadcast/a1B2c3D4e5F/all", "/sys/a1B2c3D4e5F/dev-02/thing/event/property/post"} {
		p.publish(topic, `{"id":"1"}`, 1, uint16(i+1))
		if ack, ok := p.receive().(*packets.PubackPacket); !ok || ack.MessageID != uint16(i+1) {
			t.Errorf("%s: %v, want PUBACK", topic, ack)
		}
		f.store.awaitRefusal(t, topic)
	}
	p.ping()
	victim.ping()
}

func TestUserTopicIsRouted(t *testing.T) {
	f := start(t, nil)
	p := online(t, f.address, cert, "")
	topic := "/a1B2c3D4e5F/dev-01/user/update"
	p.subscribe(7, topic)
	p.publish(topic, "hello", 1, 7)
	var acked, delivered bool
	for !acked || !delivered {
		switch packet := p.receive().(type) {
		case *packets.PubackPacket:
			acked = packet.MessageID == 7
		case *packets.PublishPacket:
			delivered = string(packet.Payload) == "hello" && packet.Qos == 1
		}
	}
	p.ping()
}

func TestReplies(t *testing.T) {
	const own = "/sys/a1B2c3D4e5F/dev-01/"
	for _, test := range []struct {
		name, path, payload, want string // want is empty where no reply is due
	}{
		{"property", "thing/event/property/post", `{"id":"1","version":"1.0","params":{"T":7},"method":"x"}`, `{"code":200,"data":{},"id":"1","message":"success","method":"thing.event.property.post","version":"1.0"}`},
		{"number as id", "thing/event/property/post", `{"id":4294967295}`, `{"code":200,"data":{},"id":"4294967295","message":"success","method":"thing.event.property.post","version":"1.0"}`},
		{"id of the Node SDK", "thing/event/alarm/post", `{"id":"1|exp-topic|/sys/a&b<c>"}`, `{"code":200,"data":{},"id":"1|exp-topic|/sys/a&b<c>","message":"success","method":"thing.event.alarm.post","version":"1.0"}`},
		{"info update", "thing/deviceinfo/update", `{"id":"2"}`, `{"code":200,"data":{},"id":"2","message":"success","method":"thing.deviceinfo.update","version":"1.0"}`},
		{"info delete", "thing/deviceinfo/delete", `{"id":"3"}`, `{"code":200,"data":{},"id":"3","message":"success","method":"thing.deviceinfo.delete","version":"1.0"}`},
		{"config", "thing/config/get", `{"id":"4","sys":{"ack":1}}`, `{"code":200,"data":{},"id":"4","message":"success","method":"thing.config.get","version":"1.0"}`},
		{"no reply wanted", "thing/event/property/post", `{"id":"5","sys":{"ack":0}}`, ""},
		{"malformed, id known", "thing/event/property/post", `{"id":"6","params":{`, `{"code":460,"data":{},"id":"6","message":"request parameter error","method":"thing.event.property.post","version":"1.0"}`},
		{"malformed", "thing/event/property/post", `hello`, ""},
		{"no id", "thing/event/property/post", `{}`, ""},
		{"nothing to answer", "thing/event/property/post_reply", `{"id":"7"}`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := start(t, nil)
			for _, client := range []struct {
				name, extra string
				filters     []string
			}{
				{"subscribed", "", []string{own + test.path + "_reply"}},
				{"subscribed twice over", "", []string{own + "#", own + test.path + "_reply"}},
				{"_ss=1", ",_ss=1", nil},
				{"_ss=1 and subscribed", ",_ss=1", []string{own + "thing/#"}},
			} {
				p := online(t, f.address, cert, client.extra)
				if client.filters != nil {
					p.subscribe(1, client.filters...)
				}
				p.publish(own+test.path, test.payload, 0, 0)
				if test.want != "" {
					m := p.message()
					if string(m.Payload) != test.want || m.TopicName != own+test.path+"_reply" || m.Qos != 0 {
						t.Errorf("%s: reply %s %s, want %s", client.name, m.TopicName, m.Payload, test.want)
					}
				}
				// A reply too many would have been queued before this message.
				p.subscribe(2, "/a1B2c3D4e5F/dev-01/user/fence")
				if err := f.Publish(ref, "/a1B2c3D4e5F/dev-01/user/fence", []byte("fence"), 0); err != nil {
					t.Fatal(err)
				}
				if m := p.message(); string(m.Payload) != "fence" {
					t.Errorf("%s: surplus message %s %s", client.name, m.TopicName, m.Payload)
				}
			}
			plain := online(t, f.address, cert, "")
			plain.publish(own+test.path, test.payload, 0, 0)
			plain.ping() // neither _ss=1 nor subscribed: no reply
		})
	}
}

func TestTime(t *testing.T) {
	now := time.UnixMilli(1571724098123)
	f := start(t, func(c *broker.Config) { c.Clock = func() time.Time { return now } })
	p := online(t, f.address, cert, ",_ss=1")
	for _, sent := range []string{`"1571724098000"`, `1571724098000`} {
		p.publish("/ext/ntp/a1B2c3D4e5F/dev-01/request", `{"deviceSendTime":`+sent+`}`, 0, 0)
		m := p.message()
		want := `{"deviceSendTime":"1571724098000","serverRecvTime":"1571724098123","serverSendTime":"1571724098123"}`
		if m.TopicName != "/ext/ntp/a1B2c3D4e5F/dev-01/response" || string(m.Payload) != want {
			t.Errorf("%s %s, want %s", m.TopicName, m.Payload, want)
		}
	}
}

func TestPublish(t *testing.T) {
	f := start(t, func(c *broker.Config) { c.MaxMessageBytes = 1000 })
	p := online(t, f.address, cert, ",_ss=1")
	const topic = "/sys/a1B2c3D4e5F/dev-01/thing/service/property/set"
	for i := range 50 { // in order, although nobody subscribed
		if err := f.Publish(ref, topic, fmt.Appendf(nil, "%d", i), byte(i%2)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 50 {
		m := p.message()
		if string(m.Payload) != fmt.Sprint(i) || m.Qos != byte(i%2) {
			t.Fatalf("message %d: %s with QoS %d", i, m.Payload, m.Qos)
		}
	}
	for name, err := range map[string]error{
		"another device": f.Publish(ref, "/sys/a1B2c3D4e5F/dev-02/x", nil, 0),
		"wildcard":       f.Publish(ref, "/sys/a1B2c3D4e5F/dev-01/#", nil, 0),
		"QoS 2":          f.Publish(ref, topic, nil, 2),
		"too large":      f.Publish(ref, topic, make([]byte, 1001), 0),
	} {
		if !errors.Is(err, platform.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
}

func TestMessageLimit(t *testing.T) {
	f := start(t, func(c *broker.Config) { c.MaxMessageBytes = 1000 })
	const topic = "/a1B2c3D4e5F/dev-01/user/update"
	for _, size := range []int{1001, 10_000} {
		p := online(t, f.address, cert, "")
		p.publish(topic, strings.Repeat("x", 1000), 0, 0)
		p.ping()
		p.publish(topic, strings.Repeat("x", size), 0, 0)
		p.awaitClosed()
	}
	p := online(t, f.address, cert, "")
	p.publish(topic, "x", 2, 1)
	p.awaitClosed()
	f.store.awaitRefusal(t, "QoS 2")
}

func TestConnectTimeout(t *testing.T) {
	f := start(t, func(c *broker.Config) { c.ConnectTimeout = time.Millisecond })
	dial(t, f.address).awaitClosed()
}

func TestConnectionLimit(t *testing.T) {
	f := start(t, func(c *broker.Config) { c.MaxConnections = 2 })
	first := online(t, f.address, cert, "")
	online(t, f.address, other, "")
	dial(t, f.address).awaitClosed()
	first.Close()
	for { // its place comes free some time after the device is offline
		p := dial(t, f.address)
		p.t = t
		if connectPacket(identity.BuildConnect(cert, identity.Options{})).Write(p.Conn) == nil {
			if packet, err := packets.ReadPacket(p.Conn); err == nil {
				if ack := packet.(*packets.ConnackPacket); ack.ReturnCode != 0 {
					t.Errorf("CONNACK %d", ack.ReturnCode)
				}
				return
			}
		}
		if t.Context().Err() != nil {
			t.Fatal("no place came free")
		}
	}
}

// failing gives errors before the connections of a real listener.
type failing struct {
	net.Listener
	errs chan error
}

func (f failing) Accept() (net.Conn, error) {
	select {
	case err := <-f.errs:
		return nil, err
	default:
		return f.Listener.Accept()
	}
}

func TestListenerSurvives(t *testing.T) {
	b, err := broker.New(broker.Config{Store: newFakeStore(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	errs := make(chan error, 4)
	errs <- &net.OpError{Op: "accept", Err: syscall.EMFILE}
	errs <- &net.OpError{Op: "accept", Err: syscall.ECONNABORTED}
	errs <- syscall.ENFILE
	errs <- errors.New("anything")
	serve(t, b, failing{l, errs})
	online(t, l.Addr().String(), cert, "").ping()
}

func TestCloseEndsSessions(t *testing.T) {
	f := start(t, nil)
	p, silent := online(t, f.address, cert, ""), dial(t, f.address)
	ctx, cancel := context.WithTimeout(context.Background(), hang)
	defer cancel()
	if err := f.Close(ctx); err != nil {
		t.Fatal(err)
	}
	p.awaitClosed()
	silent.awaitClosed()
	f.store.awaitEvents(t, "+dev-01 -dev-01")
}

func TestNewRefuses(t *testing.T) {
	if _, err := broker.New(broker.Config{Log: slog.New(slog.DiscardHandler)}); err == nil {
		t.Error("no store: no error")
	}
	if _, err := broker.New(broker.Config{Store: newFakeStore()}); err == nil {
		t.Error("no logger: no error")
	}
}

// TestClientLibrary goes through a real client library from end to end.
func TestClientLibrary(t *testing.T) {
	f := start(t, nil)
	c := identity.BuildConnect(cert, identity.Options{})
	client := paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + f.address).
		SetClientID(c.ClientID).SetUsername(c.Username).SetPassword(c.Password).
		SetCleanSession(false).SetProtocolVersion(4).SetKeepAlive(time.Minute).SetAutoReconnect(false))
	await := func(what string, token paho.Token) {
		t.Helper()
		if !token.WaitTimeout(hang) || token.Error() != nil {
			t.Fatalf("%s: %v", what, token.Error())
		}
	}
	await("connect", client.Connect())
	replies := make(chan []byte, 1)
	await("subscribe", client.Subscribe("/sys/a1B2c3D4e5F/dev-01/thing/event/property/post_reply", 1, func(_ paho.Client, m paho.Message) {
		replies <- m.Payload()
	}))
	await("publish", client.Publish("/sys/a1B2c3D4e5F/dev-01/thing/event/property/post", 1, false, `{"id":"9","params":{}}`))
	select {
	case got := <-replies:
		var reply struct {
			ID   string
			Code int
		}
		if err := json.Unmarshal(got, &reply); err != nil || reply.ID != "9" || reply.Code != 200 {
			t.Errorf("reply %s: %v", got, err)
		}
	case <-time.After(hang):
		t.Fatal("no reply")
	}
	client.Disconnect(0)
	f.store.awaitEvents(t, "+dev-01 -dev-01")
}
