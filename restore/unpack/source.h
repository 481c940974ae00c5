/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The bytes of one part as the unpacker reads them: those of a plain part straight from the
 * image's files, those of a compressed part from its decoder.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "skipcpio/image.h"
#include "decode/decoder.h"

struct source {
        const struct image *image;
        struct decoder *decoder; /* NULL for a plain part */
        uint64_t start;          /* of the part, offset in the image */
        uint64_t at;             /* next byte: in the decoded stream, or, of a plain part, in the image */
        const uint8_t *bytes;    /* unread bytes in hand, from the decoder's block or @header */
        size_t size;
        bool ended;          /* the decoder has no more */
        uint8_t header[512]; /* of a plain part: a header and nearly every name */
        const char *reason;  /* on failure: why */
        uint64_t failed_at;  /* and the offset in the image */
};

/** Read a plain part (@decoder NULL) or a compressed one, from offset @start in the image. */
void source_init(struct source *s, const struct image *image, struct decoder *decoder, uint64_t start);

/**
 * The next byte, which stays unread.
 *
 * @return 0 to 255; or -ENODATA at the end; or a negative errno with @s->reason set
 */
int source_peek(struct source *s);

/** Skip NULs. @return as source_peek() */
int source_skip_nuls(struct source *s);

/**
 * Read exactly @size bytes into memory of the caller, where nobody else can change them.
 *
 * @return 0; -ENODATA where fewer are left; or a negative errno with @s->reason set
 */
int source_read(struct source *s, void *buffer, size_t size);

/** Pass over @size bytes. @return as source_read() */
int source_skip(struct source *s, uint64_t size);

/**
 * Write the next bytes to a file, at its position.
 *
 * @param left  bytes wanted; on return, bytes not written yet. After -ENOSPC the call can be repeated
 * @param sum   the sum of all bytes is added here where this is not NULL
 * @return as source_read(), or write's error with @s->reason NULL
 */
int source_copy(struct source *s, int fd, uint64_t *left, uint32_t *sum);
