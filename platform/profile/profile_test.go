package profile

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestProfiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "config")
	p := Open(dir)
	local := Profile{ID: LocalID, Name: "Local platform", Kind: Local}
	wantList := func(want ...Profile) {
		t.Helper()
		for _, p := range []*Profiles{p, Open(dir)} {
			if got, err := p.List(); err != nil || !slices.Equal(got, want) {
				t.Errorf("profiles are %+v, %v, want %+v", got, err, want)
			}
		}
	}
	wantActive := func(want Profile) {
		t.Helper()
		if got, err := p.Active(); err != nil || got != want {
			t.Errorf("active is %+v, %v, want %+v", got, err, want)
		}
	}
	wantList(local)
	wantActive(local)

	cloud, err := p.Save(Profile{Name: "Production", Kind: Cloud, Region: "cn-shanghai", IotInstanceID: "iot-060a0"})
	if err != nil || cloud.ID == "" {
		t.Fatalf("saved %+v, %v", cloud, err)
	}
	wantList(local, cloud)
	if err := p.SetActive(cloud.ID); err != nil {
		t.Fatal(err)
	}
	wantActive(cloud)

	cloud.Endpoint = "https://iot.cn-shanghai.aliyuncs.com"
	if _, err := p.Save(cloud); err != nil {
		t.Fatal(err)
	}
	wantList(local, cloud)
	if info, err := os.Stat(filepath.Join(dir, "profiles.json")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("profiles.json: %v, %v, want mode 0600", info, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v, want one file", entries, err)
	}

	if err := p.Delete(cloud.ID); err != nil {
		t.Fatal(err)
	}
	wantList(local)
	wantActive(local)
	for what, err := range map[string]error{"delete": p.Delete(cloud.ID), "activate": p.SetActive(cloud.ID)} {
		if !errors.Is(err, ErrNoProfile) {
			t.Errorf("%s an unknown profile: %v, want ErrNoProfile", what, err)
		}
	}
	if err := p.Delete(LocalID); !errors.Is(err, ErrBuiltIn) {
		t.Errorf("delete the local profile: %v, want ErrBuiltIn", err)
	}
}

func TestSaveRefuses(t *testing.T) {
	for name, profile := range map[string]Profile{
		"no name":         {Kind: Cloud, Region: "cn-shanghai"},
		"no kind":         {Name: "x"},
		"nowhere":         {Name: "x", Kind: Cloud},
		"not an address":  {Name: "x", Kind: Cloud, Endpoint: "iot.cn-shanghai.aliyuncs.com"},
		"secret in there": {Name: "x", Kind: Cloud, Endpoint: "https://LTAI:hush@iot.example"},
	} {
		dir := t.TempDir()
		_, err := Open(dir).Save(profile)
		if !errors.Is(err, ErrInvalid) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
			t.Errorf("%s: the folder holds %v, %v", name, entries, err)
		}
	}
}

func TestDamagedProfiles(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "profiles.json")
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := Open(dir)
	if _, err := p.List(); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), path) {
		t.Errorf("list: %v, want ErrDamaged naming the file", err)
	}
	if _, err := p.Save(Profile{Name: "x", Kind: Cloud, Region: "cn-shanghai"}); !errors.Is(err, ErrDamaged) {
		t.Errorf("save: %v, want ErrDamaged", err)
	}
	if contents, err := os.ReadFile(path); string(contents) != "{" {
		t.Errorf("the damaged file was replaced by %q (%v)", contents, err)
	}
}
