/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tar.h"

#include <inttypes.h>
#include <search.h>
#include <string.h>
#include <sys/stat.h>

#include "pax.h"
#include "group.h"
#include "skipcpio/util.h"
#include "util/log.h"

/* A directory, whose time is that of its first entry, as the kernel has it. What reads tar takes the last one. */
struct directory {
        uint32_t mtime;
        char name[];
};

struct tar {
        struct walk walk;
        struct pax *to;
        struct groups groups;
        void *directories; /* of tsearch(3) */
        size_t memory;     /* that they take */
        uint64_t sockets;  /* left out */
        int r;             /* of what has no result of its own */
        char target[PATH_MAX + 1];
};

/* The name in the tar archive: relative. */
static const char *tar_name(const char *name)
{
        name += strspn(name, "/");
        return *name ? name : ".";
}

/* The data of a file, which the source is at. */
static int copy_data(struct tar *tar, const struct newc *header, uint64_t at)
{
        uint8_t block[64 << 10];
        uint64_t left = header->filesize;
        uint32_t sum = 0;

        while (left > 0) {
                size_t size = MIN(left, sizeof(block));
                int r = source_read(&tar->walk.source, block, size);

                if (r < 0)
                        return walk_source_wrong(&tar->walk, r, at, "a file");
                for (size_t i = 0; header->checksummed && i < size; i++)
                        sum += block[i];
                r = pax_data(tar->to, block, size);
                if (r < 0)
                        return r;
                left -= size;
        }
        if (header->checksummed && sum != header->check)
                return walk_wrong(&tar->walk, at, "the checksum of a file does not match");
        return 0;
}

/* All names of a file but the first, which was just written. */
static int add_links(struct tar *tar, struct group *group)
{
        int r = 0;

        group->written = true;
        for (size_t i = 1; r == 0 && i < group->count; i++)
                r = pax_add(tar->to, &group->header, group->names[i], NULL, group->names[0]);
        return r;
}

/* A name of a file that has several. The names wait for the data, which any of them can have in a cpio archive. */
static int add_name(struct tar *tar, const struct newc *header, const char *name, uint64_t at)
{
        struct group *group = group_find(&tar->groups, header);
        bool data = header->filesize > 0 || !S_ISREG(header->mode);
        int r = group ? group_add(&tar->groups, group, name, data && !group->written) : -ENOMEM;

        if (r < 0)
                return groups_full(tar->walk.image);
        if (group->written && !(data && S_ISREG(header->mode)))
                return pax_add(tar->to, header, name, NULL, group->names[0]);
        if (!data)
                return 0;
        if (group->written) { /* other data than before, which the other names have then, too */
                char *first = group->names[0];

                group->names[0] = group->names[group->count - 1];
                group->names[group->count - 1] = first;
        }
        r = pax_add(tar->to, header, name, NULL, NULL);
        if (r == 0 && S_ISREG(header->mode))
                r = copy_data(tar, header, at);
        return r < 0 ? r : add_links(tar, group);
}

/* A file that still waits has no data. */
static int end_group(void *argument, struct group *group)
{
        struct tar *tar = argument;
        struct newc empty = group->header;
        int r;

        if (group->written || group->count == 0)
                return 0;
        empty.filesize = 0;
        r = pax_add(tar->to, &empty, group->names[0], NULL, NULL);
        return r < 0 ? r : add_links(tar, group);
}

static int by_name(const void *a, const void *b)
{
        return strcmp(((const struct directory *)a)->name, ((const struct directory *)b)->name);
}

static int add_directory(struct tar *tar, const struct newc *header, const char *name)
{
        size_t length = strlen(name), size = sizeof(struct directory) + length + 1;
        struct directory *directory, **found;
        struct newc first = *header;

        if (tar->memory + size > GROUPS_MEMORY_MAX)
                return groups_full(tar->walk.image);
        directory = malloc(size);
        if (!directory)
                return log_oom();
        directory->mtime = header->mtime;
        memcpy(directory->name, name, length + 1);
        while (length > 1 && directory->name[length - 1] == '/')
                directory->name[--length] = '\0';
        found = tsearch(directory, &tar->directories, by_name);
        if (found && *found == directory)
                tar->memory += size;
        else
                free(directory);
        if (!found)
                return log_oom();
        first.mtime = (*found)->mtime;
        return pax_add(tar->to, &first, name, NULL, NULL);
}

static int visit_entry(void *argument, const struct newc *header, uint64_t at)
{
        struct tar *tar = argument;
        const char *name = tar_name(tar->walk.name), *target = NULL;
        int r;

        if (name_leads_out(name))
                return walk_wrong(&tar->walk, at, "a name that leads out of the directory");
        if ((header->mode & S_IFMT) == S_IFSOCK) {
                tar->sockets++;
                return WALK_SKIP;
        }
        if ((header->mode & S_IFMT) == 0 || tar->walk.name[0] == '\0')
                return WALK_SKIP;
        if (S_ISDIR(header->mode))
                return add_directory(tar, header, name);
        if (header->nlink >= 2 && !S_ISLNK(header->mode))
                return add_name(tar, header, name, at);
        if (S_ISLNK(header->mode)) {
                r = source_read(&tar->walk.source, tar->target, header->filesize);
                if (r < 0)
                        return walk_source_wrong(&tar->walk, r, at, "a symbolic link");
                tar->target[header->filesize] = '\0';
                target = tar->target;
        }
        r = pax_add(tar->to, header, name, target, NULL);
        return r == 0 && S_ISREG(header->mode) ? copy_data(tar, header, at) : r;
}

/* Data under a name that is not wanted. */
static int visit_other(void *argument, const struct newc *header, uint64_t at)
{
        struct tar *tar = argument;
        struct group *group = group_get(&tar->groups, header);
        int r;

        if (!group || group->count == 0)
                return WALK_SKIP;
        group->header = *header;
        r = pax_add(tar->to, header, group->names[0], NULL, NULL);
        if (r == 0)
                r = copy_data(tar, header, at);
        return r < 0 ? r : add_links(tar, group);
}

static void visit_trailer(void *argument)
{
        struct tar *tar = argument;
        int r = groups_end(&tar->groups, end_group, tar);

        tar->r = MIN(tar->r, r);
}

static int end_part(void *argument, const struct part *part, uint64_t end, int r)
{
        struct tar *tar = argument;

        (void)part;
        (void)end;
        if (r >= 0)
                visit_trailer(tar);
        return tar->r < 0 ? tar->r : r;
}

static const struct visitor visitor = { visit_entry, visit_other, visit_trailer, NULL, end_part };

int tar_image(const struct image *image, const struct options *options, int fd)
{
        struct tar tar = {
                .walk = { .image = image, .options = &options->only, .visitor = &visitor, .argument = &tar }
        };
        uint64_t end;
        int r = pax_begin(fd, &tar.to);

        if (r == 0)
                r = image->size > 0 ? walk_image(&tar.walk, &end) : 0;
        walk_done(&tar.walk);
        groups_done(&tar.groups);
        tdestroy(tar.directories, free);
        r = pax_end(tar.to, MIN(r, 0));
        if (r >= 0 && tar.sockets > 0)
                log_warning(0, "Sockets left out, as tar has none: %" PRIu64, tar.sockets);
        return r;
}
