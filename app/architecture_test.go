package app_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// An importRule says what a part of the module must not depend on, directly or
// through others, and why.
type importRule struct {
	from   []string // packages and all below them
	except []string // packages below from that the rule leaves out
	never  []string
	why    string
}

func importRules() []importRule {
	return []importRule{
		{
			from: []string{"fleetmint/platform"}, never: []string{"fyne.io", "fleetmint/views", "fleetmint/app", "fleetmint/assets"},
			why: "the platform runs without a window: fleetmint serve, and every test of it",
		},
		{
			from: []string{"fleetmint/views", "fleetmint/assets"}, never: []string{"fleetmint/app"},
			why: "dependencies point down, from app to views to platform: app puts the parts together and hands them in",
		},
		{
			from: []string{"fleetmint/views"}, never: []string{"fleetmint/platform/local", "fleetmint/platform/openapi"},
			why: "a view knows platform.Platform and not who is behind it; only so the console is the same on every platform",
		},
		{
			from: []string{"fleetmint/platform"}, except: []string{"fleetmint/platform/local"}, never: []string{"fleetmint/platform/local"},
			why: "the local platform is one platform among others: what the rest needs from it comes over its protocols",
		},
	}
}

// goPackage is the part of go list's answer that the rules are about.
type goPackage struct {
	ImportPath string
	Deps       []string // all packages that it depends on
}

func TestImports(t *testing.T) {
	packages := listPackages(t)
	for _, rule := range importRules() {
		for _, p := range packages {
			if !below(p.ImportPath, rule.from) || below(p.ImportPath, rule.except) {
				continue
			}
			for _, dep := range p.Deps {
				if below(dep, rule.never) {
					t.Errorf("%s depends on %s: %s", p.ImportPath, dep, rule.why)
				}
			}
		}
	}
}

// listPackages returns the module's packages. Their tests may import more: a
// test of the client runs it against the local platform.
func listPackages(t *testing.T) []goPackage {
	t.Helper()
	command := exec.Command("go", "list", "-tags", "ci", "-json=ImportPath,Deps", "./...")
	command.Dir = ".."
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("list the module's packages: %v", err)
	}
	var packages []goPackage
	for d := json.NewDecoder(strings.NewReader(string(output))); ; {
		var p goPackage
		switch err := d.Decode(&p); {
		case errors.Is(err, io.EOF):
			if !slices.ContainsFunc(packages, func(p goPackage) bool { return p.ImportPath == "fleetmint/platform" }) {
				t.Fatal("the list lacks fleetmint/platform: the rules would hold for nothing")
			}
			return packages
		case err != nil:
			t.Fatalf("read the list of packages: %v", err)
		}
		packages = append(packages, p)
	}
}

// below reports whether a package is one of the parents or inside one.
func below(path string, parents []string) bool {
	return slices.ContainsFunc(parents, func(parent string) bool {
		return path == parent || strings.HasPrefix(path, parent+"/")
	})
}
