# SPDX-License-Identifier: LGPL-2.1-or-later
# make fuzz [SECONDS=n] [ONLY=name]: each fuzzing target for n seconds from its corpus, as many at a time as there
# are CPUs; any finding fails.
# make fuzz-coverage: what the corpus alone covers of the parsers.

SECONDS ?= 30
ONLY ?=
FUZZ_CC ?= clang
FUZZ_BUILD := $(BUILD)/fuzz
FUZZ_SOURCES := $(wildcard test/fuzz/fuzz-*.c)
FUZZ_TARGETS := $(FUZZ_SOURCES:%.c=$(BUILD)/%)
FUZZ_LIB := $(call obj,test/fuzz/mutate.c test/fuzz/flips.c $(RESTORE_LIB) $(SKIPCPIO_LIB))

# Its options are not the restore's.
FUZZ_EXTRACT := $(BUILD)/test/fuzz/fuzz-extract
FUZZ_EXTRACT_LIB := $(call obj,test/fuzz/mutate.c $(filter-out extract/extract.c,$(wildcard extract/*.c)) \
	$(wildcard restore/*/*.c) $(SKIPCPIO_LIB))

fuzz-targets: $(FUZZ_TARGETS)
$(filter-out $(FUZZ_EXTRACT),$(FUZZ_TARGETS)): $(BUILD)/%: $(BUILD)/%.o $(FUZZ_LIB)
$(FUZZ_EXTRACT): $(BUILD)/%: $(BUILD)/%.o $(FUZZ_EXTRACT_LIB)
$(FUZZ_TARGETS):
	$(call say,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LDLIBS)

# The whole program for AFL++, and what makes AFL++'s inputs images.
AFL_RESTORE := $(BUILD)/test/fuzz/afl-restore
AFL_MUTATOR := $(BUILD)/test/fuzz/afl-mutator

afl-target: $(AFL_RESTORE)
$(AFL_RESTORE): $(AFL_RESTORE).o $(BUILD)/test/fuzz/restore-main.o $(call obj,$(RESTORE_LIB) $(SKIPCPIO_LIB))
	$(call say,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)
$(BUILD)/test/fuzz/restore-main.o: restore/main.c Makefile
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -Dmain=restore_main -Wno-missing-prototypes -c -o $@ $<

afl-mutator: $(AFL_MUTATOR) $(AFL_MUTATOR).so
AFL_MUTATOR_SOURCES := test/fuzz/afl-mutator.c test/fuzz/mutate.c skipcpio/newc.c
AFL_MUTATOR_LIBS := -lzstd -llzma -llz4
$(AFL_MUTATOR): $(AFL_MUTATOR_SOURCES)
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -DMAIN -o $@ $^ $(LDLIBS) $(AFL_MUTATOR_LIBS)
$(AFL_MUTATOR).so: $(AFL_MUTATOR_SOURCES)
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -fPIC -shared -o $@ $^ $(LDLIBS) $(AFL_MUTATOR_LIBS)

fuzz-build:
	@$(MAKE) --no-print-directory BUILD=$(FUZZ_BUILD) CC=$(FUZZ_CC) CFLAGS="-O1 -g" \
		SANITIZE=address,undefined,fuzzer-no-link fuzz-targets
	@$(MAKE) --no-print-directory BUILD=$(FUZZ_BUILD)/afl CC=$(FUZZ_CC) afl-mutator
	@AFL_QUIET=1 $(MAKE) --no-print-directory BUILD=$(FUZZ_BUILD)/afl CC=afl-clang-fast CFLAGS="-O1 -g" \
		SANITIZE=address,undefined afl-target

fuzz: fuzz-build
	@test/fuzz/run --seconds $(SECONDS) --build $(BUILD) $(ONLY)

# --- what the corpus in the tree covers of the parsers ---

FUZZ_COV := $(BUILD)/fuzz/cov
FUZZ_PARSERS := $(wildcard skipcpio/*.c restore/decode/*.c restore/unpack/*.c restore/locate/*.c extract/*.c restore/util/remove.c)

fuzz-coverage:
	@$(MAKE) --no-print-directory BUILD=$(FUZZ_COV) CC=$(FUZZ_CC) SANITIZE=fuzzer-no-link \
		CFLAGS="-O1 -g -fprofile-instr-generate -fcoverage-mapping" fuzz-targets
	@for t in $(notdir $(basename $(FUZZ_SOURCES))); do \
		LLVM_PROFILE_FILE=$(FUZZ_COV)/$$t.profraw $(FUZZ_COV)/test/fuzz/$$t -runs=0 test/fuzz/corpus/$$t >/dev/null 2>&1; done
	@llvm-profdata merge -o $(FUZZ_COV)/all.profdata $(FUZZ_COV)/*.profraw
	@llvm-cov report -instr-profile=$(FUZZ_COV)/all.profdata $(FUZZ_COV)/test/fuzz/fuzz-unpack \
		$(patsubst %,-object $(FUZZ_COV)/%,$(basename $(FUZZ_SOURCES))) $(FUZZ_PARSERS) | cut -c1-40,84-

.PHONY: fuzz-coverage fuzz fuzz-build fuzz-targets afl-target afl-mutator
