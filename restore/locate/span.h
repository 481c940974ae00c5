/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A piece of text in memory that the caller owns, and ways to cut it. Unless stated otherwise, nothing
 * here needs a NUL at the end or allocates.
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

/** Cut @a in two at the first @byte. Returns false, with all of @a in @before, if there is none. */
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
 * Take the next word off the front of @rest. Words are separated by what span_strip() strips, except
 * inside double quotes.
 *
 * @return false at the end
 */
bool span_word(struct span *rest, struct span *ret);

/** A NUL-terminated copy, up to the first NUL; NULL if memory is short. */
char *span_dup(struct span a);
