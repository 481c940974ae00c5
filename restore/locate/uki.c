/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "uki.h"

#include <string.h>
#include <strings.h>

#include "skipcpio/util.h"
#include "entry.h"
#include "bzimage.h"

static int section_text(int fd, const struct pe_section *section, char **ret)
{
        _cleanup_free_ char *text = NULL;
        ssize_t n;

        if (section->size > TEXT_SIZE_MAX)
                return -EFBIG;
        text = malloc(section->size + 1);
        if (!text)
                return -ENOMEM;
        n = pread(fd, text, section->size, section->from);
        if (n < 0)
                return -errno;
        *ret = span_dup(span_strip((struct span){ text, (size_t)n }));
        return *ret ? 0 : -ENOMEM;
}

int uki_text(int fd, const struct uki *uki, const char *section, char **ret)
{
        const struct pe_section *found = pe_find(&uki->pe, uki->profile, section);

        return found ? section_text(fd, found, ret) : -ENOENT;
}

int uki_version(int fd, const struct uki *uki, char **ret)
{
        const struct pe_section *kernel = pe_find(&uki->pe, uki->profile, ".linux");
        int r = uki_text(fd, uki, ".uname", ret);

        return r == -ENOENT && kernel ? kernel_version(fd, kernel->from, kernel->size, ret) : r;
}

/* The number of the profile called @wanted, or -1. */
static int find_profile(int fd, const struct pe *pe, const char *wanted)
{
        struct span digits = span_of(wanted);
        int number = 0;

        for (size_t i = 0; i < pe->count; i++) {
                const struct pe_section *section = &pe->sections[i];
                _cleanup_free_ char *text = NULL, *id = NULL;

                if (strcmp(section->name, ".profile") != 0 || section_text(fd, section, &text) < 0)
                        continue;
                id = span_dup(env_get(span_of(text), "ID"));
                if (id && strcasecmp(id, wanted) == 0)
                        return section->profile;
        }
        for (size_t i = 0; i < digits.size; i++) {
                if (digits.at[i] < '0' || digits.at[i] > '9' || number > pe->profiles)
                        return -1;
                number = number * 10 + (digits.at[i] - '0');
        }
        return number < pe->profiles || number == 0 ? number : -1;
}

int uki_read(int fd, const char *profile, struct uki *ret, const char **reason)
{
        int r = pe_read(fd, &ret->pe, reason);

        if (r < 0) {
                ret->pe.count = 0;
                ret->pe.profiles = 0;
                return r;
        }
        ret->profile = profile ? find_profile(fd, &ret->pe, profile) : 0;
        if (ret->profile < 0)
                *reason = "it lacks the wanted profile";
        else if (!pe_find(&ret->pe, ret->profile, ".linux"))
                *reason = "it is not a unified kernel image";
        else
                return 0;
        return -EBADMSG;
}

bool uki_is_addon(const struct uki *uki)
{
        return uki->pe.profiles == 0 && !pe_find(&uki->pe, PE_PROFILE_BASE, ".linux") &&
               pe_find(&uki->pe, PE_PROFILE_BASE, ".initrd");
}

int uki_add_initrd(int fd, const struct uki *uki, const char *name, struct image *image)
{
        const struct pe_section *section = pe_find(&uki->pe, uki->profile, ".initrd");
        _cleanup_close_ int owned = fd;
        _cleanup_free_ char *full = NULL;
        int r;

        if (!section)
                return -ENOENT;
        if (section->profile == PE_PROFILE_BASE)
                r = asprintf(&full, "%s[.initrd]", name);
        else
                r = asprintf(&full, "%s[.initrd@%d]", name, section->profile);
        if (r < 0) {
                full = NULL;
                return -ENOMEM;
        }
        return image_add(image, TAKE_FD(owned), full, section->from, section->size);
}
