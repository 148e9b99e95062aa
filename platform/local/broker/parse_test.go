package broker

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"fleetmint/platform"
)

func FuzzParseEnvelope(f *testing.F) {
	for _, seed := range []string{`{"id":"1"}`, `{"id":12,"sys":{"ack":0}}`, `{"id":"1","params":{`, `[]`, `null`, `{"id":{}}`, `{"sys":3,"id":"x"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		e, err := parseEnvelope(payload)
		if err == nil && (e.id == "" || !json.Valid(payload)) {
			t.Errorf("accepted %q with id %q", payload, e.id)
		}
		if !utf8.ValidString(e.id) {
			t.Errorf("id %q is not text", e.id)
		}
	})
}

// FuzzTopics checks that no filter that is granted to one device matches a
// topic of another one's.
func FuzzTopics(f *testing.F) {
	for _, seed := range []string{"#", "/sys/+/+/#", "/sys/pk/d1/#", "/ext/rrpc/+//pk/d1/#", "/ota/+/+/pk/d1", "/broadcast/pk/#", "/pk/d1/+"} {
		f.Add(seed)
	}
	mine := platform.DeviceRef{ProductKey: "pk", DeviceName: "d1"}
	f.Fuzz(func(t *testing.T, filter string) {
		if !maySubscribe(mine, filter) {
			return
		}
		for _, topic := range []string{
			"/sys/pk/d2/thing/x", "/pk/d2/user/x", "/shadow/get/pk/d2", "/ext/session/pk/d2/x", "/ext/rrpc/pk/d2/x",
			"/ext/rrpc/7/pk/d2/x", "/ext/rrpc/7//pk/d2/x", "/ota/device/upgrade/pk/d2", "/broadcast/other/x",
		} {
			if filterMatches(filter, topic) {
				t.Errorf("%q is granted and matches %q", filter, topic)
			}
		}
	})
}

// filterMatches is MQTT's rule of topic filters.
func filterMatches(filter, topic string) bool {
	want, got := strings.Split(filter, "/"), strings.Split(topic, "/")
	for i, level := range want {
		if level == "#" {
			return true
		}
		if i >= len(got) || level != "+" && level != got[i] {
			return false
		}
	}
	return len(want) == len(got)
}

func TestMatches(t *testing.T) {
	for _, test := range []struct {
		pattern, topic string
		want           bool
	}{
		{"thing/event/+/post", "thing/event/a/post", true},
		{"thing/event/+/post", "thing/event//post", false},
		{"thing/event/+/post", "thing/event/a/b/post", false},
		{"thing/event/+/post", "thing/event/a/post_reply", false},
		{"thing/event/+/post", "thing/event/a", false},
		{"request", "request", true},
		{"request", "", false},
		{"request", "request/", false},
	} {
		if got := matches(test.pattern, test.topic); got != test.want {
			t.Errorf("matches(%q, %q) = %t", test.pattern, test.topic, got)
		}
	}
}
