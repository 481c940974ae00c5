/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a compressed part ends, for `skipcpio --list`: its decoder is run and what it gives is dropped. */
#include "skipcpio/list.h"
#include "skipcpio/util.h"
#include "decoder.h"

#include <string.h>

int part_measure(const struct image *image, const struct part *part, uint64_t *ret_end, struct image_error *e)
{
        _cleanup_(decoder_stopp) struct decoder *decoder = NULL;
        static char reason[192];
        const uint8_t *bytes;
        int64_t n;
        int r;

        r = decoder_start(image, part->format, DECODER_WINDOW, &decoder);
        if (r < 0)
                return r;
        decoder_begin(decoder, part->start);
        while ((n = decoder_take(decoder, &bytes)) > 0)
                decoder_release(decoder);
        if (n < 0) {
                strncpy(reason, decoder_failure(decoder, &e->at), sizeof(reason) - 1);
                e->reason = reason;
                return -EBADMSG;
        }
        *ret_end = decoder_end(decoder);
        return 0;
}
