/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "options.h"

#include <getopt.h>
#include <string.h>

#include "decode/decoder.h"
#include "skipcpio/util.h"

static void help(FILE *to)
{
        fprintf(to,
                "Usage: %s [OPTION]... INITRD [PATTERN]...\n"
                "Extract an initramfs image into the current directory, or show what it holds.\n"
                "With PATTERNs, only the entries whose names match one of them.\n"
                "\n"
                "  -l, --list           print the names\n"
                "  -s, --to-stdout      write the contents of the regular files\n"
                "      --examine        print a table of the parts: start, end, format, early or\n"
                "                       main, bytes decoded, entries\n"
                "      --raw            the same without a heading, with tabs\n"
                "      --json           the same as JSON\n"
                "      --test           decode and read everything; write nothing\n"
                "  -P, --parts=RANGE    only these parts of the image: 2, 1-3, 2- or -2\n"
                "  -D, --directory=DIR  extract into DIR, which is made if it is missing\n"
                "  -v, --verbose        print the names that are extracted; with --list, lines\n"
                "                       as those of ls -l\n"
                "      --debug          say what is done\n"
                "  -h, --help           print this\n"
                "\n"
                "Exit status: 0 done; 1 failed; 2 wrong usage.\n",
                program_invocation_short_name);
}

/* A number of decimal digits, at least 1; @ret stays what it is where there are none. */
static bool parse_number(const char **p, uint64_t *ret)
{
        char *end;

        if (**p < '0' || **p > '9')
                return true;
        errno = 0;
        *ret = strtoull(*p, &end, 10);
        *p = end;
        return errno == 0 && *ret > 0;
}

/* N, N-M, N- or -M. */
static int parse_parts(const char *text, struct walk_options *ret)
{
        const char *p = text;
        uint64_t first = 0, last = 0;
        bool valid = parse_number(&p, &first);

        if (*p == '-') {
                p++;
                valid = valid && parse_number(&p, &last) && (first > 0 || last > 0);
        } else {
                last = first;
                valid = valid && first > 0;
        }
        if (!valid || *p != '\0' || (last > 0 && last < first)) {
                fprintf(stderr, "%s: invalid --parts: '%s'\n", program_invocation_short_name, text);
                return -EINVAL;
        }
        ret->first = first;
        ret->last = last;
        return 0;
}

enum { OPTION_EXAMINE = 0x100, OPTION_RAW, OPTION_JSON, OPTION_TEST, OPTION_DEBUG };

/* One option. @actions gets a bit for each action that is asked for. @return 1, 0 after --help, or -EINVAL */
static int take_option(int option, struct options *ret, unsigned *actions)
{
        switch (option) {
        case 'l':
                *actions |= 1U << ACTION_LIST;
                break;
        case 's':
                *actions |= 1U << ACTION_STDOUT;
                break;
        case OPTION_RAW:
        case OPTION_JSON:
                ret->table = option == OPTION_RAW ? TABLE_RAW : TABLE_JSON;
                *actions |= 1U << ACTION_EXAMINE;
                break;
        case OPTION_EXAMINE:
                *actions |= 1U << ACTION_EXAMINE;
                break;
        case OPTION_TEST:
                *actions |= 1U << ACTION_TEST;
                break;
        case 'P':
                return parse_parts(optarg, &ret->only) < 0 ? -EINVAL : 1;
        case 'D':
                ret->directory = optarg;
                break;
        case 'v':
                ret->verbose = true;
                break;
        case OPTION_DEBUG:
                ret->debug = true;
                break;
        case 'h':
                help(stdout);
                return 0;
        default:
                help(stderr);
                return -EINVAL;
        }
        return 1;
}

int options_parse(int argc, char **argv, struct options *ret)
{
        static const struct option longs[] = {
                { "list", no_argument, NULL, 'l' },
                { "to-stdout", no_argument, NULL, 's' },
                { "examine", no_argument, NULL, OPTION_EXAMINE },
                { "raw", no_argument, NULL, OPTION_RAW },
                { "json", no_argument, NULL, OPTION_JSON },
                { "test", no_argument, NULL, OPTION_TEST },
                { "parts", required_argument, NULL, 'P' },
                { "directory", required_argument, NULL, 'D' },
                { "verbose", no_argument, NULL, 'v' },
                { "debug", no_argument, NULL, OPTION_DEBUG },
                { "help", no_argument, NULL, 'h' },
                { NULL, 0, NULL, 0 },
        };
        unsigned actions = 0;
        int c, r;

        *ret = (struct options){ .only = { .window = DECODER_WINDOW, .early = true } };
        while ((c = getopt_long(argc, argv, "lsP:D:vh", longs, NULL)) >= 0) {
                r = take_option(c, ret, &actions);
                if (r <= 0)
                        return r;
        }
        /* Those of dracut's program can be given together: a list it is. */
        if (actions & 1U << ACTION_LIST)
                actions &= ~(1U << ACTION_STDOUT);
        if (optind >= argc || (actions & (actions - 1)) != 0) {
                help(stderr);
                return -EINVAL;
        }
        ret->action = ACTION_EXTRACT;
        while (actions >> ret->action > 1)
                ret->action++;
        ret->image = argv[optind];
        ret->only.patterns = argv + optind + 1;
        ret->only.pattern_count = (size_t)(argc - optind - 1);
        return 1;
}
