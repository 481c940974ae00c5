/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dracut-initramfs-restore: find the image that booted, unpack it into a staging tree, look
 * whether it will do as the root that systemd pivots into at shutdown, and move it into place.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "exitrd/label.h"
#include "locate/locate.h"
#include "util/log.h"
#include "exitrd/nested.h"
#include "util/notify.h"
#include "options.h"
#include "util/privileges.h"
#include "exitrd/stage.h"
#include "unpack/unpack.h"

#define EXITRD "/run/initramfs"

static double seconds(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* At shutdown everybody is sent SIGTERM, and a terminal may go away: neither is a reason to stop half-way. */
static void settle_signals(void)
{
        signal(SIGTERM, SIG_IGN);
        signal(SIGHUP, SIG_IGN);
        signal(SIGPIPE, SIG_IGN);
        signal(SIGXFSZ, SIG_IGN); /* a limit for files (ulimit -f) is an error like others */
        signal(SIGCHLD, SIG_DFL); /* ignored, as a caller may have it, nobody could wait for a child */
}

/* What is opened here must not be taken for a standard stream that the caller has closed. */
static void occupy_standard_streams(void)
{
        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
                if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0)
                        return; /* there is nothing to be done about it */
}

static bool is_needed(const char *directory)
{
        _cleanup_free_ char *mark = NULL;

        if (asprintf(&mark, "%s/%s", directory, STAGE_NEED_SHUTDOWN) < 0)
                return true; /* whatever fails next says so */
        return access(mark, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

static void print_location(const struct image *image, const char *rule)
{
        char name[8192];

        for (size_t i = 0; i < image->count; i++) {
                log_escape(name, sizeof(name), image->regions[i].name);
                printf("%s\t%s\n", name, rule);
        }
}

/* What the pivot needs beyond the files of the image. */
static int make_usable(const struct options *options, int tree)
{
        double step = seconds();
        int r;

        r = nested_extract(tree, &options->exclude);
        if (r < 0)
                return r;
        if (r > 0)
                log_debug("extracted in %.3f s", seconds() - step);
        step = seconds();
        r = label_tree(tree, strcmp(options->search.sysroot, "/") == 0 ? "" : options->search.sysroot);
        if (r < 0)
                return r;
        if (r > 0)
                log_debug("labelled in %.3f s", seconds() - step);
        return 0;
}

/* Unpack @image into the staging tree and commit it; @exitrd: for the pivot. */
static int restore(const struct options *options, const char *directory, const struct image *image, bool exitrd)
{
        _cleanup_(stage_done) struct stage stage = STAGE_INIT;
        double start = seconds(), step = start;
        struct unpacked unpacked;
        int r;

        r = stage_open(directory, exitrd, &stage);
        if (r <= 0)
                return r;
        r = unpack_image(image, stage.tree, &(struct unpack_options){ options->exclude, options->window }, &unpacked);
        if (r < 0)
                return r;
        log_debug("unpacked in %.3f s", seconds() - step);
        if (exitrd) {
                r = make_usable(options, stage.tree);
                if (r < 0)
                        return r;
        }
        step = seconds();
        r = stage_commit(&stage, image->regions[0].name);
        if (r < 0)
                return r;
        log_debug("checked and moved in %.3f s", seconds() - step);

        notify_status("Restored");
        log_info("restored %s%s (%s) to %s: %" PRIu64 " entries, %" PRIu64 " KiB in %.3f s", image->regions[0].name,
                 image->count > 1 ? " and more" : "", unpacked.formats, directory, unpacked.entries,
                 unpacked.bytes / 1024, seconds() - start);
        return 0;
}

static int run(const struct options *options)
{
        _cleanup_(candidate_done) struct candidate candidate = CANDIDATE_INIT;
        _cleanup_(locate_done) struct locate *locate = NULL;
        _cleanup_free_ char *below_sysroot = NULL;
        const char *directory = options->directory;
        /* A directory and an image both named: a mere unpacking, for which no mark is needed and any tree will do. */
        bool exitrd = !options->directory || options->search.image_count == 0;
        int r;

        if (!directory) {
                if (asprintf(&below_sysroot, "%s%s",
                             strcmp(options->search.sysroot, "/") == 0 ? "" : options->search.sysroot, EXITRD) < 0)
                        return log_oom();
                directory = below_sysroot;
        }
        if (!options->locate) {
                settle_signals();
                if (stage_is_finished(directory)) {
                        stage_tidy(directory);
                        return 0;
                }
                if (exitrd && !options->force && !is_needed(directory))
                        return 0;
        }
        r = locate_begin(&options->search, &locate);
        if (r < 0)
                return r;
        r = locate_next(locate, &candidate);
        if (r < 0)
                return r;
        if (r == 0)
                return log_error(0, "No image found for kernel %s (--locate -v says where it was looked for)",
                                 locate_kver(locate)),
                       -ENOENT;
        if (options->locate) {
                print_location(&candidate.image, candidate.rule);
                return 0;
        }
        log_debug("image: %s (%s)", candidate.image.regions[0].name, candidate.rule);
        return restore(options, directory, &candidate.image, exitrd);
}

int main(int argc, char **argv)
{
        _cleanup_(options_done) struct options options = OPTIONS_INIT;
        int r;

        occupy_standard_streams();
        umask(0);
        r = options_parse(argc, argv, &options);
        if (r <= 0)
                return r == 0 ? EXIT_SUCCESS : r == -EINVAL ? 2 : EXIT_FAILURE;
        log_setup(options.verbose ? LOG_DEBUG : options.quiet ? LOG_ERR : LOG_INFO);
        notify_setup(!options.quiet);
        r = privileges_keep(PRIVILEGES_TO_RESTORE);
        if (r < 0 && r != -EPERM)
                return log_error(r, "Cannot give up privileges"), EXIT_FAILURE;
        return run(&options) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
