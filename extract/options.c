/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "options.h"

#include <getopt.h>
#include <string.h>

#include "decode/decoder.h"
#include "skipcpio/util.h"
#include "util/log.h"

static void help(FILE *to)
{
        fprintf(to,
                "Usage: %s [OPTION]... INITRD [PATTERN]...\n"
                "Extract an initramfs image into the current directory, or show what it holds.\n"
                "With PATTERNs, only the entries whose names match one of them. INITRD can be a\n"
                "pipe, or - for standard input.\n"
                "\n"
                "  -l, --list           print the names\n"
                "  -s, --to-stdout      write the contents of the regular files\n"
                "      --tar            write a tar archive to standard output\n"
                "      --examine        print a table of the parts: start, end, format, early or\n"
                "                       main, bytes decoded, entries, file\n"
                "      --raw            the same without a heading, with tabs\n"
                "      --json           the same as JSON\n"
                "      --test           decode and read everything; write nothing\n"
                "  -P, --parts=RANGE    only these parts of the image: 2, 1-3, 2- or -2\n"
                "  -x, --exclude=GLOB   leave these names out, and all below; may be repeated\n"
                "  -F, --file=INITRD    one more file, read as one image with those before; may\n"
                "                       be repeated\n"
                "      --profile=ID     of a unified kernel image: the profile's initrd\n"
                "      --nested         what squashfs and erofs roots in the image hold, too, as\n"
                "                       parts behind the others\n"
                "  -D, --directory=DIR  extract into DIR, which is made if it is missing\n"
                "      --subdir=NAME    put part 1 below NAME1, part 2 below NAME2 and so on\n"
                "      --strip-components=N\n"
                "                       take the first N components of names away\n"
                "  -v, --verbose        print the names that are extracted; with --list, lines\n"
                "                       as those of ls -l\n"
                "      --debug          say what is done\n"
                "  -h, --help           print this\n"
                "\n"
                "Exit status: 0 done; 1 failed; 2 wrong usage.\n",
                program_invocation_short_name);
}

static int invalid(const char *option, const char *text)
{
        fprintf(stderr, "%s: invalid %s: '%s'\n", program_invocation_short_name, option, text);
        return -EINVAL;
}

/* Parse a decimal number; without a digit, @ret is unchanged. */
static bool parse_number(const char **p, uint64_t *ret)
{
        char *end;

        if (**p < '0' || **p > '9')
                return true;
        errno = 0;
        *ret = strtoull(*p, &end, 10);
        *p = end;
        return errno == 0;
}

/* N, N-M, N- or -M, from 1. */
static int parse_parts(const char *text, struct selection *ret)
{
        const char *p = text;
        uint64_t first = 1, last = UINT64_MAX;
        bool valid = parse_number(&p, &first), open = *p == '-' && p == text;

        if (*p == '-') {
                p++;
                open &= *p == '\0';
                valid = valid && parse_number(&p, &last);
        } else {
                last = first;
                open = p == text;
        }
        if (!valid || open || *p != '\0' || first == 0 || last < first)
                return invalid("--parts", text);
        ret->first = first;
        ret->last = last == UINT64_MAX ? 0 : last;
        return 1;
}

static int parse_strip(const char *text, uint64_t *ret)
{
        const char *p = text;

        return *p && parse_number(&p, ret) && *p == '\0' ? 1 : invalid("--strip-components", text);
}

static int parse_subdir(const char *text, const char **ret)
{
        if (*text == '\0' || strchr(text, '/') || strlen(text) > NAME_MAX - sizeof("18446744073709551615"))
                return invalid("--subdir", text);
        *ret = text;
        return 1;
}

enum {
        OPERAND = 1,
        OPTION_EXAMINE = 0x100,
        OPTION_RAW,
        OPTION_JSON,
        OPTION_TEST,
        OPTION_TAR,
        OPTION_DEBUG,
        OPTION_STRIP,
        OPTION_SUBDIR,
        OPTION_NESTED,
        OPTION_PROFILE,
};

/* An action, of which each has a bit. @return the action, or -1 if @option is none */
static int action_of(int option)
{
        switch (option) {
        case 'l':
                return ACTION_LIST;
        case 's':
                return ACTION_STDOUT;
        case OPTION_EXAMINE:
        case OPTION_RAW:
        case OPTION_JSON:
                return ACTION_EXAMINE;
        case OPTION_TEST:
                return ACTION_TEST;
        case OPTION_TAR:
                return ACTION_TAR;
        default:
                return -1;
        }
}

/* The first operand is the image, unless a --file was before it. */
static void take_operand(char *operand, struct options *ret)
{
        struct selection *select = &ret->only.select;

        if (ret->image_count == 0)
                ret->images[ret->image_count++] = operand;
        else
                ((char **)select->patterns)[select->pattern_count++] = operand;
}

/* One option that is no action. @return 1, 0 after --help, or -EINVAL */
static int take_option(int option, struct options *ret)
{
        struct selection *select = &ret->only.select;

        switch (option) {
        case OPERAND:
                take_operand(optarg, ret);
                return 1;
        case 'P':
                return parse_parts(optarg, select);
        case 'x':
                select->exclude.globs[select->exclude.count++] = optarg;
                return 1;
        case 'F':
                ret->images[ret->image_count++] = optarg;
                return 1;
        case OPTION_STRIP:
                return parse_strip(optarg, &select->strip);
        case OPTION_SUBDIR:
                return parse_subdir(optarg, &select->subdir);
        case OPTION_NESTED:
                ret->nested = true;
                return 1;
        case OPTION_PROFILE:
                ret->profile = optarg;
                return 1;
        case 'D':
                ret->directory = optarg;
                return 1;
        case 'v':
                ret->verbose = true;
                return 1;
        case OPTION_DEBUG:
                ret->debug = true;
                return 1;
        case 'h':
                help(stdout);
                return 0;
        default:
                help(stderr);
                return -EINVAL;
        }
}

/* @return as options_parse(), with a bit of @actions for each action that is asked for */
static int take_all(int argc, char **argv, struct options *ret, unsigned *actions)
{
        static const struct option longs[] = {
                { "list", no_argument, NULL, 'l' },
                { "to-stdout", no_argument, NULL, 's' },
                { "tar", no_argument, NULL, OPTION_TAR },
                { "examine", no_argument, NULL, OPTION_EXAMINE },
                { "raw", no_argument, NULL, OPTION_RAW },
                { "json", no_argument, NULL, OPTION_JSON },
                { "test", no_argument, NULL, OPTION_TEST },
                { "parts", required_argument, NULL, 'P' },
                { "exclude", required_argument, NULL, 'x' },
                { "file", required_argument, NULL, 'F' },
                { "profile", required_argument, NULL, OPTION_PROFILE },
                { "nested", no_argument, NULL, OPTION_NESTED },
                { "directory", required_argument, NULL, 'D' },
                { "subdir", required_argument, NULL, OPTION_SUBDIR },
                { "strip-components", required_argument, NULL, OPTION_STRIP },
                { "verbose", no_argument, NULL, 'v' },
                { "debug", no_argument, NULL, OPTION_DEBUG },
                { "help", no_argument, NULL, 'h' },
                /* To dracut's program these are no ambiguous abbreviations. */
                { "t", no_argument, NULL, 's' },
                { "p", required_argument, NULL, 'P' },
                { NULL, 0, NULL, 0 },
        };
        int c, r = 1;

        /* The dash: get operands in order, as the first one's place among the --file options counts. */
        while (r > 0 && (c = getopt_long(argc, argv, "-lsP:x:F:D:vh", longs, NULL)) >= 0) {
                int action = action_of(c);

                if (action >= 0)
                        *actions |= 1U << action;
                if (c == OPTION_RAW || c == OPTION_JSON)
                        ret->table = c == OPTION_RAW ? TABLE_RAW : TABLE_JSON;
                if (action < 0)
                        r = take_option(c, ret);
        }
        for (; r > 0 && optind < argc; optind++)
                take_operand(argv[optind], ret);
        return r;
}

int options_parse(int argc, char **argv, struct options *ret)
{
        static const char *const doing[] = {
                [ACTION_EXTRACT] = "Extracting", [ACTION_LIST] = "Reading", [ACTION_STDOUT] = "Reading",
                [ACTION_EXAMINE] = "Reading",    [ACTION_TEST] = "Testing", [ACTION_TAR] = "Writing",
        };
        unsigned actions = 0;
        size_t room = (size_t)argc + 1;
        int r;

        *ret = (struct options){ .only = { .window = DECODER_WINDOW, .early = true },
                                 .memory = calloc(3 * room, sizeof(*ret->memory)) };
        if (!ret->memory)
                return log_oom();
        ret->images = ret->memory;
        ret->only.select.patterns = ret->memory + room;
        ret->only.select.exclude.globs = ret->memory + 2 * room;
        r = take_all(argc, argv, ret, &actions);
        if (r <= 0)
                return r;
        /* The actions of dracut's program can be combined: the result is a list. */
        if (actions & 1U << ACTION_LIST)
                actions &= ~(1U << ACTION_STDOUT);
        if (ret->image_count == 0 || (actions & (actions - 1)) != 0) {
                help(stderr);
                return -EINVAL;
        }
        ret->action = ACTION_EXTRACT;
        while (actions >> ret->action > 1)
                ret->action++;
        ret->only.go_on = ret->action == ACTION_TEST;
        ret->only.doing = doing[ret->action];
        return 1;
}

void options_done(struct options *options)
{
        free(options->memory);
}
