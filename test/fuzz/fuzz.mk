# SPDX-License-Identifier: LGPL-2.1-or-later
# make fuzz [SECONDS=n] [ONLY=name]: each fuzzing target for n seconds from its corpus; any finding fails.
# make fuzz-coverage: what the corpus alone covers of the parsers.

SECONDS ?= 30
ONLY ?=
FUZZ_CC ?= clang
FUZZ_BUILD := $(BUILD)/fuzz
FUZZ_COV_BUILD := $(BUILD)/fuzz-cov
FUZZ_AFL_BUILD := $(BUILD)/fuzz-afl
FUZZ_SOURCES := $(wildcard test/fuzz/fuzz-*.c)
FUZZ_TARGETS := $(FUZZ_SOURCES:%.c=$(BUILD)/%)
FUZZ_LIB := $(call obj,test/fuzz/mutate.c $(RESTORE_LIB) $(SKIPCPIO_LIB))

fuzz-targets: $(FUZZ_TARGETS)
$(FUZZ_TARGETS): $(BUILD)/%: $(BUILD)/%.o $(FUZZ_LIB)
	$(call say,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LDLIBS)

fuzz-build:
	@$(MAKE) --no-print-directory BUILD=$(FUZZ_BUILD) CC=$(FUZZ_CC) CFLAGS="-O1 -g" \
		SANITIZE=address,undefined,fuzzer-no-link fuzz-targets

fuzz: fuzz-build
	@test/fuzz/run --seconds $(SECONDS) --build $(BUILD) $(ONLY)

.PHONY: fuzz fuzz-build fuzz-targets
