# SPDX-License-Identifier: LGPL-2.1-or-later
# make fault: every fault of every scenario; make fault FAULT_SECONDS=n: random ones for n seconds in all.

FAULT_SECONDS ?= 0
FAULT_FLAGS := -std=gnu11 -O2 -g -D_GNU_SOURCE -Wall -Wextra $(WERROR_FLAG) -Wshadow -Wstrict-prototypes -Wmissing-prototypes
FAULT_BUILD := $(BUILD)/test/fault

$(FAULT_BUILD)/fault: $(wildcard test/fault/*.c test/fault/*.h)
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(FAULT_FLAGS) -o $@ $(addprefix test/fault/,fault.c inject.c tree.c errors.c) -lseccomp
$(FAULT_BUILD)/alloc.so: test/fault/alloc.c test/fault/alloc.h
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(FAULT_FLAGS) -fno-builtin -fPIC -shared -o $@ $< -pthread
$(FAULT_BUILD)/tiny: test/fault/tiny.c
	@mkdir -p $(@D)
	$(call say,LD)$(CC) -Os -static -nostdlib -fno-stack-protector -fcf-protection=none -s -o $@ $<

fault-build: all $(FAULT_BUILD)/fault $(FAULT_BUILD)/alloc.so $(FAULT_BUILD)/tiny

fault: fault-build
	@test/fault/run --build $(BUILD) --seconds $(FAULT_SECONDS) $(ONLY)

.PHONY: fault fault-build

# The program with a decoder that was taken over, for test/cli/decoder.bats.
$(FAULT_BUILD)/rogue: $(FAULT_BUILD)/rogue.o $(call obj,restore/main.c $(RESTORE_LIB) $(SKIPCPIO_LIB))
	$(call say,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -Wl,--wrap=codec_find -o $@ $^ $(LDLIBS)
unit: $(FAULT_BUILD)/rogue $(FAULT_BUILD)/rogue-hasty

# The same, but a decoder hangs when it gives nothing for two seconds. For decoders that do hang: no slow machine can
# change the outcome.
$(FAULT_BUILD)/decoder-hasty.o: restore/decode/decoder.c Makefile
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -DHANG_SECONDS=2 -MMD -MP -c -o $@ $<
$(FAULT_BUILD)/rogue-hasty: $(FAULT_BUILD)/rogue.o $(FAULT_BUILD)/decoder-hasty.o \
	$(filter-out %/restore/decode/decoder.o,$(call obj,restore/main.c $(RESTORE_LIB) $(SKIPCPIO_LIB)))
	$(call say,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -Wl,--wrap=codec_find -o $@ $^ $(LDLIBS)

$(FAULT_BUILD)/openat2.so: test/fault/openat2.c
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(FAULT_FLAGS) -fPIC -shared -o $@ $<

valgrind: all $(FAULT_BUILD)/openat2.so
	@test/fault/valgrind $(BUILD)

.PHONY: valgrind

# For test/cli/libraries.bats: what MemoryDenyWriteExecute= refuses, and a library that it does not let load.
$(FAULT_BUILD)/deny-write-execute: test/fault/deny-write-execute.c
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(FAULT_FLAGS) -o $@ $<
$(FAULT_BUILD)/text-relocations.so: test/fault/text-relocations.c
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(FAULT_FLAGS) -fPIC -shared -Wl,-z,notext -o $@ $<
unit: $(FAULT_BUILD)/deny-write-execute $(FAULT_BUILD)/text-relocations.so

# Lines covered by unit, program and namespace tests and some thousand faults. The counters lie in mapped files from the
# start: so they survive kills, and a decoder whose filter allows no writing counts too. Faults hit the counters' own calls
# as well, so what they find here says nothing.
COV_BUILD := $(BUILD)/cov
COV_FLAGS := -Og -g -fprofile-instr-generate=$(abspath $(COV_BUILD))/raw/%m%c.profraw -fcoverage-mapping -mllvm \
	-runtime-counter-relocation -Wno-unused-command-line-argument
COV_FAULT_SECONDS ?= 120

coverage:
	@rm -rf $(COV_BUILD)/raw
	@mkdir -p $(COV_BUILD)/raw
	@$(MAKE) --no-print-directory BUILD=$(COV_BUILD) CC=clang CFLAGS="$(COV_FLAGS)" all unit fault-build
	-@test/run $(COV_BUILD)
	-@test/fault/run --build $(COV_BUILD) --seconds $(COV_FAULT_SECONDS) >$(COV_BUILD)/faults.log
	@test/fault/coverage $(COV_BUILD)

.PHONY: coverage

# What the decoder's process costs.
$(FAULT_BUILD)/threaded: $(FAULT_BUILD)/threaded.o $(filter-out %/restore/decode/decoder.o,$(call obj,restore/main.c $(RESTORE_LIB) $(SKIPCPIO_LIB)))
	$(call say,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)
separation: all $(FAULT_BUILD)/threaded
	@test/fault/separation $(BUILD)
.PHONY: separation
