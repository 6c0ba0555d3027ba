# SPDX-License-Identifier: Apache-2.0
# make help tells the targets.

PREFIX   ?= /usr/local
DESTDIR  ?=
CC       ?= cc
AR       ?= ar
PKG_CONFIG ?= pkg-config
BUILD    ?= build$(if $(SAN),-san)
VERSION  := 0.1.0
WERROR   ?= $(CI)

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.SUFFIXES:

# ---- sources: a folder is a layer, in this order (see tests/check-layers.sh) ----
LAYERS := base oci signing attest builder cli
sources = $(sort $(shell find $(1) -name '*.c' 2>/dev/null))
PROGRAM_MAINS := cli/main.c cli/verify_main.c
$(foreach layer,$(LAYERS),$(eval $(layer)_SRC := $(filter-out $(PROGRAM_MAINS),$(call sources,$(layer)))))

# ---- flags, probed once per compiler ----
PROBED := $(BUILD)/flags.mk
ifneq ($(filter-out clean distclean help deps install-deps demo-deps format tidy,$(or $(MAKECMDGOALS),all)),)
include $(PROBED)
endif
$(PROBED): tests/probe-flags.sh
	@mkdir -p $(@D)
	@tests/probe-flags.sh "$(CC)" > $@

LIBS := libarchive libcrypto libssl libseccomp jansson libzstd yaml-0.1 libelf libcurl libdeflate zlib
LIB_CFLAGS = $(shell $(PKG_CONFIG) --cflags $(LIBS))
LIB_LDLIBS = $(shell $(PKG_CONFIG) --libs $(LIBS)) -pthread

SAN_FLAGS := $(if $(SAN),-fsanitize=address$(comma)undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
comma := ,
SAN_FLAGS := $(if $(SAN),-fsanitize=address$(comma)undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
OPT ?= -O2 -g
CPPFLAGS += -I. -D_GNU_SOURCE -DALNAGE_VERSION='"$(VERSION)"' -DALNAGE_DATADIR='"$(PREFIX)/share/alnage"'
ALL_CFLAGS = -std=gnu17 $(OPT) $(WARN_FLAGS) $(if $(WERROR),-Werror) \
	$(if $(SAN),$(SAN_FLAGS),$(HARDEN_CFLAGS)) -ffile-prefix-map=$(CURDIR)=. -pthread $(LIB_CFLAGS) $(CFLAGS)
ALL_LDFLAGS = $(if $(SAN),$(SAN_FLAGS),$(HARDEN_LDFLAGS)) $(LDFLAGS)

# ---- rules ----
.PHONY: all
all: $(BUILD)/alnage $(BUILD)/alnage-verify

objects = $(patsubst %.c,$(BUILD)/%.o,$(1))

$(BUILD)/%.o: %.c $(PROBED)
	@mkdir -p $(@D)
	@echo "  CC $<"
	@$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

define layer_rule
$(BUILD)/lib$(1).a: $(call objects,$($(1)_SRC))
	@rm -f $$@
	@$(AR) rcsD $$@ $$^
endef
$(foreach layer,$(LAYERS),$(eval $(call layer_rule,$(layer))))

# From the highest layer down: an upward call is an undefined symbol.
archives_below = $(foreach layer,$(1),$(BUILD)/lib$(layer).a)
ARCHIVES        := $(call archives_below,cli builder attest signing oci base)

$(BUILD)/alnage: $(BUILD)/cli/main.o $(ARCHIVES)
	@echo "  LD $@"
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LDLIBS)

