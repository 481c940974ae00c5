/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a codec takes of the machine. */
#include "util/resources.h"
#include "decode.h"

unsigned codec_threads(const struct codec *codec, unsigned usable)
{
        if (codec->slots_per_thread == 0)
                return usable;
        if (codec->threads_max > 0)
                usable = usable > 2 ? MIN(usable - 1, codec->threads_max) : 1;
        return MIN(usable, threads_for_memory(2 * (uint64_t)codec->slots_per_thread * codec->slot_size));
}

int codec_ring(const struct codec *codec, unsigned threads, struct ring *ret)
{
        unsigned slots = codec->slot_count + (threads - 1) * codec->slots_per_thread;

        slots = MAX(slots, 2U); /* one to fill and one to unpack */
        return ring_new(ret, codec->slot_size, MIN(slots, RING_SLOTS_MAX));
}
