/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "flips.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "fuzz.h"

/* The format once more: an oracle that shares no code with the tested program. */
#define HEADER 110U
#define ALIGNED(n) (((n) + 3U) & ~(size_t)3U)

struct input {
        const uint8_t *bytes;
        size_t size;
};

static unsigned take(struct input *in)
{
        if (in->size == 0)
                return 0;
        in->size--;
        return *in->bytes++;
}

/* Contents of files: no NUL, which could be taken for padding, and no digit. */
static int fill_byte(const char *name)
{
        return 'p' + name[1] % 8;
}

/* Append an entry to @out, which starts at a multiple of four. @return bytes */
static size_t put(uint8_t *out, const char *name, uint32_t mode, size_t size)
{
        size_t used, name_size = strlen(name) + 1;

        used = (size_t)sprintf((char *)out, "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x", 1, mode, 0,
                               0, 1, 5, size, 8, 1, 0, 0, name_size, 0);
        memset(out + used, 0, 4 + name_size);
        memcpy(out + used, name, name_size);
        used = ALIGNED(used + name_size);
        memset(out + used, fill_byte(name), size);
        memset(out + used + size, 0, 4);
        return ALIGNED(used + size);
}

static void note_start(struct flips *f, size_t start)
{
        f->starts[f->start_count++] = start;
}

/* A part of up to four files. @return its bytes at @out */
static size_t put_part(struct flips *f, struct input *in, uint8_t *out, size_t at, bool packed, bool trailer)
{
        size_t used = 0;

        for (unsigned i = 1 + take(in) % 4; i > 0; i--) {
                struct flips_file *file = &f->files[f->count];

                memset(file->name, 'n', sizeof(file->name));
                file->name[1] = (char)('a' + f->count++);
                file->name[2 + take(in) % (sizeof(file->name) - 3)] = '\0';
                file->size = take(in) << take(in) % 4;
                file->start = at + used;
                file->packed = packed;
                if (!packed)
                        note_start(f, at + used);
                used += put(out + used, file->name, 0100644, file->size);
        }
        if (trailer) {
                if (!packed)
                        note_start(f, at + used);
                used += put(out + used, "TRAILER!!!", 0, 0);
                memset(out + used, 0, 512);
                used += take(in) % 8 * 4;
        }
        return used;
}

static size_t put_early(struct flips *f, uint8_t *out)
{
        size_t used = 0;

        for (unsigned i = 0; i < 3; i++) {
                static const char *const names[] = { "kernel", "kernel/x86", "TRAILER!!!" };

                note_start(f, used);
                used += put(out + used, names[i], i == 0 ? 040755 : 0100644, i == 1 ? 40 : 0);
        }
        return used;
}

static size_t compress_part(const uint8_t *plain, size_t size, uint8_t *out, size_t max)
{
        z_stream s = { 0 };

        ALWAYS(deflateInit2(&s, 1, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
        s.next_in = (uint8_t *)plain;
        s.avail_in = (unsigned)size;
        s.next_out = out;
        s.avail_out = (unsigned)max;
        ALWAYS(deflate(&s, Z_FINISH) == Z_STREAM_END);
        size = s.total_out;
        deflateEnd(&s);
        return size;
}

void flips_make(const uint8_t *input, size_t size, struct flips *ret)
{
        struct input in = { input, size };
        unsigned kinds = take(&in);
        bool early = kinds & 1, trailer = kinds & 2, packed = kinds % 32 > 27;
        size_t damageable, second;

        *ret = (struct flips){ 0 };
        if (early)
                ret->size = put_early(ret, ret->bytes);
        ret->size += put_part(ret, &in, ret->bytes + ret->size, ret->size, false, trailer);
        second = ret->start_count;
        damageable = ret->start_count;
        if (packed) {
                uint8_t plain[12 << 10];
                size_t used = put_part(ret, &in, plain, ret->size, true, true);

                note_start(ret, ret->size);
                ret->size += compress_part(plain, used, ret->bytes + ret->size, sizeof(ret->bytes) - ret->size);
        } else {
                ret->size += put_part(ret, &in, ret->bytes + ret->size, ret->size, false, true);
                damageable = ret->start_count;
        }

        damageable = take(&in) % damageable;
        /* The kernel accepts anything after a trailer. */
        if (trailer && damageable == second)
                damageable--;
        ret->damaged = ret->starts[damageable];
        for (unsigned i = 1 + take(&in) % 3; i > 0; i--) {
                size_t at = ret->damaged + take(&in) % HEADER;

                ret->bytes[at] ^= (uint8_t)take(&in);
        }
}

static bool read_field(const uint8_t *header, unsigned number, size_t *ret)
{
        char digits[9] = "";

        memcpy(digits, header + 6 + 8 * (size_t)number, 8);
        for (unsigned i = 0; i < 8; i++)
                if (!isxdigit((unsigned char)digits[i]))
                        return false;
        *ret = strtoul(digits, NULL, 16);
        return true;
}

/* Where the damaged entry ends by its own digits. @return whether anything can follow it */
static bool find_next(const struct flips *f, size_t *ret)
{
        const uint8_t *header = f->bytes + f->damaged;
        size_t at, field, size, name_size;

        if (memcmp(header, "070701", 6) != 0 && memcmp(header, "070702", 6) != 0)
                return false;
        for (unsigned i = 0; i < 13; i++)
                if (!read_field(header, i, &field))
                        return false;
        read_field(header, 6, &size);
        read_field(header, 11, &name_size);
        at = ALIGNED(f->damaged + HEADER + name_size) + size;
        if (at > f->size)
                return false;
        for (at = ALIGNED(at); at < f->size && f->bytes[at] == 0; at++)
                ;
        *ret = at;
        for (size_t i = 0; i < f->start_count; i++)
                if (f->starts[i] == at)
                        return true;
        return at >= f->size;
}

static bool is_there(const struct flips_file *file, int tree_fd)
{
        uint8_t bytes[2048];
        int fd = openat(tree_fd, file->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        ssize_t n;

        if (fd < 0)
                return false;
        n = read(fd, bytes, sizeof(bytes));
        close(fd);
        for (ssize_t i = 0; i < n; i++)
                if (bytes[i] != fill_byte(file->name))
                        return false;
        return n == (ssize_t)file->size;
}

bool flips_whole(const struct flips *flips, int tree_fd)
{
        size_t next;

        if (!find_next(flips, &next))
                return false;
        for (size_t i = 0; i < flips->count; i++) {
                const struct flips_file *file = &flips->files[i];

                if ((file->start < flips->damaged || file->start >= next) && !is_there(file, tree_fd))
                        return false;
        }
        return true;
}
