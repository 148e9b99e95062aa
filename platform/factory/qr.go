package factory

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"

	"github.com/skip2/go-qrcode"
	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"

	"fleetmint/platform"
)

// payload is what a QR code says: compact JSON with short names, because every
// byte makes the code's modules smaller.
type payload struct {
	ProductKey    string `json:"pk"`
	DeviceName    string `json:"dn,omitempty"`
	DeviceSecret  string `json:"ds,omitempty"`
	ProductSecret string `json:"ps,omitempty"`
}

func secretPayload(c platform.Certificate) payload {
	return payload{ProductKey: c.ProductKey, DeviceName: c.DeviceName, DeviceSecret: c.DeviceSecret}
}

// label is the payload without secrets.
func (p payload) label() payload {
	return payload{ProductKey: p.ProductKey, DeviceName: p.DeviceName}
}

// warning is what stands under a picture of the whole payload.
func (p payload) warning() string {
	if p.ProductSecret != "" {
		return "CONTAINS PRODUCT SECRET"
	}
	return "CONTAINS DEVICE SECRET"
}

// String is the payload's JSON.
func (p payload) String() string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(p); err != nil {
		panic(err) // four strings always encode
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

// LabelPayload is the text of a device's label, without a secret:
// {"pk":"…","dn":"…"}.
func LabelPayload(ref platform.DeviceRef) string {
	return payload{ProductKey: ref.ProductKey, DeviceName: ref.DeviceName}.String()
}

// SecretPayload is a device's certificate: {"pk":"…","dn":"…","ds":"…"}.
func SecretPayload(c platform.Certificate) string { return secretPayload(c).String() }

// ProductLabelPayload is the text of a product's label: {"pk":"…"}.
func ProductLabelPayload(productKey string) string { return payload{ProductKey: productKey}.String() }

// ProductSecretPayload is a product certificate: {"pk":"…","ps":"…"}.
func ProductSecretPayload(productKey, productSecret string) string {
	return payload{ProductKey: productKey, ProductSecret: productSecret}.String()
}

// QRImage draws a QR code in black on white, error correction level medium,
// with scale pixels a module (at least 1) and the quiet zone of 4 modules. It
// fails only for a payload that is too long for a QR code.
func QRImage(payload string, scale int) (image.Image, error) {
	modules, err := encodeQR(payload)
	if err != nil {
		return nil, err
	}
	side := len(modules) * max(scale, 1)
	img := image.NewPaletted(image.Rect(0, 0, side, side), blackOnWhite())
	paint(img, modules, max(scale, 1))
	return img, nil
}

// encodeQR returns the modules, dark ones true, with the quiet zone.
func encodeQR(payload string) ([][]bool, error) {
	code, err := qrcode.New(payload, qrcode.Medium)
	if err != nil {
		return nil, fmt.Errorf("encode QR code of %d bytes: %w", len(payload), err)
	}
	return code.Bitmap(), nil // encodes anew on each call
}

// Indexes into the palettes.
const (
	white uint8 = iota
	black
	red
)

// Two colours make image/png write one bit a pixel.
func blackOnWhite() color.Palette { return color.Palette{color.White, color.Black} }

func blackRedOnWhite() color.Palette {
	return append(blackOnWhite(), color.RGBA{R: 0xc6, G: 0x10, B: 0x10, A: 0xff})
}

// paint draws modules into the top of an image that is white and as wide.
func paint(img *image.Paletted, modules [][]bool, scale int) {
	for y, line := range modules {
		row := img.Pix[y*scale*img.Stride:][:img.Stride]
		for x, dark := range line {
			if dark {
				for i := range scale {
					row[x*scale+i] = black
				}
			}
		}
		for i := 1; i < scale; i++ {
			copy(img.Pix[(y*scale+i)*img.Stride:][:img.Stride], row)
		}
	}
}

const (
	moduleSize = 6 // pixels; 0.5 mm on a label printer of 300 dpi
	bandMargin = 8 // pixels above, below and beside a warning
)

// painter draws PNG pictures and reuses its memory. It is not safe for
// concurrent use.
type painter struct {
	encoder  png.Encoder
	pixels   []uint8
	warnings map[string]*image.Alpha
}

func newPainter() *painter {
	return &painter{
		encoder:  png.Encoder{CompressionLevel: png.BestSpeed, BufferPool: new(oneBuffer)},
		warnings: make(map[string]*image.Alpha),
	}
}

// png writes the picture of a payload. A warning, where there is one, stands
// on a red band under the code.
func (p *painter) png(w io.Writer, payload, warning string) error {
	modules, err := encodeQR(payload)
	if err != nil {
		return err
	}
	side := len(modules) * moduleSize
	size, palette := image.Rect(0, 0, side, side), blackOnWhite()
	var text *image.Alpha
	if warning != "" {
		text = p.text(warning)
		size.Max.Y += text.Rect.Dy() + 2*bandMargin
		size.Max.X = max(side, text.Rect.Dx()+2*bandMargin)
		palette = blackRedOnWhite()
	}
	img := p.canvas(size, palette)
	paint(img, modules, moduleSize)
	if text != nil {
		band := img.Pix[side*img.Stride:]
		for i := range band {
			band[i] = red
		}
		left, top := (size.Dx()-text.Rect.Dx())/2, side+bandMargin
		for y := range text.Rect.Dy() {
			for x := range text.Rect.Dx() {
				if text.AlphaAt(x, y).A >= 0x80 {
					img.SetColorIndex(left+x, top+y, white)
				}
			}
		}
	}
	return p.encoder.Encode(w, img)
}

// canvas is a white image in the memory of the one before.
func (p *painter) canvas(size image.Rectangle, palette color.Palette) *image.Paletted {
	n := size.Dx() * size.Dy()
	if cap(p.pixels) < n {
		p.pixels = make([]uint8, n)
	}
	p.pixels = p.pixels[:n]
	clear(p.pixels) // white is 0
	return &image.Paletted{Pix: p.pixels, Stride: size.Dx(), Rect: size, Palette: palette}
}

// text is a line of text as a mask, drawn once.
func (p *painter) text(line string) *image.Alpha {
	if mask, ok := p.warnings[line]; ok {
		return mask
	}
	face := basicfont.Face7x13
	mask := image.NewAlpha(image.Rect(0, 0, font.MeasureString(face, line).Ceil(), face.Height))
	drawer := font.Drawer{Dst: mask, Src: image.Opaque, Face: face, Dot: fixed.P(0, face.Ascent)}
	drawer.DrawString(line)
	p.warnings[line] = mask
	return mask
}

// oneBuffer keeps the buffer of an encoder that serves one goroutine.
type oneBuffer struct{ buffer *png.EncoderBuffer }

func (b *oneBuffer) Get() *png.EncoderBuffer       { return b.buffer }
func (b *oneBuffer) Put(buffer *png.EncoderBuffer) { b.buffer = buffer }
