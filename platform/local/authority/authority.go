// Package authority is the local platform's own certificate authority. On first
// start in a folder it makes an RSA CA and two server certificates signed by
// it: ECDSA P-256 for modern clients and RSA 2048 for the official C SDKs,
// which know neither elliptic curves nor GCM. The CA is kept for its ten years,
// because devices carry it; the server certificates are made again whenever
// they run out or lack a name.
//
// Open does all the work; it is not meant to run twice at once on one folder.
// The Authority it returns never changes and is safe for concurrent use. The
// package starts no goroutines.
package authority

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// ErrDamaged means that a file of the authority exists but cannot be used. The
// error names the file and the remedy.
var ErrDamaged = errors.New("damaged certificate file")

// File names in the folder. Devices and SDKs are given caFile; the others are
// private.
const (
	caFile        = "ca.pem"
	caKeyFile     = "ca-key.pem"
	ecdsaFile     = "server-ecdsa.pem"
	ecdsaKeyFile  = "server-ecdsa-key.pem"
	rsaFile       = "server-rsa.pem"
	rsaKeyFile    = "server-rsa-key.pem"
	publicMode    = fs.FileMode(0o644)
	privateMode   = fs.FileMode(0o600)
	maxFileSize   = 64 << 10
	rsaBits       = 2048
	caYears       = 10
	serverDays    = 825 // the longest that Apple's verifier accepts
	renewalWindow = 30 * 24 * time.Hour
	clockSkew     = time.Hour // devices without a battery clock run behind
	pemCert       = "CERTIFICATE"
	pemKey        = "PRIVATE KEY"
)

// cloudName is what devices ask for when a hosts file points the cloud's
// address at this machine.
const cloudName = "*.iot-as-mqtt.cn-shanghai.aliyuncs.com"

// Authority holds the CA certificate and the server certificates.
type Authority struct {
	path   string
	pem    []byte
	ca     *x509.Certificate
	server []tls.Certificate // ECDSA first: preferred where the client can
}

// Open reads the authority in dir, or makes it. hosts are names or IP addresses
// that the server certificates must cover beside localhost and the loopback
// addresses. Errors wrap ErrDamaged when a file is there but unusable; Open
// then changes nothing, for a new CA would cut off every device that trusts the
// old one.
func Open(dir string, hosts []string, now time.Time) (*Authority, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make folder of the certificate authority: %w", err)
	}
	ca, err := openCA(dir, now)
	if err != nil {
		return nil, fmt.Errorf("open certificate authority: %w", err)
	}
	a := &Authority{
		path: filepath.Join(dir, caFile),
		pem:  pem.EncodeToMemory(&pem.Block{Type: pemCert, Bytes: ca.cert.Raw}),
		ca:   ca.cert,
	}
	for _, kind := range []struct {
		cert, key string
		generate  func() (crypto.Signer, error)
		usage     x509.KeyUsage
	}{
		{ecdsaFile, ecdsaKeyFile, generateECDSA, x509.KeyUsageDigitalSignature},
		{rsaFile, rsaKeyFile, generateRSA, x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment},
	} {
		want := newNames(hosts)
		p, err := load(filepath.Join(dir, kind.cert), filepath.Join(dir, kind.key))
		switch {
		case err == nil && p.usable(ca.cert, want, now):
		case err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, errKeyMismatch):
			// Nobody pins a server certificate, so a new one is always safe.
			p, err = ca.issue(kind.generate, kind.usage, want, now)
			if err == nil {
				err = p.save(filepath.Join(dir, kind.cert), filepath.Join(dir, kind.key))
			}
			if err != nil {
				return nil, fmt.Errorf("issue server certificate %s: %w", kind.cert, err)
			}
		default:
			return nil, fmt.Errorf("open server certificate: %w; remove both files, new ones are made at the next start", err)
		}
		a.server = append(a.server, tls.Certificate{
			Certificate: [][]byte{p.cert.Raw, ca.cert.Raw}, PrivateKey: p.key, Leaf: p.cert,
		})
	}
	return a, nil
}

// CAPath is the file with the CA certificate, the one that devices are given.
func (a *Authority) CAPath() string { return a.path }

// CAPEM returns the CA certificate in PEM form.
func (a *Authority) CAPEM() []byte { return bytes.Clone(a.pem) }

// Pool returns a pool that holds the CA certificate only.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.ca)
	return pool
}

// ServerTLS returns a configuration for the TLS listeners, TLS 1.2 and later.
// The certificate is chosen by what the client offers. With legacy set it also
// offers the static RSA suites, the only ones that the official C SDKs know.
// Clients that can do better still negotiate TLS 1.3.
func (a *Authority) ServerTLS(legacy bool) *tls.Config {
	cfg := &tls.Config{Certificates: slices.Clone(a.server), MinVersion: tls.VersionTLS12}
	if legacy {
		cfg.CipherSuites = []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
			tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
			tls.TLS_RSA_WITH_AES_128_CBC_SHA,
			tls.TLS_RSA_WITH_AES_256_CBC_SHA,
			tls.TLS_RSA_WITH_AES_128_CBC_SHA256,
		}
	}
	return cfg
}

func openCA(dir string, now time.Time) (pair, error) {
	certPath, keyPath := filepath.Join(dir, caFile), filepath.Join(dir, caKeyFile)
	p, err := load(certPath, keyPath)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		// save writes the key first: a certificate without its key is not an
		// interrupted first start but a loss.
		if _, statErr := os.Lstat(certPath); statErr == nil {
			return pair{}, fmt.Errorf("%w: %s is there but %s is missing; restore it from a backup, or remove %s to start a new authority, which every device must then be given",
				ErrDamaged, certPath, keyPath, certPath)
		}
		p, err = newCA(now)
		if err != nil {
			return pair{}, err
		}
		return p, p.save(certPath, keyPath)
	case err != nil:
		return pair{}, fmt.Errorf("%w; restore %s and %s from a backup, or remove both to start a new authority, which every device must then be given",
			err, certPath, keyPath)
	case !p.cert.IsCA:
		return pair{}, fmt.Errorf("%w: the certificate in %s is not a CA's; restore it from a backup", ErrDamaged, certPath)
	case !now.Before(p.cert.NotAfter):
		return pair{}, fmt.Errorf("the authority in %s expired on %s; remove it and %s to start a new one, which every device must then be given",
			certPath, p.cert.NotAfter.Format(time.DateOnly), keyPath)
	}
	return p, nil
}

func newCA(now time.Time) (pair, error) {
	key, err := generateRSA()
	if err != nil {
		return pair{}, fmt.Errorf("generate key of the authority: %w", err)
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "Fleetmint Local CA", Organization: []string{"Fleetmint"}},
		NotBefore:             now.Add(-clockSkew),
		NotAfter:              now.AddDate(caYears, 0, 0),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}
	return sign(template, template, key, key)
}

// pair is a certificate with its private key.
type pair struct {
	cert *x509.Certificate
	key  crypto.Signer
}

var errKeyMismatch = errors.New("certificate and key do not belong together")

func (p pair) issue(generate func() (crypto.Signer, error), usage x509.KeyUsage, want names, now time.Time) (pair, error) {
	key, err := generate()
	if err != nil {
		return pair{}, fmt.Errorf("generate key: %w", err)
	}
	notAfter := now.AddDate(0, 0, serverDays)
	if notAfter.After(p.cert.NotAfter) {
		notAfter = p.cert.NotAfter
	}
	return sign(&x509.Certificate{
		Subject:               pkix.Name{CommonName: "localhost", Organization: []string{"Fleetmint"}},
		NotBefore:             now.Add(-clockSkew),
		NotAfter:              notAfter,
		KeyUsage:              usage,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		DNSNames:              want.dns,
		IPAddresses:           want.ips,
	}, p.cert, key, p.key)
}

func sign(template, parent *x509.Certificate, key, parentKey crypto.Signer) (pair, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return pair{}, fmt.Errorf("choose serial number: %w", err)
	}
	template.SerialNumber = serial
	template.SignatureAlgorithm = x509.SHA256WithRSA
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), parentKey)
	if err != nil {
		return pair{}, fmt.Errorf("sign certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return pair{}, fmt.Errorf("read signed certificate: %w", err)
	}
	return pair{cert: cert, key: key}, nil
}

func generateRSA() (crypto.Signer, error)   { return rsa.GenerateKey(rand.Reader, rsaBits) }
func generateECDSA() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

// usable reports whether the server certificate may go on being served.
func (p pair) usable(ca *x509.Certificate, want names, now time.Time) bool {
	if now.Before(p.cert.NotBefore) || p.cert.CheckSignatureFrom(ca) != nil {
		return false
	}
	// A certificate cut short by the end of its CA cannot be made any longer.
	if now.Add(renewalWindow).After(p.cert.NotAfter) && p.cert.NotAfter.Before(ca.NotAfter) {
		return false
	}
	return want.coveredBy(p.cert)
}

// names are what a server certificate must cover.
type names struct {
	dns []string
	ips []net.IP
}

func newNames(hosts []string) names {
	n := names{
		dns: []string{"localhost", cloudName},
		ips: []net.IP{net.IPv4(127, 0, 0, 1).To4(), net.IPv6loopback},
	}
	for _, host := range hosts {
		host = strings.ToLower(strings.TrimSuffix(strings.TrimSpace(host), "."))
		ip := net.ParseIP(host)
		switch {
		case host == "":
		case ip == nil:
			if !slices.Contains(n.dns, host) {
				n.dns = append(n.dns, host)
			}
		case ip.IsUnspecified(): // an address to listen on, not one to connect to
		case !slices.ContainsFunc(n.ips, ip.Equal):
			if v4 := ip.To4(); v4 != nil {
				ip = v4
			}
			n.ips = append(n.ips, ip)
		}
	}
	return n
}

func (n names) coveredBy(cert *x509.Certificate) bool {
	for _, name := range n.dns {
		if !slices.Contains(cert.DNSNames, name) {
			return false
		}
	}
	for _, ip := range n.ips {
		if !slices.ContainsFunc(cert.IPAddresses, ip.Equal) {
			return false
		}
	}
	return true
}

// load reads a pair. The error wraps fs.ErrNotExist when either file is
// missing, errKeyMismatch when they do not fit, and ErrDamaged otherwise.
func load(certPath, keyPath string) (pair, error) {
	certDER, err := readPEM(certPath, pemCert)
	if err != nil {
		return pair{}, err
	}
	keyDER, err := readPEM(keyPath, pemKey)
	if err != nil {
		return pair{}, err
	}
	cert, err := x509.ParseCertificate(certDER)
	if err != nil {
		return pair{}, fmt.Errorf("%w: read certificate in %s: %w", ErrDamaged, certPath, err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(keyDER)
	if err != nil {
		return pair{}, fmt.Errorf("%w: read key in %s: %w", ErrDamaged, keyPath, err)
	}
	key, ok := parsed.(crypto.Signer)
	if !ok {
		return pair{}, fmt.Errorf("%w: the key in %s cannot sign", ErrDamaged, keyPath)
	}
	public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(cert.PublicKey) {
		return pair{}, fmt.Errorf("%w: %s and %s: %w", ErrDamaged, certPath, keyPath, errKeyMismatch)
	}
	return pair{cert: cert, key: key}, nil
}

func readPEM(path, kind string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err // names the path already
	}
	defer f.Close() // nothing was written
	text, err := io.ReadAll(io.LimitReader(f, maxFileSize))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != kind {
		return nil, fmt.Errorf("%w: no PEM block %s in %s", ErrDamaged, kind, path)
	}
	return block.Bytes, nil
}

// save writes the key before the certificate, so that after a crash between
// the two there is at worst a key that nothing refers to.
func (p pair) save(certPath, keyPath string) error {
	der, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		return fmt.Errorf("encode key: %w", err)
	}
	if err := writeFile(keyPath, pem.EncodeToMemory(&pem.Block{Type: pemKey, Bytes: der}), privateMode); err != nil {
		return err
	}
	mode := privateMode
	if p.cert.IsCA {
		mode = publicMode
	}
	return writeFile(certPath, pem.EncodeToMemory(&pem.Block{Type: pemCert, Bytes: p.cert.Raw}), mode)
}

// writeFile replaces a file as a whole: temporary file, fsync, rename, fsync of
// the folder.
func writeFile(path string, content []byte, mode fs.FileMode) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, filepath.Base(path)+".*.new") // 0600 from the start
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // the first error is the one that matters
			err = fmt.Errorf("write %s: %w", path, err)
		}
	}()
	_, err = f.Write(content)
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}
