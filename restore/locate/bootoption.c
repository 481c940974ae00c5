/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bootoption.h"

#include <string.h>

#include "skipcpio/util.h"
#include "efivar.h"

#define GLOBAL_GUID "8be4df61-93ca-11d2-aa0d-00e098032b8c"

/* What the firmware starts where an entry names a partition alone. */
#if defined(__x86_64__)
#define DEFAULT_PATH "/EFI/BOOT/BOOTX64.EFI"
#elif defined(__i386__)
#define DEFAULT_PATH "/EFI/BOOT/BOOTIA32.EFI"
#elif defined(__aarch64__)
#define DEFAULT_PATH "/EFI/BOOT/BOOTAA64.EFI"
#elif defined(__arm__)
#define DEFAULT_PATH "/EFI/BOOT/BOOTARM.EFI"
#elif defined(__riscv) && __riscv_xlen == 64
#define DEFAULT_PATH "/EFI/BOOT/BOOTRISCV64.EFI"
#elif defined(__loongarch64)
#define DEFAULT_PATH "/EFI/BOOT/BOOTLOONGARCH64.EFI"
#else
#define DEFAULT_PATH "/EFI/BOOT/BOOT.EFI" /* without EFI */
#endif

enum {
        ATTRIBUTES_SIZE = 4,
        HEADER_SIZE = ATTRIBUTES_SIZE + 2, /* and the size of the device path */
        NODE_SIZE = 4,                     /* type, subtype, size */
        TYPE_MEDIA = 4,
        TYPE_END = 0x7f,
        MEDIA_HARD_DRIVE = 1,
        MEDIA_FILE_PATH = 4,
        HARD_DRIVE_SIZE = 42,
        SIGNATURE_AT = 24,
        SIGNATURE_TYPE_AT = 41,
        SIGNATURE_MBR = 1,
        SIGNATURE_GUID = 2,
};

static void read_partition(const uint8_t *node, struct bootoption *ret)
{
        const uint8_t *s = node + SIGNATURE_AT;

        if (node[SIGNATURE_TYPE_AT] == SIGNATURE_GUID)
                snprintf(ret->partition, sizeof(ret->partition), "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x",
                         get_le32(s), get_le16(s + 4), get_le16(s + 6), s[8], s[9], s[10], s[11], s[12], s[13], s[14],
                         s[15]);
        else if (node[SIGNATURE_TYPE_AT] == SIGNATURE_MBR)
                snprintf(ret->partition, sizeof(ret->partition), "%08x-%02x", get_le32(s), get_le32(node + NODE_SIZE));
}

/* Append the text of a node to a path. */
static int add_path(const uint8_t *text, size_t size, char **path)
{
        _cleanup_free_ char *part = NULL;
        char *both;
        int r = efivar_text(text, size, &part);

        if (r < 0)
                return r;
        for (char *p = part; *p; p++)
                if (*p == '\\')
                        *p = '/';
        if (asprintf(&both, "%s%s%s", *path ?: "", *path && part[0] != '/' ? "/" : "", part) < 0)
                return -ENOMEM;
        free(*path);
        *path = both;
        return 0;
}

static int read_device_path(const uint8_t *bytes, size_t size, struct bootoption *ret)
{
        for (size_t at = 0; at + NODE_SIZE <= size;) {
                const uint8_t *node = bytes + at;
                size_t length = get_le16(node + 2);
                int r = 0;

                if (length < NODE_SIZE || length > size - at)
                        return -EBADMSG;
                if (node[0] == TYPE_END)
                        break; /* of the first path; others are of no use here */
                if (node[0] == TYPE_MEDIA && node[1] == MEDIA_HARD_DRIVE && length == HARD_DRIVE_SIZE)
                        read_partition(node, ret);
                else if (node[0] == TYPE_MEDIA && node[1] == MEDIA_FILE_PATH)
                        r = add_path(node + NODE_SIZE, length - NODE_SIZE, &ret->path);
                if (r < 0)
                        return r;
                at += length;
        }
        if (ret->path)
                return 0;
        if (!*ret->partition)
                return -EBADMSG;
        ret->path = strdup(DEFAULT_PATH);
        return ret->path ? 0 : -ENOMEM;
}

int bootoption_parse(const uint8_t *bytes, size_t size, struct bootoption *ret)
{
        _cleanup_(bootoption_done) struct bootoption option = { .path = NULL };
        size_t at = HEADER_SIZE, length;
        int r;

        if (size < HEADER_SIZE)
                return -EBADMSG;
        length = get_le16(bytes + ATTRIBUTES_SIZE);
        while (at + 2 <= size && get_le16(bytes + at) != 0)
                at += 2; /* the description */
        at += 2;
        if (at > size || length > size - at)
                return -EBADMSG;
        r = read_device_path(bytes + at, length, &option);
        if (r < 0)
                return r;
        at += length;
        /* What follows is the loader's own business: where it is text, it is what the kernel gets. Some firmware has
         * bytes of its own there, which systemd's stub knows by the first one, too. */
        if (at + 2 <= size && get_le16(bytes + at) > 0x1f)
                r = efivar_text(bytes + at, size - at, &option.options);
        if (r == -ENOMEM)
                return r;
        *ret = TAKE(option, (struct bootoption){ .path = NULL });
        return 0;
}

int bootoption_read(int directory, struct bootoption *ret)
{
        uint8_t bytes[EFIVAR_SIZE_MAX];
        char name[sizeof("Boot0000")];
        ssize_t n = efivar_read_bytes(directory, "BootCurrent", GLOBAL_GUID, bytes, sizeof(bytes));

        if (n < 0)
                return (int)n;
        if (n != EFIVAR_ATTRIBUTES_SIZE + 2)
                return -EBADMSG;
        snprintf(name, sizeof(name), "Boot%02X%02X", bytes[EFIVAR_ATTRIBUTES_SIZE + 1], bytes[EFIVAR_ATTRIBUTES_SIZE]);
        n = efivar_read_bytes(directory, name, GLOBAL_GUID, bytes, sizeof(bytes));
        if (n < 0)
                return (int)n;
        if (n < (ssize_t)EFIVAR_ATTRIBUTES_SIZE)
                return -EBADMSG;
        return bootoption_parse(bytes + EFIVAR_ATTRIBUTES_SIZE, (size_t)n - EFIVAR_ATTRIBUTES_SIZE, ret);
}

void bootoption_done(struct bootoption *option)
{
        free(option->path);
        free(option->options);
        *option = (struct bootoption){ .path = NULL };
}
