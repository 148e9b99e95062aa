package broker

import (
	"strings"

	"fleetmint/platform"
)

// A device has its own topics and no others. ProductKey and DeviceName must
// stand in a topic filter literally, so that a wildcard reaches only what lies
// below or beside them within the same device.

// maySubscribe reports whether a device may receive what filter matches.
func maySubscribe(ref platform.DeviceRef, filter string) bool {
	if i := strings.IndexByte(filter, '#'); i >= 0 && i != len(filter)-1 {
		return false // not a filter at all
	}
	if rest, ok := strings.CutPrefix(filter, "/broadcast/"); ok {
		rest, ok = cutLevel(rest, ref.ProductKey)
		return ok && rest != ""
	}
	return isOwn(ref, filter)
}

// mayPublish reports whether a device may publish to topic.
func mayPublish(ref platform.DeviceRef, topic string) bool {
	return !strings.ContainsAny(topic, "+#") && isOwn(ref, topic)
}

func isOwn(ref platform.DeviceRef, topic string) bool {
	first, rest, ok := cutFirst(topic)
	if !ok {
		return false
	}
	switch first {
	case "sys":
		below, ok := cutDevice(rest, ref)
		return ok && below != ""
	case "shadow":
		action, rest, _ := strings.Cut(rest, "/")
		below, ok := cutDevice(rest, ref)
		return ok && below == "" && (action == "update" || action == "get")
	case "ext":
		return isOwnExtension(ref, rest)
	case "ota":
		// /ota/device/upgrade/{ProductKey}/{DeviceName} and the like
		return strings.HasSuffix(rest, "/"+ref.ProductKey+"/"+ref.DeviceName)
	default:
		_, ok := ownUserTopic(ref, topic)
		return ok
	}
}

func isOwnExtension(ref platform.DeviceRef, rest string) bool {
	feature, rest, _ := strings.Cut(rest, "/")
	switch feature {
	case "session", "ntp", "error":
		_, ok := cutDevice(rest, ref)
		return ok
	case "rrpc":
		if _, ok := cutDevice(rest, ref); ok {
			return true
		}
		// /ext/rrpc/{messageId}/{topic}, where topic may keep its first slash
		_, rest, _ = strings.Cut(rest, "/")
		_, ok := cutDevice(strings.TrimPrefix(rest, "/"), ref)
		return ok
	default:
		return false
	}
}

// ownUserTopic returns what follows /{ProductKey}/{DeviceName}/, the topics
// whose meaning is the customer's own.
func ownUserTopic(ref platform.DeviceRef, topic string) (rest string, ok bool) {
	rest, ok = strings.CutPrefix(topic, "/")
	if !ok {
		return "", false
	}
	rest, ok = cutDevice(rest, ref)
	return rest, ok && rest != ""
}

// cutFirst splits "/first/rest".
func cutFirst(topic string) (first, rest string, ok bool) {
	topic, ok = strings.CutPrefix(topic, "/")
	if !ok {
		return "", "", false
	}
	return strings.Cut(topic, "/")
}

// cutDevice removes {ProductKey}/{DeviceName} from the start of s. rest is what
// follows the next slash, empty at the end of s.
func cutDevice(s string, ref platform.DeviceRef) (rest string, ok bool) {
	s, ok = cutLevel(s, ref.ProductKey)
	if !ok {
		return "", false
	}
	return cutLevel(s, ref.DeviceName)
}

// cutLevel removes one whole level from the start of s.
func cutLevel(s, level string) (rest string, ok bool) {
	s, ok = strings.CutPrefix(s, level)
	if !ok || s == "" {
		return "", ok
	}
	return strings.CutPrefix(s, "/")
}

// matches reports whether a relative topic fits a pattern, in which + stands
// for one level.
func matches(pattern, topic string) bool {
	for {
		want, moreWanted, wantMore := strings.Cut(pattern, "/")
		got, moreGot, gotMore := strings.Cut(topic, "/")
		if want != got && (want != "+" || got == "") || wantMore != gotMore {
			return false
		}
		if !wantMore {
			return true
		}
		pattern, topic = moreWanted, moreGot
	}
}
