package broker

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// uplink is a message of a device on one of its system topics.
type uplink struct {
	session *session
	topic   string
	path    string // the topic below the device's own prefix
	payload []byte
	at      time.Time
}

// handler answers a request of a device. An error is recorded.
type handler func(*Broker, uplink) error

// systemTopics are the requests that devices wait on, by what follows
// /sys/{ProductKey}/{DeviceName}/. + stands for one level. Other messages are
// taken without an answer.
var systemTopics = []struct {
	pattern string
	handle  handler
}{
	{"thing/event/property/post", acknowledge},
	{"thing/event/+/post", acknowledge},
	{"thing/deviceinfo/update", acknowledge},
	{"thing/deviceinfo/delete", acknowledge},
	{"thing/config/get", acknowledge},
}

// extensionTopics are the same by what follows /ext/, with the place of the
// device cut out.
var extensionTopics = []struct {
	feature string
	pattern string
	handle  handler
}{
	{"ntp", "request", tellTime},
}

// receive takes a message that a device published. Only messages on the
// customer's own topics are routed to subscribers; the others are for the
// platform.
func (b *Broker) receive(s *session, topic string, payload []byte, qos byte) {
	if !mayPublish(s.ref, topic) {
		b.recordRefused(s.conn, topic, "message dropped: a device may publish to its own topics only")
		return
	}
	first, rest, _ := cutFirst(topic)
	u := uplink{session: s, topic: topic, payload: payload, at: b.clock()}
	switch first {
	case "sys":
		u.path, _ = cutDevice(rest, s.ref)
		for _, t := range systemTopics {
			if matches(t.pattern, u.path) {
				b.handle(t.handle, u)
				return
			}
		}
	case "ext":
		feature, rest, _ := strings.Cut(rest, "/")
		u.path, _ = cutDevice(rest, s.ref)
		for _, t := range extensionTopics {
			if t.feature == feature && matches(t.pattern, u.path) {
				b.handle(t.handle, u)
				return
			}
		}
	case "shadow", "ota":
	default:
		b.route(topic, payload, qos)
	}
}

func (b *Broker) handle(h handler, u uplink) {
	if err := h(b, u); err != nil {
		b.recordRefused(u.session.conn, u.topic, "message not understood: "+err.Error())
	}
}

// Codes of replies, from the cloud's Alink protocol.
const (
	replySuccess   = 200
	replyMalformed = 460
)

// reply is the answer to a request. Every member is always there: the parsers
// of the C SDKs drop replies that lack one.
type reply struct {
	Code    int      `json:"code"`
	Data    struct{} `json:"data"`
	ID      string   `json:"id"`
	Message string   `json:"message"`
	Method  string   `json:"method"`
	Version string   `json:"version"`
}

// acknowledge accepts a request and says so on {topic}_reply.
func acknowledge(b *Broker, u uplink) error {
	e, err := parseEnvelope(u.payload)
	if err != nil && e.id == "" {
		return err
	}
	if e.noReply {
		return err
	}
	r := reply{Code: replySuccess, ID: e.id, Message: "success", Method: strings.ReplaceAll(u.path, "/", "."), Version: "1.0"}
	if err != nil {
		r.Code, r.Message = replyMalformed, "request parameter error"
	}
	return errors.Join(err, b.answer(u.session, u.topic+"_reply", r))
}

// tellTime answers /ext/ntp/{ProductKey}/{DeviceName}/request. Times are
// decimal strings in milliseconds since 1970.
func tellTime(b *Broker, u uplink) error {
	var request struct {
		DeviceSendTime text `json:"deviceSendTime"`
	}
	if err := json.Unmarshal(u.payload, &request); err != nil {
		return fmt.Errorf("read time request: %w", err)
	}
	return b.answer(u.session, strings.TrimSuffix(u.topic, "request")+"response", struct {
		DeviceSendTime string `json:"deviceSendTime"`
		ServerRecvTime string `json:"serverRecvTime"`
		ServerSendTime string `json:"serverSendTime"`
	}{string(request.DeviceSendTime), milliseconds(u.at), milliseconds(b.clock())})
}

func milliseconds(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

// answer sends compact JSON to the device with QoS 0.
func (b *Broker) answer(s *session, topic string, message any) error {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false) // ids hold & and are compared byte by byte
	if err := encoder.Encode(message); err != nil {
		return fmt.Errorf("encode reply: %w", err)
	}
	b.deliver(s.ref, topic, bytes.TrimSuffix(out.Bytes(), []byte("\n")), 0)
	return nil
}

// envelope is what every request carries beside its parameters.
type envelope struct {
	id      string // a JSON number as its decimal text
	noReply bool   // sys.ack is 0
}

var errNoID = errors.New("the request has no id")

// parseEnvelope reads a request. With an error the id may still be known: it
// is taken from what was readable.
func parseEnvelope(payload []byte) (envelope, error) {
	var request struct {
		ID  text `json:"id"`
		Sys struct {
			Ack text `json:"ack"`
		} `json:"sys"`
	}
	if err := json.Unmarshal(payload, &request); err != nil {
		return envelope{id: findID(payload)}, fmt.Errorf("read request: %w", err)
	}
	e := envelope{id: string(request.ID), noReply: request.Sys.Ack == "0"}
	if e.id == "" {
		return e, errNoID
	}
	return e, nil
}

// findID looks for the member id of an object that is broken further on.
func findID(payload []byte) string {
	decoder := json.NewDecoder(bytes.NewReader(payload))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return ""
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return ""
		}
		if name == "id" {
			var id text
			if decoder.Decode(&id) != nil {
				return ""
			}
			return string(id)
		}
		var skip json.RawMessage
		if decoder.Decode(&skip) != nil {
			return ""
		}
	}
	return ""
}

// text is a JSON string, or a number as it was written.
type text string

func (t *text) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '"' {
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
		*t = text(s)
		return nil
	}
	if string(raw) == "null" {
		return nil
	}
	var n json.Number
	if err := json.Unmarshal(raw, &n); err != nil {
		return errors.New("neither a string nor a number")
	}
	*t = text(n)
	return nil
}
