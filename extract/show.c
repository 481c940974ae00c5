/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "show.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "group.h"
#include "skipcpio/util.h"
#include "util/log.h"

struct show {
        struct walk walk;
        const struct options *options;
        FILE *to;
        struct groups groups; /* files of several names whose data has not come yet */
        char target[PATH_MAX + 1];
};

static int cannot_write(void)
{
        return log_error(-errno, "standard output");
}

static int list_entry(void *argument, const struct newc *header, uint64_t at)
{
        struct show *show = argument;
        const char *target = NULL;
        int r;

        if (show->options->verbose && S_ISLNK(header->mode)) {
                r = source_read(&show->walk.source, show->target, header->filesize);
                if (r < 0)
                        return walk_source_wrong(&show->walk, r, at, "a symbolic link");
                show->target[header->filesize] = '\0';
                target = show->target;
        }
        if (show->options->verbose)
                show_long(show->to, header, show->walk.name, target);
        else
                fprintf(show->to, "%s\n", show->walk.name);
        if (ferror(show->to))
                return cannot_write();
        return target ? 0 : WALK_SKIP;
}

static int write_data(struct show *show, const struct newc *header, uint64_t at)
{
        uint64_t left = header->filesize;
        uint32_t sum = 0;
        int r = source_copy(&show->walk.source, fileno(show->to), &left, header->checksummed ? &sum : NULL);
        if (r == -ENODATA || (r < 0 && show->walk.source.reason))
                return walk_source_wrong(&show->walk, r, at, "a file");
        if (r < 0)
                return log_error(r, "standard output");
        if (header->checksummed && sum != header->check)
                return walk_wrong(&show->walk, at, "the checksum of a file does not match");
        return 0;
}

static int write_entry(void *argument, const struct newc *header, uint64_t at)
{
        struct show *show = argument;
        struct group *group;

        if (!S_ISREG(header->mode))
                return WALK_SKIP;
        if (header->nlink >= 2) {
                group = group_find(&show->groups, header);
                if (!group)
                        return groups_full(show->walk.image);
                group->written |= header->filesize > 0;
        }
        return write_data(show, header, at);
}

/* Data of a file that is wanted under another name, which had none. */
static int write_other(void *argument, const struct newc *header, uint64_t at)
{
        struct show *show = argument;
        struct group *group = group_get(&show->groups, header);

        if (!group || group->written)
                return WALK_SKIP;
        group->written = true;
        return write_data(show, header, at);
}

static void end_archive(void *argument)
{
        groups_done(&((struct show *)argument)->groups);
}

/* Read what is checked of an entry: the data of files that have a checksum. Early parts are not restored, and nobody
 * looks at their data. */
static int test_entry(void *argument, const struct newc *header, uint64_t at)
{
        struct show *show = argument;
        uint64_t left = header->filesize;
        uint32_t sum = 0;

        if (!S_ISREG(header->mode) || !header->checksummed || show->walk.early)
                return WALK_SKIP;
        while (left > 0) {
                uint8_t bytes[4096];
                size_t size = MIN(left, sizeof(bytes));
                int r = source_read(&show->walk.source, bytes, size);

                if (r < 0)
                        return walk_source_wrong(&show->walk, r, at, "a file");
                for (size_t i = 0; i < size; i++)
                        sum += bytes[i];
                left -= size;
        }
        return sum == header->check ? 0 : walk_wrong(&show->walk, at, "the checksum of a file does not match");
}

static const struct visitor visitors[] = {
        [ACTION_LIST] = { .entry = list_entry },
        [ACTION_STDOUT] = { .entry = write_entry, .other = write_other, .trailer = end_archive },
        [ACTION_TEST] = { .entry = test_entry },
};

int show_image(const struct image *image, const struct options *options, FILE *to)
{
        struct show show = {
                .walk = { .image = image,
                          .options = &options->only,
                          .visitor = &visitors[options->action],
                          .argument = &show },
                .options = options,
                .to = to,
        };
        uint64_t end;
        int r;

        r = image->size > 0 ? walk_image(&show.walk, &end) : 0;
        walk_done(&show.walk);
        groups_done(&show.groups);
        if (r == 0 && options->action == ACTION_TEST && options->only.select.first <= 1 &&
            options->only.select.last == 0)
                r = (log_error(0, "%s: nothing to restore in it", image->regions[0].name), -EBADMSG);
        if (fflush(to) != 0 && r >= 0)
                r = cannot_write();
        return MIN(r, 0);
}
