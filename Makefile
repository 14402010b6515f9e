# Petrel. `make` prints the targets.

SHELL := /bin/bash
SWIFT ?= swift
PACKAGES = libwebsockets-dev libcurl4-openssl-dev libyaml-dev libssl-dev libsqlite3-dev libpcre2-dev libcrypt-dev \
           libexpat1-dev pkg-config
# What some tests run against; those that miss theirs say that they are skipped.
TEST_PACKAGES = openssh-client openssh-server python3-venv curl
SERVER_PACKAGES = inspircd prosody
BIN = .build/debug
ORIGINALS = .build/originals/bin
# With the Swift runtime in it: the program starts sooner and runs where no Swift is installed.
RELEASE_FLAGS = -c release --static-swift-stdlib
# One line of progress on a terminal; what a library's manifest warns of is not ours to change.
SHOW = awk -v tty="$$(test -t 1 && echo 1)" '/^\[[0-9]/ { if (tty) printf "\r\033[K%s", substr($$0, 1, 78); next } \
    /^warning: .swift-|checkouts.*CMakeLists/ { next } { if (tty) printf "\r\033[K"; print; fflush() }'

.DEFAULT_GOAL = help
.PHONY: help run test test-all build lint format conformance fault fuzz bench bench-languages bench-chat originals verify docs install packages test-packages server-packages debug

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: packages debug ## Start the service with the local room open in this terminal
	@exec $(BIN)/petrel serve $(ARGS)

test: packages test-packages ## Run all tests that need nothing but Debian packages; the only thing that CI calls
	@sh Tests/run-tests.sh

test-all: test server-packages ## The tests, with those that run against real IRC and XMPP servers on loopback
	@PETREL_REAL_SERVERS=1 $(SWIFT) test --filter 'AdapterConformanceTests|RealServer' 2>&1 | \
	    grep -E '✘|error:|^skipped |^[a-z0-9-]+ [a-z_]+=[0-9]|Test run with'; exit $${PIPESTATUS[0]}

build: packages ## Build the release: .build/release/petrel and .build/release/petrel-shim
	@set -o pipefail; $(SWIFT) build $(RELEASE_FLAGS) --product petrel-shim 2>&1 | $(SHOW)
	@set -o pipefail; $(SWIFT) build $(RELEASE_FLAGS) --product petrel 2>&1 | $(SHOW)
	@strip -o .build/release/petrel-stripped .build/release/petrel && ls -l .build/release/petrel-stripped

lint: ## Check format and style, strictly
	$(SWIFT) format lint --strict --recursive Package.swift Sources Tests adapters

format: ## Put the format right
	$(SWIFT) format format --in-place --recursive Package.swift Sources Tests adapters

conformance: packages ## Compare with the vectors recorded from StackStorm
	$(SWIFT) test --filter ConformanceTests

fault: packages debug ## Kill the service at every fault point, then 1,000 times at random
	python3 Tests/Harness/fault.py $(BIN)/petrel points --passes 1,2,5
	python3 Tests/Harness/fault.py $(BIN)/petrel workflow --passes 1,2,5
	PETREL_FUZZ_ROUNDS=$${GRAPHS:-10000} $(SWIFT) test --filter 'WorkflowFuzz/graphs|WorkflowEngineFuzz'
	python3 Tests/Harness/fault.py $(BIN)/petrel sleeper
	python3 Tests/Harness/fault.py $(BIN)/petrel full
	python3 Tests/Harness/fault.py $(BIN)/petrel random --kills $${KILLS:-1000} --seed $${SEED:-1}
	PETREL_CUTS=125 PETREL_CHAT_COMMANDS=1000 PETREL_CHAT_KILLS=50 \
		$(SWIFT) test --no-parallel --filter 'ChatCutTests|ChatPlatformTests'

fuzz: packages debug ## Long runs of the seeded fuzz tests
	PETREL_FUZZ_ROUNDS=$${ROUNDS:-200000} $(SWIFT) test --filter '[Ff]uzz|SchemathesisTests'

bench: build originals ## Figures of the release build beside the physical limits, and of the languages beside Python's
	python3 Tests/Harness/bench.py .build/release --originals $(ORIGINALS)/python
	@$(MAKE) --no-print-directory bench-languages
	@$(MAKE) --no-print-directory bench-chat

bench-chat: ## Petrel beside other bots on the same fake chat servers; with FAULTS=1 what faults do to each
	python3 Tests/Harness/bench_chat.py .build/release $(if $(FAULTS),--faults) $(ARGS)

# The originals are for the comparison only; without a network their rows say that they are not installed.
originals:
	@test -x $(ORIGINALS)/python || python3 -m venv .build/originals
	@$(ORIGINALS)/python -c 'import jinja2, yaql, yaml, jsonpath_rw' 2>/dev/null || \
	    $(ORIGINALS)/pip install -q jinja2==3.1.6 yaql==3.2.0 PyYAML==6.0.3 jsonpath-rw==1.4.0 || true
	@$(ORIGINALS)/pip show -q orquesta 2>/dev/null || $(ORIGINALS)/pip install -q orquesta==1.2.0 || true

bench-languages: packages originals
	@set -o pipefail; $(SWIFT) build $(RELEASE_FLAGS) --product petrel-bench 2>&1 | $(SHOW)
	$(ORIGINALS)/python Tests/Harness/languages.py .build/release/petrel-bench

verify: debug ## Make the generated files anew: conf/petrel.yaml, the linked-in content
	$(BIN)/petrel debug pack-content . > Sources/CPetrelContent/content.json.new
	mv Sources/CPetrelContent/content.json.new Sources/CPetrelContent/content.json
	$(BIN)/petrel config sample > conf/petrel.yaml

PREFIX ?= /usr/local
install: build ## Install program, manual and completion below PREFIX (/usr/local); st2 is a link unless there is one
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 \
	    $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/share/zsh/site-functions \
	    $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	install -m 755 .build/release/petrel-stripped $(DESTDIR)$(PREFIX)/bin/petrel
	install -m 755 .build/release/petrel-shim $(DESTDIR)$(PREFIX)/bin/petrel-shim
	test -e $(DESTDIR)$(PREFIX)/bin/st2 || ln -s petrel $(DESTDIR)$(PREFIX)/bin/st2
	.build/release/petrel debug manual $(DESTDIR)$(PREFIX)/share/man/man1
	.build/release/petrel completion bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/petrel
	.build/release/petrel completion zsh > $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_petrel
	.build/release/petrel completion fish > $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/petrel.fish

docs: ## Where to read
	@ls docs docs/adr

# Installs those of the packages that are missing, so that a second run needs no network; fails where it may not or can't,
# with their names in $missing. Tests start servers themselves; the machine's own are not started.
define install_missing
missing=$$(for p in $(1); do dpkg -s $$p >/dev/null 2>&1 || printf '%s ' $$p; done); \
if [ "$$(id -u)" = 0 ]; then as=; elif sudo -n true 2>/dev/null; then as=sudo; else as=false; fi; \
[ -z "$$missing" ] || { \
    [ "$$as" = false ] || echo "Installing Debian packages: $$missing"; \
    { $$as apt-get update -qq && $$as env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends $$missing; } >/dev/null; \
}
endef

packages:
	@$(call install_missing,$(PACKAGES)) || { \
	    echo "Petrel needs some Debian packages. Install them, then run make again:"; \
	    echo "  sudo apt-get update && sudo apt-get install -y $$missing"; exit 1; }

test-packages:
	@$(call install_missing,$(TEST_PACKAGES)) 2>/dev/null || \
	    echo "Some tests will be skipped for want of these Debian packages: $$missing"

server-packages:
	@$(call install_missing,$(SERVER_PACKAGES)) 2>/dev/null || \
	    echo "skipped tests: these Debian packages can't be installed: $$missing"

debug:
	@if [ ! -x $(BIN)/petrel ]; then echo "Building Petrel; the first time takes some minutes (libraries first)."; fi
	@set -o pipefail; $(SWIFT) build --product petrel-shim 2>&1 | $(SHOW)
	@set -o pipefail; $(SWIFT) build --product petrel 2>&1 | $(SHOW)
