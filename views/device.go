package views

import (
	"context"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"

	"fleetmint/assets"
	"fleetmint/platform"
	"fleetmint/platform/factory"
	"fleetmint/platform/identity"
	"fleetmint/views/kit"
)

// qrModule is the size of one QR module on screen: below 4 a phone's camera has
// trouble.
const qrModule = 5

// deviceScreen shows one device: certificate, label, connection parameters and
// status.
type deviceScreen struct {
	*visit
	page    *page
	ref     platform.DeviceRef
	device  platform.Device
	problem *kit.Banner

	productKey, deviceName, clientID, username, address     *kit.KeyValue
	secret, password                                        *kit.SecretField
	status                                                  *kit.StatusPill
	created, activated, lastOnline, remote, iotID, nickname *kit.KeyValue
	label                                                   *canvas.Image
	connect                                                 identity.Connect
}

func newDevice(v *visit, ref platform.DeviceRef) *deviceScreen {
	s := &deviceScreen{visit: v, ref: ref, problem: kit.NewBanner(), status: kit.NewStatusPill()}
	copied := func(title string) *kit.KeyValue {
		kv := kit.NewKeyValue(title)
		kv.SetCopy(v.copyText)
		return kv
	}
	s.productKey = copied("ProductKey")
	s.deviceName = copied("DeviceName")
	s.secret = v.newSecretField("DeviceSecret", func() string { return s.device.DeviceSecret })
	s.address = copied(text("device.address"))
	s.clientID = copied(text("device.client-id"))
	s.username = copied(text("device.username"))
	s.password = v.newSecretField(text("device.password"), func() string { return s.connect.Password })
	s.created = kit.NewKeyValue(text("device.created"))
	s.activated = kit.NewKeyValue(text("device.activated"))
	s.lastOnline = kit.NewKeyValue(text("device.last-online"))
	s.remote = kit.NewKeyValue(text("device.remote"))
	s.iotID = copied(text("device.iot-id"))
	s.nickname = kit.NewKeyValue(text("device.nickname"))

	s.label = &canvas.Image{ScaleMode: canvas.ImageScalePixels, FillMode: canvas.ImageFillOriginal}
	if picture, err := factory.QRImage(factory.LabelPayload(ref), qrModule); err == nil {
		s.label.Image = picture
		bounds := picture.Bounds()
		s.label.SetMinSize(fyne.NewSize(float32(bounds.Dx()), float32(bounds.Dy())))
	}

	export := func() {
		v.Navigate(Route{Screen: ScreenExport, ProductKey: ref.ProductKey, Names: []string{ref.DeviceName}})
	}
	facts := kit.NewSection(text("device.facts"), kit.VStack(10,
		container.NewBorder(nil, nil, kit.NewText(text("device.status")), s.status),
		s.created, s.activated, s.lastOnline, s.remote, s.nickname, s.iotID,
		kit.HStack(8, danger(text("device.delete"), assets.DeleteIcon(), s.askDelete))))
	certificate := kit.NewSection(text("device.certificate"), kit.VStack(10, s.productKey, s.deviceName, s.secret))
	label := kit.NewSection(text("device.label"), container.NewVBox(container.NewCenter(s.label), kit.NewParagraph(text("device.label-hint"))))
	mqtt := kit.NewSection(text("device.mqtt"), kit.VStack(10,
		s.address, s.clientID, s.username, s.password,
		kit.NewParagraph(text("device.mqtt-hint", values{
			"Sign": string(identity.HMACSHA256), "Inputs": strings.Join([]string{"clientId", "deviceName", "productKey"}, ", "),
		}))))
	s.page = newScrollPage(ref.DeviceName, " ", kit.VStack(gap,
		s.problem,
		kit.Columns(gap, kit.VStack(gap, certificate, label), facts),
		mqtt,
	),
		secondary(text("common.back"), assets.BackIcon(), v.Back),
		primary(text("device.export"), assets.ExportIcon(), export))
	s.page.refresh = s.load
	s.load()
	v.Schedule.every(v.ctx, s.load)
	return s
}

func (s *deviceScreen) content() *page { return s.page }

func (s *deviceScreen) load() {
	load(s.visit, func(ctx context.Context) (platform.Device, error) { return s.Platform.Device(ctx, s.ref) },
		func(d platform.Device, err error) {
			if err != nil {
				s.problem.ShowBad(explain(err).line())
				return
			}
			s.problem.Hide()
			s.show(d)
		})
}

func (s *deviceScreen) show(d platform.Device) {
	if d.Certificate() != s.device.Certificate() {
		s.connect = identity.BuildConnect(d.Certificate(), identity.Options{
			SignMethod: identity.HMACSHA256, SecureMode: identity.SecureModePlain,
		})
	}
	s.device = d
	s.page.header.SetSubtitle(d.ProductKey)
	s.productKey.SetValue(d.ProductKey)
	s.deviceName.SetValue(d.DeviceName)
	s.address.SetValue(s.Session.Addresses.MQTT)
	s.clientID.SetValue(s.connect.ClientID)
	s.username.SetValue(s.connect.Username)
	word, color := statusWord(d.Status)
	s.status.Set(word, color)
	s.created.SetValue(moment(d.Created))
	s.activated.SetValue(moment(d.Activated))
	s.lastOnline.SetValue(moment(d.LastOnline))
	s.remote.SetValue(orDash(d.Address))
	s.iotID.SetValue(d.IotID)
	s.nickname.SetValue(orDash(d.Nickname))
}

func (s *deviceScreen) askDelete() {
	s.ask(kit.Question{
		Title: text("device.delete-title", values{"Name": s.ref.DeviceName}), Body: text("device.delete-body"),
		Objects: []string{s.ref.DeviceName},
		Verb:    text("device.delete"), Cancel: text("common.cancel"), Destructive: true,
	}, func() {
		load(s.visit, func(ctx context.Context) (struct{}, error) {
			return struct{}{}, s.Platform.DeleteDevice(ctx, s.ref)
		}, func(_ struct{}, err error) {
			if err != nil {
				s.report(err)
				return
			}
			s.toast(text("device.deleted", values{"Name": s.ref.DeviceName}))
			s.replace(Route{Screen: ScreenDevices, ProductKey: s.ref.ProductKey})
		})
	})
}
