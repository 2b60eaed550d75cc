# tsdb-agent: `make run` starts it, `make test` checks it, `make help` lists the rest.

SHELL := /bin/sh
PREFIX ?= /usr/local
DESTDIR ?=
SYSCONFDIR ?= /etc
UNITDIR ?= /lib/systemd/system
SYSUSERSDIR ?= /usr/lib/sysusers.d
# Arguments for the agent, the benchmarks, the fuzzers and the tests: make run ARGS="--config agent.toml"
ARGS ?=
# Further flags for the compiler: make test FLAGS="-Xswiftc -warnings-as-errors"
FLAGS ?=

# Code for one kind of processor: make build MARCH=x86-64-v3 (AVX2) or MARCH=native. The default runs
# on every x86-64 and arm64.
MARCH ?=
ifneq ($(MARCH),)
override FLAGS += -Xcc -march=$(MARCH)
endif

# Packed relocations take a twentieth of the room of plain ones; glibc reads them from 2.36 on.
PACKED := $(shell printf '2.36\n%s\n' "$$(getconf GNU_LIBC_VERSION | tr -dc 0-9.)" | sort -CV && \
	echo -Xlinker -z -Xlinker pack-relative-relocs)

# The toolchain's lld leaves out functions that nothing calls and keeps one of those that are alike
# (nothing here compares addresses of functions): the binary is a tenth smaller. Another tenth would
# be regular expressions, which every file imports unless told not to and no file uses.
RELEASE := -c release --static-swift-stdlib -Xlinker -s $(PACKED) \
	-Xswiftc -Xfrontend -Xswiftc -disable-implicit-string-processing-module-import \
	-Xswiftc -use-ld=lld -Xswiftc -Xfrontend -Xswiftc -function-sections \
	-Xlinker --gc-sections -Xlinker --icf=all \
	-Xlinker --version-script=$(CURDIR)/packaging/exports.map
BINARY := .build/release/tsdb-agent

.PHONY: help run build test lint format bench fuzz crash ship asan tsan install deps peers clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1 /p' Makefile | while read -r name text; do \
		printf '  make %-8s %s\n' "$$name" "$$text"; done

run: build ## installs libraries, builds, starts the agent on its defaults (ARGS="--config agent.toml")
	$(BINARY) run $(ARGS)

build: deps ## the release binary, .build/release/tsdb-agent (MARCH=x86-64-v3: for processors with AVX2)
	swift build $(RELEASE) $(FLAGS) --product tsdb-agent

test: deps peers ## all tests; against real servers too, unpacked under .build/peers
	swift test --disable-xctest --no-parallel $(FLAGS) $(ARGS)

lint: ## the formatter's strict check, and a syntax check of the scripts
	swift format lint --strict --recursive --parallel Package.swift Sources Tests
	@for script in packaging/*.sh .ci/*; do sh -n "$$script" || exit 1; done

format: ## writes what `make lint` asks for, where the formatter can
	swift format --in-place --recursive --parallel Package.swift Sources Tests

bench: deps ## the benchmarks (MARCH as above; ARGS: names)
	swift build -c release $(FLAGS) --product bench
	.build/release/bench $(ARGS)

fuzz: deps ## every fuzzer over seeded input (ARGS: names)
	swift build -c release $(FLAGS) --product fuzz
	.build/release/fuzz $(ARGS)

crash: deps ## a store killed 1,000 times, and 1,000 lives of one with power cuts
	swift build -c release $(FLAGS) --product fuzz
	.build/release/fuzz --kills 1000 --power-cuts 1000 $(ARGS)

ship: deps ## 1,000 lives of an agent that ships to destinations
	swift build -c release $(FLAGS) --product fuzz
	.build/release/fuzz --ship 1000 $(ARGS)

asan: deps ## the unit tests under the address sanitizer
	swift test --disable-xctest --no-parallel --sanitize=address --scratch-path .build/asan $(FLAGS) \
		--skip EndToEndTests --skip HouseTests $(ARGS)

# The preloaded file tells the sanitizer of contended mutexes, which the toolchain's library hides.
tsan: deps ## the unit tests under the thread sanitizer
	swift build --build-tests --sanitize=thread --scratch-path .build/tsan $(FLAGS)
	clang -shared -fPIC -O2 -o .build/tsan/mutex.so Tests/tsan-mutex.c
	LD_PRELOAD=$(CURDIR)/.build/tsan/mutex.so swift test --skip-build --disable-xctest \
		--no-parallel --sanitize=thread --scratch-path .build/tsan $(FLAGS) \
		--skip EndToEndTests --skip HouseTests $(ARGS)

install: build ## the binary, the example, the systemd unit and its user's file (DESTDIR, PREFIX)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(SYSCONFDIR)/tsdb-agent
	install -d $(DESTDIR)$(UNITDIR) $(DESTDIR)$(SYSUSERSDIR)
	install -m 755 $(BINARY) $(DESTDIR)$(PREFIX)/bin/tsdb-agent
	install -m 644 agent.toml.example $(DESTDIR)$(SYSCONFDIR)/tsdb-agent/agent.toml.example
	sed 's|/usr/local/bin|$(PREFIX)/bin|; s|/etc/tsdb-agent|$(SYSCONFDIR)/tsdb-agent|' \
		packaging/tsdb-agent.service >$(DESTDIR)$(UNITDIR)/tsdb-agent.service
	install -m 644 packaging/tsdb-agent.sysusers $(DESTDIR)$(SYSUSERSDIR)/tsdb-agent.conf

deps:
	@packaging/install-deps.sh

peers:
	@packaging/fetch-peers.sh

clean: ## forgets everything that was built or unpacked
	rm -rf .build
