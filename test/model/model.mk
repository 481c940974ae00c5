# SPDX-License-Identifier: LGPL-2.1-or-later
# make model: the protocol between decoder and unpacker, every state of it (restore/decode/ring.c, decoder.c).

model:
	@$(MAKE) --no-print-directory deps FOR="model"
	@test/model/run $(BUILD)/test/model

.PHONY: model
