/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "entry.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#include "skipcpio/util.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

bool bls_next(struct span *rest, struct span *key, struct span *value)
{
        struct span line;

        while (span_line(rest, &line)) {
                size_t n = 0;

                if (line.size >= 3 && memcmp(line.at, BYTE_ORDER_MARK, 3) == 0)
                        line = span_strip((struct span){ line.at + 3, line.size - 3 });
                if (line.size == 0 || line.at[0] == '#')
                        continue;
                while (n < line.size && line.at[n] != ' ' && line.at[n] != '\t')
                        n++;
                *key = (struct span){ line.at, n };
                *value = span_strip((struct span){ line.at + n, line.size - n });
                return true;
        }
        return false;
}

struct span bls_get(struct span entry, const char *key)
{
        struct span found = { entry.at, 0 }, name, value;

        while (bls_next(&entry, &name, &value))
                if (span_is(name, key))
                        found = value;
        return found;
}

char *bls_options(struct span entry)
{
        char *options = malloc(entry.size + 1), *out = options;
        struct span key, value;

        if (!options)
                return NULL;
        while (bls_next(&entry, &key, &value))
                if (span_is(key, "options")) {
                        if (out > options)
                                *out++ = ' ';
                        out = mempcpy(out, value.at, value.size);
                }
        *out = '\0';
        return options;
}

static const char *skip_digits(const char *p)
{
        while (isdigit((unsigned char)*p))
                p++;
        return p;
}

/* Whether @p is a counter: +LEFT or +LEFT-DONE, and then the suffix. */
static bool is_counter(const char *p)
{
        const char *end = skip_digits(p + 1);

        if (end == p + 1)
                return false;
        if (*end == '-') {
                if (!isdigit((unsigned char)end[1]))
                        return false;
                end = skip_digits(end + 1);
        }
        return strcasecmp(end, ".conf") == 0 || strcasecmp(end, ".efi") == 0;
}

bool bls_strip_counter(char *file_name)
{
        char *plus = strrchr(file_name, '+');

        if (!plus || !is_counter(plus))
                return false;
        memmove(plus, strrchr(file_name, '.'), strlen(strrchr(file_name, '.')) + 1);
        return true;
}

char *bls_id(const char *file_name)
{
        char *id = strdup(file_name);

        if (!id)
                return NULL;
        for (char *p = id; *p; p++)
                *p = (char)tolower((unsigned char)*p);
        (void)bls_strip_counter(id);
        return id;
}

struct span env_get(struct span text, const char *key)
{
        struct span found = { text.at, 0 }, line, name, value;

        while (span_line(&text, &line)) {
                if (!span_cut(line, '=', &name, &value) || !span_is(span_strip(name), key))
                        continue;
                value = span_strip(value);
                if (value.size >= 2 && (value.at[0] == '"' || value.at[0] == '\'') &&
                    value.at[value.size - 1] == value.at[0])
                        value = (struct span){ value.at + 1, value.size - 2 };
                found = value;
        }
        return found;
}
