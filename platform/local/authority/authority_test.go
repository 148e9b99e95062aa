package authority_test

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"fleetmint/platform/local/authority"
)

var start = time.Now()

func open(t *testing.T, dir string, now time.Time, hosts ...string) *authority.Authority {
	t.Helper()
	a, err := authority.Open(dir, hosts, now)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return a
}

// handshake connects a client to a server over a pipe and returns the client's
// view.
func handshake(t *testing.T, server, client *tls.Config) (tls.ConnectionState, error) {
	t.Helper()
	here, there := net.Pipe()
	defer here.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer there.Close()
		_ = tls.Server(there, server).Handshake() // the client reports a failure
	}()
	conn := tls.Client(here, client)
	err := conn.Handshake()
	state := conn.ConnectionState()
	here.Close()
	<-done
	return state, err
}

func TestServerTLSPicksCertificateByClient(t *testing.T) {
	a := open(t, t.TempDir(), start)
	for _, test := range []struct {
		name   string
		legacy bool
		client *tls.Config
		suite  uint16
		rsa    bool
		fails  bool
	}{
		{name: "modern", legacy: true, client: &tls.Config{MinVersion: tls.VersionTLS13}},
		{name: "modern without legacy", client: &tls.Config{}},
		{name: "TLS 1.2 with ECDSA", legacy: true, client: &tls.Config{MaxVersion: tls.VersionTLS12}},
		{
			name: "TLS 1.2 with ECDHE and RSA only", legacy: true, rsa: true,
			client: &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}},
			suite:  tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		},
		{
			name: "C SDK, AES 128", legacy: true, rsa: true,
			client: &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}},
			suite:  tls.TLS_RSA_WITH_AES_128_CBC_SHA,
		},
		{
			name: "C SDK, AES 256", legacy: true, rsa: true,
			client: &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_256_CBC_SHA}},
			suite:  tls.TLS_RSA_WITH_AES_256_CBC_SHA,
		},
		{
			name: "C SDK, SHA-256", legacy: true, rsa: true,
			client: &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA256}},
			suite:  tls.TLS_RSA_WITH_AES_128_CBC_SHA256,
		},
		{
			name:   "C SDK while legacy is off",
			client: &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}},
			fails:  true,
		},
		{name: "TLS 1.1", legacy: true, client: &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, fails: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			client := test.client.Clone()
			client.RootCAs, client.ServerName = a.Pool(), "localhost"
			state, err := handshake(t, a.ServerTLS(test.legacy), client)
			if test.fails {
				if err == nil {
					t.Fatal("handshake succeeded, want a refusal")
				}
				return
			}
			if err != nil {
				t.Fatalf("handshake: %v", err)
			}
			if test.suite != 0 && state.CipherSuite != test.suite {
				t.Errorf("suite %s, want %s", tls.CipherSuiteName(state.CipherSuite), tls.CipherSuiteName(test.suite))
			}
			leaf := state.PeerCertificates[0]
			if _, isRSA := leaf.PublicKey.(*rsa.PublicKey); isRSA != test.rsa {
				t.Errorf("certificate key %T, RSA wanted: %t", leaf.PublicKey, test.rsa)
			}
		})
	}
}

func TestCertificates(t *testing.T) {
	a := open(t, t.TempDir(), start, "192.0.2.7", "fe80::1", "Factory.example.", "0.0.0.0", "")
	for i, leaf := range leaves(a) {
		for _, host := range []string{"localhost", "127.0.0.1", "::1", "192.0.2.7", "fe80::1", "factory.example", "a1b2.iot-as-mqtt.cn-shanghai.aliyuncs.com"} {
			if _, err := leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: a.Pool(), CurrentTime: start}); err != nil {
				t.Errorf("certificate %d for %s: %v", i, host, err)
			}
		}
		if err := leaf.VerifyHostname("0.0.0.0"); err == nil {
			t.Errorf("certificate %d covers the wildcard address", i)
		}
	}
	if _, ok := leaves(a)[0].PublicKey.(*ecdsa.PublicKey); !ok {
		t.Error("the first certificate is not the ECDSA one")
	}
	if usage := leaves(a)[1].KeyUsage; usage != x509.KeyUsageDigitalSignature|x509.KeyUsageKeyEncipherment {
		t.Errorf("key usage of the RSA certificate: %b", usage)
	}
}

func leaves(a *authority.Authority) []*x509.Certificate {
	var certs []*x509.Certificate
	for _, c := range a.ServerTLS(true).Certificates {
		certs = append(certs, c.Leaf)
	}
	return certs
}

func TestOpenAgain(t *testing.T) {
	for _, test := range []struct {
		name     string
		later    time.Duration
		hosts    []string
		reissued bool
	}{
		{name: "unchanged", later: time.Hour},
		{name: "soon expiring", later: 810 * 24 * time.Hour, reissued: true},
		{name: "expired", later: 1000 * 24 * time.Hour, reissued: true},
		{name: "another host", hosts: []string{"192.0.2.9"}, reissued: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			before := open(t, dir, start)
			after := open(t, dir, start.Add(test.later), test.hosts...)
			if string(before.CAPEM()) != string(after.CAPEM()) {
				t.Error("the CA changed")
			}
			for i := range leaves(before) {
				if got := !leaves(before)[i].Equal(leaves(after)[i]); got != test.reissued {
					t.Errorf("certificate %d reissued: %t, want %t", i, got, test.reissued)
				}
			}
			again := open(t, dir, start.Add(test.later))
			if !leaves(after)[0].Equal(leaves(again)[0]) {
				t.Error("reissued once more with nothing to gain")
			}
		})
	}
}

func TestFilesArePrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no permission bits")
	}
	dir := t.TempDir()
	a := open(t, dir, start)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 6 {
		t.Errorf("%d files, want 6: %v", len(entries), entries)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		want := os.FileMode(0o600)
		if filepath.Join(dir, e.Name()) == a.CAPath() {
			want = 0o644
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, want %v", e.Name(), info.Mode().Perm(), want)
		}
	}
}

func TestDamagedFiles(t *testing.T) {
	for _, name := range []string{"ca.pem", "ca-key.pem", "server-rsa.pem", "server-ecdsa-key.pem"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			open(t, dir, start)
			if err := os.WriteFile(filepath.Join(dir, name), []byte("garbage"), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := authority.Open(dir, nil, start); !errors.Is(err, authority.ErrDamaged) {
				t.Errorf("Open: %v, want ErrDamaged", err)
			}
		})
	}
	t.Run("key of the CA is lost", func(t *testing.T) {
		dir := t.TempDir()
		open(t, dir, start)
		if err := os.Remove(filepath.Join(dir, "ca-key.pem")); err != nil {
			t.Fatal(err)
		}
		if _, err := authority.Open(dir, nil, start); !errors.Is(err, authority.ErrDamaged) {
			t.Errorf("Open: %v, want ErrDamaged", err)
		}
	})
	t.Run("interrupted first start", func(t *testing.T) {
		dir := t.TempDir()
		open(t, dir, start)
		if err := os.Remove(filepath.Join(dir, "ca.pem")); err != nil {
			t.Fatal(err)
		}
		open(t, dir, start) // a new CA, and new certificates below it
	})
	t.Run("server key of another certificate", func(t *testing.T) {
		dir := t.TempDir()
		open(t, dir, start)
		if err := os.Remove(filepath.Join(dir, "server-rsa-key.pem")); err != nil {
			t.Fatal(err)
		}
		open(t, dir, start)
	})
}
