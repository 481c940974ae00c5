/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "locate.h"

#include <fcntl.h>
#include <string.h>

#include "find.h"
#include "util/log.h"
#include "uki.h"

/* Where an image can be, the surest place first. */
static const struct place {
        const char *rule;
        int (*find)(struct search *search, const char *argument, struct image *ret);
        const char *argument;
        bool running; /* it tells of the kernel that runs, and of no other */
} places[] = {
        { "kept by the kernel (retain_initrd)", find_file, "/sys/firmware/initrd", true },

        { "unified kernel image that booted (StubImageIdentifier)", find_stub_uki, NULL, true },
        { "unified kernel image that booted (LoaderImageIdentifier)", find_loader_uki, NULL, true },
        { "unified kernel image that booted (LoaderEntrySelected)", find_selected_uki, NULL, true },

        { "boot loader entry that booted (LoaderEntrySelected)", find_selected_entry, NULL, true },
        { "initrd= on the kernel command line", find_cmdline_initrd, NULL, true },
        { "boot loader entry that fits the kernel command line", find_fitting_entry, NULL, false },

        { "kernel-install's layout", find_layout, "initrd", false },

        { "kernel version", find_file, "/lib/modules/%v/initrd", false },
        { "kernel version", find_file, "/lib/modules/%v/initramfs.img", false },
        { "kernel version", find_file, "/boot/initramfs-%v.img", false },
        { "kernel version", find_file, "/boot/initrd.img-%v", false },
        { "kernel version", find_file, "/boot/initrd-%v", false },
        { "kernel version", find_file, "/boot/initrd-%v.img", false },
        { "ostree deployment that booted", find_file, "/boot/ostree/%o/initramfs-%v.img", true },
        { "kernel version", find_in_each, "/boot/ostree/*/initramfs-%v.img", false },
        { "kernel version", find_similar, "/boot/initr", false },
        { "unified kernel image of the kernel version", find_uki_by_version, NULL, false },

        { "name of the kernel that booted (BOOT_IMAGE)", find_file, "/boot/initramfs-%k.img", true },
        { "name of the kernel that booted (BOOT_IMAGE)", find_file, "/boot/initrd.img-%k", true },
        { "name of the kernel that booted (BOOT_IMAGE)", find_file, "/boot/initrd-%k", true },
        { "name of the kernel's package", find_file, "/boot/initramfs-%p.img", false },
        /* A kernel need not be called by its version, nor its image; and an upgrade may have put another into the place
         * of the one that runs, which will do for a shutdown. But first come those of the version. */
        { "unified kernel image that booted (StubImageIdentifier)", find_stub_uki, ANOTHERS_TOO, true },
        { "unified kernel image that booted (LoaderImageIdentifier)", find_loader_uki, ANOTHERS_TOO, true },
        { "unified kernel image that booted (LoaderEntrySelected)", find_selected_uki, ANOTHERS_TOO, true },
        { "boot loader entry that booted (LoaderEntrySelected)", find_selected_entry, ANOTHERS_TOO, true },
        { "initrd= on the kernel command line", find_cmdline_initrd, ANOTHERS_TOO, true },
        { "boot loader entry that fits the kernel command line", find_fitting_entry, ANOTHERS_TOO, true },
        { "default name", find_file, "/boot/initramfs-linux.img", false },
        { "default name", find_file, "/boot/initrd.img", false },
        { "default name", find_file, "/initrd.img", false },
};

/* A unified kernel image that is named on the command line stands for its initrd. */
static int add_argument(const char *path, struct image *image)
{
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        const char *reason = NULL;
        struct uki uki;
        char magic[2];
        int r;

        if (fd < 0)
                return log_error(-errno, "Cannot open %s", path);
        if (pread(fd, magic, sizeof(magic), 0) == sizeof(magic) && memcmp(magic, "MZ", sizeof(magic)) == 0) {
                r = uki_read(fd, NULL, &uki, &reason);
                if (r == -EBADMSG)
                        return log_error(0, "Cannot use %s: %s", path, reason), r;
                if (r >= 0)
                        r = uki_add_initrd(TAKE_FD(fd), &uki, path, image);
        } else {
                r = image_add_file(image, TAKE_FD(fd), path);
        }
        return r < 0 ? log_error(r, "Cannot use %s as an image", path) : 0;
}

static int use_arguments(const struct options *options, struct image *ret)
{
        _cleanup_(image_done) struct image image = IMAGE_INIT;
        int r;

        for (size_t i = 0; i < options->image_count; i++) {
                r = add_argument(options->images[i], &image);
                if (r < 0)
                        return r;
        }
        r = image_trim_bootconfig(&image);
        if (r < 0)
                return log_error(r, "Cannot read %s", options->images[options->image_count - 1]);
        *ret = TAKE(image, IMAGE_INIT);
        return 0;
}

int locate_image(const struct options *options, struct image *ret, const char **ret_rule)
{
        _cleanup_(search_done) struct search search = { .root = -1, .efivars = -1 };
        int r;

        if (options->image_count > 0) {
                *ret_rule = "named on the command line";
                return use_arguments(options, ret);
        }
        r = search_begin(&search, options);
        if (r < 0)
                return r;
        for (size_t i = 0; i < ELEMENTSOF(places); i++) {
                if (places[i].running && search.other_kernel) {
                        search_skip(places[i].rule, 0, "it tells of the running kernel only");
                        continue;
                }
                r = places[i].find(&search, places[i].argument, ret);
                if (r < 0)
                        return log_oom();
                if (r > 0) {
                        *ret_rule = places[i].rule;
                        return 0;
                }
        }
        log_error(0, "No image found for kernel %s (--locate -v says where it was looked for)", search.kver);
        return -ENOENT;
}
