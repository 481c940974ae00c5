/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "locate.h"

#include "skipcpio/util.h"
#include "entry.h"
#include "span.h"
#include "uki.h"

/* What a profile's own section says of @key; NULL if it has none. */
static char *own_text(int fd, const struct uki *uki, const char *key)
{
        _cleanup_free_ char *text = NULL;
        struct span value;

        if (uki->pe.profiles == 0 || uki_text(fd, uki, ".profile", &text) < 0)
                return NULL;
        value = env_get(span_of(text), key);
        return value.size > 0 ? span_dup(value) : NULL;
}

static void one_row(int fd, const struct uki *uki, void (*row)(void *argument, const struct uki_row *row),
                    void *argument)
{
        const struct pe_section *initrd = pe_find(&uki->pe, uki->profile, ".initrd");
        bool addon = uki->profile == PE_PROFILE_BASE;
        _cleanup_free_ char *id = own_text(fd, uki, "ID"), *title = own_text(fd, uki, "TITLE"), *version = NULL;
        char section[32] = ".initrd";

        if (initrd && initrd->profile != PE_PROFILE_BASE)
                snprintf(section, sizeof(section), ".initrd@%d", initrd->profile);
        if (uki_version(fd, uki, &version) < 0)
                version = NULL;
        row(argument, &(struct uki_row){ .addon = addon,
                                         .profile = uki->profile,
                                         .id = id,
                                         .title = title,
                                         .version = version,
                                         .initrd = initrd ? section : NULL });
}

int uki_rows(int fd, void (*row)(void *argument, const struct uki_row *row), void *argument)
{
        struct uki uki = { .profile = PE_PROFILE_BASE };
        const char *reason;
        int r = pe_read(fd, &uki.pe, &reason);

        if (r < 0)
                return r == -EBADMSG ? 0 : r;
        if (!pe_find(&uki.pe, 0, ".linux")) {
                one_row(fd, &uki, row, argument);
                return 0;
        }
        for (uki.profile = 0; uki.profile < MAX(uki.pe.profiles, 1); uki.profile++)
                one_row(fd, &uki, row, argument);
        return 0;
}
