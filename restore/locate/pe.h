/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The sections of a PE file, as far as a unified kernel image (UKI) needs them.
 *
 * Sources: Microsoft's "PE Format" for the headers; the UAPI group's "Unified Kernel Image"
 * specification for section names and profiles. A UKI can hold several profiles: sections
 * before the first `.profile` are the base; each `.profile` starts a profile, numbered from 0. A
 * section that a profile lacks comes from the base. If names repeat, the first counts.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Bytes from a file's start that pe_parse() looks at; all headers must be in them. */
#define PE_HEAD_SIZE 16384U

#define PE_SECTION_HEADER_SIZE 40U
#define PE_SECTIONS_MAX (PE_HEAD_SIZE / PE_SECTION_HEADER_SIZE)

/** The profile of the sections that come before any `.profile`. */
#define PE_PROFILE_BASE (-1)

struct pe_section {
        char name[9];  /* NUL-terminated */
        int profile;   /* PE_PROFILE_BASE or the profile's number */
        uint32_t from; /* first byte in the file */
        uint32_t size; /* bytes of data, without the padding in the file */
};

struct pe {
        struct pe_section sections[PE_SECTIONS_MAX];
        size_t count;
        int profiles; /* how many `.profile` sections there are */
};

/**
 * Read the headers. Every section must be inside the file, and no two may overlap, neither in
 * the file nor in memory.
 *
 * @param head       the file's first bytes: PE_HEAD_SIZE of them, or the whole file where it is shorter
 * @param size       bytes at @head
 * @param file_size  bytes in the file
 * @param ret        filled on success, else undefined
 * @return NULL, or what is wrong: a constant string
 */
const char *pe_parse(const uint8_t *head, size_t size, uint64_t file_size, struct pe *ret);

/** The section called @name in @profile or else in the base, or NULL. */
const struct pe_section *pe_find(const struct pe *pe, int profile, const char *name);

/**
 * Read and check the headers of an open file.
 *
 * @return 0; -EBADMSG, with @reason filled as from pe_parse(); or the error from reading
 */
int pe_read(int fd, struct pe *ret, const char **reason);
