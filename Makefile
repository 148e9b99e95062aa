# Fleetmint. Two targets do everything a newcomer needs: run and test. Both
# install what the system lacks first (.ci/setup) and are quick when it lacks
# nothing. "make help" lists the rest.
#
# Every target keeps Go's own CGO flags: other ones would compile SQLite and
# the OpenGL binding once more, which takes minutes.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo development)
LDFLAGS := -X=fleetmint/app.version=$(VERSION)

GOFUMPT     := mvdan.cc/gofumpt@v0.8.0
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
FYNE        := fyne.io/tools/cmd/fyne@v1.7.4

# Tests use Fyne's headless driver (tag ci) and the race detector. Vet takes
# the same flags, so that it finds everything compiled.
TESTFLAGS := -race -tags ci
FUZZTIME  ?= 5s

# The version is stamped by LDFLAGS; Go's own stamp fails where git distrusts
# the owner of a clone.
export GOFLAGS := $(strip $(GOFLAGS) -buildvcs=false)

# Fyne reads the locale at every text; "C" is none to it.
export LANG := en_US.UTF-8
export LC_ALL :=

# A graphical session, or a system that always has one.
WINDOW := $(or $(DISPLAY),$(WAYLAND_DISPLAY),$(filter Darwin MINGW% MSYS%,$(shell uname -s)))

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: build ## open the console; without a display, do the tour in a virtual one
ifneq ($(WINDOW),)
	./bin/fleetmint
else
	@echo "There is no display: the tour does the same job in a virtual one."
	@$(MAKE) --no-print-directory tour
endif

.PHONY: build
build: ## make bin/fleetmint
	@.ci/setup build
	go build -ldflags '$(LDFLAGS)' -o bin/ .

.PHONY: test
test: testsetup ## everything that must hold: format, vet, unit, fuzz, end-to-end, tour
	@$(MAKE) --no-print-directory format vet unit fuzz tour

.PHONY: testsetup
testsetup:
	@.ci/setup test

.PHONY: format
format:
	@unformatted=$$(go run $(GOFUMPT) -l main.go app platform views assets); \
	if [ -n "$$unformatted" ]; then echo "not formatted as gofumpt does:"; echo "$$unformatted"; exit 1; fi

.PHONY: vet
vet:
	go vet $(TESTFLAGS) ./...

# The end-to-end test in app runs this build: the local platform with the race
# detector, under the official SDKs.
.PHONY: unit
unit: testsetup
	go build $(TESTFLAGS) -ldflags '$(LDFLAGS)' -o bin/fleetmint-race .
	FLEETMINT_BIN='$(CURDIR)/bin/fleetmint-race' go test $(TESTFLAGS) ./...

.PHONY: race
race: unit ## unit and end-to-end tests with the race detector

.PHONY: fuzz
fuzz: testsetup ## every fuzz target, FUZZTIME=5s each
	@.ci/fuzz $(FUZZTIME)

.PHONY: lint
lint: format vet ## gofumpt, go vet and staticcheck
	go run $(STATICCHECK) -tags ci ./...

.PHONY: bench
bench: ## benchmarks of the platform and the widgets
	@.ci/setup build
	go test -tags ci -run '^$$' -bench . -benchmem ./platform/... ./views/kit/...

.PHONY: tour
tour: testsetup build ## the main job in the window, with pictures in out/tour
	@.ci/tour out/tour

# The packaging tool counts FyneApp.toml's build number up and writes beside
# main.go, so it works on a copy.
.PHONY: package
package: ## an installable archive of the console in dist
	@.ci/setup build
	rm -rf dist && mkdir -p dist
	copy=$$(mktemp -d) && trap 'rm -rf "$$copy"' EXIT && \
	cp -r main.go go.mod go.sum FyneApp.toml app platform views assets "$$copy" && cd "$$copy" && \
	GOFLAGS="$(GOFLAGS) -ldflags=$(LDFLAGS)" go run $(FYNE) package --release && \
	find . -maxdepth 1 \( -name '*.tar.xz' -o -name '*.app' -o -name '*.exe' \) -exec mv {} '$(CURDIR)/dist' \;
	@ls -l dist

.PHONY: clean
clean: ## remove what was built; caches outside the tree stay
	rm -rf bin out dist
