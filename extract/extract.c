/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dracut-extractinitrd INITRD extracts an image, lists it or writes single files of it, as dracut's program of this
 * name does for lsinitrd.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "skipcpio/util.h"
#include "locate/locate.h"
#include "unpack/unpack.h"
#include "util/log.h"
#include "options.h"
#include "show.h"

/* @return a descriptor, or a negative errno, already logged */
static int open_directory(const char *directory)
{
        int fd;

        if (directory && mkdir(directory, 0755) < 0 && errno != EEXIST)
                return log_error(-errno, "%s", directory);
        fd = open(directory ?: ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? log_error(-errno, "%s", directory ?: ".") : fd;
}

static int extract(const struct image *image, const struct options *options)
{
        const struct unpack_options unpack_options = {
                .window = options->only.window,
                .only = &options->only,
                .polite = true,
                .names = options->verbose,
        };
        _cleanup_close_ int directory = open_directory(options->directory);
        struct unpacked unpacked;
        int r;

        if (directory < 0)
                return directory;
        r = unpack_image(image, directory, &unpack_options, &unpacked);
        if (r == -ENOSPC)
                return log_error(r, "%s: %" PRIu64 " entries and %" PRIu64 " bytes are not written",
                                 options->directory ?: ".", unpacked.missing_entries, unpacked.missing_bytes);
        if (unpacked.nodes > 0)
                log_warning(0, "Device nodes left out, which only root can make: %" PRIu64, unpacked.nodes);
        return r == 0 && unpacked.failed > 0 ? -EIO : r;
}

static int run(const struct options *options, FILE *to)
{
        _cleanup_(candidate_done) struct candidate candidate = CANDIDATE_INIT;
        _cleanup_(locate_done) struct locate *locate = NULL;
        const char *images[] = { options->image, NULL };
        const struct locate_options search = { .sysroot = "/", .images = (char **)images, .image_count = 1 };
        struct stat st;
        int r;

        if (stat(options->image, &st) < 0)
                return log_error(-errno, "%s", options->image);
        if (S_ISREG(st.st_mode) && st.st_size == 0)
                return 0;
        r = locate_begin(&search, &locate);
        if (r == 0)
                r = locate_next(locate, &candidate);
        if (r <= 0)
                return r < 0 ? r : -EBADMSG;
        return options->action == ACTION_EXTRACT ? extract(&candidate.image, options)
                                                 : show_image(&candidate.image, options, to);
}

int main(int argc, char **argv)
{
        _cleanup_fclose_ FILE *to = NULL;
        struct options options;
        int r = options_parse(argc, argv, &options);

        if (r <= 0)
                return r < 0 ? 2 : fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
        umask(0);
        /* All that is logged goes to standard error: standard output is for what was asked for. */
        r = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        to = r < 0 ? NULL : fdopen(r, "w");
        if (!to || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
                return log_error(-errno, "standard output"), EXIT_FAILURE;
        log_setup(options.debug ? LOG_DEBUG : LOG_WARNING);
        return run(&options, to) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
