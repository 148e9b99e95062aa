// Package identity is how a device proves who it is: the HMAC signatures of
// Alibaba Cloud IoT Platform, and the MQTT CONNECT fields that carry them.
// Both sides are here, building them as a device does and parsing and verifying
// them as the platform does.
//
// A signature is the hex HMAC, in any letter case, over names and values that
// are simply concatenated in the alphabetical order of their names. The key is
// the DeviceSecret, or the ProductSecret for dynamic registration. Timestamps
// and random values are signed but never judged: official SDKs send constants
// and uptimes there.
//
// All functions are pure and safe for concurrent use; the package starts no
// goroutines. Neither its errors nor its reasons ever hold a secret or an
// expected signature.
package identity
