/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "links.h"

#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "skipcpio/util.h"

struct key {
        uint32_t dev_major, dev_minor, ino, type;
};

struct links {
        struct link {
                struct key key;
                uint32_t name; /* offset in @names + 1; 0 for a free slot */
        } * slots;             /* open addressing, at most half full */
        size_t mask, used;
        char *names; /* one after the other, each with its NUL */
        size_t names_used, names_size;
        uint64_t seed; /* so that an image cannot choose keys that collide */
};

static uint64_t mix(uint64_t h, uint64_t value)
{
        h = (h ^ value) * UINT64_C(0x9e3779b97f4a7c15);
        return h ^ h >> 32;
}

static struct link *find_slot(const struct links *l, const struct key *key)
{
        uint64_t h = mix(mix(l->seed, (uint64_t)key->dev_major << 32 | key->dev_minor),
                         (uint64_t)key->ino << 32 | key->type);

        h = mix(h, l->seed >> 7);
        for (size_t i = h & l->mask;; i = (i + 1) & l->mask)
                if (l->slots[i].name == 0 || memcmp(&l->slots[i].key, key, sizeof(*key)) == 0)
                        return &l->slots[i];
}

static int grow(struct links *l)
{
        struct links bigger = *l;

        bigger.mask = l->slots ? l->mask * 2 + 1 : 63;
        if ((bigger.mask + 1) * sizeof(*l->slots) + l->names_size > LINKS_MEMORY_MAX)
                return -E2BIG;
        bigger.slots = calloc(bigger.mask + 1, sizeof(*bigger.slots));
        if (!bigger.slots)
                return -ENOMEM;
        for (size_t i = 0; l->slots && i <= l->mask; i++)
                if (l->slots[i].name != 0)
                        *find_slot(&bigger, &l->slots[i].key) = l->slots[i];
        free(l->slots);
        *l = bigger;
        return 0;
}

static int add_name(struct links *l, const char *name, uint32_t *ret)
{
        size_t size = strlen(name) + 1;

        if (l->names_used + size > l->names_size) {
                size_t bigger = MAX(l->names_size * 2, l->names_used + size + 4096);
                char *names;

                if (bigger + (l->mask + 1) * sizeof(*l->slots) > LINKS_MEMORY_MAX)
                        return -E2BIG;
                names = realloc(l->names, bigger);
                if (!names)
                        return -ENOMEM;
                l->names = names;
                l->names_size = bigger;
        }
        memcpy(l->names + l->names_used, name, size);
        *ret = (uint32_t)l->names_used + 1;
        l->names_used += size;
        return 0;
}

const char *links_get(const struct links *links, const struct newc *header)
{
        const struct link *slot;

        if (!links || !links->slots)
                return NULL;
        slot = find_slot(links,
                         &(struct key){ header->dev_major, header->dev_minor, header->ino, header->mode & S_IFMT });
        return slot->name != 0 ? links->names + slot->name - 1 : NULL;
}

int links_find(struct links **links, const struct newc *header, const char *name, const char **ret_old)
{
        struct key key = { header->dev_major, header->dev_minor, header->ino, header->mode & S_IFMT };
        struct links *l = *links;
        struct link *slot;
        int r;

        if (!l) {
                l = *links = calloc(1, sizeof(*l));
                if (!l)
                        return -ENOMEM;
                /* without entropy the seed is an address: weaker, but no reason to fail */
                if (getrandom(&l->seed, sizeof(l->seed), GRND_NONBLOCK) < 0)
                        l->seed = (uintptr_t)l;
        }
        if (!l->slots || l->used > l->mask / 2) {
                r = grow(l);
                if (r < 0)
                        return r;
        }
        slot = find_slot(l, &key);
        if (slot->name != 0) {
                *ret_old = l->names + slot->name - 1;
                return 0;
        }
        *ret_old = NULL;
        slot->key = key;
        r = add_name(l, name, &slot->name);
        if (r == 0)
                l->used++;
        return r;
}

void links_forget(struct links **links)
{
        if (!*links)
                return;
        free((*links)->slots);
        free((*links)->names);
        free(*links);
        *links = NULL;
}
