/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "locate.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

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

static int use_arguments(const struct locate_options *options, struct image *ret)
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

/* What tells two images apart: several places can lead to one. */
struct identity {
        dev_t device;
        ino_t inode;
        uint64_t from, size;
        size_t count;
};

struct locate {
        struct locate_options options;
        struct search search;
        size_t next; /* row of the table */
        struct identity *seen;
        size_t seen_count;
};

int locate_begin(const struct locate_options *options, struct locate **ret)
{
        _cleanup_(locate_done) struct locate *locate = calloc(1, sizeof(*locate));
        int r;

        if (!locate)
                return log_oom();
        locate->options = *options;
        locate->search = (struct search){ .root = -1, .efivars = -1 };
        if (options->image_count == 0) {
                r = search_begin(&locate->search, options->sysroot, options->kver);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(locate);
        return 0;
}

/* @return 1 where the image was not seen before, 0 where it was, or -ENOMEM */
static int note_image(struct locate *locate, const struct image *image)
{
        const struct region *first = &image->regions[0];
        struct identity *seen;
        struct stat st;

        if (fstat(first->fd, &st) < 0)
                return 1;
        for (size_t i = 0; i < locate->seen_count; i++) {
                seen = &locate->seen[i];
                if (seen->device == st.st_dev && seen->inode == st.st_ino && seen->from == first->from &&
                    seen->size == image->size && seen->count == image->count)
                        return 0;
        }
        seen = reallocarray(locate->seen, locate->seen_count + 1, sizeof(*seen));
        if (!seen)
                return -ENOMEM;
        locate->seen = seen;
        seen[locate->seen_count++] = (struct identity){ st.st_dev, st.st_ino, first->from, image->size, image->count };
        return 1;
}

/* @return 1 where row @place has an image that was not seen before, 0, or -ENOMEM */
static int try_place(struct locate *locate, const struct place *place, struct candidate *ret)
{
        _cleanup_(image_done) struct image image = IMAGE_INIT;
        int r;

        if (place->running && locate->search.other_kernel)
                return search_skip(place->rule, 0, "it tells of the running kernel only");
        r = place->find(&locate->search, place->argument, &image);
        if (r > 0)
                r = note_image(locate, &image);
        if (r > 0)
                *ret = (struct candidate){ TAKE(image, IMAGE_INIT), place->rule };
        return r;
}

int locate_next(struct locate *locate, struct candidate *ret)
{
        int r = 0;

        if (locate->options.image_count > 0) {
                if (locate->next++ > 0)
                        return 0;
                *ret = (struct candidate){ .rule = "named on the command line" };
                r = use_arguments(&locate->options, &ret->image);
                return r < 0 ? r : 1;
        }
        while (r == 0 && locate->next < ELEMENTSOF(places))
                r = try_place(locate, &places[locate->next++], ret);
        return r < 0 ? log_oom() : r;
}

const char *locate_kver(const struct locate *locate)
{
        return locate->search.kver;
}

void locate_done(struct locate **locate)
{
        if (!*locate)
                return;
        search_done(&(*locate)->search);
        free((*locate)->seen);
        free(*locate);
        *locate = NULL;
}

void candidate_done(struct candidate *candidate)
{
        image_done(&candidate->image);
}
