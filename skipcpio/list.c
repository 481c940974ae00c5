/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "list.h"

#include <inttypes.h>
#include <string.h>

#include "util.h"

static int complain(const char *file, const struct image_error *e, int error)
{
        fflush(stdout);
        fprintf(stderr, "%s: %s: ", program_invocation_short_name, file);
        if (error == -EBADMSG)
                fprintf(stderr, "offset %" PRIu64 ": %s\n", e->at, e->reason ?: "bytes of no known format");
        else
                fprintf(stderr, "%s\n", strerror(-error));
        return error;
}

int list_parts(struct image *image, const char *file)
{
        uint64_t at = 0;
        int r;

        r = image_trim_bootconfig(image);
        for (unsigned number = 1; r >= 0; number++) {
                struct image_error e = { 0 };
                struct part part;

                r = part_next(image, at, true, &part, &e);
                if (r == 0)
                        return 0;
                if (r > 0 && part.format != FORMAT_NEWC)
                        r = part_measure(image, &part, &part.end, &e);
                if (r < 0)
                        return complain(file, &e, r);
                printf("%u %" PRIu64 " %" PRIu64 " %s %s\n", number, part.start, part.end, format_name(part.format),
                       part.early ? "early" : "main");
                at = part.end;
        }
        return complain(file, &(struct image_error){ 0 }, r);
}
