# Commands for contributors. CI runs the same ones (`.github/workflows`, `.ci/run`).

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run tools test check bench bench-clients load instructions histories histories-deployed faults kills fuzz mutants contract clients oidc console browser deployed smoke zips compiled-command command debian \
	functions reproducible sbom notes release fmt clean check-rust check-dependencies check-text check-templates check-openapi check-python check-console

PYTHON ?= python3
CARGO_DENY := 0.20.2
CARGO_FUZZ := 0.13.2
CARGO_MUTANTS := 27.1.0
TEMPLATES := template.yaml infra/api-gateway-log-role.yaml $(wildcard examples/*/*.yaml)
ARCHITECTURE ?= $(if $(filter aarch64 arm64,$(shell uname -m)),arm64,x86_64)
BUILD := .aws-sam/build
# The programs that `make bench` builds.
FUNCTIONS := approvals authorizer read create update rotate revoke catalog introspect exchange console
PEERS := target/peers/release/sdk-defaults target/peers/authorizer.cjs target/peers/python/installed

# The files of a release.
RELEASE := target/release-files
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
TARGET ?= $(shell rustc -vV | sed -n 's/^host: //p')
COMMAND = target/$(TARGET)/release/portcullis$(if $(findstring windows,$(TARGET)),.exe)
DEBIAN_ARCHITECTURE = $(if $(findstring aarch64,$(TARGET)),arm64,amd64)
DEBIAN_FILES := target/debian

# Every tool is installed inside the repository: Python packages in .venv, the AWS SAM CLI in .tools/sam, Syft in
# .tools/syft, cargo's tools in .tools/bin, the tests' OpenID Connect provider in tests/oidc/node_modules, the linter of
# infra/openapi.yaml and the client generators in tests/clients/node_modules, Playwright in tests/browser/node_modules,
# the console's compiler in console/node_modules.
VENV := .venv/installed
SAM := .tools/sam/installed
SYFT := .tools/syft/installed
DENY := .tools/bin/cargo-deny
SECOND_BUILD := target/second-build
FUZZ := .tools/bin/cargo-fuzz
MUTANTS := .tools/bin/cargo-mutants
FUZZ_TARGETS := $(basename $(notdir $(wildcard fuzz/fuzz_targets/*.rs)))
PROVIDER := tests/oidc/node_modules/installed
GENERATORS := tests/clients/node_modules/installed
BROWSER_MODULES := tests/browser/node_modules/installed
# Chromium from PATH, or Debian's, which the rule below installs.
export CHROMIUM ?= $(or $(shell command -v chromium chromium-browser google-chrome | head -n 1),/usr/bin/chromium)
VALGRIND := /usr/bin/valgrind
WRK := /usr/bin/wrk
RIPGREP := $(or $(shell command -v rg),/usr/bin/rg)
CONSOLE := console/dist/site/index.html
CONSOLE_MODULES := console/node_modules/installed
CONSOLE_SOURCES := $(shell find console/src console/public -type f) $(wildcard console/*.html console/*.ts console/*.json)
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/.tools/bin:$(CURDIR)/.tools/sam/bin:$(PATH)
export SAM_CLI_TELEMETRY := 0
# With `make --jobs`, they name a job server that cargo and the tests cannot reach.
unexport MAKEFLAGS MFLAGS

help: ## Print this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 20

run: ## Start the stack on this machine
	cargo run

tools: $(VENV) $(SAM) $(PROVIDER) $(GENERATORS) $(BROWSER_MODULES) $(CONSOLE) $(CHROMIUM) ## Install what the tests need, and build the console

test: tools ## Run every test, including those of a deployment to a local AWS emulator
	python tests/run.py

check: check-rust check-dependencies check-text check-templates check-openapi check-python check-console ## Run every linter and the tests of the templates

browser: $(VENV) $(PROVIDER) $(BROWSER_MODULES) $(CONSOLE) $(CHROMIUM) ## Test the console in a browser
	python tests/programs.py
	npm test --prefix tests/browser --silent

console: $(CONSOLE) ## Build the console for a deployment

deployed: $(VENV) $(SAM) $(CONSOLE) ## Build the zips, deploy them to a local AWS emulator and test them
	pytest tests/deployed

smoke: $(VENV) ## Call every route of a deployed stack that writes (STACK=name, ARGS=further arguments)
	python tests/smoke.py $(STACK) $(ARGS)

contract: $(VENV) ## Test the running service against infra/openapi.yaml
	pytest tests/contract

clients: $(VENV) $(GENERATORS) ## Generate clients from infra/openapi.yaml and test them against the running service
	pytest tests/clients

oidc: $(VENV) $(PROVIDER) ## Test sign-in with an OpenID Connect provider
	pytest tests/oidc

# Each package on its own, so that a function has the features that it is deployed with.
bench: $(PEERS) $(CONSOLE) ## Compare the functions with other programs (ARGS="floor ours" names them; UPDATE=1 renews docs/performance.md)
	for function in $(FUNCTIONS); do cargo build --release --locked --package "portcullis-$$function"; done
	cargo build --release --locked --package portcullis-bench
	target/release/portcullis-bench compare $(if $(UPDATE),--json bench/results/compare.json --svg docs/performance.svg) $(ARGS)
	$(if $(UPDATE),target/release/portcullis-bench faults --json bench/results/faults.json)
	$(if $(UPDATE),target/release/portcullis-bench page)

instructions: $(VALGRIND) ## Compare instruction counts with the recorded ones (UPDATE=1 records them)
	cargo build --release --locked --package portcullis-authorizer
	cargo build --release --locked --package portcullis-bench
	target/release/portcullis-bench instructions $(if $(UPDATE),--update) $(ARGS)
	$(if $(UPDATE),target/release/portcullis-bench page)

histories: ## Check the outcomes of 100,000 concurrent calls, three times (ARGS="7 8" gives other seeds)
	for seed in $(or $(ARGS),1 2 3); do \
		PORTCULLIS_TEST_CALLS=100000 PORTCULLIS_TEST_SEED=$$seed \
			cargo test --locked --workspace --features portcullis-cli/aws --lib --bins --test e2e -- --nocapture linearizability::every; \
	done

histories-deployed: $(VENV) $(SAM) $(CONSOLE) ## Check the outcomes of 2,000 concurrent calls of a deployment on the local AWS emulator
	PORTCULLIS_TEST_CALLS=2000 pytest -s tests/deployed -k linearizable

faults: ## Try every error of DynamoDB in every call of every operation
	PORTCULLIS_TEST_FAULTS=all cargo test --locked --workspace --features portcullis-cli/aws --lib --bins --test e2e -- --nocapture faults::every

kills: $(VENV) ## Kill the local service 300 times during concurrent writes
	PORTCULLIS_TEST_KILLS=300 pytest -s -o faulthandler_timeout=0 tests/contract/test_kills.py

# No target needs a sanitizer, because Portcullis has no unsafe code. Without one, any toolchain works.
fuzz: $(FUZZ) ## Fuzz each target for a minute, until one fails (ARGS="path jwt" names targets; SECONDS=600)
	for target in $(or $(ARGS),$(FUZZ_TARGETS)); do \
		mkdir -p fuzz/corpus/$$target; \
		cargo fuzz run --sanitizer none $$target fuzz/corpus/$$target fuzz/seeds/$$target \
			-- -max_total_time=$(or $(SECONDS),60) -timeout=60 -print_final_stats=1; \
	done

load: export PORTCULLIS_LOCAL := $(CURDIR)/target/release/portcullis-local
load: $(WRK) ## Load the local stack to its limit for ten minutes (ARGS=minutes; UPDATE=1 renews docs/performance.md)
	cargo build --release --locked --package portcullis-cli --package portcullis-local
	bench/load.py $(if $(UPDATE),--update) $(ARGS)

# A run goes on where the last one stopped: mutants that the tests caught are not tried again (target/mutants.out).
mutants: $(MUTANTS) ## Change the core in hundreds of ways, and list the changes that no test notices (ARGS="--shard 0/8")
	PROPTEST_CASES=16 cargo mutants --package portcullis --iterate --output target $(ARGS)

bench-clients: export PORTCULLIS_LOCAL := $(CURDIR)/target/release/portcullis-local
bench-clients: $(BROWSER_MODULES) $(CONSOLE) $(CHROMIUM) $(RIPGREP) ## Measure the command and the console (UPDATE=1 renews docs/performance.md; ARGS=directory to scan)
	cargo build --release --locked --package portcullis-cli --package portcullis-local
	bench/clients.py $(if $(UPDATE),--update) $(ARGS)

zips: $(VENV) $(SAM) $(CONSOLE) ## Build the zips of a deployment and print their sizes (ARCHITECTURE=arm64|x86_64)
	sam build --parameter-overrides Architecture=$(ARCHITECTURE)
	@for binary in $(BUILD)/*/bootstrap; do \
		zipped=$$(python -c 'import sys, zlib; print(len(zlib.compress(open(sys.argv[1], "rb").read())))' "$$binary"); \
		printf '%-20s %8d bytes, %8d zipped\n' \
			"$$(basename "$$(dirname "$$binary")")" "$$(stat -c %s "$$binary")" "$$zipped"; \
	done

compiled-command:
	cargo build --release --locked --package portcullis-cli --features aws --target $(TARGET)

command: compiled-command ## Release: build and pack the command (TARGET=rustc target)
	mkdir -p $(RELEASE)
	tar -czf $(RELEASE)/portcullis-$(TARGET).tar.gz -C $(dir $(COMMAND)) $(notdir $(COMMAND)) -C $(CURDIR) LICENSE

debian: compiled-command ## Release: build the Debian package of the command (TARGET=…-unknown-linux-musl)
	rm -rf $(DEBIAN_FILES)
	install -D --mode=755 $(COMMAND) $(DEBIAN_FILES)/usr/bin/portcullis
	install -D --mode=644 LICENSE $(DEBIAN_FILES)/usr/share/doc/portcullis/copyright
	install -d $(DEBIAN_FILES)/DEBIAN $(DEBIAN_FILES)/usr/share/man/man1 $(DEBIAN_FILES)/usr/share/bash-completion/completions \
		$(DEBIAN_FILES)/usr/share/zsh/vendor-completions $(DEBIAN_FILES)/usr/share/fish/vendor_completions.d
	$(COMMAND) --quiet man $(DEBIAN_FILES)/usr/share/man/man1
	gzip -9n $(DEBIAN_FILES)/usr/share/man/man1/*
	$(COMMAND) completions bash > $(DEBIAN_FILES)/usr/share/bash-completion/completions/portcullis
	$(COMMAND) completions zsh > $(DEBIAN_FILES)/usr/share/zsh/vendor-completions/_portcullis
	$(COMMAND) completions fish > $(DEBIAN_FILES)/usr/share/fish/vendor_completions.d/portcullis.fish
	sed -e 's/@VERSION@/$(VERSION)/' -e 's/@ARCHITECTURE@/$(DEBIAN_ARCHITECTURE)/' infra/debian-control > $(DEBIAN_FILES)/DEBIAN/control
	mkdir -p $(RELEASE)
	dpkg-deb --root-owner-group --build $(DEBIAN_FILES) $(RELEASE)

# The same bytes in every folder: panics name the files of crates below CARGO_HOME.
export CARGO_HOME ?= $(HOME)/.cargo
functions reproducible: export RUSTFLAGS = --remap-path-prefix=$(CARGO_HOME)=/cargo
# Writes a template for `sam deploy --template-file` beside the zips, without the local files of `sam publish`.
functions: zips ## Release: pack the functions and their template (ARCHITECTURE=arm64|x86_64)
	mkdir -p $(RELEASE)
	for folder in $(BUILD)/*Function; do \
		name=$$(basename "$$folder" Function | tr '[:upper:]' '[:lower:]'); \
		touch -d '1980-01-01 00:00:00 UTC' "$$folder/bootstrap"; \
		TZ=UTC python -m zipfile -c "$(RELEASE)/portcullis-$$name-$(ARCHITECTURE).zip" "$$folder/bootstrap"; \
	done
	sed -e 's/CodeUri: functions\/\(.*\)/CodeUri: portcullis-\1-$(ARCHITECTURE).zip/' \
		-e '/^ *\(License\|Readme\)Url:/d' -e 's/Default: arm64/Default: $(ARCHITECTURE)/' template.yaml > $(RELEASE)/template-$(ARCHITECTURE).yaml

# Of the last commit, with its own tools and crates.
reproducible: functions ## Release: build the functions a second time, in other folders, and compare every byte
	rm -rf $(SECOND_BUILD)
	git clone --quiet . $(SECOND_BUILD)/sources
	mkdir -p $(SECOND_BUILD)/cargo/registry
	cp -r $(CARGO_HOME)/registry/cache $(CARGO_HOME)/registry/index $(SECOND_BUILD)/cargo/registry
	CARGO_HOME=$(CURDIR)/$(SECOND_BUILD)/cargo $(MAKE) -C $(SECOND_BUILD)/sources functions
	cd $(RELEASE) && sha256sum portcullis-*-$(ARCHITECTURE).zip template-$(ARCHITECTURE).yaml > $(CURDIR)/$(SECOND_BUILD)/checksums
	cd $(SECOND_BUILD)/sources/$(RELEASE) && sha256sum --check $(CURDIR)/$(SECOND_BUILD)/checksums

# The crates of Cargo.lock and the console's npm packages, without the tests' npm packages.
sbom: $(SYFT) ## Release: list the dependencies in a CycloneDX SBOM
	mkdir -p $(RELEASE)
	SYFT_CHECK_FOR_APP_UPDATE=false .tools/syft/bin/syft scan --quiet dir:. \
		--source-name portcullis --source-version $(VERSION) --output cyclonedx-json=$(RELEASE)/portcullis.cdx.json \
		--exclude './.*/**' --exclude './target/**' --exclude './tests/**' --exclude './fuzz/**' --exclude '**/node_modules/**'

notes: ## Release: print this version's section of CHANGELOG.md
	@awk -v version=$(VERSION) '/^## / { on = ($$2 == version); next } on { print; any = 1 } END { exit !any }' CHANGELOG.md \
		|| { echo 'CHANGELOG.md has no section "## $(VERSION)"' >&2; exit 1; }

release: ## Release: add the template of the log role, the installer, the Homebrew formula and the checksums (RELEASE_URL=https://…/releases/download/v1.2.3)
	@[[ '$(RELEASE_URL)' == */v$(VERSION) ]] \
		|| { echo 'RELEASE_URL ends in the tag "$(notdir $(RELEASE_URL))", but Cargo.toml has the version $(VERSION)' >&2; exit 1; }
	cp infra/api-gateway-log-role.yaml $(RELEASE)
	sed 's|@RELEASE@|$(RELEASE_URL)|' infra/install.sh > $(RELEASE)/install.sh
	sed -e 's|@RELEASE@|$(RELEASE_URL)|' -e 's|@REPOSITORY@|$(firstword $(subst /releases/, ,$(RELEASE_URL)))|' -e 's|@VERSION@|$(VERSION)|' \
		infra/portcullis.rb > $(RELEASE)/portcullis.rb
	cd $(RELEASE) && for archive in portcullis-*.tar.gz; do \
		sed -i "s|@$$archive@|$$(sha256sum < "$$archive" | cut -d ' ' -f 1)|" portcullis.rb; \
	done
	@! grep '@' $(RELEASE)/portcullis.rb || { echo 'an archive of infra/portcullis.rb is missing' >&2; exit 1; }
	cd $(RELEASE) && rm -f SHA256SUMS && sha256sum -- * > ../SHA256SUMS && mv ../SHA256SUMS .

fmt: $(VENV) ## Format everything
	cargo fmt
	cargo fmt --manifest-path fuzz/Cargo.toml
	taplo fmt
	ruff format bench tests
	ruff check --fix bench tests

clean: ## Remove installed tools and builds for deployment; keep cargo's target
	rm -rf .aws-sam .tools .venv tests/oidc/node_modules tests/clients/node_modules tests/browser/node_modules console/node_modules console/dist/site

check-rust:
	cargo fmt --check
	cargo fmt --manifest-path fuzz/Cargo.toml --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo clippy --package portcullis-cli --all-targets --features aws --locked -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --locked

# The advisories are an online database. If it is unreachable, only this check is skipped.
check-dependencies: $(DENY)
	cargo deny --locked check --hide-inclusion-graph bans licenses sources
	@if timeout 20 git ls-remote --quiet https://github.com/rustsec/advisory-db HEAD >/dev/null 2>&1; then \
		cargo deny --locked check advisories; \
	else \
		echo 'advisories not checked: https://github.com/rustsec/advisory-db is unreachable'; \
	fi

check-text: $(VENV)
	typos
	taplo fmt --check
	shellcheck .ci/run examples/pre-commit/pre-commit infra/install.sh
	@if command -v ruby >/dev/null; then ruby -c infra/portcullis.rb; else echo 'infra/portcullis.rb not checked: ruby is not installed'; fi
	actionlint
	zizmor --offline --quiet .github

check-templates: $(VENV) $(SAM)
	cfn-lint $(TEMPLATES)
	for template in $(TEMPLATES); do sam validate --lint --region us-east-1 --template "$$template"; done
	pytest tests/infra

# The linter reads YAML 1.2 strictly. Python's parser does not.
check-openapi: $(GENERATORS)
	npm run lint --prefix tests/clients --silent

check-python: $(VENV)
	ruff format --check bench tests
	ruff check bench tests

check-console: $(CONSOLE_MODULES)
	npm run check --prefix console --silent
	npm test --prefix console --silent

$(VENV): tests/requirements.txt tests/contract/requirements.txt tests/clients/requirements.txt tests/oidc/requirements.txt
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check $(^:%=--requirement %)
	touch $@

$(SAM): tests/requirements-sam.txt
	$(PYTHON) -m venv .tools/sam
	.tools/sam/bin/pip install --quiet --disable-pip-version-check $(^:%=--requirement %)
	touch $@

$(SYFT): tests/requirements-syft.txt
	$(PYTHON) -m venv .tools/syft
	.tools/syft/bin/pip install --quiet --disable-pip-version-check $(^:%=--requirement %)
	touch $@

$(PROVIDER): tests/oidc/package.json tests/oidc/package-lock.json
	npm ci --prefix tests/oidc --ignore-scripts --no-audit --no-fund --loglevel error
	touch $@

$(GENERATORS): tests/clients/package.json tests/clients/package-lock.json
	npm ci --prefix tests/clients --ignore-scripts --no-audit --no-fund --loglevel error
	touch $@

$(BROWSER_MODULES): tests/browser/package.json tests/browser/package-lock.json
	npm ci --prefix tests/browser --ignore-scripts --no-audit --no-fund --loglevel error
	touch $@

/usr/bin/chromium:
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends chromium fonts-dejavu-core

target/peers/release/sdk-defaults: $(wildcard bench/peers/sdk-defaults/Cargo.* bench/peers/sdk-defaults/src/*)
	cargo build --release --locked --manifest-path bench/peers/sdk-defaults/Cargo.toml --target-dir target/peers
	touch $@

target/peers/authorizer.cjs: $(wildcard bench/peers/node/*.*)
	npm ci --prefix bench/peers/node --ignore-scripts --no-audit --no-fund --loglevel error
	npm run build --prefix bench/peers/node --silent
	touch $@

target/peers/python/installed: bench/peers/python/requirements.txt
	$(PYTHON) -m venv target/peers/python
	target/peers/python/bin/pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

$(VALGRIND):
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends valgrind

$(WRK):
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends wrk

/usr/bin/rg:
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends ripgrep

$(CONSOLE_MODULES): console/package.json console/package-lock.json
	npm ci --prefix console --no-audit --no-fund --loglevel error
	touch $@

$(CONSOLE): $(CONSOLE_MODULES) $(CONSOLE_SOURCES)
	npm run build --prefix console --silent

# A debug build compiles in half the time and runs in a second. No debugger reads its debug information.
$(DENY): Makefile
	CARGO_PROFILE_DEV_DEBUG=false cargo install --quiet --debug --locked --root .tools --version $(CARGO_DENY) cargo-deny
	touch $@

$(FUZZ): Makefile
	CARGO_PROFILE_DEV_DEBUG=false cargo install --quiet --debug --locked --root .tools --version $(CARGO_FUZZ) cargo-fuzz
	touch $@

$(MUTANTS): Makefile
	CARGO_PROFILE_DEV_DEBUG=false cargo install --quiet --debug --locked --root .tools --version $(CARGO_MUTANTS) cargo-mutants
	touch $@
