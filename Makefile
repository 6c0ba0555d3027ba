# SPDX-License-Identifier: Apache-2.0
# `make help` lists the targets. One Makefile for the whole tree: a folder is a
# layer and becomes one static archive; a program or test links the archives
# from its own layer down, so a call upwards is an undefined symbol.

VERSION    := 0.1.0
PREFIX     ?= /usr/local
DESTDIR    ?=
CC         ?= cc
AR         ?= ar
PKG_CONFIG ?= pkg-config
BUILD      ?= build$(if $(SAN),-san)
IMAGE      ?= busybox
JOBS       ?= $(shell nproc 2>/dev/null || echo 2)

SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all
comma := ,

# ---- what Debian has to give ----
BUILD_DEPS := gcc make pkg-config libarchive-dev libssl-dev libseccomp-dev libjansson-dev \
	libzstd-dev libyaml-dev libelf-dev libcurl4-openssl-dev libdeflate-dev zlib1g-dev libp11-kit-dev ca-certificates
TEST_DEPS  := $(BUILD_DEPS) libcmocka-dev clang clang-format shellcheck jq skopeo umoci podman \
	runc docker-registry apache2-utils curl mandoc python3 python3-jsonschema binutils openssl \
	libclang-rt-14-dev util-linux mount procps iproute2 git time ninja-build gdb softhsm2 opensc dash perl \
	python3-build python3-installer python3-setuptools python3-wheel python3-yaml apt gnupg xz-utils

# ---- layers ----
LAYERS     := base oci signing attest builder cli
MAINS      := cli/main.c cli/verify_main.c
sources     = $(filter-out $(MAINS),$(sort $(shell find $(1) -name '*.c' 2>/dev/null)))
objects     = $(patsubst %.c,$(BUILD)/%.o,$(1))
below_base    := base
below_oci     := oci base
below_signing := signing base
below_attest  := attest oci signing base
below_builder := builder attest oci signing base
below_cli     := cli builder attest oci signing base
archives    = $(foreach layer,$(below_$(1)),$(BUILD)/lib$(layer).a)

# ---- flags: probed once for this compiler ----
PROBED := $(BUILD)/flags.mk
ifeq ($(INNER),1)
include $(PROBED)
endif
$(PROBED): tests/probe-flags.sh
	@mkdir -p $(@D)
	@tests/probe-flags.sh $(CC) > $@

LIBS        := libarchive libcrypto libseccomp jansson libzstd yaml-0.1 libelf libcurl libdeflate zlib
VERIFY_LIBS := libcrypto libseccomp jansson libzstd yaml-0.1 libdeflate zlib
# loaded when first called: base/library.h
LAZY_LIBS   := libarchive libcurl
ifeq ($(INNER),1)
# p11-kit: for the interface's header; modules are loaded when a key asks for one
LIB_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(LIBS) p11-kit-1)
LIB_LDLIBS := $(shell $(PKG_CONFIG) --libs $(filter-out $(LAZY_LIBS),$(LIBS))) -pthread
endif
OPT        ?= -O2 -g
WERROR     ?= $(CI)
SAN_FLAGS  := -fsanitize=address$(comma)undefined -fno-sanitize-recover=all -fno-omit-frame-pointer \
	$(if $(FUZZER),-fsanitize=fuzzer-no-link)
CPPFLAGS   += -I. -D_GNU_SOURCE -DALNAGE_VERSION='"$(VERSION)"' -DALNAGE_DATADIR='"$(PREFIX)/share/alnage"'
ALL_CFLAGS  = -std=gnu17 $(OPT) $(WARN_FLAGS) $(if $(WERROR),-Werror) \
	$(if $(SAN),$(SAN_FLAGS),$(HARDEN_CFLAGS)) -ffile-prefix-map=$(CURDIR)=. -pthread $(LIB_CFLAGS) $(CFLAGS)
ALL_LDFLAGS = $(if $(SAN),$(SAN_FLAGS),$(HARDEN_LDFLAGS)) -Wl,--gc-sections $(LDFLAGS)

# ---- targets that people call: they install what is missing, then go on inside ----
INNER_TARGETS := all check check-fast demo bench fuzz tidy interop install wolfi wolfi-build rebuild-all languages
ifneq ($(INNER),1)
.PHONY: $(INNER_TARGETS)
all install: ; @$(MAKE) --no-print-directory INNER=1 $@
check demo bench fuzz tidy interop wolfi wolfi-build rebuild-all languages check-fast: deps-$(if $(filter demo,$(MAKECMDGOALS)),build,test)
	@$(MAKE) --no-print-directory -j$(JOBS) INNER=1 all
	@$(MAKE) --no-print-directory INNER=1 $@
else

.PHONY: all
all: $(BUILD)/alnage $(BUILD)/alnage-verify

$(BUILD)/%.o: %.c $(PROBED) Makefile
	@mkdir -p $(@D)
	@echo "  CC $<"
	@$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

define layer_rule
$(BUILD)/lib$(1).a: $(call objects,$(call sources,$(1)))
	@rm -f $$@
	@$(AR) rcsD $$@ $$^
endef
$(foreach layer,$(LAYERS),$(eval $(call layer_rule,$(layer))))

$(BUILD)/alnage: $(BUILD)/cli/main.o $(call archives,cli)
	@echo "  LD $@"
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LDLIBS)

$(BUILD)/alnage-verify: $(BUILD)/cli/verify_main.o $(call archives,cli)
	@echo "  LD $@"
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(shell $(PKG_CONFIG) --libs $(VERIFY_LIBS)) -pthread

# ---- tests: tests/unit/LAYER_module_test.c links its layer and what is below ----
UNIT_SRC   := $(sort $(wildcard tests/unit/*_test.c))
UNIT_TESTS := $(patsubst %.c,$(BUILD)/%,$(UNIT_SRC))
HELPERS    := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/helpers/*.c)))
define unit_rule
$(BUILD)/$(basename $(1)): $(BUILD)/$(basename $(1)).o $(call archives,$(firstword $(subst _, ,$(notdir $(1)))))
	@$(CC) $(ALL_CFLAGS) $$(ALL_LDFLAGS) -o $$@ $$^ -lcmocka -lssl $(LIB_LDLIBS)
endef
$(foreach test,$(UNIT_SRC),$(eval $(call unit_rule,$(test))))
# its own allocations fail, too
$(BUILD)/tests/unit/signing_fault_test: ALL_LDFLAGS += -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup

$(BUILD)/tests/helpers/%: $(BUILD)/tests/helpers/%.o $(call archives,cli)
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LDLIBS)

# A target replays its cases in `make check`; with FUZZER=1 and clang it fuzzes.
FUZZ_SRC    := $(sort $(wildcard tests/fuzz/*_fuzz.c))
FUZZ_REPLAY := $(patsubst %.c,$(BUILD)/%,$(FUZZ_SRC))
$(BUILD)/tests/fuzz/%_fuzz: $(BUILD)/tests/fuzz/%_fuzz.o $(if $(FUZZER),,$(BUILD)/tests/fuzz/replay.o) $(call archives,builder)
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(if $(FUZZER),-fsanitize=fuzzer) -o $@ $^ $(LIB_LDLIBS)
# compares our reader of archives with all of libarchive's
$(BUILD)/tests/fuzz/archive_fuzz: LIB_LDLIBS += -larchive

.PHONY: check check-fast check-static check-unit check-fuzz check-system
check-static:
	@tests/run.sh static tests/check-*.sh
check-unit: $(UNIT_TESTS) $(HELPERS)
	@tests/run.sh unit $(UNIT_TESTS)
check-fuzz: $(FUZZ_REPLAY)
	@tests/run.sh fuzz $(FUZZ_REPLAY)
check-system: all $(HELPERS)
	@BUILD=$(BUILD) tests/run.sh system $(sort $(wildcard tests/system/[0-9]*.sh))
check-fast: all $(UNIT_TESTS) $(FUZZ_REPLAY) $(HELPERS)
	@tests/run.sh all tests/check-*.sh $(UNIT_TESTS) $(FUZZ_REPLAY)
check: all
	@$(MAKE) --no-print-directory -j$(JOBS) INNER=1 $(UNIT_TESTS) $(FUZZ_REPLAY) $(HELPERS)
	@BUILD=$(BUILD) tests/run.sh all tests/check-*.sh $(UNIT_TESTS) $(FUZZ_REPLAY) $(sort $(wildcard tests/system/[0-9]*.sh))

# ---- demo, bench, and the long ones ----
.PHONY: demo bench fuzz tidy interop wolfi wolfi-build rebuild-all languages
demo: all
	@tests/demo.sh $(BUILD)/alnage $(if $(filter command line environment,$(origin IMAGE)),$(IMAGE),static busybox)
bench: all $(HELPERS)
	@BUILD=$(BUILD) tests/bench/run.sh
interop: all $(HELPERS)
	@BUILD=$(BUILD) tests/interop/run.sh $(filter-out %/lib.sh %/run.sh,$(sort $(wildcard tests/interop/[a-z]*.sh)))
wolfi: all
	@BUILD=$(BUILD) tests/wolfi-compile.sh
	@BUILD=$(BUILD) tests/wolfi-graph.sh
wolfi-build: all
	@BUILD=$(BUILD) tests/wolfi-build.sh
rebuild-all: all
	@BUILD=$(BUILD) tests/rebuild-all.sh
languages: all
	@BUILD=$(BUILD) tests/languages.sh
FUZZ_SECONDS ?= 60
fuzz:
	@$(MAKE) --no-print-directory -j$(JOBS) INNER=1 BUILD=build-fuzz CC=clang SAN=1 FUZZER=1 fuzz-programs
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/run.sh $(patsubst %.c,build-fuzz/%,$(FUZZ_SRC))
.PHONY: fuzz-programs
fuzz-programs: $(FUZZ_REPLAY)
tidy:
	@clang-tidy --quiet $(foreach layer,$(LAYERS),$(call sources,$(layer))) -- $(CPPFLAGS) -std=gnu17 2>/dev/null

.PHONY: install
install: all
	@install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 \
		$(DESTDIR)$(PREFIX)/share/alnage $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	@install -m 755 $(BUILD)/alnage $(BUILD)/alnage-verify $(DESTDIR)$(PREFIX)/bin/
	@install -m 644 cli/*.1 $(DESTDIR)$(PREFIX)/share/man/man1/
	@cp -R recipes $(DESTDIR)$(PREFIX)/share/alnage/
	@for program in alnage alnage-verify; do \
		$(BUILD)/$$program completion bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/$$program; done

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
endif

# ---- without a compiler ----
.PHONY: help deps deps-build deps-test format uninstall dist clean
help:
	@echo 'make             the programs, in $(BUILD)/'
	@echo 'make demo        build, sign, attest and verify two images; IMAGE=nginx for another'
	@echo 'make check       all tests; SAN=1 with AddressSanitizer and UBSan; CC=clang'
	@echo 'make check-fast  without the system tests'
	@echo 'make bench       measure and report    make fuzz     FUZZ_SECONDS=60 for each target'
	@echo 'make interop     against cosign, skopeo and others: as root; PEERS= a folder with the trees of later suites,'
	@echo '                 SUITE_TOOLS= a program that fills it (suite-tools SUITE FOLDER PACKAGE…); go and npm for two'
	@echo 'make wolfi       compile and plan a corpus      make wolfi-build  build some of it'
	@echo 'make rebuild-all every recipe twice, under other circumstances, with its tests; a long one'
	@echo 'make languages   the pipelines for languages, with compilers of today; fetches 600 MB; a long one'
	@echo 'make deps        install the Debian packages that are missing'
	@echo 'make install     DESTDIR= PREFIX=$(PREFIX)    make uninstall, dist, clean, format, tidy'

deps: deps-test
define install_missing
	@have=$$(dpkg-query -W -f '$${Package} $${db:Status-Status}\n' $(1) 2>/dev/null || true); \
	missing=(); for p in $(1); do \
		[[ $$'\n'$$have == *$$'\n'"$$p installed"* ]] || missing+=("$$p"); \
	done; \
	if [ $${#missing[@]} -gt 0 ]; then \
		if [ "$$(id -u)" = 0 ]; then as=(env); \
		elif sudo -n true 2>/dev/null; then as=(sudo); \
		else echo "alnage: these Debian packages are missing, and installing them needs root:" >&2; \
		     echo "  apt-get install --no-install-recommends $${missing[*]}" >&2; exit 1; fi; \
		echo "installing: $${missing[*]}"; \
		"$${as[@]}" apt-get update -qq; \
		"$${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$${missing[@]}" >/dev/null; \
	fi
endef
deps-build:
	$(call install_missing,$(BUILD_DEPS))
deps-test:
	$(call install_missing,$(TEST_DEPS))

format:
	@clang-format -i $(shell git ls-files '*.c' '*.h')
uninstall:
	@rm -f $(DESTDIR)$(PREFIX)/bin/alnage $(DESTDIR)$(PREFIX)/bin/alnage-verify \
		$(addprefix $(DESTDIR)$(PREFIX)/share/man/man1/,$(notdir $(wildcard cli/*.1))) \
		$(addprefix $(DESTDIR)$(PREFIX)/share/bash-completion/completions/,alnage alnage-verify)
	@rm -rf $(DESTDIR)$(PREFIX)/share/alnage
dist:
	@git archive --prefix=alnage-$(VERSION)/ -o alnage-$(VERSION).tar.gz HEAD
	@echo alnage-$(VERSION).tar.gz
clean:
	@rm -rf build build-san build-fuzz out
