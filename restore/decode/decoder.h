/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The decoder: a process of its own that decodes compressed parts into a ring, one part after
 * the other. The image is hostile input, and the decoders are the largest code that reads it. Whatever
 * an image makes them do ends there: if a decoder dies, hangs or lies, the restore fails.
 * It is killed when the process that started it ends, however that ends.
 *
 * A format is a row in skipcpio/magic.c, which recognizes it, and one in codec.c, which decodes it.
 */

#include "skipcpio/image.h"
#include "skipcpio/magic.h"

/** The default for the largest window (zstd) or dictionary (xz, lzma) to decode, in bytes; xz -9 needs half of it. */
#define DECODER_WINDOW (UINT64_C(128) << 20)

struct decoder;

/**
 * Start a decoder for parts of @format.
 *
 * @param image   must outlive the decoder; its descriptors are shared with the process
 * @param window  bytes, as DECODER_WINDOW; a part that needs more fails
 * @param ret     to be freed by decoder_stop()
 * @return 0; -ENOPKG if the library for the format is missing; or another negative errno, not logged
 */
int decoder_start(const struct image *image, enum format format, uint64_t window, struct decoder **ret);

/** The format that it was started for. */
enum format decoder_format(const struct decoder *decoder);

/** Begin the part at offset @at. The part before must have ended. */
void decoder_begin(struct decoder *decoder, uint64_t at);

/**
 * Wait for decoded bytes of the part; those taken before must have been released.
 *
 * @param ret  the bytes, valid until decoder_release(). The decoder's process may change them at any
 *             time: copy what you check before you check it
 * @return number of bytes; 0 at the part's end; a negative errno on failure, see decoder_failure()
 */
int64_t decoder_take(struct decoder *decoder, const uint8_t **ret);

/** Give back the bytes taken last. */
void decoder_release(struct decoder *decoder);

/** After the part's end: the offset in the image of the first byte after it. */
uint64_t decoder_end(const struct decoder *decoder);

/** After a failure: the reason, and the offset in the image. Valid until decoder_stop(). */
const char *decoder_failure(const struct decoder *decoder, uint64_t *ret_at);

/** The process, for tests and messages. */
pid_t decoder_pid(const struct decoder *decoder);

/** End the process and free all; NULL is fine. */
void decoder_stop(struct decoder *decoder);

static inline void decoder_stopp(struct decoder **decoder)
{
        decoder_stop(*decoder);
}
