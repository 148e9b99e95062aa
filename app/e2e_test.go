package app_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"fleetmint/platform"
	"fleetmint/platform/openapi"
	"fleetmint/platform/openapi/signature"
)

// The AccessKey pair of the platform under test.
const (
	accessKeyID     = "e2eAccessKeyId"
	accessKeySecret = "e2eAccessKeySecret"
)

// hangLimit ends a test that waits for something that never comes.
const hangLimit = 3 * time.Minute

// TestOfficialSDKs runs the official SDKs, unchanged, against the program as a
// user starts it: nothing in it is called directly.
func TestOfficialSDKs(t *testing.T) {
	if testing.Short() {
		t.Skip("installs the official SDKs and starts the program")
	}
	// These two may compile and download, which takes what it takes.
	program, modules := buildProgram(t.Context(), t), installSDKs(t.Context(), t)

	ctx, cancel := context.WithTimeout(t.Context(), hangLimit)
	defer cancel()
	p := startPlatform(ctx, t, program, modules)

	t.Run("device connects with its exported certificate", func(t *testing.T) { testExportedCertificate(ctx, t, p) })
	t.Run("device is refused with a wrong DeviceSecret", func(t *testing.T) { testWrongDeviceSecret(ctx, t, p) })
	t.Run("device registers itself over HTTPS", func(t *testing.T) { testDynamicRegistration(ctx, t, p) })
	t.Run("administrator uses the OpenAPI SDK", func(t *testing.T) { testOpenAPISDK(ctx, t, p) })

	p.stop(t)
}

func testExportedCertificate(ctx context.Context, t *testing.T, p *servedPlatform) {
	product := p.createProduct(ctx, t, "e2e-certificate", platform.PerDevice)
	transports := []struct{ name, address string }{
		{"over-tcp", "mqtt://" + p.addresses.MQTT},
		{"over-tls", "mqtts://" + p.addresses.MQTTS},
	}
	var names []string
	for _, transport := range transports {
		p.registerDevice(ctx, t, product.ProductKey, transport.name)
		names = append(names, transport.name)
	}
	folder := p.export(ctx, t, product.ProductKey, names...)

	for _, transport := range transports {
		t.Run(transport.name, func(t *testing.T) {
			ref := platform.DeviceRef{ProductKey: product.ProductKey, DeviceName: transport.name}
			d := p.startDevice(ctx, t, filepath.Join(folder, "devices.csv"), ref.DeviceName, transport.address)
			d.await(ctx, t, "connect")
			if reply := d.await(ctx, t, "reply"); reply.Code != 200 {
				t.Errorf("the posted property was answered with code %d", reply.Code)
			}
			p.awaitStatus(ctx, t, ref, platform.StatusOnline)
			if code := d.stop(t); code != 0 {
				t.Errorf("the device ended with code %d", code)
			}
			p.awaitStatus(ctx, t, ref, platform.StatusOffline)
		})
	}

	t.Run("QR codes", func(t *testing.T) {
		for _, c := range readCertificates(t, filepath.Join(folder, "devices.csv")) {
			label := decodeQR(ctx, t, filepath.Join(folder, "qr", c.DeviceName+".png"))
			if want := map[string]string{"pk": c.ProductKey, "dn": c.DeviceName}; !maps.Equal(label, want) {
				t.Errorf("the label of %s holds %d fields and not ProductKey and DeviceName alone", c.DeviceName, len(label))
			}
			secret := decodeQR(ctx, t, filepath.Join(folder, "qr-secret", c.DeviceName+".secret.png"))
			if want := map[string]string{"pk": c.ProductKey, "dn": c.DeviceName, "ds": c.DeviceSecret}; !maps.Equal(secret, want) {
				t.Errorf("the secret code of %s does not hold the certificate of the CSV", c.DeviceName)
			}
		}
	})
}

func testWrongDeviceSecret(ctx context.Context, t *testing.T, p *servedPlatform) {
	product := p.createProduct(ctx, t, "e2e-refused", platform.PerDevice)
	device := p.registerDevice(ctx, t, product.ProductKey, "refused")
	wrong := device.Certificate()
	wrong.DeviceSecret = strings.Repeat("0", len(wrong.DeviceSecret))
	table := writeCertificate(t, wrong)

	d := p.startDevice(ctx, t, table, device.DeviceName, "mqtt://"+p.addresses.MQTT)
	if refusal := d.await(ctx, t, "error"); refusal.Code != 4 {
		t.Errorf("CONNACK return code is %d, want 4 (bad user name or password)", refusal.Code)
	}
	if code := d.wait(t); code == 0 {
		t.Error("the device ended as if nothing had happened")
	}
	after, err := p.client.Device(ctx, device.DeviceRef)
	if err != nil {
		t.Fatal(err)
	}
	if after.Status != platform.StatusUnactive {
		t.Errorf("the refused device is %s, want %s", after.Status, platform.StatusUnactive)
	}
}

func testDynamicRegistration(ctx context.Context, t *testing.T, p *servedPlatform) {
	product := p.createProduct(ctx, t, "e2e-registration", platform.PerProductPreregistered)
	device := p.registerDevice(ctx, t, product.ProductKey, "self-registered")

	answer := p.registerItself(ctx, t, product, device.DeviceName)
	if answer.Code != 200 || answer.Data.DeviceSecret == "" {
		t.Fatalf("dynamic registration: code %d, %q", answer.Code, answer.Message)
	}
	p.keepSecret(answer.Data.DeviceSecret)
	table := writeCertificate(t, platform.Certificate{
		ProductKey: product.ProductKey, DeviceName: device.DeviceName, DeviceSecret: answer.Data.DeviceSecret,
	})
	d := p.startDevice(ctx, t, table, device.DeviceName, "mqtts://"+p.addresses.MQTTS)
	d.await(ctx, t, "reply")
	d.stop(t)

	if answer := p.registerItself(ctx, t, product, device.DeviceName); answer.Code != 6289 {
		t.Errorf("registration of an active device: code %d, %q, want 6289", answer.Code, answer.Message)
	}
	other := p.registerDevice(ctx, t, product.ProductKey, "too-late")
	if err := p.client.SetDynamicRegistration(ctx, product.ProductKey, false); err != nil {
		t.Fatal(err)
	}
	if answer := p.registerItself(ctx, t, product, other.DeviceName); answer.Code != 6288 {
		t.Errorf("registration while it is switched off: code %d, %q, want 6288", answer.Code, answer.Message)
	}
}

func testOpenAPISDK(ctx context.Context, t *testing.T, p *servedPlatform) {
	for scheme, endpoint := range map[string]string{"http": p.addresses.OpenAPI, "https": p.addresses.HTTPS} {
		t.Run(scheme, func(t *testing.T) {
			deviceName := "by-openapi-" + scheme
			output := p.node(ctx, t, "openapi.js",
				"ENDPOINT="+endpoint, "PRODUCT_NAME=e2e-openapi-"+scheme, "DEVICE_NAME="+deviceName,
				"ALIBABA_CLOUD_ACCESS_KEY_ID="+accessKeyID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET="+accessKeySecret)
			type deviceData struct{ ProductKey, DeviceName, DeviceSecret, IotID, Status string }
			var answers struct {
				Code, Message string
				Product       struct {
					Success    bool
					ProductKey string
					Data       struct{ ProductSecret string }
				}
				Device, Detail struct {
					Success bool
					Data    deviceData
				}
			}
			if err := json.Unmarshal(output, &answers); err != nil {
				t.Fatalf("the SDK's answers are not JSON: %v", err)
			}
			if answers.Code != "" || !answers.Product.Success || !answers.Device.Success || !answers.Detail.Success {
				t.Fatalf("an action failed: %s %s", answers.Code, answers.Message)
			}
			registered, detail := answers.Device.Data, answers.Detail.Data
			p.keepSecret(registered.DeviceSecret)
			p.keepSecret(answers.Product.Data.ProductSecret)
			if detail.DeviceName != deviceName || detail.Status != string(platform.StatusUnactive) || detail.IotID != registered.IotID {
				t.Errorf("the device is %s, %s, want %s, %s", detail.DeviceName, detail.Status, deviceName, platform.StatusUnactive)
			}
			device, err := p.client.Device(ctx, platform.DeviceRef{ProductKey: answers.Product.ProductKey, DeviceName: deviceName})
			if err != nil {
				t.Fatal(err)
			}
			if device.DeviceSecret != registered.DeviceSecret || device.DeviceSecret != detail.DeviceSecret {
				t.Error("the official SDK and our client see different DeviceSecrets")
			}
		})
	}
}

// servedPlatform is a running "fleetmint serve" and what a test does with it.
type servedPlatform struct {
	program   string
	env       []string
	modules   string // where the official SDKs are
	addresses addresses
	client    *openapi.Client

	process *exec.Cmd
	stdout  *bufio.Reader
	log     lockedBuffer
	secrets []string // none of them may be in the log
}

// addresses is the one line that serve prints.
type addresses struct {
	OpenAPI  string `json:"openapi"`
	HTTPS    string `json:"https"`
	Register string `json:"register"`
	MQTT     string `json:"mqtt"`
	MQTTS    string `json:"mqtts"`
	CA       string `json:"ca"`
}

func startPlatform(ctx context.Context, t *testing.T, program, modules string) *servedPlatform {
	t.Helper()
	p := &servedPlatform{program: program, env: privateEnvironment(t), modules: modules, secrets: []string{accessKeySecret}}
	p.process = exec.CommandContext(ctx, p.program, "serve", "--data", filepath.Join(t.TempDir(), "data"),
		"--api-port", "0", "--https-port", "0", "--mqtt-port", "0", "--mqtts-port", "0")
	p.process.Env, p.process.Stderr = p.env, &p.log
	stdout, err := p.process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.process.Start(); err != nil {
		t.Fatalf("start the local platform: %v", err)
	}
	t.Cleanup(func() {
		_ = p.process.Process.Kill() // after stop it has ended already
		_ = p.process.Wait()
		if t.Failed() {
			t.Logf("log of the local platform:\n%s", p.log.String())
		}
	})
	p.stdout = bufio.NewReader(stdout)
	line, err := p.stdout.ReadBytes('\n')
	if err != nil {
		t.Fatalf("read the addresses of the local platform: %v", err)
	}
	if err := json.Unmarshal(line, &p.addresses); err != nil {
		t.Fatalf("read the addresses of the local platform from %q: %v", line, err)
	}
	p.client, err = openapi.New(openapi.Config{
		Endpoint:    p.addresses.OpenAPI,
		Credentials: signature.Credentials{AccessKeyID: accessKeyID, AccessKeySecret: accessKeySecret},
		Extensions:  true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// stop ends the platform as a service manager does. The race detector turns a
// finding into an exit code.
func (p *servedPlatform) stop(t *testing.T) {
	t.Helper()
	if err := p.process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(p.stdout)
	if err != nil {
		t.Fatal(err)
	}
	if len(rest) > 0 {
		t.Errorf("serve printed more than its one line: %q", rest)
	}
	if err := p.process.Wait(); err != nil {
		t.Errorf("serve ended with: %v", err)
	}
	log := p.log.String()
	for _, secret := range p.secrets {
		if strings.Contains(log, secret) {
			t.Error("the log holds a secret")
		}
	}
}

func (p *servedPlatform) keepSecret(secret string) {
	if secret != "" {
		p.secrets = append(p.secrets, secret)
	}
}

func (p *servedPlatform) createProduct(ctx context.Context, t *testing.T, name string, method platform.Method) platform.Product {
	t.Helper()
	created, err := p.client.CreateProduct(ctx, platform.NewProduct{Name: name, Method: method})
	if err != nil {
		t.Fatal(err)
	}
	product, err := p.client.Product(ctx, created.ProductKey)
	if err != nil {
		t.Fatal(err)
	}
	p.keepSecret(product.ProductSecret)
	return product
}

func (p *servedPlatform) registerDevice(ctx context.Context, t *testing.T, productKey, name string) platform.Device {
	t.Helper()
	device, err := p.client.RegisterDevice(ctx, platform.NewDevice{ProductKey: productKey, DeviceName: name})
	if err != nil {
		t.Fatal(err)
	}
	p.keepSecret(device.DeviceSecret)
	return device
}

// awaitStatus asks the platform until a device has a status.
func (p *servedPlatform) awaitStatus(ctx context.Context, t *testing.T, ref platform.DeviceRef, want platform.Status) {
	t.Helper()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		device, err := p.client.Device(ctx, ref)
		if err != nil {
			t.Fatalf("wait for %s to be %s: %v", ref.DeviceName, want, err)
		}
		if device.Status == want {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s is %s and never became %s", ref.DeviceName, device.Status, want)
		case <-ticker.C:
		}
	}
}

// export runs "fleetmint export" and returns the folder with the certificates.
func (p *servedPlatform) export(ctx context.Context, t *testing.T, productKey string, names ...string) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "certificates")
	args := []string{
		"export", "--endpoint", p.addresses.OpenAPI, "--product", productKey,
		"--format", "csv,qr,qr-secret", "--out", folder,
	}
	for _, name := range names {
		args = append(args, "--device", name)
	}
	command := exec.CommandContext(ctx, p.program, args...)
	command.Env = p.env
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("export: %v\n%s", err, output)
	}
	return folder
}

// registrationAnswer is the documented answer of HTTPS dynamic registration.
type registrationAnswer struct {
	Code    int
	Message string
	Data    struct{ DeviceSecret string }
}

// registerItself lets the official device SDK ask for its DeviceSecret.
func (p *servedPlatform) registerItself(ctx context.Context, t *testing.T, product platform.Product, deviceName string) registrationAnswer {
	t.Helper()
	output := p.node(ctx, t, "register.js",
		"PRODUCT_KEY="+product.ProductKey, "PRODUCT_SECRET="+product.ProductSecret,
		"DEVICE_NAME="+deviceName, "REGISTER_URL="+p.addresses.Register)
	var answer registrationAnswer
	if err := json.Unmarshal(output, &answer); err != nil {
		t.Fatalf("the registration's answer is not JSON: %v", err)
	}
	return answer
}

// node runs a program of testdata/sdk that trusts the local CA and returns its
// standard output, also where the program reports a failure in it.
func (p *servedPlatform) node(ctx context.Context, t *testing.T, script string, env ...string) []byte {
	t.Helper()
	command := p.nodeCommand(ctx, script)
	command.Env = append(command.Env, env...)
	var problems bytes.Buffer
	command.Stderr = &problems
	output, err := command.Output()
	if err != nil && len(output) == 0 {
		t.Fatalf("run %s: %v\n%s", script, err, problems.String())
	}
	return output
}

func (p *servedPlatform) nodeCommand(ctx context.Context, script string, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, "node", append([]string{filepath.Join("testdata", "sdk", script)}, args...)...)
	command.Env = append(os.Environ(), "NODE_PATH="+p.modules, "NODE_EXTRA_CA_CERTS="+p.addresses.CA)
	return command
}

// event is a line of what the device tells.
type event struct {
	Event, Message string
	Code           int
}

// sdkDevice is a running device.js.
type sdkDevice struct {
	command *exec.Cmd
	events  <-chan event // closed when the device has ended
	log     *lockedBuffer
}

func (p *servedPlatform) startDevice(ctx context.Context, t *testing.T, table, name, address string) *sdkDevice {
	t.Helper()
	command := p.nodeCommand(ctx, "device.js", table, name, address)
	d := &sdkDevice{command: command, log: new(lockedBuffer)}
	command.Stderr = d.log
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatalf("start the device: %v", err)
	}
	events := make(chan event)
	d.events = events
	done := make(chan struct{})
	t.Cleanup(func() {
		close(done)
		_ = command.Process.Kill() // a device that was stopped has ended already
		_ = command.Wait()
	})
	go func() {
		defer close(events)
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			var e event
			if json.Unmarshal(lines.Bytes(), &e) != nil {
				continue // not ours: the SDK may print too
			}
			select {
			case events <- e:
			case <-done:
				return
			}
		}
	}()
	return d
}

// await returns the next event of a kind and passes over others.
func (d *sdkDevice) await(ctx context.Context, t *testing.T, kind string) event {
	t.Helper()
	var passed []string
	for {
		select {
		case e, open := <-d.events:
			if !open {
				t.Fatalf("the device ended after %q without %q:\n%s", passed, kind, d.log.String())
			}
			if e.Event == kind {
				return e
			}
			passed = append(passed, fmt.Sprintf("%s %d %s", e.Event, e.Code, e.Message))
		case <-ctx.Done():
			t.Fatalf("the device told %q and never %q:\n%s", passed, kind, d.log.String())
		}
	}
}

// stop asks the device to disconnect and returns its exit code.
func (d *sdkDevice) stop(t *testing.T) int {
	t.Helper()
	if err := d.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	return d.wait(t)
}

// wait returns the exit code of a device that ends by itself.
func (d *sdkDevice) wait(t *testing.T) int {
	t.Helper()
	for range d.events { // closed at the end of its output, which Wait must not cut short
	}
	var exit *exec.ExitError
	if err := d.command.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatalf("wait for the device: %v", err)
	}
	return d.command.ProcessState.ExitCode()
}

// buildProgram returns the program under test: FLEETMINT_BIN, or one built with
// the race detector and without a window.
func buildProgram(ctx context.Context, t *testing.T) string {
	t.Helper()
	if program := os.Getenv("FLEETMINT_BIN"); program != "" {
		return program
	}
	program := filepath.Join(t.TempDir(), "fleetmint")
	command := exec.CommandContext(ctx, "go", "build", "-race", "-tags", "ci", "-buildvcs=false", "-o", program, "fleetmint")
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("build the program: %v\n%s", err, output)
	}
	return program
}

// installSDKs returns the folder with the modules that the lock file pins.
func installSDKs(ctx context.Context, t *testing.T) string {
	t.Helper()
	for _, tool := range []string{"node", "npm", "zbarimg"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("%s is missing; make test installs it", tool)
		}
	}
	command := exec.CommandContext(ctx, filepath.Join("..", ".ci", "sdk"))
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("install the official SDKs: %v", err)
	}
	return strings.TrimSpace(string(output))
}

// privateEnvironment keeps the program away from the folders and the keyring of
// the person who runs the test.
func privateEnvironment(t *testing.T) []string {
	t.Helper()
	home := t.TempDir()
	env := slices.DeleteFunc(os.Environ(), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return strings.HasPrefix(name, "XDG_") || strings.HasPrefix(name, "FLEETMINT_") || strings.HasPrefix(name, "ALIBABA_CLOUD_")
	})
	return append(env, "HOME="+home, "DBUS_SESSION_BUS_ADDRESS=unix:path="+filepath.Join(home, "no-bus"),
		"ALIBABA_CLOUD_ACCESS_KEY_ID="+accessKeyID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET="+accessKeySecret)
}

// readCertificates reads an exported devices.csv.
func readCertificates(t *testing.T, path string) []platform.Certificate {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) < 2 || !slices.Equal(rows[0], certificateHeader()) {
		t.Fatalf("%s has %d lines, or not the header %q", path, len(rows), certificateHeader())
	}
	var certificates []platform.Certificate
	for _, row := range rows[1:] {
		certificates = append(certificates, platform.Certificate{DeviceName: row[0], DeviceSecret: row[1], ProductKey: row[2]})
	}
	return certificates
}

// writeCertificate writes a devices.csv of one device.
func writeCertificate(t *testing.T, c platform.Certificate) string {
	t.Helper()
	var text bytes.Buffer
	if err := csv.NewWriter(&text).WriteAll([][]string{certificateHeader(), {c.DeviceName, c.DeviceSecret, c.ProductKey}}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "devices.csv")
	if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func certificateHeader() []string { return []string{"DeviceName", "DeviceSecret", "ProductKey"} }

// decodeQR reads a QR code with zbarimg, which knows nothing of our encoder.
func decodeQR(ctx context.Context, t *testing.T, path string) map[string]string {
	t.Helper()
	output, err := exec.CommandContext(ctx, "zbarimg", "--raw", "-q", path).Output()
	if err != nil {
		t.Fatalf("decode %s: %v", filepath.Base(path), err)
	}
	var payload map[string]string
	if err := json.Unmarshal(output, &payload); err != nil {
		t.Fatalf("%s does not hold one JSON object", filepath.Base(path))
	}
	return payload
}

// lockedBuffer collects what a process writes while a test reads it.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
