# SPDX-License-Identifier: LGPL-2.1-or-later
# make bench            everything: an hour on two cores, which should have nothing else to do
# make bench SHORT=1    a smaller image and fewer runs, under four minutes; fails where a format has become a tenth slower
# make bench RECORD=1   also keep the result: chart and figures are written to test/bench
# PEERS=ROOT            the root of a newer Debian, whose 3cpio and dracut-extractinitrd are measured, too
# BASE=REVISION         what to be compared with: the newest tag, or the last commit before the day of the present one

# Images are made once and kept here.
BENCH_CACHE ?= $(or $(XDG_CACHE_HOME),$(abspath $(BUILD)))/bench-images
bench_built := $(BUILD)/test/bench/decode-alone $(BUILD)/test/bench/fake-cpus.so

bench:
	@$(MAKE) --no-print-directory deps FOR="build demo bench"
	@$(MAKE) --no-print-directory all $(bench_built)
	@base=$$(test/bench/base $(BUILD)/bench-base $(BASE)) && \
		test/bench/run $${base:+--base $$base} --build $(BUILD) --cache $(BENCH_CACHE) $(if $(SHORT),--short) $(if $(RECORD),--record) $(if $(PEERS),--peers $(PEERS)) $(BENCH)

$(BUILD)/test/bench/decode-alone: $(BUILD)/test/bench/decode-alone.o
	$(call say,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS) $(shell $(PKG_CONFIG) --libs $(LOADED_LIBS)) \
		-lbz2 -l:liblzo2.so.2

$(BUILD)/test/bench/fake-cpus.so: test/bench/fake-cpus.c
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(ALL_CPPFLAGS) $(CFLAGS) -Wall -Wextra $(WERROR_FLAG) -fPIC -shared -o $@ $<

.PHONY: bench
