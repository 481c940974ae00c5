/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sections of a PE file, and a unified kernel image's texts and initrd; the first byte chooses the profile. Read as
 * a kernel, too. */
#include "locate/bzimage.h"
#include "locate/pe.h"
#include "locate/uki.h"
#include "fuzz.h"

static void read_uki(int fd, const char *profile, size_t size)
{
        static const char *const texts[] = { ".osrel", ".uname", ".cmdline", ".profile" };
        _cleanup_(image_done) struct image image = IMAGE_INIT;
        const char *reason = NULL;
        struct uki uki;
        int r = uki_read(fd, profile, &uki, &reason);

        ALWAYS(r == 0 || (r == -EBADMSG && reason));
        if (r < 0)
                return;
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                _cleanup_free_ char *text = NULL;

                r = uki_text(fd, &uki, texts[i], &text);
                ALWAYS((r == 0 && text && strlen(text) <= size) || r == -ENOENT || r == -EFBIG);
        }
        {
                _cleanup_free_ char *version = NULL;

                r = uki_version(fd, &uki, &version);
                ALWAYS((r == 0 && version) || r == -ENOENT || r == -EFBIG);
        }
        r = uki_add_initrd(dup(fd), &uki, "fuzz", &image);
        ALWAYS(r == -ENOENT || (r == 0 && image.count == 1));
        if (r == 0) {
                uint8_t bytes[64];

                ALWAYS(image.size == 0 || image.regions[0].from + image.size <= size);
                ALWAYS(image_read(&image, bytes, sizeof(bytes), 0) == (ssize_t)MIN(image.size, sizeof(bytes)));
        }
}

static void read_kernel(int fd, size_t size)
{
        _cleanup_free_ char *version = NULL;
        int r = kernel_version(fd, 0, size, &version);

        ALWAYS((r == 0 && version && *version) || r == -ENOENT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char *const profiles[] = { NULL, "0", "1", "main", "-1", "99999999999" };
        struct pe pe;
        int fd;

        if (size == 0)
                return 0;
        fd = fuzz_file(data + 1, size - 1);
        if (!pe_parse(data + 1, MIN(size - 1, PE_HEAD_SIZE), size - 1, &pe)) {
                ALWAYS(pe.count <= PE_SECTIONS_MAX);
                for (size_t i = 0; i < pe.count; i++) {
                        ALWAYS(pe.sections[i].size == 0 ||
                               (uint64_t)pe.sections[i].from + pe.sections[i].size <= size - 1);
                        ALWAYS(memchr(pe.sections[i].name, '\0', sizeof(pe.sections[i].name)));
                        ALWAYS(pe.sections[i].profile >= PE_PROFILE_BASE &&
                               pe.sections[i].profile < MAX(pe.profiles, 1));
                }
        }
        read_uki(fd, profiles[data[0] % ELEMENTSOF(profiles)], size - 1);
        read_kernel(fd, size - 1);
        return 0;
}
