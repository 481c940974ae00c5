/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "efivar.h"

#include <fcntl.h>
#include <limits.h>

#include "skipcpio/util.h"

#define LOADER_GUID "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"

static char *put_utf8(char *out, uint32_t c)
{
        if (c < 0x80) {
                *out++ = (char)c;
                return out;
        }
        if (c < 0x800) {
                *out++ = (char)(0xc0 | c >> 6);
        } else {
                if (c < 0x10000) {
                        *out++ = (char)(0xe0 | c >> 12);
                } else {
                        *out++ = (char)(0xf0 | c >> 18);
                        *out++ = (char)(0x80 | (c >> 12 & 0x3f));
                }
                *out++ = (char)(0x80 | (c >> 6 & 0x3f));
        }
        *out++ = (char)(0x80 | (c & 0x3f));
        return out;
}

int efivar_decode(const uint8_t *bytes, size_t size, char **ret)
{
        return size > EFIVAR_ATTRIBUTES_SIZE
                               ? efivar_text(bytes + EFIVAR_ATTRIBUTES_SIZE, size - EFIVAR_ATTRIBUTES_SIZE, ret)
                               : -EBADMSG;
}

int efivar_text(const uint8_t *bytes, size_t size, char **ret)
{
        _cleanup_free_ char *string = NULL;
        char *out;

        if (size == 0 || size % 2 != 0)
                return -EBADMSG;
        string = out = malloc(size / 2 * 3 + 1); /* a unit becomes three bytes at most */
        if (!string)
                return -ENOMEM;

        for (size_t i = 0; i < size; i += 2) {
                uint32_t c = (uint32_t)(bytes[i] | bytes[i + 1] << 8);

                if (c == 0)
                        break;
                if (c >= 0xd800 && c < 0xdc00 && i + 3 < size) {
                        uint32_t low = (uint32_t)(bytes[i + 2] | bytes[i + 3] << 8);

                        if (low < 0xdc00 || low > 0xdfff)
                                return -EBADMSG;
                        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
                        i += 2;
                } else if (c >= 0xd800 && c <= 0xdfff) {
                        return -EBADMSG;
                }
                out = put_utf8(out, c);
        }
        if (out == string)
                return -EBADMSG;
        *out = '\0';
        *ret = TAKE_PTR(string);
        return 0;
}

ssize_t efivar_read_bytes(int directory, const char *name, const char *vendor, uint8_t *bytes, size_t size)
{
        _cleanup_close_ int fd = -1;
        char path[NAME_MAX + 1];
        ssize_t n;

        if ((size_t)snprintf(path, sizeof(path), "%s-%s", name, vendor) >= sizeof(path))
                return -ENAMETOOLONG;
        fd = openat(directory, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
        if (fd < 0)
                return -errno;
        n = read(fd, bytes, size);
        return n < 0 ? -errno : n;
}

int efivar_read(int directory, const char *name, char **ret)
{
        uint8_t bytes[EFIVAR_SIZE_MAX];
        ssize_t n = efivar_read_bytes(directory, name, LOADER_GUID, bytes, sizeof(bytes));

        return n < 0 ? (int)n : efivar_decode(bytes, (size_t)n, ret);
}
