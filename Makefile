# Loa. The two commands of the README are `make demo` and `make test`; each installs what it lacks (Debian 12, Rust, Node 20).

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
WEB := crates/broker/web
HAS_WEB := $(wildcard $(WEB)/package.json)

BUILD_PACKAGES := gcc g++ cmake make pkg-config libasound2-dev
RUN_PACKAGES := espeak-ng
TEST_PACKAGES := ffmpeg mosquitto alsa-utils chromium
BENCH_PACKAGES := snapserver snapclient alsa-utils
PACKAGING_PACKAGES := dpkg-dev jq
PACKAGES_TEST_PACKAGES := lintian mmdebstrap iproute2 systemd-container

NEXTEST := 0.9.143
DENY := 0.20.2
CARGO_DEB := 3.8.0
CARGO_FUZZ := 0.13.2

.PHONY: demo test bench packages test-packages test-arm64 fuzz build web units fmt lint deny rust-test web-test e2e deps test-deps clean

demo: deps web ## Start a broker and the five hamlets of Đại Ân 2
	cargo build --release -p loa-broker -p loa-agent -p loa-fleet
	LOA_BIN_DIR=$${CARGO_TARGET_DIR:-target}/release $${CARGO_TARGET_DIR:-target}/release/loa-fleet demo

test: test-deps fmt units deny web web-test lint rust-test e2e ## Everything that must hold

bench: deps web ## The figures of docs/benchmarks.md; ONLY="tap stop" for some of them
	$(call install,$(BENCH_PACKAGES))
	cargo build --release --locked --workspace --bins
	LOA_BIN_DIR=$(abspath $(or $(CARGO_TARGET_DIR),target))/release cargo bench --locked --workspace --bench figures -- $(ONLY)
	cargo bench --locked -p loa-protocol --bench verify

packages: deps web ## The Debian packages, in target/debian; ARCH=amd64 for one architecture only
	$(call install,$(PACKAGING_PACKAGES))
	@command -v cargo-deb >/dev/null || cargo install --locked cargo-deb --version $(CARGO_DEB)
	deploy/packages.sh $(or $(ARCH),amd64 arm64)

test-packages: packages ## Installs, runs, upgrades, removes them in a fresh Debian 12; needs root
	$(call install,$(PACKAGES_TEST_PACKAGES))
	tests/packages.sh

test-arm64: ## What a node runs, cross-built for 64-bit Raspberry Pis and tested under qemu
	deploy/arm64.sh test -p loa-protocol -p loa-schedule
	deploy/arm64.sh test -p loa-agent --lib
	deploy/arm64.sh run --quiet -p loa-agent --bin loa-agent -- --version

fuzz: deps ## Ten minutes of each fuzz target, with a nightly compiler; FUZZ_S=60 for a minute
	@command -v cargo-fuzz >/dev/null || cargo install --locked cargo-fuzz --version $(CARGO_FUZZ)
	fuzz/run.sh $(or $(FUZZ_S),600)

build: deps web
	cargo build --release

## Steps

fmt:
	cargo fmt --all --check

units: ## How far the units in deploy/ are shut in, where systemd is there to judge it: at most 2.5 of 10
	@if command -v systemd-analyze >/dev/null; then \
	  for unit in deploy/*.service; do \
	    report=$$(systemd-analyze security --no-pager --offline=yes --threshold=25 "$$unit") || { echo "$$report"; exit 1; }; \
	  done; \
	else echo "no systemd-analyze here: units not judged"; fi

lint:
	cargo clippy --workspace --all-targets --locked -- -D warnings

rust-test:
	cargo build --workspace --bins --locked
	cargo nextest run --workspace --locked --no-fail-fast

deny: ## Licences, bans and sources of what is linked. The first time some minutes: it is built from source.
	@command -v cargo-deny >/dev/null || cargo install --locked cargo-deny --version $(DENY)
	cargo deny --log-level error check bans licenses sources

ifneq ($(HAS_WEB),)
web: $(WEB)/dist/index.html

$(WEB)/node_modules/.package-lock.json: $(WEB)/package-lock.json $(WEB)/package.json
	cd $(WEB) && npm ci --no-audit --no-fund

$(WEB)/dist/index.html: $(WEB)/node_modules/.package-lock.json $(shell find $(WEB)/src $(WEB)/public $(WEB)/index.html $(WEB)/vite.config.ts docs/openapi.json -type f 2>/dev/null)
	cd $(WEB) && npm run build

web-test: $(WEB)/node_modules/.package-lock.json
	cd $(WEB) && npm run check && npm test

e2e: test-deps web ## The page in a browser, against a real broker and real agents
	cargo build --workspace --bins --locked
	cd $(WEB) && npm run e2e
else
web web-test e2e:
	@echo "no page in this checkout"
endif

## What the machine lacks

define install
	@missing=(); for p in $(1); do dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'install ok installed' || missing+=($$p); done; \
	if [ $${#missing[@]} -gt 0 ]; then \
	  echo "installing $${missing[*]}"; $(SUDO) apt-get update -qq; \
	  DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends "$${missing[@]}" >/dev/null; \
	fi
endef

deps:
	$(call install,$(BUILD_PACKAGES) $(RUN_PACKAGES))

test-deps: deps
	$(call install,$(TEST_PACKAGES))
	@command -v cargo-nextest >/dev/null || cargo install --locked cargo-nextest --version $(NEXTEST)

clean:
	cargo clean
	rm -rf $(WEB)/dist $(WEB)/node_modules $(WEB)/e2e/.out demo
