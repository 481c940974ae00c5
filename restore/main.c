/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dracut-initramfs-restore: locate the image that booted, decode and unpack it, or else compose a tree of the running
 * system; prepare the tree for the pivot, and commit it.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "directory.h"
#include "exitrd/exitrd.h"
#include "locate/locate.h"
#include "options.h"
#include "report.h"
#include "stash.h"
#include "unit.h"
#include "unpack/unpack.h"
#include "util/fs.h"
#include "util/log.h"
#include "util/notify.h"
#include "util/privileges.h"

/* At shutdown every process gets SIGTERM, and a terminal may go away. Neither must stop the restore half-way. */
static void settle_signals(void)
{
        signal(SIGTERM, SIG_IGN);
        signal(SIGHUP, SIG_IGN);
        signal(SIGPIPE, SIG_IGN);
        signal(SIGXFSZ, SIG_IGN); /* a limit for files (ulimit -f) is an error like others */
        signal(SIGCHLD, SIG_DFL); /* ignored, as a caller may have it, nobody could wait for a child */
}

static void print_location(const struct image *image, const char *rule)
{
        char name[8192];

        for (size_t i = 0; i < image->count; i++) {
                log_escape(name, sizeof(name), image->regions[i].name);
                printf("%s\t%s\n", name, rule);
        }
}

static int no_room(const struct image *image, const struct unpacked *unpacked)
{
        return log_error(-ENOSPC,
                         "%s: there is no room for %" PRIu64 " more KiB and %" PRIu64 " more files of the tree",
                         image->regions[0].name, (unpacked->missing_bytes + 1023) / 1024, unpacked->missing_entries);
}

static void log_restored(const struct outcome *outcome, const char *directory)
{
        const struct image *image = outcome->image;

        notify_status("Restored");
        log_info("restored %s%s (%s) to %s: %" PRIu64 " entries, %" PRIu64 " KiB in %.3f s%s", image->regions[0].name,
                 image->count > 1 ? " and more" : "", outcome->unpacked.formats, directory, outcome->unpacked.entries,
                 outcome->unpacked.bytes / 1024, outcome_seconds(outcome),
                 outcome->thin ? ", without kernel modules and firmware: memory is short" : "");
}

/* Only unpack, without the mark and without a `shutdown`. */
static int unpack_to_directory(const struct options *options, const struct image *image)
{
        _cleanup_(directory_done) struct directory directory = DIRECTORY_INIT;
        struct outcome outcome = outcome_begin(image, NULL);
        int r = directory_open(options->directory, options->force, &directory);

        if (r < 0)
                return r;
        r = unpack_image(image, directory.tree,
                         &(struct unpack_options){ .exclude = options->exclude, .window = options->window },
                         &outcome.unpacked);
        if (r == -ENOSPC)
                return no_room(image, &outcome.unpacked);
        if (r == 0)
                r = directory_commit(&directory);
        if (r == 0 && outcome.unpacked.nodes > 0)
                log_warning(0, "Device nodes left out, as only root can make them: %" PRIu64, outcome.unpacked.nodes);
        if (r == 0)
                log_restored(&outcome, options->directory);
        return r;
}

/* The system's root as a prefix of names. */
static const char *sysroot_prefix(const struct options *options)
{
        return strcmp(options->search.sysroot, "/") == 0 ? "" : options->search.sysroot;
}

/* @return 1, or a negative errno, already logged */
static int commit(const struct options *options, struct exitrd *exitrd, struct outcome *outcome)
{
        int r;

        outcome->used = exitrd_used(exitrd);
        if (options->check)
                return 1;
        r = exitrd_commit(exitrd, !options->directory && !*sysroot_prefix(options));
        outcome->superseded = r == 0;
        return r == -ENOSPC ? -EIO : r < 0 ? r : 1;
}

/*
 * Make the tree of an image and commit it.
 *
 * @exclude: what to leave out
 * @return 1; 0 if another image may do, already logged; -ENOSPC where the tree is full, not logged; or another
 * negative errno, already logged
 */
static int restore(const struct options *options, const char *directory, const struct exclude *exclude,
                   struct outcome *outcome)
{
        _cleanup_(exitrd_done) struct exitrd *exitrd = NULL;
        struct content nested;
        int r = exitrd_open(directory, &exitrd);

        if (r < 0)
                return r == -ENOSPC ? -EIO : r; /* logged, and not the tree's */
        r = unpack_image(outcome->image, exitrd_tree(exitrd),
                         &(struct unpack_options){ .exclude = *exclude, .window = options->window },
                         &outcome->unpacked);
        if (r == 0)
                r = exitrd_prepare(exitrd, outcome->image->regions[0].name, sysroot_prefix(options), exclude, &nested);
        if (r < 0)
                return r == -ENOSPC || r == -ENOMEM ? r : 0;
        outcome->unpacked.entries += nested.entries;
        outcome->unpacked.bytes += nested.bytes;
        return commit(options, exitrd, outcome);
}

/* The same; if memory is short, without kernel modules and firmware. @return as restore(), but all is logged */
static int try_candidate(const struct options *options, const char *directory, struct outcome *outcome)
{
        size_t count = options->exclude.count;
        _cleanup_free_ char **globs = calloc(count + EXCLUDE_DISPENSABLE, sizeof(*globs));
        struct exclude exclude = { globs, count + EXCLUDE_DISPENSABLE };
        int r = restore(options, directory, &options->exclude, outcome);

        if (r == -ENOSPC && globs) {
                if (count > 0)
                        memcpy(globs, options->exclude.globs, count * sizeof(*globs));
                memcpy(globs + count, exclude_dispensable, sizeof(exclude_dispensable));
                outcome->thin = true;
                r = restore(options, directory, &exclude, outcome);
        }
        return r == -ENOSPC ? no_room(outcome->image, &outcome->unpacked), 0 : r;
}

/*
 * Make an exitrd of the running system and commit it.
 *
 * @reason: why no image is restored
 * @return 0; -ENOENT where there is no systemd-shutdown, not logged; or another negative errno, already logged
 */
static int compose(const struct options *options, const char *directory, const char *reason)
{
        _cleanup_(exitrd_done) struct exitrd *exitrd = NULL;
        struct outcome outcome = outcome_begin(NULL, reason);
        struct content composed, nested;
        int r = exitrd_open(directory, &exitrd);

        if (r < 0)
                return r == -ENOENT ? -EIO : r; /* logged, and not for want of systemd-shutdown */
        r = exitrd_compose(exitrd, options->search.sysroot, &composed);
        if (r < 0)
                return r;
        r = exitrd_prepare(exitrd, "Running system", sysroot_prefix(options), &options->exclude, &nested);
        if (r == -ENOSPC)
                return log_error(r, "%s: the exitrd made of the running system cannot be finished", directory);
        if (r < 0)
                return r == -ENOENT ? -EIO : r;
        outcome.unpacked.entries = composed.entries;
        outcome.unpacked.bytes = composed.bytes;
        r = commit(options, exitrd, &outcome);
        exitrd_done(&exitrd); /* what is reported is what others see */
        if (r < 0)
                return r;
        if (options->check)
                return report(options, directory, &outcome);
        if (!outcome.superseded) {
                notify_status("Composed");
                log_info("%s: composed an exitrd of the running system in %s: %" PRIu64 " entries, %" PRIu64
                         " KiB in %.3f s",
                         reason, directory, composed.entries, composed.bytes / 1024, outcome_seconds(&outcome));
        }
        return 0;
}

/* There is no image: the last resort. */
static int compose_instead(const struct options *options, const struct locate *locate, const char *directory)
{
        char reason[512];
        int r;

        snprintf(reason, sizeof(reason), "No image found for kernel %s", locate_kver(locate));
        r = compose(options, directory, reason);
        if (r == -ENOENT)
                log_error(0, "%s (--locate -v says where it was looked for), and no systemd-shutdown", reason);
        return r;
}

/* Restore the first candidate that will do. */
static int restore_exitrd(const struct options *options, struct locate *locate, const char *directory)
{
        bool tried = false;
        int r;

        for (;; tried = true) {
                _cleanup_(candidate_done) struct candidate candidate = CANDIDATE_INIT;
                struct outcome outcome;

                r = locate_next(locate, &candidate);
                if (r <= 0)
                        break;
                log_debug("image: %s (%s)", candidate.image.regions[0].name, candidate.rule);
                outcome = outcome_begin(&candidate.image, candidate.rule);
                r = try_candidate(options, directory, &outcome);
                if (r > 0 && options->check)
                        return report(options, directory, &outcome);
                if (r > 0 && !outcome.superseded)
                        log_restored(&outcome, directory);
                if (r != 0)
                        return MIN(r, 0);
        }
        if (r == 0 && !tried)
                return compose_instead(options, locate, directory);
        return r < 0 ? r : -ENOENT;
}

/* @return 0; with --check, -ECANCELED where the report says that there is no pivot; or another negative errno, logged
 */
static int make_exitrd(const struct options *options, const char *directory)
{
        _cleanup_(locate_done) struct locate *locate = NULL;
        int r;

        if (options->compose ||
            (options->check && options->search.image_count == 0 && unit_composes(sysroot_prefix(options)))) {
                r = compose(options, directory, options->compose ? "No image wanted" : "No image wanted by " UNIT_NAME);
                if (r == -ENOENT)
                        log_error(0, "%s has no systemd-shutdown to make an exitrd of", options->search.sysroot);
                return r;
        }
        r = locate_begin(&options->search, &locate);
        return r < 0 ? r : restore_exitrd(options, locate, directory);
}

/* The image goes to standard output; what is said, to standard error. */
static int write_stash(void)
{
        _cleanup_close_ int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

        if (out < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
                return log_error(-errno, "Standard output cannot be used");
        return stash(STDIN_FILENO, out);
}

static int run(const struct options *options)
{
        _cleanup_(candidate_done) struct candidate candidate = CANDIDATE_INIT;
        _cleanup_(locate_done) struct locate *locate = NULL;
        _cleanup_free_ char *below_sysroot = NULL;
        const char *directory = options->directory, *sysroot = options->search.sysroot;
        /* With both a directory and an image, only unpack. */
        bool mere = options->directory && options->search.image_count > 0 && !options->check;
        int r;

        if (options->stash)
                return write_stash();
        if (!directory) {
                if (asprintf(&below_sysroot, "%s%s", strcmp(sysroot, "/") == 0 ? "" : sysroot, EXITRD_PATH) < 0)
                        return log_oom();
                directory = below_sysroot;
        }
        if (!options->locate)
                settle_signals();
        if (!options->locate && !options->check && !mere &&
            (exitrd_is_finished(directory) || (!options->force && !exitrd_is_needed(directory))))
                return 0;
        if (!mere && !options->locate) {
                r = make_exitrd(options, directory);
                return r < 0 && r != -ECANCELED && options->check ? report(options, directory, NULL) : r;
        }
        r = locate_begin(&options->search, &locate);
        if (r < 0)
                return r;
        r = locate_next(locate, &candidate);
        if (r == 0)
                return log_error(0, "No image found for kernel %s (-v says where it was looked for)",
                                 locate_kver(locate)),
                       -ENOENT;
        if (r > 0 && options->locate)
                return print_location(&candidate.image, candidate.rule), 0;
        return r < 0 ? r : unpack_to_directory(options, &candidate.image);
}

int main(int argc, char **argv)
{
        _cleanup_(options_done) struct options options = OPTIONS_INIT;
        int r;

        fs_occupy_standard_streams();
        umask(0);
        r = options_parse(argc, argv, &options);
        if (r <= 0)
                return r == 0 ? EXIT_SUCCESS : r == -EINVAL ? 2 : EXIT_FAILURE;
        log_setup(options.verbose ? LOG_DEBUG : options.quiet ? LOG_ERR : LOG_INFO);
        notify_setup(!options.quiet, 0);
        r = privileges_keep(PRIVILEGES_TO_RESTORE);
        if (r < 0 && r != -EPERM)
                return log_error(r, "Cannot give up privileges"), EXIT_FAILURE;
        return run(&options) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
