/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image.h"

#include <endian.h>
#include <string.h>
#include <sys/stat.h>

#include "newc.h"
#include "util.h"

int image_add(struct image *image, int fd, const char *name, uint64_t from, uint64_t size)
{
        _cleanup_close_ int owned = fd;
        _cleanup_free_ char *copy = strdup(name);
        struct region *regions;

        if (!copy)
                return -ENOMEM;
        regions = reallocarray(image->regions, image->count + 1, sizeof(*regions));
        if (!regions)
                return -ENOMEM;
        image->regions = regions;
        regions[image->count++] = (struct region){
                .fd = TAKE_FD(owned),
                .name = TAKE_PTR(copy),
                .from = from,
                .size = size,
                .at = align_up(image->size, NEWC_ALIGNMENT),
        };
        image->size = align_up(image->size, NEWC_ALIGNMENT) + size;
        return 0;
}

int image_add_file(struct image *image, int fd, const char *name)
{
        _cleanup_close_ int owned = fd;
        struct stat st;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
        return image_add(image, TAKE_FD(owned), name, 0, (uint64_t)st.st_size);
}

const struct region *image_region(const struct image *image, uint64_t at)
{
        size_t low = 0, high = image->count;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (image->regions[middle].at <= at)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low > 0 ? &image->regions[low - 1] : NULL;
}

/* Read from one place in one region, or NULs from the gap behind it. */
static ssize_t read_some(const struct image *image, void *buffer, size_t size, uint64_t at)
{
        const struct region *region = image_region(image, at);
        uint64_t inside = at - region->at;
        ssize_t n;

        if (inside >= region->size) {
                bool last = (size_t)(region - image->regions) + 1 == image->count;
                uint64_t end = last ? image->size : region[1].at;

                size = MIN(size, end - at);
                memset(buffer, 0, size);
                return (ssize_t)size;
        }
        do
                n = pread(region->fd, buffer, MIN(size, region->size - inside), (off_t)(region->from + inside));
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        return n > 0 ? n : -EIO;
}

ssize_t image_read(const struct image *image, void *buffer, size_t size, uint64_t at)
{
        size_t done = 0;

        while (done < size && at + done < image->size) {
                ssize_t n = read_some(image, (uint8_t *)buffer + done, MIN(size - done, image->size - at - done),
                                      at + done);

                if (n < 0)
                        return n;
                done += (size_t)n;
        }
        return (ssize_t)done;
}

#define BOOTCONFIG_MAGIC "#BOOTCONFIG\n"
#define BOOTCONFIG_MAGIC_SIZE (sizeof(BOOTCONFIG_MAGIC) - 1)
#define BOOTCONFIG_FOOTER_SIZE (2 * sizeof(uint32_t) + BOOTCONFIG_MAGIC_SIZE)
#define BOOTCONFIG_SIZE_MAX 0x8000U /* XBC_DATA_MAX is 32 KiB - 1; the padding is counted in */

int image_trim_bootconfig(struct image *image)
{
        uint8_t tail[BOOTCONFIG_FOOTER_SIZE];
        _cleanup_free_ uint8_t *data = NULL;

        for (uint64_t padding = 0; padding < NEWC_ALIGNMENT; padding++) {
                uint32_t size, sum, actual = 0;
                uint64_t end = image->size - padding;
                ssize_t n;

                if (image->size < padding + sizeof(tail))
                        return 0;
                n = image_read(image, tail, sizeof(tail), end - sizeof(tail));
                if (n < 0)
                        return (int)n;
                if (memcmp(tail + 2 * sizeof(uint32_t), BOOTCONFIG_MAGIC, BOOTCONFIG_MAGIC_SIZE) != 0)
                        continue;

                memcpy(&size, tail, sizeof(size));
                memcpy(&sum, tail + sizeof(size), sizeof(sum));
                size = le32toh(size);
                end -= sizeof(tail);
                if (size > BOOTCONFIG_SIZE_MAX || size > end)
                        return 0;
                data = malloc(size + 1);
                if (!data)
                        return -ENOMEM;
                n = image_read(image, data, size, end - size);
                if (n < 0)
                        return (int)n;
                for (uint32_t i = 0; i < size; i++)
                        actual += data[i];
                if (actual != le32toh(sum))
                        return 0;
                image->size = end - size;
                return 1;
        }
        return 0;
}

void image_done(struct image *image)
{
        for (size_t i = 0; i < image->count; i++) {
                safe_close(image->regions[i].fd);
                free(image->regions[i].name);
        }
        free(image->regions);
        *image = IMAGE_INIT;
}
