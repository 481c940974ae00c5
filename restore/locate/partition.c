/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "partition.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <strings.h>

#include "skipcpio/util.h"
#include "util/compat.h"
#include "util/newmount.h"

/* As udev spells a label in a link's name: anything unusual as \xNN. */
static bool encode(const char *label, char *out, size_t size)
{
        size_t used = 0;

        for (const unsigned char *p = (const unsigned char *)label; *p; p++) {
                bool plain = isalnum(*p) || strchr("#+-.:=@_", *p) || *p >= 0x80;

                if (size - used < 5)
                        return false;
                used += (size_t)snprintf(out + used, size - used, plain ? "%c" : "\\x%02x", *p);
        }
        out[used] = '\0';
        return used > 0;
}

bool partition_path(const char *source, char *path, size_t size)
{
        static const char *const tags[] = { "PARTUUID", "UUID", "PARTLABEL", "LABEL" };

        if (strncmp(source, "/dev/", strlen("/dev/")) == 0)
                return (size_t)snprintf(path, size, "%s", source) < size;

        for (size_t i = 0; i < ELEMENTSOF(tags); i++) {
                char value[NAME_MAX + 1], name[4 * NAME_MAX + 5], directory[16];
                const char *from = source + strlen(tags[i]) + 1;
                size_t n;

                if (strncmp(source, tags[i], strlen(tags[i])) != 0 || from[-1] != '=')
                        continue;
                n = strlen(from);
                if (n >= 2 && from[0] == '"' && from[n - 1] == '"') {
                        from++;
                        n -= 2;
                }
                if (n >= sizeof(value))
                        return false;
                memcpy(value, from, n);
                value[n] = '\0';
                if (strcmp(tags[i], "PARTUUID") == 0)
                        for (char *p = value; *p; p++)
                                *p = (char)tolower((unsigned char)*p);
                n = 0;
                for (const char *p = tags[i]; *p; p++)
                        directory[n++] = (char)tolower((unsigned char)*p);
                directory[n] = '\0';
                return encode(value, name, sizeof(name)) &&
                       (size_t)snprintf(path, size, "/dev/disk/by-%s/%s", directory, name) < size;
        }
        return false;
}

const struct filesystem *partition_sniff(const uint8_t *head, size_t size)
{
        static const struct {
                struct filesystem filesystem;
                size_t at;
                const char *magic;
        } table[] = {
                { { "vfat", NULL }, 82, "FAT32   " },   { { "vfat", NULL }, 54, "FAT1" }, /* FAT12, FAT16 */
                { { "vfat", NULL }, 54, "FAT     " },   { { "ext4", "norecovery" }, 1080, "\x53\xef" },
                { { "xfs", "norecovery" }, 0, "XFSB" },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                size_t length = strlen(table[i].magic);

                if (table[i].at + length <= size && memcmp(head + table[i].at, table[i].magic, length) == 0)
                        return &table[i].filesystem;
        }
        return NULL;
}

int partition_mount(int device)
{
        enum { ATTRIBUTES = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC };
        _cleanup_close_ int data = -1;
        uint8_t head[PARTITION_HEAD_SIZE];
        const struct filesystem *filesystem;
        char source[sizeof("/proc/self/fd/") + 3 * sizeof(int)];
        struct mount_setting settings[] = { { .key = "source", .value = source }, { .key = "ro" }, {} };
        ssize_t n;
        int r;

        snprintf(source, sizeof(source), "/proc/self/fd/%d", device);
        data = open(source, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (data < 0)
                return -errno;
        n = pread(data, head, sizeof(head), 0);
        if (n < 0)
                return -errno;
        filesystem = partition_sniff(head, (size_t)n);
        if (!filesystem)
                return -EMEDIUMTYPE;

        /* A device that is mounted writable elsewhere refuses a read-only superblock; this mount is read-only anyway.
         */
        settings[2].key = filesystem->flag;
        r = mount_new(filesystem->type, ATTRIBUTES, settings, filesystem->flag ? 3 : 2);
        return r == -EBUSY ? mount_new(filesystem->type, ATTRIBUTES, settings, 1) : r;
}
