/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What CBMC proves of the parsers: for every input of SIZE bytes, none of them reads or writes outside of an object,
 * overflows, leaks, or gives back what its header does not promise. Each input is in an object of just its size. With
 * SAID, the parser is told another size, which CBMC has to find.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "restore/locate/bootoption.h"
#include "restore/locate/efivar.h"
#include "restore/locate/pe.h"
#include "skipcpio/newc.h"

#ifndef SAID
#define SAID SIZE
#endif

uint64_t nondet_number(void);

/* An input of any contents. */
static void *any_bytes(size_t size)
{
        void *bytes = malloc(size);

        __CPROVER_assume(bytes != NULL);
        return bytes;
}

/* The parsers sort few ranges; how does not matter. */
void qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *))
{
        char *items = base;
        char swap[sizeof(uint64_t[2])];

        __CPROVER_assert(size == sizeof(swap), "the size of what is sorted");
        for (size_t i = 1; i < count; i++)
                for (size_t j = i; j > 0 && compare(items + (j - 1) * size, items + j * size) > 0; j--) {
                        memcpy(swap, items + j * size, sizeof(swap));
                        memcpy(items + j * size, items + (j - 1) * size, sizeof(swap));
                        memcpy(items + (j - 1) * size, swap, sizeof(swap));
                }
}

#ifdef TEXT_IS_PROVEN
/* What efivar_text() promises, and prove_efivar() shows, of the shortest texts: how long they are decides nothing. */
int efivar_text(const uint8_t *bytes, size_t size, char **ret)
{
        char *text;

        __CPROVER_assert(__CPROVER_r_ok(bytes, size), "the text is in the input");
        if (size == 0 || size % 2 != 0)
                return -EBADMSG;
        if (nondet_number() % 2 == 0)
                return nondet_number() % 2 == 0 ? -EBADMSG : -ENOMEM;
        text = any_bytes(2);
        __CPROVER_assume(text[0] != '\0');
        text[1] = '\0';
        *ret = text;
        return 0;
}
#endif

/* The one call joins three strings. */
int asprintf(char **ret, const char *format, ...)
{
        __CPROVER_assert(format[0] == '%' && format[6] == '\0', "the only format");
        if (nondet_number() % 2 == 0)
                return -1;
        *ret = any_bytes(2);
        (*ret)[1] = '\0';
        return 1;
}

/* What is printed always fits: at most 36 characters, by formats that pad to a fixed width. */
int snprintf(char *to, size_t size, const char *format, ...)
{
        __CPROVER_assert(size >= sizeof("00000000-0000-0000-0000-000000000000"), "room for a PARTUUID");
        (void)format;
        __CPROVER_havoc_slice(to, size);
        to[36] = '\0';
        return 36;
}

void prove_newc(void)
{
        uint8_t *bytes = any_bytes(SIZE);
        struct newc header;

        if (!newc_parse(bytes, &header)) {
                __CPROVER_assert(newc_name_room(&header) >= header.namesize, "the name fits");
                __CPROVER_assert((NEWC_HEADER_SIZE + newc_name_room(&header)) % NEWC_ALIGNMENT == 0,
                                 "data are aligned");
                __CPROVER_assert(newc_data_room(&header) - header.filesize < NEWC_ALIGNMENT, "padding is short");
                __CPROVER_assert(header.checksummed == (bytes[5] == '2'), "which magic");
        }
        free(bytes);
}

void prove_pe(void)
{
        uint64_t file_size = nondet_number();
        uint8_t *bytes = any_bytes(SIZE);
        struct pe pe;

        __CPROVER_assume(file_size >= SIZE);
        if (!pe_parse(bytes, SAID, file_size, &pe)) {
                __CPROVER_assert(pe.count <= PE_SECTIONS_MAX, "the count");
                for (size_t i = 0; i < pe.count; i++) {
                        __CPROVER_assert((uint64_t)pe.sections[i].from + pe.sections[i].size <= file_size,
                                         "in the file");
                        __CPROVER_assert(pe.sections[i].name[8] == '\0', "the name ends");
                        __CPROVER_assert(pe.sections[i].profile >= PE_PROFILE_BASE &&
                                                         pe.sections[i].profile < pe.profiles,
                                         "a profile that there is");
                }
                pe_find(&pe, PE_PROFILE_BASE, ".initrd");
        }
        free(bytes);
}

void prove_efivar(void)
{
        uint8_t *bytes = any_bytes(SIZE);
        char *text = NULL;

        if (efivar_text(bytes, SAID, &text) == 0)
                __CPROVER_assert(strlen(text) > 0 && strlen(text) <= SIZE / 2 * 3, "the text's length");
        else
                __CPROVER_assert(!text, "nothing on failure");
        free(text);
        free(bytes);
}

void prove_bootoption(void)
{
        uint8_t *bytes = any_bytes(SIZE);
        struct bootoption option = { .path = NULL };

        if (bootoption_parse(bytes, SAID, &option) == 0) {
                __CPROVER_assert(option.path, "a path on success");
                __CPROVER_assert(!option.partition[0] || !option.partition[36], "the partition's name ends");
        } else {
                __CPROVER_assert(!option.path && !option.options, "nothing on failure");
        }
        bootoption_done(&option);
        free(bytes);
}
