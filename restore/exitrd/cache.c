/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache.h"

#include <stdint.h>
#include <string.h>

#include "skipcpio/util.h"

static const char magic[] = "glibc-ld.so.cache1.1";

struct header {
        char magic[sizeof(magic) - 1];
        uint32_t count;
        uint32_t strings; /* bytes of all names */
        uint32_t unused[5];
};

struct entry {
        int32_t flags;
        uint32_t key, value; /* offsets of the names, from the header */
        uint32_t version;
        uint64_t hwcap; /* not 0: for some processors alone, and there is another one for all */
};

/* The older form in front of it, which glibc wrote up to 2.31: each entry has twelve bytes. */
static const char old_magic[] = "ld.so-1.7.0";

static size_t skip_old(const char *cache, size_t size)
{
        uint32_t count;

        if (size < 16 || memcmp(cache, old_magic, sizeof(old_magic) - 1) != 0)
                return 0;
        memcpy(&count, cache + 12, sizeof(count));
        return align_up(16 + (uint64_t)count * 12, 8);
}

static const char *string_at(const char *bytes, size_t size, uint32_t offset)
{
        return offset < size && memchr(bytes + offset, '\0', size - offset) ? bytes + offset : NULL;
}

const char *cache_next(const char *cache, size_t size, const char *soname, size_t *at)
{
        size_t start = cache ? skip_old(cache, size) : 0;
        struct header header;

        if (!cache || start > size || size - start < sizeof(header))
                return NULL;
        cache += start;
        size -= start;
        memcpy(&header, cache, sizeof(header));
        if (memcmp(header.magic, magic, sizeof(header.magic)) != 0)
                return NULL;
        while (*at < header.count) {
                size_t offset = sizeof(header) + (*at)++ * sizeof(struct entry);
                struct entry entry;
                const char *key, *value;

                if (offset > size || size - offset < sizeof(entry))
                        return NULL;
                memcpy(&entry, cache + offset, sizeof(entry));
                key = string_at(cache, size, entry.key);
                value = string_at(cache, size, entry.value);
                if (!key || !value)
                        return NULL;
                if (entry.hwcap == 0 && strcmp(key, soname) == 0)
                        return value;
        }
        return NULL;
}
