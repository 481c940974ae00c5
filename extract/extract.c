/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dracut-extractinitrd INITRD extracts an image, lists it or writes single files of it, as dracut's program of this
 * name does for lsinitrd.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <locale.h>
#include <signal.h>
#include <sys/stat.h>

#include "skipcpio/util.h"
#include "unpack/unpack.h"
#include "util/fs.h"
#include "util/log.h"
#include "util/notify.h"
#include "examine.h"
#include "input.h"
#include "nested-part.h"
#include "options.h"
#include "show.h"
#include "tar.h"

/* Milliseconds until there is a bar. */
#define BAR_DELAY 500

/* @return a descriptor, or a negative errno, already logged */
static int open_directory(const char *directory)
{
        int fd;

        if (directory && mkdir(directory, 0777) < 0 && errno != EEXIST)
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
        umask(0); /* modes are the image's */
        r = unpack_image(image, directory, &unpack_options, &unpacked);
        if (r == -ENOSPC)
                return log_error(r, "%s: %" PRIu64 " entries and %" PRIu64 " bytes are not written",
                                 options->directory ?: ".", unpacked.missing_entries, unpacked.missing_bytes);
        if (unpacked.nodes > 0)
                log_warning(0, "Device nodes left out, as only root can make them: %" PRIu64, unpacked.nodes);
        return r == 0 && unpacked.failed > 0 ? -EIO : r;
}

static int run(const struct options *options, FILE *to)
{
        _cleanup_(image_done) struct image image = IMAGE_INIT;
        int r = input_open(options, &image);

        if (r == 0 && options->nested && image.size > 0)
                r = nested_part_add(&image, options);
        if (r < 0)
                return r;
        if (options->action == ACTION_TAR)
                return tar_image(&image, options, fileno(to));
        if (options->action == ACTION_EXTRACT)
                return image.size > 0 ? extract(&image, options) : 0;
        if (options->action == ACTION_EXAMINE)
                return examine_image(&image, options, to);
        return show_image(&image, options, to);
}

int main(int argc, char **argv)
{
        _cleanup_(options_done) struct options options = OPTIONS_INIT;
        _cleanup_fclose_ FILE *to = NULL;
        bool bar, writes;
        int r;

        setlocale(LC_CTYPE, ""); /* of patterns */
        r = options_parse(argc, argv, &options);
        if (r == 0)
                return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
        if (r < 0)
                return r == -EINVAL ? 2 : EXIT_FAILURE;
        signal(SIGCHLD, SIG_DFL); /* ignored, as a caller may have it, nobody could wait for a child */
        signal(SIGXFSZ, SIG_IGN); /* a limit for files (ulimit -f) is an error like others */
        /* No bar if it would mix with the output on the same terminal. */
        bar = !options.verbose && !options.debug && (options.action == ACTION_EXTRACT || isatty(STDOUT_FILENO) != 1);
        /* All that is logged goes to standard error: standard output is for what was asked for. */
        r = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        to = r < 0 ? NULL : fdopen(r, "w");
        writes = options.action != ACTION_EXTRACT && options.action != ACTION_TEST;
        if (!to && writes)
                return log_error(-errno, "standard output"), EXIT_FAILURE;
        fs_occupy_standard_streams();
        if (dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
                return log_error(-errno, "standard output"), EXIT_FAILURE;
        log_setup(options.debug ? LOG_DEBUG : LOG_WARNING);
        notify_setup(bar, BAR_DELAY);
        r = run(&options, to);
        notify_clear();
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
