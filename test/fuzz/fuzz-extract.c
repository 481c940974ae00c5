/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The command line of dracut-extractinitrd, and what its options and patterns do to an image. The input is words with a
 * NUL behind each, an empty one, and the image. Whatever they say, nothing outside the directory changes, memory and
 * descriptors are given back, the lists of all parts are the list of the whole, and --test says what a restore does.
 */
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "decode/decoder.h"
#include "extract/examine.h"
#include "extract/options.h"
#include "extract/show.h"
#include "extract/tar.h"
#include "unpack/unpack.h"
#include "util/remove.h"
#include "fuzz.h"
#include "mutate.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

#define WORDS_MAX 32
#define PARTS_MAX 8 /* that are listed one by one */

static int stage, null_fd;
static FILE *terminal; /* where libFuzzer writes */

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
        (void)argc, (void)argv;
        fuzz_be_silent();
        ALWAYS(unshare(CLONE_NEWNS) == 0);
        ALWAYS(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
        ALWAYS(mount("tmpfs", "/mnt", "tmpfs", 0, "size=64m,nr_inodes=20000") == 0);
        ALWAYS(mkdir("/mnt/stage", 0755) == 0);
        stage = open("/mnt/stage", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
        terminal = stderr;
        ALWAYS(stage >= 0 && null_fd >= 0);
        umask(0);
        return 0;
}

/* The words of an input, as argv; @ret_rest is what is behind them. */
static int split(const uint8_t *data, size_t size, char *words, char **argv, size_t *ret_rest)
{
        int argc = 0;
        size_t at = 0;

        memcpy(words, data, size);
        words[size] = '\0';
        argv[argc++] = (char *)"extract";
        while (argc < WORDS_MAX && at < size && words[at] != '\0') {
                argv[argc++] = words + at;
                at += strlen(words + at) + 1;
        }
        argv[argc] = NULL;
        *ret_rest = MIN(at + 1, size);
        return argc;
}

/* As main(), but silent. */
static int parse(int argc, char **argv, struct options *ret)
{
        FILE *out = stdout, *quiet = fopen("/dev/null", "w");
        int r;

        ALWAYS(quiet);
        stdout = stderr = quiet;
        optind = 0; /* as if for the first time */
        r = options_parse(argc, argv, ret);
        stdout = out;
        stderr = terminal;
        fclose(quiet);
        return r;
}

static void check_options(const struct options *o)
{
        const struct selection *s = &o->only.select;

        ALWAYS(o->image_count > 0 && o->image_count + s->pattern_count + s->exclude.count < WORDS_MAX);
        ALWAYS(s->last == 0 || (s->first > 0 && s->first <= s->last));
        ALWAYS(!s->subdir || (*s->subdir && !strchr(s->subdir, '/')));
        ALWAYS((unsigned)o->action <= ACTION_TAR);
}

/* @return the list of the image with @select, to be freed; NULL if it fails */
static char *list(const struct image *image, const struct options *options, const struct selection *select)
{
        struct options mine = *options;
        char *text = NULL;
        size_t size;
        FILE *to = open_memstream(&text, &size);
        int r;

        ALWAYS(to);
        mine.action = ACTION_LIST;
        mine.verbose = mine.only.go_on = false;
        mine.only.select = *select;
        r = show_image(image, &mine, to);
        fclose(to);
        if (r < 0)
                free(TAKE_PTR(text));
        return text;
}

/* Parts one by one, and all together. */
static void check_parts(const struct image *image, const struct options *options)
{
        struct selection select = options->only.select;
        _cleanup_free_ char *whole = NULL, *joined = strdup("");

        select.first = 0;
        select.last = PARTS_MAX;
        whole = list(image, options, &select);
        for (select.first = 1; joined && whole && select.first <= PARTS_MAX; select.first++) {
                _cleanup_free_ char *part = NULL, *before = joined;

                select.last = select.first;
                part = list(image, options, &select);
                joined = NULL;
                ALWAYS(part); /* the whole has none that fails */
                ALWAYS(asprintf(&joined, "%s%s", before, part) >= 0);
        }
        ALWAYS(!whole || (joined && strcmp(whole, joined) == 0));
}

static int new_tree(void)
{
        int tree;

        ALWAYS(mkdirat(stage, "tree", 0755) == 0);
        tree = openat(stage, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        ALWAYS(tree >= 0);
        return tree;
}

static void end_tree(int tree)
{
        ALWAYS(remove_contents(tree) == 0);
        close(tree);
        ALWAYS(unlinkat(stage, "tree", AT_REMOVEDIR) == 0);
}

static void do_action(const struct image *image, const struct options *options)
{
        struct unpack_options unpack = { .window = DECODER_WINDOW, .only = &options->only, .polite = true };
        FILE *to = fdopen(dup(null_fd), "w");
        struct unpacked unpacked;
        int tree;

        ALWAYS(to);
        switch (options->action) {
        case ACTION_EXTRACT:
                tree = new_tree();
                ALWAYS(unpack_image(image, tree, &unpack, &unpacked) <= 0);
                end_tree(tree);
                break;
        case ACTION_EXAMINE:
                ALWAYS(examine_image(image, options, to) <= 0);
                break;
        case ACTION_TAR:
                ALWAYS(tar_image(image, options, null_fd) <= 0);
                break;
        default:
                ALWAYS(show_image(image, options, to) <= 0);
        }
        fclose(to);
}

static void check_verdict(const struct image *image)
{
        struct options test = { .action = ACTION_TEST,
                                .only = { .window = DECODER_WINDOW, .early = true, .go_on = true } };
        struct unpack_options unpack = { .window = DECODER_WINDOW };
        struct unpacked unpacked;
        int tested = show_image(image, &test, NULL), restored, tree = new_tree();

        restored = unpack_image(image, tree, &unpack, &unpacked);
        end_tree(tree);
        ALWAYS(restored == -ENOSPC || restored == -E2BIG || (tested < 0) == (restored < 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *words = malloc(size + 1);
        char *argv[WORDS_MAX + 1];
        size_t rest = 0, before = fuzz_descriptors();
        struct stat top, after;
        int argc;

        ALWAYS(words && stat("/mnt", &top) == 0);
        argc = split(data, size, words, argv, &rest);
        {
                _cleanup_(options_done) struct options options = OPTIONS_INIT;
                int r = parse(argc, argv, &options);

                ALWAYS(r == 1 || r == 0 || r == -EINVAL);
                if (r == 1) {
                        _cleanup_(image_done) struct image image =
                                        fuzz_image(data + rest, size - rest, options.image_count);

                        check_options(&options);
                        do_action(&image, &options);
                        check_parts(&image, &options);
                        check_verdict(&image);
                }
        }
        ALWAYS(fuzz_descriptors() <= MAX(before, (size_t)4) + 1); /* the input's own file is kept */
        ALWAYS(stat("/mnt", &after) == 0 && after.st_mtim.tv_nsec == top.st_mtim.tv_nsec);
        return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
        size_t rest = 0, n = 0;

        while (rest + 1 < size && (data[rest] != '\0' || data[rest + 1] != '\0'))
                rest++;
        rest += 2;
        if (rest < size && seed % 2 == 0)
                n = newc_mutate(data + rest, size - rest, max - rest, (uint64_t)seed << 16 | size);
        return n > 0 ? n + rest : LLVMFuzzerMutate(data, size, max);
}
