package profile

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"

	"fleetmint/platform/openapi/signature"
)

// The environment variables that the official SDKs read.
const (
	EnvAccessKeyID     = "ALIBABA_CLOUD_ACCESS_KEY_ID"
	EnvAccessKeySecret = "ALIBABA_CLOUD_ACCESS_KEY_SECRET"
)

// Make says what LocalCredentials may do where there is no pair yet.
type Make int

// What may be made.
const (
	MakeNever      Make = iota // nothing
	MakeIfKeyring              // a pair that the keyring keeps
	MakeForThisRun             // where the keyring does not work, a pair that nothing keeps
)

// localKey is the keyring's entry for the local platform's pair: one for all
// data folders of a user.
const localKey = "local-platform"

// LocalCredentials returns the AccessKey pair of the embedded local platform:
// from the environment, else from the keyring, else a new one as far as allow
// lets it. ErrNoCredentials says what to do; it wraps ErrNoKeyring where the
// keyring is the reason.
func LocalCredentials(ctx context.Context, ring Keyring, allow Make) (signature.Credentials, error) {
	c := signature.Credentials{AccessKeyID: os.Getenv(EnvAccessKeyID), AccessKeySecret: os.Getenv(EnvAccessKeySecret)}
	switch {
	case c.AccessKeyID != "" && c.AccessKeySecret != "":
		return c, nil
	case c.AccessKeyID != "" || c.AccessKeySecret != "":
		return signature.Credentials{}, noLocalCredentials(errors.New("only one of the two is set"))
	}
	text, err := get(ctx, ring, localKey)
	if err == nil {
		return decodeCredentials(text)
	}
	missing, broken := errors.Is(err, ErrNotFound), errors.Is(err, ErrNoKeyring)
	if !missing && !broken {
		return signature.Credentials{}, err
	}
	if allow == MakeNever || broken && allow != MakeForThisRun {
		return signature.Credentials{}, noLocalCredentials(err)
	}
	c = signature.Credentials{AccessKeyID: "LTAI" + alphanumeric(16), AccessKeySecret: alphanumeric(30)}
	if missing {
		err = set(ctx, ring, localKey, encodeCredentials(c))
		if err != nil && (!errors.Is(err, ErrNoKeyring) || allow != MakeForThisRun) {
			return signature.Credentials{}, noLocalCredentials(err)
		}
	}
	return c, nil
}

func noLocalCredentials(reason error) error {
	return fmt.Errorf("%w for the local platform: set %s and %s: %w", ErrNoCredentials, EnvAccessKeyID, EnvAccessKeySecret, reason)
}

// alphanumeric returns n random letters and digits.
func alphanumeric(n int) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	text := make([]byte, 0, n)
	var block [64]byte
	for len(text) < n {
		rand.Read(block[:]) // never fails
		for _, b := range block {
			// Four times the alphabet fits into a byte; the rest is dropped,
			// so that every character is as likely.
			if int(b) < 4*len(alphabet) && len(text) < n {
				text = append(text, alphabet[int(b)%len(alphabet)])
			}
		}
	}
	return string(text)
}
