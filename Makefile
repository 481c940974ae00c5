# SPDX-License-Identifier: LGPL-2.1-or-later
VERSION := 1.0

prefix ?= /usr
DESTDIR ?=
dracutdir ?= $(prefix)/lib/dracut
unitdir ?= $(prefix)/lib/systemd/system

# BUILD holds everything that is made; another compiler or flags want another BUILD.
BUILD ?= build
CC ?= cc
CFLAGS ?= -O2 -g
SANITIZE ?=
PKG_CONFIG ?= pkg-config

# V=1 shows whole commands.
say = $(if $(V),,@printf '  %-4s %s\n' $(1) $@;)

# ISA-L's inflate is 2.4 times zlib's; ISAL=no builds with zlib alone.
ISAL ?= $(shell $(PKG_CONFIG) --exists libisal && echo yes || echo no)

LIBS := zlib liblzma liblz4 libzstd libseccomp
ifeq ($(ISAL),yes)
LIBS += libisal
ALL_CPPFLAGS += -DHAVE_ISAL
endif

ALL_CPPFLAGS += -D_GNU_SOURCE -DVERSION='"$(VERSION)"' $(CPPFLAGS)
ALL_CFLAGS := -std=gnu11 -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-fPIE -fvisibility=hidden -pthread $(shell $(PKG_CONFIG) --cflags $(LIBS)) $(CFLAGS)
ALL_LDFLAGS := -pie -pthread $(LDFLAGS)
LDLIBS := $(shell $(PKG_CONFIG) --libs $(LIBS)) -ldl
ifneq ($(SANITIZE),)
ALL_CFLAGS += -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
ALL_LDFLAGS += -fsanitize=$(SANITIZE)
else
ALL_CFLAGS += -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$(shell echo '__builtin_dynamic_object_size' \
	| $(CC) -O2 -E -x c - >/dev/null 2>&1 && $(CC) -dumpversion | awk -F. '{ print ($$1 >= 12 ? 3 : 2) }') -fcf-protection
ALL_LDFLAGS += -Wl,-z,relro,-z,now,-z,noexecstack
endif

SKIPCPIO_LIB := $(filter-out skipcpio/skipcpio.c,$(wildcard skipcpio/*.c))
RESTORE_LIB := $(filter-out restore/main.c,$(wildcard restore/*.c))
obj = $(patsubst %.c,$(BUILD)/%.o,$(1))

PROGRAMS := $(BUILD)/skipcpio/skipcpio $(BUILD)/restore/dracut-initramfs-restore

all: $(PROGRAMS)

$(BUILD)/skipcpio/skipcpio: $(call obj,skipcpio/skipcpio.c $(RESTORE_LIB) $(SKIPCPIO_LIB))
$(BUILD)/restore/dracut-initramfs-restore: $(call obj,restore/main.c $(RESTORE_LIB) $(SKIPCPIO_LIB))
$(PROGRAMS):
	$(call say,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

clean:
	rm -rf $(BUILD)

.PHONY: all clean
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
