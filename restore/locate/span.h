/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A piece of text in memory that somebody else owns, and ways to cut it. Nothing here expects
 * a NUL at the end or allocates, unless it says so.
 */

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
        const char *at;
        size_t size; /* bytes */
};

static inline struct span span_of(const char *string)
{
        return (struct span){ string, strlen(string) };
}

/** Whether @a is exactly @string. */
bool span_is(struct span a, const char *string);

/** The part of @a before and behind the first @byte. False, and @a whole in @before, where there is none. */
bool span_cut(struct span a, char byte, struct span *before, struct span *behind);

/** @a without blanks, tabs, line ends and NULs at both ends. */
struct span span_strip(struct span a);

/**
 * Take the next line off the front of @rest.
 *
 * @param ret  the line, stripped
 * @return false at the end
 */
bool span_line(struct span *rest, struct span *ret);

/**
 * Take the next word off the front of @rest. What span_strip() strips is between words, unless
 * it stands between double quotes.
 *
 * @return false at the end
 */
bool span_word(struct span *rest, struct span *ret);

/** A copy with a NUL behind it, cut at the first NUL inside; NULL where there is no memory. */
char *span_dup(struct span a);
