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

int options_parse(int argc, char **argv, struct options *ret)
{
        enum { OPTION_EXAMINE = 0x100, OPTION_RAW, OPTION_JSON, OPTION_TEST, OPTION_DEBUG };
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
        bool list = false, to_stdout = false, examine = false, test = false;
        int c;

        *ret = (struct options){ .only = { .window = DECODER_WINDOW, .early = true } };
        while ((c = getopt_long(argc, argv, "lsP:D:vh", longs, NULL)) >= 0)
                switch (c) {
                case 'l':
                        list = true;
                        break;
                case 's':
                        to_stdout = true;
                        break;
                case OPTION_RAW:
                        ret->table = TABLE_RAW;
                        examine = true;
                        break;
                case OPTION_JSON:
                        ret->table = TABLE_JSON;
                        examine = true;
                        break;
                case OPTION_EXAMINE:
                        examine = true;
                        break;
                case OPTION_TEST:
                        test = true;
                        break;
                case 'P':
                        if (parse_parts(optarg, &ret->only) < 0)
                                return -EINVAL;
                        break;
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
        if (optind >= argc || examine + test + (list || to_stdout) > 1) {
                help(stderr);
                return -EINVAL;
        }
        /* Those of dracut's program can be given together: a list it is. */
        ret->action = list        ? ACTION_LIST
                      : to_stdout ? ACTION_STDOUT
                      : examine   ? ACTION_EXAMINE
                      : test      ? ACTION_TEST
                                  : ACTION_EXTRACT;
        ret->image = argv[optind];
        ret->only.patterns = argv + optind + 1;
        ret->only.pattern_count = (size_t)(argc - optind - 1);
        return 1;
}
