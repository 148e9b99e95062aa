package profile

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/zalando/go-keyring"

	"fleetmint/platform/openapi/signature"
)

func TestLocalCredentials(t *testing.T) {
	ctx := t.Context()
	setEnv := func(id, secret string) {
		t.Setenv(EnvAccessKeyID, id)
		t.Setenv(EnvAccessKeySecret, secret)
	}
	says := func(err error) {
		t.Helper()
		if !errors.Is(err, ErrNoCredentials) || !strings.Contains(err.Error(), EnvAccessKeyID) || !strings.Contains(err.Error(), EnvAccessKeySecret) {
			t.Errorf("error is %v, want ErrNoCredentials naming the two variables", err)
		}
	}
	wellFormed := func(c signature.Credentials) {
		t.Helper()
		if !regexp.MustCompile(`^LTAI[A-Za-z0-9]{16}$`).MatchString(c.AccessKeyID) || !regexp.MustCompile(`^[A-Za-z0-9]{30}$`).MatchString(c.AccessKeySecret) {
			t.Errorf("the pair made has an unexpected form: AccessKeyID %s", c.AccessKeyID)
		}
	}

	setEnv("", "")
	ring := new(MemoryKeyring)
	_, err := LocalCredentials(ctx, ring, MakeNever)
	says(err)
	made, err := LocalCredentials(ctx, ring, MakeIfKeyring)
	if err != nil {
		t.Fatal(err)
	}
	wellFormed(made)
	for _, allow := range []Make{MakeNever, MakeIfKeyring, MakeForThisRun} {
		if again, err := LocalCredentials(ctx, ring, allow); err != nil || again != made {
			t.Errorf("asked again: another pair, %v", err)
		}
	}

	setEnv("id", "secret")
	if c, err := LocalCredentials(ctx, ring, MakeNever); err != nil || c.AccessKeyID != "id" || c.AccessKeySecret != "secret" {
		t.Errorf("the environment is not used: %v", err)
	}
	setEnv("id", "")
	_, err = LocalCredentials(ctx, ring, MakeIfKeyring)
	says(err)

	setEnv("", "")
	keyring.MockInitWithError(errors.New("the daemon is away"))
	_, err = LocalCredentials(ctx, OSKeyring(), MakeIfKeyring)
	says(err)
	if !errors.Is(err, ErrNoKeyring) {
		t.Errorf("error is %v, want ErrNoKeyring as well", err)
	}
	c, err := LocalCredentials(ctx, OSKeyring(), MakeForThisRun)
	if err != nil {
		t.Fatal(err)
	}
	wellFormed(c)
}
