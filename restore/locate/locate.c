/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "locate.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "find.h"
#include "util/log.h"

/* Where an image can be. The rows of a grade are read together, and only where no lead of a better one is left. */
static const struct place places[] = {
        { GRADE_KEPT, "kept by the kernel (retain_initrd)", find_file, "/sys/firmware/initrd", true },
        { GRADE_STASHED, "stashed at boot (restore_stash)", find_file, "/run/dracut-restore/initrd", true },

        { GRADE_STUB, "unified kernel image that booted (StubImageIdentifier)", find_stub_uki, NULL, true },
        { GRADE_LOADER, "unified kernel image that booted (LoaderImageIdentifier)", find_loader_uki, NULL, true },
        { GRADE_SELECTED_UKI, "unified kernel image that booted (LoaderEntrySelected)", find_selected_uki, NULL, true },
        { GRADE_SELECTED, "boot loader entry that booted (LoaderEntrySelected)", find_selected_entry, NULL, true },
        { GRADE_FIRMWARE, "unified kernel image that the firmware booted (BootCurrent)", find_firmware_uki, NULL,
          true },

        { GRADE_CMDLINE, "initrd= on the kernel command line", find_cmdline_initrd, NULL, true },
        { GRADE_FITTING, "boot loader entry that fits the kernel command line", find_fitting_entry, NULL, false },
        { GRADE_MEDIUM, "medium of the live system", find_on_medium, NULL, true },

        { GRADE_DEPLOYMENT, "ostree deployment that booted", find_in_directory, "ostree/%o", true },
        { GRADE_CONFIGURED, "initrdname= in dracut.conf", find_configured, NULL, false },

        { GRADE_VERSION, "kernel-install's layout", find_layout, "initrd", false },
        { GRADE_VERSION, "kernel version", find_file, "/lib/modules/%v/initrd", false },
        { GRADE_VERSION, "kernel version", find_file, "/lib/modules/%v/initramfs.img", false },
        { GRADE_VERSION, "kernel version", find_file, "initramfs-%v.img", false },
        { GRADE_VERSION, "kernel version", find_file, "initrd.img-%v", false },
        { GRADE_VERSION, "kernel version", find_file, "initrd-%v", false },
        { GRADE_VERSION, "kernel version", find_file, "initrd-%v.img", false },
        { GRADE_VERSION, "kernel version", find_file, "uImage-%v", false },
        { GRADE_VERSION, "name of the kernel that booted (BOOT_IMAGE)", find_booted, NULL, true },
        { GRADE_SIMILAR, "kernel version", find_deep, NULL, false },
        { GRADE_SIMILAR, "kernel version", find_similar, NULL, false },
        { GRADE_UKI, "unified kernel image of the kernel version", find_uki_by_version, NULL, false },

        { GRADE_PACKAGE_DIR, "directory of the kernel's package", find_package_dir, NULL, false },
        { GRADE_COMMON_NAME, "initrdname= in dracut.conf", find_configured, NULL, false },
        { GRADE_BOOT_IMAGE, "name of the kernel that booted (BOOT_IMAGE)", find_booted, NULL, true },
        { GRADE_PACKAGE, "name of the kernel's package", find_file, "initramfs-%p.img", false },
        { GRADE_PACKAGE, "name of the kernel's package", find_file, "initrd-%p.img", false },
        { GRADE_PACKAGE, "name of the kernel's package", find_file, "initramfs-%p", false },
        { GRADE_BESIDE, "kernel beside it", find_beside, NULL, false },
        { GRADE_FLAVOUR, "end of the kernel's version", find_flavour, NULL, false },

        { GRADE_DEFAULT, "default name", find_file, "/boot/initramfs-linux.img", false },
        { GRADE_DEFAULT, "default name", find_file, "/boot/initrd.img", false },
        { GRADE_DEFAULT, "default name", find_plain, NULL, false },
        { GRADE_DEFAULT, "default name", find_file, "/initrd.img", false },
        { GRADE_DEFAULT, "default name", find_file, "/boot/firmware/current/initrd.img", false },
        { GRADE_DEFAULT, "default name", find_file, "/boot/uImage", false },
        { GRADE_ONLY, "the only image on its volume", find_only, NULL, false },
};

static int use_arguments(const struct locate_options *options, struct image *ret)
{
        _cleanup_(image_done) struct image image = IMAGE_INIT;
        const char *name = "";
        int r = 0;

        for (size_t i = 0; r == 0 && i < options->image_count; i++) {
                int fd = open(name = options->images[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

                if (fd < 0)
                        return log_error(-errno, "Cannot open %s", name);
                r = file_append(&image, fd, name, NULL);
        }
        if (r == 0)
                r = file_last(&image, name);
        if (r == 0)
                *ret = TAKE(image, IMAGE_INIT);
        return r;
}

/* The identity of an image: several places can lead to the same one. Many have the same microcode in front, or the same
 * addon behind. */
struct identity {
        uint64_t first[3], last[3]; /* device, inode and where a region starts */
        uint64_t size, count;
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

/* @return 1 if the image was not seen before, 0 if it was, or -ENOMEM */
static int note_image(struct locate *locate, const struct image *image)
{
        const struct region *first = &image->regions[0], *last = &image->regions[image->count - 1];
        struct identity identity, *seen;
        struct stat a, b;

        if (fstat(first->fd, &a) < 0 || fstat(last->fd, &b) < 0)
                return 1;
        identity = (struct identity){
                { a.st_dev, a.st_ino, first->from }, { b.st_dev, b.st_ino, last->from }, image->size, image->count
        };
        for (size_t i = 0; i < locate->seen_count; i++)
                if (memcmp(&locate->seen[i], &identity, sizeof(identity)) == 0)
                        return 0;
        seen = reallocarray(locate->seen, locate->seen_count + 1, sizeof(*seen));
        if (!seen)
                return -ENOMEM;
        locate->seen = seen;
        seen[locate->seen_count++] = identity;
        return 1;
}

/* Read the rows of the table up to one that may have nothing better than the best lead, and take that. */
static int take_lead(struct locate *locate, struct lead *ret)
{
        for (;;) {
                const struct place *next = locate->next < ELEMENTSOF(places) ? &places[locate->next] : NULL;
                int r = lead_take(&locate->search, next, ret);

                if (r != 0 || !next)
                        return r;
                locate->next++;
                if (next->running && locate->search.other_kernel)
                        r = search_skip(next->rule, 0, "it applies to the running kernel only");
                else
                        r = next->find(&locate->search, next);
                if (r < 0)
                        return r;
        }
}

static int use_lead(struct locate *locate, struct candidate *ret)
{
        for (;;) {
                _cleanup_(lead_done) struct lead lead = { 0 };
                int r = take_lead(locate, &lead);

                if (r > 0) {
                        r = lead_settle(&locate->search, &lead);
                        if (r > 0)
                                r = note_image(locate, &lead.image);
                        if (r == 0)
                                continue;
                }
                if (r > 0) {
                        *ret = (struct candidate){ .rule = lead.place->rule };
                        lead_describe(&lead, ret->evidence, sizeof(ret->evidence));
                        ret->image = TAKE(lead.image, IMAGE_INIT);
                        log_debug("%s: chosen: %s", ret->image.regions[0].name, ret->evidence);
                }
                return r;
        }
}

int locate_next(struct locate *locate, struct candidate *ret)
{
        int r;

        if (locate->options.image_count > 0) {
                if (locate->next++ > 0)
                        return 0;
                *ret = (struct candidate){ .rule = "named on the command line",
                                           .evidence = "named on the command line" };
                r = use_arguments(&locate->options, &ret->image);
                return r < 0 ? r : 1;
        }
        r = use_lead(locate, ret);
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
        leads_done(&(*locate)->search);
        entries_done(&(*locate)->search);
        search_done(&(*locate)->search);
        free((*locate)->seen);
        free(*locate);
        *locate = NULL;
}

void candidate_done(struct candidate *candidate)
{
        image_done(&candidate->image);
}
