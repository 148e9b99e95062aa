package platform

import "time"

// Activity is one thing that happened on a platform: a verification, a
// registration, a connection or an act of administration. It never holds a
// secret or an expected signature.
type Activity struct {
	Time       time.Time
	Kind       ActivityKind
	Action     string // of administration: the action of the OpenAPI, such as DeleteDevice
	ProductKey string
	DeviceName string
	Method     Method
	Outcome    Outcome
	Reason     string // for a refusal: what a person can act on, in English
	Remote     string // remote address, without a port where none is known
}

// ActivityKind groups activities.
type ActivityKind string

// The kinds of activity.
const (
	ActivityVerification   ActivityKind = "verification"   // an identity was accepted or refused
	ActivityRegistration   ActivityKind = "registration"   // dynamic registration
	ActivityConnection     ActivityKind = "connection"     // came online, went offline, was replaced
	ActivityAdministration ActivityKind = "administration" // a change through the OpenAPI
)

// Outcome says whether an activity was let through.
type Outcome string

// The outcomes.
const (
	Accepted Outcome = "accepted"
	Refused  Outcome = "refused"
)
