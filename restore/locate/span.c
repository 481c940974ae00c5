/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "span.h"

static bool is_blank(char c)
{
        return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\0';
}

bool span_is(struct span a, const char *string)
{
        return a.size == strlen(string) && memcmp(a.at, string, a.size) == 0;
}

bool span_cut(struct span a, char byte, struct span *before, struct span *behind)
{
        const char *p = a.size > 0 ? memchr(a.at, byte, a.size) : NULL;
        size_t n = p ? (size_t)(p - a.at) : a.size;

        *before = (struct span){ a.at, n };
        *behind = p ? (struct span){ p + 1, a.size - n - 1 } : (struct span){ a.at + n, 0 };
        return p != NULL;
}

struct span span_strip(struct span a)
{
        while (a.size > 0 && is_blank(a.at[0])) {
                a.at++;
                a.size--;
        }
        while (a.size > 0 && is_blank(a.at[a.size - 1]))
                a.size--;
        return a;
}

bool span_line(struct span *rest, struct span *ret)
{
        struct span line;

        if (rest->size == 0)
                return false;
        span_cut(*rest, '\n', &line, rest);
        *ret = span_strip(line);
        return true;
}

bool span_word(struct span *rest, struct span *ret)
{
        bool quoted = false;
        size_t start = 0, end;

        while (start < rest->size && is_blank(rest->at[start]))
                start++;
        for (end = start; end < rest->size; end++) {
                char c = rest->at[end];

                if (c == '"')
                        quoted = !quoted;
                else if (!quoted && is_blank(c))
                        break;
        }
        *ret = (struct span){ rest->at + start, end - start };
        *rest = (struct span){ rest->at + end, rest->size - end };
        return ret->size > 0;
}

char *span_dup(struct span a)
{
        return strndup(a.at, a.size);
}
