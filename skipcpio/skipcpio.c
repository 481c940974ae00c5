/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * skipcpio FILE writes what follows the first plain cpio archive of FILE and its padding, byte for byte as dracut's
 * program of this name does. So a file that does not start with a cpio archive is written whole, and of a file that is
 * nothing but one archive nothing is written.
 *
 * skipcpio --list FILE prints the parts of an image.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/sendfile.h>

#include "image.h"
#include "newc.h"
#include "parts.h"
#include "util.h"

static int complain(const char *file, uint64_t at, const char *reason)
{
        fflush(stdout);
        fprintf(stderr, "%s: %s: offset %" PRIu64 ": %s\n", program_invocation_short_name, file, at, reason);
        return EXIT_FAILURE;
}

static int complain_errno(const char *file, int error)
{
        fflush(stdout);
        fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, file, strerror(-error));
        return EXIT_FAILURE;
}

/* dracut's program reads this much of each entry, and fails where the file has less. */
#define HEAD_SIZE (NEWC_HEADER_SIZE + sizeof(NEWC_TRAILER) - 1)

/* Find the first byte to copy. @return 0, or an exit status with the error already printed */
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

/* Copy the rest to standard output with sendfile(), or with read() and write() where sendfile() fails. */
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

/* What bytes are that begin no part. */
static const char *foreign(const struct image *image, uint64_t at)
{
        char magic[2];

        return image_read(image, magic, sizeof(magic), at) == sizeof(magic) && memcmp(magic, "MZ", sizeof(magic)) == 0
                               ? "a PE file, perhaps a unified kernel image: see dracut-extractinitrd --examine"
                               : "bytes of no known format";
}

/*
 * Print a line for each part: number, start, end, format, early or main. Only a decoder can tell where a compressed
 * part ends, and this program has none: such a part ends at "-" and is the last one listed.
 */
static int list_parts(struct image *image, const char *file)
{
        int r = image_trim_bootconfig(image);
        uint64_t at = 0;

        for (unsigned number = 1; r >= 0; number++) {
                struct image_error e = { 0 };
                char end[24] = "-";
                struct part part;

                r = part_next(image, at, true, &part, &e);
                if (r == -EBADMSG)
                        return complain(file, e.at, e.reason ?: foreign(image, e.at));
                if (r <= 0)
                        break;
                if (part.format == FORMAT_NEWC)
                        snprintf(end, sizeof(end), "%" PRIu64, part.end);
                /* glibc says at the end that output could not be written, musl at once. */
                if (printf("%u %" PRIu64 " %s %s %s\n", number, part.start, end, format_name(part.format),
                           part.early ? "early" : "main") < 0)
                        return complain_errno("standard output", -errno);
                if (part.format != FORMAT_NEWC)
                        break;
                at = part.end;
        }
        if (r < 0)
                return complain_errno(file, r);
        return fflush(stdout) == 0 ? EXIT_SUCCESS : complain_errno("standard output", -errno);
}

static void usage(FILE *to)
{
        fprintf(to,
                "Usage: %s [--list] FILE\n"
                "Write what follows the first plain cpio archive of FILE and its padding.\n"
                "\n"
                "      --list     print a line for each part instead: number, start, end, format,\n"
                "                 early or main; a compressed part ends at \"-\" and is the last\n"
                "      --help     print this\n"
                "      --version  print the version\n",
                program_invocation_short_name);
}

int main(int argc, char **argv)
{
        _cleanup_(image_done) struct image image = IMAGE_INIT;
        const char *debug = getenv("DEBUG_SKIPCPIO");
        bool list = argc == 3 && strcmp(argv[1], "--list") == 0;
        const char *file = argv[argc - 1];
        uint64_t at;
        int r;

        if (argc == 2 && strcmp(argv[1], "--help") == 0) {
                usage(stdout);
                return EXIT_SUCCESS;
        }
        if (argc == 2 && strcmp(argv[1], "--version") == 0) {
                printf("%s (dracut-restore-" VERSION ")\n", program_invocation_short_name);
                return EXIT_SUCCESS;
        }
        if (argc != 2 && !list) {
                usage(stderr);
                return EXIT_FAILURE;
        }
        r = open(file, O_RDONLY | O_CLOEXEC);
        r = r < 0 ? -errno : image_add_file(&image, r, file);
        if (r < 0)
                return complain_errno(file, r);
        if (list)
                return list_parts(&image, file);
        r = find_rest(&image, file, debug && strcmp(debug, "1") == 0, &at);
        return r != 0 ? r : copy_rest(&image, file, at);
}
