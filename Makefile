# SPDX-License-Identifier: LGPL-2.1-or-later
VERSION := 1.0

prefix ?= /usr
DESTDIR ?=
bindir ?= $(prefix)/bin
libexecdir ?= $(prefix)/libexec
datarootdir ?= $(prefix)/share
mandir ?= $(datarootdir)/man
bashcompletiondir ?= $(datarootdir)/bash-completion/completions
zshcompletiondir ?= $(datarootdir)/zsh/site-functions
fishcompletiondir ?= $(datarootdir)/fish/vendor_completions.d
# Both have these in lib on every architecture, whatever libdir is.
dracutdir ?= $(prefix)/lib/dracut
unitdir ?= $(prefix)/lib/systemd/system
# The programs are in a folder of their own, so no file of dracut's is in their way. What is below libexec has the label
# of programs in SELinux's policies.
programdir ?= $(libexecdir)/dracut-restore

# BUILD holds everything that is made; another compiler or flags want another BUILD.
# One folder has one name, or the dependencies that were noted under the other are not found.
BUILD ?= build
override BUILD := $(patsubst $(CURDIR)/%,%,$(BUILD))
CC ?= cc
CFLAGS ?= -O2 -g
SANITIZE ?=
# WERROR=1 for this project's CI: a new compiler's warning must not fail anybody else's build.
WERROR ?=
WERROR_FLAG := $(if $(WERROR),-Werror)
PKG_CONFIG ?= pkg-config

# V=1 shows whole commands.
say = $(if $(V),,@printf '  %-4s %s\n' $(1) $@;)

# ISA-L's inflate is 2.4 times zlib's; ISAL=no builds with zlib alone.
ISAL ?= $(shell $(PKG_CONFIG) --exists libisal && echo yes || echo no)

# Linked: what gzip falls back to. The other libraries are loaded when an image asks for them.
LIBS := zlib
LOADED_LIBS := liblzma liblz4 libzstd libarchive
ifeq ($(ISAL),yes)
LOADED_LIBS += libisal
ALL_CPPFLAGS += -DHAVE_ISAL
endif

ALL_CPPFLAGS += -I. -Irestore -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 -DVERSION='"$(VERSION)"' $(CPPFLAGS)
ALL_CFLAGS := -std=gnu11 -Wall -Wextra $(WERROR_FLAG) -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-fPIE -fvisibility=hidden -pthread -fdebug-prefix-map=$(CURDIR)=. $(shell $(PKG_CONFIG) --cflags $(LIBS) $(LOADED_LIBS)) $(CFLAGS)
ALL_LDFLAGS := -pie -pthread $(LDFLAGS)
LDLIBS := $(shell $(PKG_CONFIG) --libs $(LIBS)) -ldl
ifneq ($(SANITIZE),)
ALL_CFLAGS += -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
ALL_LDFLAGS += -fsanitize=$(SANITIZE)
else
ALL_CFLAGS += -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$(shell echo '__builtin_dynamic_object_size' \
	| $(CC) -O2 -E -x c - >/dev/null 2>&1 && $(CC) -dumpversion | awk -F. '{ print ($$1 >= 12 ? 3 : 2) }') $(shell $(CC) -fcf-protection -E -x c /dev/null >/dev/null 2>&1 && echo -fcf-protection)
ALL_LDFLAGS += -Wl,-z,relro,-z,now,-z,noexecstack
endif

SKIPCPIO_LIB := $(sort $(filter-out skipcpio/skipcpio.c,$(wildcard skipcpio/*.c)))
RESTORE_LIB := $(sort $(filter-out restore/main.c,$(wildcard restore/*.c restore/*/*.c)))
obj = $(patsubst %.c,$(BUILD)/%.o,$(1))

PROGRAMS := $(BUILD)/skipcpio/skipcpio $(BUILD)/restore/dracut-initramfs-restore $(BUILD)/extract/dracut-extractinitrd

all: $(PROGRAMS)

$(BUILD)/skipcpio/skipcpio: $(call obj,skipcpio/skipcpio.c $(SKIPCPIO_LIB))
# libc alone, and not -pthread's library, which older libcs have read() in, too
$(BUILD)/skipcpio/skipcpio: LDLIBS :=
$(BUILD)/skipcpio/skipcpio: private ALL_CFLAGS := $(filter-out -pthread,$(ALL_CFLAGS))
$(BUILD)/skipcpio/skipcpio: private ALL_LDFLAGS := $(filter-out -pthread,$(ALL_LDFLAGS))
$(BUILD)/restore/dracut-initramfs-restore: $(call obj,restore/main.c $(RESTORE_LIB) $(SKIPCPIO_LIB))
$(BUILD)/extract/dracut-extractinitrd: $(call obj,$(sort $(wildcard extract/*.c)) $(sort $(wildcard restore/*/*.c)) $(SKIPCPIO_LIB))
$(PROGRAMS):
	$(call say,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# --- what is built and tested with; `make deps` installs it, or what FOR names of it ---

HOST_ARCH = $(shell dpkg --print-architecture 2>/dev/null)
LINUX_armhf := |linux-image-armmp
LINUX_i386 := |linux-image-686
LINUX_ppc64el := |linux-image-powerpc64le
LINUX = linux-image-cloud-$(HOST_ARCH)|linux-image-$(HOST_ARCH)$(LINUX_$(HOST_ARCH))

# a|b is the first that exists; a| may exist nowhere (packaging/deps).
DEPS_build := gcc libc6-dev make pkg-config zlib1g-dev liblzma-dev liblz4-dev libzstd-dev libarchive-dev libisal-dev| \
	libbz2-dev liblzo2-2 libselinux-dev|libselinux1-dev
DEPS_demo = dracut-core cpio zstd kmod util-linux $(if $(wildcard /lib/modules/*/kernel),,$(LINUX))
DEPS_check = $(DEPS_demo) libcmocka-dev bats python3 pigz bzip2 lzop lz4 xz-utils gzip libarchive-tools strace binutils \
	systemd systemd-boot-efi| squashfs-tools erofs-utils attr bsdutils policycoreutils selinux-utils e2fsprogs fdisk procps \
	u-boot-tools device-tree-compiler busybox-static dracut-squash| util-linux-extra| mandoc man-db bash-completion zsh fish
DEPS_ci := libseccomp-dev clang clang-format clang-tidy libclang-rt-dev|libclang-rt-14-dev| llvm shellcheck valgrind afl++
DEPS_kinds = $(DEPS_demo) dracut-squash| python3 bzip2 lzop lz4 xz-utils gzip squashfs-tools erofs-utils binutils \
	systemd-boot-efi 3cpio|
DEPS_musl := musl-tools linux-libc-dev
DEPS_package := $(DEPS_build) build-essential dpkg-dev debhelper lintian rpm git makepkg pacman-package-manager \
	libarchive-tools zstd
DEPS_vm := qemu-system-x86 ovmf mtools dosfstools mmdebstrap kmod binutils fdisk e2fsprogs debian-archive-keyring
DEPS_vm_all := sbsigntool openssl grub-efi-amd64-bin grub-common erofs-utils qemu-system-arm qemu-efi-aarch64 qemu-user-static \
	arch-test gcc-aarch64-linux-gnu libc6-dev-arm64-cross
DEPS_roots := git mmdebstrap
TRIPLET_arm64 := aarch64-linux-gnu
TRIPLET_armhf := arm-linux-gnueabihf
TRIPLET_i386 := i686-linux-gnu
TRIPLET_ppc64el := powerpc64le-linux-gnu
TRIPLET = $(or $(TRIPLET_$(ARCH)),$(ARCH)-linux-gnu)
# ISA-L and libarchive cannot be installed for two architectures at a time; headers are the same on all.
DEPS_arch = gcc-$(TRIPLET) qemu-user|qemu-user-static libarchive-dev $(foreach p,$(filter-out libisal% libarchive%,$(filter lib% zlib%,$(DEPS_build))) libcmocka-dev, \
	$(patsubst %|:$(ARCH),%|,$(subst |,:$(ARCH)|,$(p)):$(ARCH)))
DEPS_bench := gnuplot-nox python3 cpio pigz bzip2 lzop lz4 xz-utils zstd libarchive-tools busybox-static initramfs-tools-core
DEPS_model := gcc libc6-dev spin cbmc|
FOR ?= build demo check ci package vm bench model roots

deps:
	@packaging/deps $(foreach f,$(FOR),$(patsubst %,'%',$(DEPS_$(f))))

# --- the two commands ---

demo:
	@$(MAKE) --no-print-directory deps FOR="build demo"
	@$(MAKE) --no-print-directory all
	@test/demo $(BUILD) $(IMAGE)

check:
	@$(MAKE) --no-print-directory deps FOR="build check"
	@$(MAKE) --no-print-directory -j$(shell nproc) all unit
	@test/lib/own-root test/run $(BUILD) $(ONLY)

# make check-arch ARCH=s390x: built by a cross compiler in a fresh Debian, and run there by qemu-user.
check-arch:
	@$(MAKE) --no-print-directory deps FOR=roots
	@test/foreign $(ARCH) $(ONLY)

# Hours: the two commands, installation and a pivot on every suite, and every architecture.
check-all:
	@$(MAKE) --no-print-directory deps FOR=roots
	@for s in bullseye bookworm trixie forky sid; do echo "=== $$s"; test/clean-install $$s || echo "=== $$s: exit $$?"; done
	@for a in arm64 armhf i386 ppc64el riscv64 s390x; do echo "=== $$a"; test/foreign $$a || echo "=== $$a: exit $$?"; done


# --- tests ---

UNIT_TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard test/unit/test-*.c))

unit: $(UNIT_TESTS)
$(BUILD)/test/unit/%: $(BUILD)/test/unit/%.o $(call obj,$(RESTORE_LIB) $(SKIPCPIO_LIB))
	$(call say,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka -lutil

# VM_SECONDS=n: no machine is started later than that, and those not started have failed.
VM_SECONDS ?= 0

check-vm:
	@$(MAKE) --no-print-directory deps FOR="build check vm"
	@$(MAKE) --no-print-directory all
	test/vm/run --seconds $(VM_SECONDS); r=$$?; test/vm/run --suite trixie --seconds $(VM_SECONDS) core && exit $$r

# Everything, of each suite and architecture.
check-vm-all:
	@$(MAKE) --no-print-directory deps FOR="build check vm vm_all"
	@$(MAKE) --no-print-directory all
	test/vm/run '*'; r=$$?; test/vm/run --suite trixie '*' || r=1; test/vm/run --arch arm64 '*' && exit $$r

include test/fuzz/fuzz.mk
include test/fault/fault.mk
include test/model/model.mk

include test/bench/bench.mk

tidy:
	@printf '%s\n' skipcpio/*.c restore/*.c restore/*/*.c extract/*.c | xargs -P 2 -n 4 sh -c 'clang-tidy --quiet "$$@" -- \
		$(filter-out -DVERSION=%,$(ALL_CPPFLAGS)) -DVERSION=\"$(VERSION)\" $(filter-out -W% -fcf-protection,$(ALL_CFLAGS))' tidy

# --- installation ---

INSTALL ?= install
unitdropindir = $(unitdir)/dracut-shutdown.service.d
MODULE = $(dracutdir)/modules.d/50restore

# What lsinitrd calls becomes a link to ours, PROGRAM:LINK. LSINITRD=no leaves dracut's own.
LSINITRD ?= yes
LINKS = skipcpio:$(dracutdir)/skipcpio \
	dracut-extractinitrd:$(dracutdir)/extractinitrd dracut-extractinitrd:$(bindir)/dracut-extractinitrd
NAMES := $(notdir $(PROGRAMS))
MANUALS := dracut-restore.7 $(NAMES:%=%.8)

# systemd has read its units at boot, and reads them no more at shutdown.
reload = [ -n "$(DESTDIR)" ] || ! [ -d /run/systemd/system ] || systemctl daemon-reload
# replace(with or back)
replace = for l in $(if $(filter no,$(LSINITRD)),,$(LINKS)); do \
	[ ! -e "$(DESTDIR)$(programdir)/$${l%%:*}" ] || \
	packaging/replace $(1) "$(DESTDIR)$(programdir)/$${l%%:*}" "$(DESTDIR)$${l\#*:}" || exit; done
# substitute(template, file)
substitute = sed -e 's|@programdir@|$(programdir)|g' -e 's|@dracutdir@|$(dracutdir)|g' -e 's|@unitdir@|$(unitdir)|g' \
	-e 's|@version@|$(VERSION)|g' $(1) >$(2) && chmod 644 $(2)

install: all
	$(INSTALL) -d -m 755 $(addprefix $(DESTDIR),$(programdir) $(bindir) $(MODULE) $(unitdropindir) $(mandir)/man7 $(mandir)/man8 \
		$(bashcompletiondir) $(zshcompletiondir) $(fishcompletiondir))
	$(INSTALL) -m 755 $(PROGRAMS) $(DESTDIR)$(programdir)/
	ln -srf $(DESTDIR)$(programdir)/dracut-initramfs-restore $(DESTDIR)$(bindir)/
	@packaging/replace back $(DESTDIR)$(programdir)/dracut-initramfs-restore $(DESTDIR)$(dracutdir)/dracut-initramfs-restore
	@$(call replace,with)
	$(INSTALL) -m 755 modules.d/50restore/*.sh $(DESTDIR)$(MODULE)/
	$(call substitute,modules.d/dracut-shutdown.service.d/50-restore.conf.in,$(DESTDIR)$(unitdropindir)/50-restore.conf)
	@for m in $(MANUALS); do $(call substitute,man/$$m.in,$(DESTDIR)$(mandir)/man$${m##*.}/$$m) || exit; done
	for c in $(NAMES); do \
		$(INSTALL) -m 644 completion/$$c.bash $(DESTDIR)$(bashcompletiondir)/$$c && \
		$(INSTALL) -m 644 completion/$$c.zsh $(DESTDIR)$(zshcompletiondir)/_$$c && \
		$(INSTALL) -m 644 completion/$$c.fish $(DESTDIR)$(fishcompletiondir)/ || exit; done
	@$(reload)

uninstall:
	@$(call replace,back)
	@packaging/replace back $(DESTDIR)$(programdir)/dracut-initramfs-restore $(DESTDIR)$(dracutdir)/dracut-initramfs-restore
	rm -f $(DESTDIR)$(bindir)/dracut-initramfs-restore $(DESTDIR)$(unitdropindir)/50-restore.conf \
		$(foreach m,$(MANUALS),$(DESTDIR)$(mandir)/man$(subst .,,$(suffix $m))/$m) \
		$(foreach c,$(NAMES),$(DESTDIR)$(bashcompletiondir)/$c $(DESTDIR)$(zshcompletiondir)/_$c \
		$(DESTDIR)$(fishcompletiondir)/$c.fish)
	rm -rf $(DESTDIR)$(MODULE) $(DESTDIR)$(programdir)
	-rmdir $(DESTDIR)$(unitdropindir) 2>/dev/null
	@$(reload)

# The same commit, the same bytes.
TARBALL := $(BUILD)/dracut-restore-$(VERSION).tar.gz

dist:
	@mkdir -p $(BUILD)
	@git diff --quiet HEAD || echo "What is not committed is not in the tarball." >&2
	git -c tar.umask=0022 archive --format=tar --prefix=dracut-restore-$(VERSION)/ HEAD | gzip -9n >$(TARBALL)

clean:
	rm -rf $(BUILD)

# For tests: the programs that are built.
programs:
	@printf '%s\n' $(PROGRAMS)

.PHONY: all programs unit check check-arch check-all check-vm check-vm-all tidy demo deps install uninstall dist clean
.SECONDARY:
-include $(shell find $(BUILD) \( -path $(BUILD)/vm -o -path $(BUILD)/roots \) -prune -o -name '*.d' -type f -print 2>/dev/null)
