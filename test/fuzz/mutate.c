/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mutate.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "skipcpio/newc.h"
#include "skipcpio/util.h"

#define ENTRIES_MAX 64U
#define ENTRY_MAX 2048U

/* Names and targets: ways out, detours, and few enough to occur again. The canary that
 * fuzz-unpack watches lies at /mnt/c. */
static const char *const tokens[] = { "a",       "b",    "d",       "l", "..", ".", "",     "/mnt/c", "../../c",
                                      "f",       "proc", "self/fd", "1", "m",  "s", "tree", "\1",     ".dracut-restore",
                                      "shutdown" };

struct random {
        uint64_t state;
};

static uint32_t below(struct random *r, uint32_t n)
{
        r->state = r->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return (uint32_t)(r->state >> 33) % n;
}

static uint32_t any_of(struct random *r, const uint32_t *values, size_t count)
{
        return values[below(r, (uint32_t)count)];
}
#define ANY(r, ...) any_of(r, (const uint32_t[]){ __VA_ARGS__ }, ELEMENTSOF(((const uint32_t[]){ __VA_ARGS__ })))

struct slice {
        size_t from, to;
};

static size_t find_entries(const uint8_t *data, size_t size, struct slice *entries)
{
        size_t count = 0;

        for (size_t at = 0; at + NEWC_HEADER_SIZE <= size && count < ENTRIES_MAX;) {
                struct newc h;
                uint64_t end;

                if (newc_parse(data + at, &h)) {
                        at += NEWC_ALIGNMENT;
                        continue;
                }
                end = at + NEWC_HEADER_SIZE + newc_name_room(&h) + newc_data_room(&h);
                entries[count++] = (struct slice){ at, MIN(end, (uint64_t)size) };
                at = entries[count - 1].to;
        }
        return count;
}

static void random_path(struct random *r, char *path, size_t size)
{
        size_t used = 0;

        *path = '\0';
        for (uint32_t i = 1 + below(r, 4); i > 0; i--)
                used += (size_t)snprintf(path + used, size - used, "%s%s", tokens[below(r, ELEMENTSOF(tokens))],
                                         i > 1 || below(r, 8) == 0 ? "/" : "");
}

static size_t put(uint8_t *out, const struct newc *h, const char *name, const char *data)
{
        size_t name_size = strlen(name) + 1, data_size = strlen(data), used;

        used = (size_t)sprintf((char *)out, "%s%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
                               h->checksummed ? "070702" : "070701", h->ino, h->mode, h->uid, h->gid, h->nlink,
                               h->mtime, h->filesize, h->dev_major, h->dev_minor, h->rdev_major, h->rdev_minor,
                               h->namesize, h->check);
        memcpy(out + used, name, name_size);
        used += name_size;
        while (used % NEWC_ALIGNMENT != 0)
                out[used++] = 0;
        memcpy(out + used, data, data_size);
        used += data_size;
        while (used % NEWC_ALIGNMENT != 0)
                out[used++] = 0;
        return used;
}

/* An invented entry: often one that fits others, sometimes with a wrong size. */
static size_t make_entry(struct random *r, uint8_t *out)
{
        char name[256], data[256] = "";
        struct newc h = {
                .ino = below(r, 3),
                .mode = ANY(r, S_IFREG, S_IFREG, S_IFREG, S_IFDIR, S_IFDIR, S_IFLNK, S_IFLNK, S_IFIFO, S_IFCHR, S_IFBLK,
                            S_IFSOCK, 0, 0xf000) |
                        ANY(r, 0644, 0755, 0777, 04755, 01777, 0),
                .uid = ANY(r, 0, 0, 0, 1, 0xffffffff),
                .nlink = ANY(r, 1, 1, 2, 2, 3, 0),
                .mtime = ANY(r, 0, 1, 0x7fffffff, 0xffffffff),
                .rdev_major = 1,
                .rdev_minor = 3,
                .checksummed = below(r, 8) == 0,
        };

        random_path(r, name, sizeof(name));
        if (below(r, 16) == 0)
                strcpy(name, NEWC_TRAILER);
        if (S_ISLNK(h.mode))
                random_path(r, data, sizeof(data));
        else if (S_ISREG(h.mode) && below(r, 2) == 0)
                memset(data, 'x', 1 + below(r, 200));
        for (const char *p = data; *p; p++)
                h.check += (uint8_t)*p;
        h.namesize = (uint32_t)strlen(name) + 1;
        h.filesize = (uint32_t)strlen(data);
        if (below(r, 12) == 0)
                h.namesize = ANY(r, 0, 1, 4096, 4097, 0xffffffff, h.namesize + 1, h.namesize - 1, h.namesize + 4);
        if (below(r, 12) == 0)
                h.filesize = ANY(r, 0, 1, 4096, 4097, 0xffffffff, 0x7fffffff, h.filesize + 1, h.filesize + 8);
        return put(out, &h, name, data);
}

/* Another value in one field of a header. */
static void change_field(struct random *r, uint8_t *header)
{
        char digits[9];
        uint8_t *field = header + 6 + (size_t)below(r, 13) * 8;

        snprintf(digits, sizeof(digits), "%08x",
                 ANY(r, 0, 1, 2, 3, 4, 0xff, 0x1000, 0x1001, 0x7fffffff, 0x80000000, 0xffffffff, 0x41ed, 0x81a4, 0xa1ff,
                     0x11a4, 0x21a4, 0x61a4));
        memcpy(field, digits, 8);
}

/* Replace @old by @size bytes at @bytes. */
static size_t splice(uint8_t *data, size_t size, size_t max, struct slice old, const uint8_t *bytes, size_t count)
{
        if (size - (old.to - old.from) + count > max)
                return 0;
        memmove(data + old.from + count, data + old.to, size - old.to);
        memcpy(data + old.from, bytes, count);
        return size - (old.to - old.from) + count;
}

size_t newc_mutate(uint8_t *data, size_t size, size_t max, uint64_t seed)
{
        struct slice entries[ENTRIES_MAX], one, two;
        struct random r = { seed };
        uint8_t made[ENTRY_MAX];
        size_t count = find_entries(data, size, entries);

        below(&r, 2);
        if (count == 0)
                return splice(data, size, max, (struct slice){ 0, 0 }, made, make_entry(&r, made));
        one = entries[below(&r, (uint32_t)count)];
        two = entries[below(&r, (uint32_t)count)];
        switch (below(&r, 8)) {
        case 0: /* a new entry before one */
        case 1:
                return splice(data, size, max, (struct slice){ one.from, one.from }, made, make_entry(&r, made));
        case 2: /* instead of one */
        case 3:
                return splice(data, size, max, one, made, make_entry(&r, made));
        case 4: /* one less */
                return splice(data, size, max, one, made, 0);
        case 5: /* one twice */
                if (two.to - two.from > sizeof(made))
                        return 0;
                memcpy(made, data + two.from, two.to - two.from);
                return splice(data, size, max, (struct slice){ one.from, one.from }, made, two.to - two.from);
        case 6: /* bytes between */
                memset(made, 0, 8);
                return splice(data, size, max, (struct slice){ one.from, one.from }, made, 1 + below(&r, 8));
        default:
                change_field(&r, data + one.from);
                return size;
        }
}
