/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "options.h"

#include <getopt.h>

#include "util/log.h"

#ifndef VERSION
#error "the Makefile sets VERSION"
#endif

/* The largest window of any format. */
#define WINDOW_MIB_MAX 4096UL

static void help(void)
{
        printf("Usage: %s [OPTION]... [IMAGE]...\n"
               "Restore the initramfs that the system booted from, for the pivot at shutdown.\n"
               "Several IMAGEs are read as one; without any, the one that booted is found.\n"
               "\n"
               "  -C, --directory=DIR  restore into DIR                     (/run/initramfs)\n"
               "  -S, --sysroot=DIR    look everything up below DIR         (/)\n"
               "  -k, --kver=VERSION   look for this kernel's image         (uname -r)\n"
               "  -f, --force          restore though DIR has no .need_shutdown\n"
               "  -x, --exclude=GLOB   leave these names out; may be repeated\n"
               "      --compose        make an exitrd of the running system, as is done where no\n"
               "                       image is found; read none\n"
               "      --locate         print the image that would be restored and which rule\n"
               "                       found it; do nothing\n"
               "      --check          do all of a restore but its last call, and say whether the\n"
               "                       next shutdown will pivot\n"
               "      --stash          write the initramfs whose root directory is standard input as\n"
               "                       an image to standard output; our dracut module does at boot\n"
               "      --window=MIB     decode zstd windows and xz and lzma dictionaries up to this\n"
               "                       size                                 (128)\n"
               "  -v, --verbose        say what is done\n"
               "  -q, --quiet          say nothing but errors\n"
               "  -h, --help           print this\n"
               "  -V, --version        print the version\n"
               "\n"
               "Exit status: 0 restored, or nothing to do; 1 failed, and nothing was changed;\n"
               "2 wrong usage.\n",
               program_invocation_short_name);
}

static int usage(void)
{
        fprintf(stderr, "Try '%s --help' for more information.\n", program_invocation_short_name);
        return -EINVAL;
}

static int parse_mib(const char *text, uint64_t *ret)
{
        char *end;
        unsigned long n = strtoul(text, &end, 10);

        if (*text < '0' || *text > '9' || *end || n < 1 || n > WINDOW_MIB_MAX) {
                fprintf(stderr, "%s: --window is 1 to %lu MiB\n", program_invocation_short_name, WINDOW_MIB_MAX);
                return -EINVAL;
        }
        *ret = (uint64_t)n << 20;
        return 0;
}

enum { OPTION_LOCATE = 0x100, OPTION_CHECK, OPTION_COMPOSE, OPTION_STASH, OPTION_WINDOW };

/* Act on one option. @return 1 to go on, 0 if it was answered, or -EINVAL, already logged */
static int take_option(int c, struct options *ret)
{
        switch (c) {
        case 'C':
                ret->directory = optarg;
                break;
        case 'S':
                ret->search.sysroot = optarg;
                break;
        case 'k':
                ret->search.kver = optarg;
                break;
        case 'f':
                ret->force = true;
                break;
        case 'x':
                ret->exclude.globs[ret->exclude.count++] = optarg;
                break;
        case OPTION_COMPOSE:
                ret->compose = true;
                break;
        case OPTION_LOCATE:
                ret->locate = true;
                break;
        case OPTION_CHECK:
                ret->check = true;
                break;
        case OPTION_STASH:
                ret->stash = true;
                break;
        case OPTION_WINDOW:
                if (parse_mib(optarg, &ret->window) < 0)
                        return usage();
                break;
        case 'v':
                ret->verbose = true;
                ret->quiet = false;
                break;
        case 'q':
                ret->quiet = true;
                ret->verbose = false;
                break;
        case 'h':
                help();
                return 0;
        case 'V':
                printf("%s (dracut-restore-" VERSION ")\n", program_invocation_short_name);
                return 0;
        default:
                return usage();
        }
        return 1;
}

int options_parse(int argc, char **argv, struct options *ret)
{
        static const struct option longs[] = {
                { "directory", required_argument, NULL, 'C' },
                { "sysroot", required_argument, NULL, 'S' },
                { "kver", required_argument, NULL, 'k' },
                { "force", no_argument, NULL, 'f' },
                { "exclude", required_argument, NULL, 'x' },
                { "compose", no_argument, NULL, OPTION_COMPOSE },
                { "locate", no_argument, NULL, OPTION_LOCATE },
                { "check", no_argument, NULL, OPTION_CHECK },
                { "stash", no_argument, NULL, OPTION_STASH },
                { "window", required_argument, NULL, OPTION_WINDOW },
                { "verbose", no_argument, NULL, 'v' },
                { "quiet", no_argument, NULL, 'q' },
                { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, 'V' },
                { NULL, 0, NULL, 0 },
        };
        int c;

        *ret = OPTIONS_INIT;
        ret->exclude.globs = calloc((size_t)argc + 1, sizeof(*ret->exclude.globs)); /* more than there can be */
        if (!ret->exclude.globs)
                return log_oom();

        while ((c = getopt_long(argc, argv, "C:S:k:fx:vqhV", longs, NULL)) >= 0) {
                int r = take_option(c, ret);

                if (r <= 0)
                        return r;
        }
        ret->search.images = argv + optind;
        ret->search.image_count = (size_t)(argc - optind);
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): -S has an argument */
        if ((ret->directory && !*ret->directory) || !*ret->search.sysroot || (ret->search.kver && !*ret->search.kver)) {
                fprintf(stderr, "%s: an option's argument is empty\n", program_invocation_short_name);
                return usage();
        }
        if (ret->stash &&
            (ret->search.image_count > 0 || ret->locate || ret->check || ret->compose || ret->directory)) {
                fprintf(stderr, "%s: --stash takes no image and no other action\n", program_invocation_short_name);
                return usage();
        }
        if (ret->compose && (ret->search.image_count > 0 || ret->locate)) {
                fprintf(stderr, "%s: --compose takes no image\n", program_invocation_short_name);
                return usage();
        }
        return 1;
}

void options_done(struct options *options)
{
        free(options->exclude.globs);
        *options = OPTIONS_INIT;
}
