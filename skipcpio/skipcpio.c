/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * skipcpio FILE: what follows the first plain cpio archive of a file, and the padding behind
 * that archive. The same bytes as dracut's program of this name, which also means: all of a
 * file that starts with no cpio archive, and nothing of one that is nothing else.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/sendfile.h>

#include "image.h"
#include "list.h"
#include "newc.h"
#include "util.h"

static int complain(const char *file, uint64_t at, const char *reason)
{
        fprintf(stderr, "%s: %s: offset %" PRIu64 ": %s\n", program_invocation_short_name, file, at, reason);
        return EXIT_FAILURE;
}

static int complain_errno(const char *file, int error)
{
        fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, file, strerror(-error));
        return EXIT_FAILURE;
}

/* Bytes that dracut's program has in hand of each entry. */
#define HEAD_SIZE (NEWC_HEADER_SIZE + sizeof(NEWC_TRAILER) - 1)

/* Find the first byte that is to be copied. @return 0, or an exit status after a complaint */
static int find_rest(const struct image *image, const char *file, bool debug, uint64_t *ret)
{
        uint8_t head[HEAD_SIZE], block[64 << 10];
        uint64_t at = 0;
        ssize_t n;

        for (;;) {
                struct newc header;
                const char *bad;

                n = image_read(image, head, sizeof(head), at);
                if (n < 0)
                        return complain_errno(file, (int)n);
                if ((size_t)n < sizeof(head))
                        return complain(file, at,
                                        at == 0 ? "too short for a cpio header" : "the archive ends without a trailer");
                if (at == 0 && memcmp(head, "070701", 6) != 0) {
                        if (debug)
                                fputs("No CPIO header found.\n", stderr);
                        *ret = 0;
                        return 0;
                }
                bad = memcmp(head, "070702", 6) == 0 ? "no newc magic where a cpio header should be"
                                                     : newc_parse(head, &header);
                if (bad)
                        return complain(file, at, bad);
                at += NEWC_HEADER_SIZE + newc_name_room(&header) + newc_data_room(&header);
                if (header.namesize == sizeof(NEWC_TRAILER) &&
                    memcmp(head + NEWC_HEADER_SIZE, NEWC_TRAILER, sizeof(NEWC_TRAILER) - 1) == 0)
                        break;
        }

        for (;;) {
                ssize_t zeros = 0;

                n = image_read(image, block, sizeof(block), at);
                if (n < 0)
                        return complain_errno(file, (int)n);
                while (zeros < n && block[zeros] == 0)
                        zeros++;
                at += (uint64_t)zeros;
                if (zeros < n || n < (ssize_t)sizeof(block))
                        break;
        }
        *ret = at;
        if (debug && at < image->size)
                fprintf(stderr, "CPIO data and any trailing zeros end at position %" PRIu64 ".\n", at - 1);
        return 0;
}

/* Copy the rest to standard output, inside the kernel where it can. */
static int copy_rest(const struct image *image, const char *file, uint64_t at)
{
        static uint8_t block[256 << 10];
        bool in_kernel = true;

        while (at < image->size) {
                off_t offset = (off_t)at;
                ssize_t n = -1;

                if (in_kernel) {
                        n = sendfile(STDOUT_FILENO, image->regions[0].fd, &offset,
                                     MIN(image->size - at, UINT64_C(1) << 30));
                        in_kernel = n > 0;
                }
                if (!in_kernel) {
                        n = image_read(image, block, sizeof(block), at);
                        if (n < 0)
                                return complain_errno(file, (int)n);
                        n = write(STDOUT_FILENO, block, (size_t)n);
                }
                if (n < 0 && errno != EINTR)
                        return errno == EPIPE ? EXIT_FAILURE : complain_errno("standard output", -errno);
                at += n > 0 ? (uint64_t)n : 0;
        }
        return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
        _cleanup_(image_done) struct image image = IMAGE_INIT;
        const char *debug = getenv("DEBUG_SKIPCPIO");
        bool list = argc == 3 && strcmp(argv[1], "--list") == 0;
        const char *file = argv[argc - 1];
        uint64_t at;
        int r;

        if (argc != 2 && !list) {
                fprintf(stderr, "Usage: %s [--list] FILE\n", program_invocation_short_name);
                return EXIT_FAILURE;
        }
        r = open(file, O_RDONLY | O_CLOEXEC);
        r = r < 0 ? -errno : image_add_file(&image, r, file);
        if (r < 0)
                return complain_errno(file, r);
        if (list)
                return list_parts(&image, file) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
        r = find_rest(&image, file, debug && strcmp(debug, "1") == 0, &at);
        return r != 0 ? r : copy_rest(&image, file, at);
}
