# NexusHub. `make run` shows it at work, `make test` tests it, `make help` lists the rest.
# Tools that are missing are installed with apt (as root), or named.

# What `make help` says of the variables:
#: VERSION the version to build or release; default: the tag, else 0.1.0~gitN.COMMIT
#: ARCH amd64 or arm64, of build and deb; default: this machine's
#: DIST the folder that everything is built in; default: dist
#: GO the go command; default: go
#: PARTS the parts of test; default: unit deb lab vm
#: RUN a regular expression: only these tests of test-lab, test-gallery, test-vm and soak
#: SUITE the Debian of lab: bookworm (default) or trixie
#: NONINTERACTIVE 1: run exits once the applications answer
#: FUZZ_TIME how long each fuzz target runs: 30s, 1000x
#: FUZZ_RUN a regular expression: only these fuzz targets
#: FUZZ_PARALLEL how many workers a fuzz target has
#: NEXUSHUB_FUZZ_CACHE the folder of the corpus; default: .cache/fuzz
#: RELEASE_KEY the OpenPGP key that signs the repository of release

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

GO ?= go
ARCH ?= $(shell $(GO) env GOARCH)
BASE_VERSION := 0.1.0
COMMIT := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
# A tagged commit is a release; anything else sorts before it, in the order of commits.
VERSION ?= $(or $(shell git describe --tags --exact-match --match 'v*' 2>/dev/null | sed s/^v//),$(BASE_VERSION)~git$(shell git rev-list --count HEAD 2>/dev/null || echo 0).$(COMMIT))
export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 0)

DIST := dist
export NEXUSHUB_DIST = $(abspath $(DIST))
BIN := $(DIST)/bin$(if $(filter-out $(shell $(GO) env GOARCH),$(ARCH)),-$(ARCH))
DEB = $(DIST)/nexushub_$(VERSION)_$(ARCH).deb
PROGRAMS := nexushubd nexushub-proxy nexushub
APPS := login
ENTRY_amd64 := -E main.entry
LDFLAGS = -s -w -buildid= -X github.com/nexushub/nexushub/internal/version.Version=$(VERSION) -X github.com/nexushub/nexushub/internal/version.Commit=$(COMMIT)
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
ACTIONLINT := github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@latest
NEED := packaging/need.sh
LAB_TOOLS := systemd-nspawn=systemd-container mmdebstrap tmux /usr/share/keyrings/debian-archive-keyring.gpg=debian-archive-keyring nsenter=util-linux ip=iproute2
DEB_TOOLS := dh=debhelper dpkg-architecture=dpkg-dev
RELEASE_TOOLS := apt-ftparchive=apt-utils gpg=gnupg $(DEB_TOOLS)
VM_TOOLS := qemu-system-x86_64=qemu-system-x86 mke2fs=e2fsprogs $(LAB_TOOLS)
# Packages with unit tests; everything under test/ needs a machine and is run by name.
UNIT := $$($(GO) list ./... | grep -v /test/)
RUN ?= .

.PHONY: help build deb run test test-unit test-deb test-lab test-gallery test-vm bench soak fuzz lab lint vulnerabilities release fmt clean examples from-client FORCE

help: ## List every target and every variable.
	@echo 'make TARGET [VARIABLE=VALUE]'; echo
	@sed -nE 's/^([a-z%-]+):.*## /  \1\t/p' $(MAKEFILE_LIST) | expand -t 22; echo
	@sed -nE 's/^#: ([A-Z_]+) /  \1\t/p' $(MAKEFILE_LIST) | expand -t 22

build: ## Build the static programs in dist/bin.
	@mkdir -p $(BIN)
	CGO_ENABLED=0 GOARCH=$(ARCH) $(GO) build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o $(BIN)/ $(addprefix ./cmd/,$(PROGRAMS))
	CGO_ENABLED=0 GOARCH=$(ARCH) $(GO) build -trimpath -buildvcs=false -ldflags '-s -w -buildid= $(ENTRY_$(ARCH))' -o $(BIN)/ ./cmd/nexushub-exec # has no use for Go's runtime
	@for app in $(APPS); do mkdir -p $(BIN)/apps/$$app/bin; cp apps/$$app/nexushub.toml $(BIN)/apps/$$app/; \
		CGO_ENABLED=0 GOARCH=$(ARCH) $(GO) build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o $(BIN)/apps/$$app/bin/app ./apps/$$app; \
	done

from-client: build # completions and nexushub(1), written by the client itself
	@rm -rf $(DIST)/from-client; mkdir -p $(DIST)/from-client/{bash-completion/completions,zsh/vendor-completions,fish/vendor_completions.d,man/man1}
	@client="$(GO) run ./cmd/nexushub"; cd $(CURDIR); \
	$$client completion bash >$(DIST)/from-client/bash-completion/completions/nexushub; \
	$$client completion zsh >$(DIST)/from-client/zsh/vendor-completions/_nexushub; \
	$$client completion fish >$(DIST)/from-client/fish/vendor_completions.d/nexushub.fish; \
	$$client man-page >$(DIST)/from-client/man/man1/nexushub.1

deb: from-client ## Build the package dist/nexushub_VERSION_ARCH.deb.
	@$(NEED) $(DEB_TOOLS)
	packaging/build-deb.sh $(VERSION) $(ARCH) $(BIN) $(DIST)
	@ls -sh $(DEB)

examples: ## Build the example applications in dist/examples.
	@mkdir -p $(DIST)/examples/{hello,login}/bin
	for app in hello login; do CGO_ENABLED=0 GOARCH=$(ARCH) $(GO) build -trimpath -buildvcs=false -ldflags '-s -w' -o $(DIST)/examples/$$app/bin/app ./examples/$$app; done
	@cp -r examples/hello/static examples/hello/nexushub.toml $(DIST)/examples/hello/
	@cp examples/login/users.json examples/login/nexushub.toml $(DIST)/examples/login/
	@cp -r examples/site $(DIST)/examples/

run: deb examples ## Boot a machine with the package and two applications; Ctrl-C ends it (root).
	@$(NEED) $(LAB_TOOLS)
	@$(GO) run ./test/demo --deb $(DEB) --examples $(DIST)/examples $(if $(NONINTERACTIVE),--once)

PARTS ?= unit deb lab vm
test: ## Run every test, and print how long each of PARTS takes.
	@for part in $(PARTS); do \
		SECONDS=0; $(MAKE) --no-print-directory test-$$part; \
		printf '== test-%s passed in %d s\n' $$part $$SECONDS; \
	done

test-unit: lint ## Lint, and run what needs neither root nor a machine; what did not change is cached.
	@$(NEED) gcc /usr/include/stdlib.h=libc6-dev man=man-db openssl
	$(GO) test -race -vet=off -timeout 10m $(UNIT) ./test/fuzz # lint has vetted
	FUZZ_TIME=200x FUZZ_PARALLEL=1 $(GO) run ./test/fuzz ./internal/hostname # that the long runs would run

test-deb: deb ## Check the package: lintian, a second build with the same bytes, one for arm64.
	@$(NEED) lintian
	@again=$$(mktemp -d); trap 'rm -rf $$again' EXIT; other=$$again/nexushub_$(VERSION)_arm64.deb; \
	$(MAKE) --no-print-directory deb DIST=$$again VERSION=$(VERSION) >/dev/null; \
	cmp $(DEB) $$again/$(notdir $(DEB)); echo "reproducible: $$(sha256sum <$(DEB))"; \
	DEB_COMPRESSION=-z0 $(MAKE) --no-print-directory deb DIST=$$again VERSION=$(VERSION) ARCH=arm64 >/dev/null; \
	packaging/check-deb.sh $(DEB) $(ARCH); \
	packaging/check-deb.sh $$other arm64; \
	lintian --allow-root --fail-on error,warning $(DEB) $$other

test-lab: deb examples ## Run the tests that boot Debian 12 and 13 machines with a real systemd (root).
	@$(NEED) $(LAB_TOOLS) $(RELEASE_TOOLS)
	$(GO) test -count=1 -p 1 -timeout 30m -run '$(RUN)' $$($(GO) list ./test/... | grep -vE '/test/(vm|bench|soak)')

test-gallery: deb examples ## Run all of docs/gallery.md on Debian 12 and 13; test-lab runs each program on one (root).
	@$(NEED) $(LAB_TOOLS)
	$(GO) test -count=1 -timeout 60m -run 'TestGallery/$(RUN)' ./test/programs -all

test-vm: deb examples ## Run the tests that boot a virtual machine: reboot, power cut (root).
	@$(NEED) $(VM_TOOLS)
	$(GO) test -count=1 -timeout 30m -v -run '$(RUN)' ./test/vm

lab: deb ## Open a shell in a throw-away machine with the package installed (root).
	@$(NEED) $(LAB_TOOLS)
	@$(GO) run ./test/lab/cmd/lab run --suite $(or $(SUITE),bookworm) --deb $(DEB)

bench: bench-start bench-proxy bench-logs bench-upload ## Measure beside nginx, HAProxy, Caddy and journalctl; write docs/benchmarks.md (root).
	$(GO) run ./test/bench/docs
bench-%: deb examples FORCE ## Run one benchmark: bench-start, bench-proxy, bench-logs or bench-upload (root).
	@$(NEED) $(LAB_TOOLS)
	$(GO) run ./test/bench/$*

fuzz: ## Run every fuzz target for ten minutes or an hour; the corpus stays in .cache/fuzz.
	$(GO) run ./test/fuzz

soak: deb examples fuzz ## Run the long fault tests, and fuzz; takes hours (root).
	@$(NEED) $(LAB_TOOLS)
	$(GO) test -count=1 -timeout 8h -v -run '$(RUN)' ./test/soak/...
	NEXUSHUB_RESTARTS=50 NEXUSHUB_RATE=1000 NEXUSHUB_STREAM_GIB=10 $(GO) test -count=1 -timeout 8h -v -run '$(RUN)' ./test/proxy
	NEXUSHUB_LINES=300000 $(GO) test -count=1 -timeout 2h -v -run '$(RUN)' ./test/journal

lint: ## Run gofmt, vet, staticcheck and actionlint.
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$unformatted" ] || { echo "gofmt: $$unformatted" >&2; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...
	$(GO) run $(ACTIONLINT)

vulnerabilities: ## List known vulnerabilities in what is linked (needs the network).
	$(GO) run $(GOVULNCHECK) ./...

release: ## Tag VERSION and build dist/release: both architectures, checksums, a signed apt repository.
	@$(NEED) $(RELEASE_TOOLS)
	packaging/release.sh $(VERSION)

fmt: ## Format the code.
	gofmt -w $$(git ls-files '*.go')

clean: ## Remove dist/; the cached machines stay in /var/cache/nexushub-lab.
	rm -rf $(DIST)

FORCE:
