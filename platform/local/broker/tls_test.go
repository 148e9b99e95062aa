package broker_test

import (
	"crypto/tls"
	"log/slog"
	"net"
	"testing"
	"time"

	"fleetmint/platform/identity"
	"fleetmint/platform/local/authority"
	"fleetmint/platform/local/broker"
)

func TestOverTLS(t *testing.T) {
	ca, err := authority.Open(t.TempDir(), nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	store := newFakeStore()
	b, err := broker.New(broker.Config{Store: store, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serve(t, b, tls.NewListener(l, ca.ServerTLS(true)))

	dial(t, l.Addr().String()).send(connectPacket(identity.BuildConnect(cert, identity.Options{}))) // no TLS: closed, nothing else
	var first peer
	for i, cfg := range []*tls.Config{
		{RootCAs: ca.Pool()},
		{RootCAs: ca.Pool(), MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}},
	} {
		c, err := tls.Dial("tcp", l.Addr().String(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		_ = c.SetDeadline(time.Now().Add(hang))
		p := peer{t, c}
		if ack := p.connect(connectPacket(identity.BuildConnect(cert, identity.Options{}))); ack.ReturnCode != 0 {
			t.Fatalf("CONNACK %d", ack.ReturnCode)
		}
		p.ping()
		if i == 0 {
			first = p
		}
	}
	first.awaitClosed() // taken over
	store.awaitEvents(t, "+dev-01 +dev-01")
}
