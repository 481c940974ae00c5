/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unpack.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "skipcpio/newc.h"
#include "skipcpio/parts.h"
#include "skipcpio/util.h"
#include "util/resources.h"
#include "links.h"
#include "place.h"
#include "util/log.h"
#include "tree.h"
#include "walk.h"
#include "writers.h"

struct unpacker {
        struct walk walk;
        const struct unpack_options *options;
        struct tree tree;
        struct links *links;
        struct writers *writers; /* for plain parts only */
        struct unpacked *result;
        uint64_t missing_entries; /* that there was no room for */
        char target[PATH_MAX + 1];
};

static void unpacker_done(struct unpacker *u)
{
        writers_stop(u->writers);
        walk_done(&u->walk);
        links_forget(&u->links);
        tree_done(&u->tree);
}

/* Tell that the tree could not be made. */
static int tree_wrong(struct unpacker *u, int error)
{
        if (error == -ENOSPC) {
                u->tree.full = true;
                return error; /* the caller logs it in the end, with how much was missing */
        }
        if (error == -E2BIG)
                return log_error(0, "%s: %s: more hard links or directories than there is memory for",
                                 u->walk.image->regions[0].name, u->walk.name),
                       error;
        return log_error(error, "%s: cannot make %s", u->walk.image->regions[0].name, u->walk.name);
}

static bool excluded(const struct unpacker *u, const struct newc *header)
{
        return (header->nlink <= 1 || S_ISDIR(header->mode)) && exclude_matches(&u->options->exclude, u->walk.name);
}

/* Writing to a file takes these bits away, unless one has CAP_FSETID. */
#define SET_ID_BITS (S_ISUID | S_ISGID)

/* Hand a plain part's data to a writer thread, @fd included. @return whether one took it */
static bool hand_over(struct unpacker *u, int fd, const struct newc *header)
{
        struct source *s = &u->walk.source;
        const struct region *region = image_region(u->walk.image, s->at);
        uint64_t inside = s->at - region->at;

        return u->writers && !header->checksummed && (header->mode & SET_ID_BITS) == 0 &&
               header->filesize >= WRITERS_SIZE_MIN && header->filesize <= region->size &&
               inside <= region->size - header->filesize &&
               writers_copy(u->writers, region->fd, region->from + inside, fd, header->filesize, header->mtime) > 0;
}

/* Write the data of a file, which the source is at. */
static int write_data(struct unpacker *u, int fd, const struct newc *header, uint64_t at)
{
        uint64_t left = header->filesize;
        uint32_t sum = 0;
        int r;

        r = source_copy(&u->walk.source, fd, &left, header->checksummed ? &sum : NULL);
        if (r == -ENOSPC) {
                u->tree.full = true;
                u->tree.missing += align_up(left, u->tree.unit);
                r = source_skip(&u->walk.source, left);
        }
        if (r == -ENODATA || (r < 0 && u->walk.source.reason))
                return walk_source_wrong(&u->walk, r, at, "a file");
        if (r < 0)
                return log_error(r, "%s: cannot write %s", u->walk.image->regions[0].name, u->walk.name);
        if (header->checksummed && !u->tree.full && sum != header->check)
                return walk_wrong(&u->walk, at, "the checksum of a file does not match");
        if (header->mode & SET_ID_BITS && fchmod(fd, header->mode & 07777) < 0)
                return tree_wrong(u, -errno);
        r = tree_file_times(fd, header->mtime);
        return r < 0 ? tree_wrong(u, r) : 0;
}

/* @return 0 if the data was used up, WALK_SKIP where it has to be skipped, or a negative errno, already logged */
static int unpack_file(struct unpacker *u, const struct newc *header, uint64_t at)
{
        _cleanup_close_ int fd = -1;
        const char *old = NULL;
        bool is_new;
        int r = 0;

        if (header->nlink >= 2) {
                r = tree_clean(&u->tree, u->walk.name, header->mode);
                if (r >= 0)
                        r = links_find(&u->links, header, u->walk.name, &old);
                if (r == 0 && old)
                        r = tree_link(&u->tree, u->walk.name, old);
        }
        if (r == 0)
                r = tree_file(&u->tree, u->walk.name, header, old != NULL, &is_new, &fd);
        if (r != 0)
                return r < 0 ? tree_wrong(u, r) : r;

        u->result->bytes += header->filesize;
        if (is_new && hand_over(u, fd, header)) {
                TAKE_FD(fd);
                r = source_skip(&u->walk.source, header->filesize);
                return r < 0 ? walk_source_wrong(&u->walk, r, at, "a file") : 0;
        }
        return write_data(u, fd, header, at);
}

static int unpack_symlink(struct unpacker *u, const struct newc *header, uint64_t at)
{
        int r = source_read(&u->walk.source, u->target, header->filesize);

        if (r < 0)
                return walk_source_wrong(&u->walk, r, at, "a symbolic link");
        u->target[header->filesize] = '\0';
        r = tree_symlink(&u->tree, u->walk.name, u->target, header);
        return r < 0 ? tree_wrong(u, r) : 0;
}

static int unpack_node(struct unpacker *u, const struct newc *header)
{
        const char *old = NULL;
        int r = 0;

        if (header->nlink >= 2) {
                r = tree_clean(&u->tree, u->walk.name, header->mode);
                if (r >= 0)
                        r = links_find(&u->links, header, u->walk.name, &old);
        }
        if (r == 0)
                r = old ? tree_link(&u->tree, u->walk.name, old) : tree_node(&u->tree, u->walk.name, header);
        return r < 0 ? tree_wrong(u, r) : r;
}

/* Act on an entry whose name is read. @return as unpack_file() */
static int unpack_entry(struct unpacker *u, const struct newc *header, uint64_t at)
{
        int r = 0;

        u->result->entries++;
        if (u->tree.full) {
                u->missing_entries++;
                u->tree.missing += align_up(header->filesize, u->tree.unit);
                return TREE_SKIPPED;
        }
        switch (header->mode & S_IFMT) {
        case S_IFREG:
                return unpack_file(u, header, at);
        case S_IFLNK:
                return unpack_symlink(u, header, at);
        case S_IFDIR:
                r = tree_directory(&u->tree, u->walk.name, header);
                return r < 0 ? tree_wrong(u, r) : r;
        case S_IFBLK:
        case S_IFCHR:
        case S_IFIFO:
        case S_IFSOCK:
                return unpack_node(u, header);
        default: /* of no type: the kernel only removes what is in its way */
                r = tree_clear(&u->tree, u->walk.name, header->mode);
                return r < 0 ? tree_wrong(u, r) : r;
        }
}

static int in_the_way(struct unpacker *u)
{
        log_error(0, "%s: cannot make %s: something else is in the way", u->walk.image->regions[0].name, u->walk.name);
        u->result->failed++;
        return WALK_SKIP;
}

/* Make room for an entry among files that are not of this image. @return 0, WALK_SKIP where one stays, or a negative
 * errno, already logged */
static int give_way(struct unpacker *u, const struct newc *header)
{
        _cleanup_close_ int fd = open_in_root(&u->tree, u->walk.name, O_PATH | O_NOFOLLOW);
        _cleanup_place_ struct location place = { .owned = -1 };
        struct stat st;

        if (fd < 0)
                return 0;
        if (u->tree.settle)
                u->tree.settle(u->tree.settle_argument);
        if (fstat(fd, &st) < 0)
                return tree_wrong(u, -errno);
        if (S_ISDIR(st.st_mode) && S_ISDIR(header->mode))
                return 0;
        if (!S_ISDIR(st.st_mode) && st.st_mtime >= header->mtime) {
                log_warning(0, "%s not created: newer or same age version exists", u->walk.name);
                return WALK_SKIP;
        }
        if (find_place(&u->tree, u->walk.name, &place) == 0 && place.base &&
            unlinkat(place.dir, place.base, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0) < 0)
                return errno == ENOTEMPTY ? in_the_way(u) : tree_wrong(u, -errno);
        return 0;
}

/* An ordinary user makes no device nodes, and has to be able to write to the directories. @return whether the entry is
 * left out */
static bool limit_to_user(struct unpacker *u, struct newc *header)
{
        if (!u->tree.no_owners)
                return false;
        if (S_ISCHR(header->mode) || S_ISBLK(header->mode)) {
                u->result->nodes++;
                return true;
        }
        if (S_ISDIR(header->mode))
                header->mode |= 0700;
        return false;
}

static int unpack_politely(struct unpacker *u, const struct newc *header, uint64_t at)
{
        struct newc mine = *header;
        int r;

        if (name_leads_out(u->walk.name))
                return walk_wrong(&u->walk, at, "a name that leads out of the directory");
        if (u->options->names)
                fprintf(stderr, "%s\n", u->walk.name + strspn(u->walk.name, "/"));
        if ((header->mode & S_IFMT) == 0 || u->walk.name[0] == '\0')
                return WALK_SKIP;
        if (limit_to_user(u, &mine))
                return WALK_SKIP;
        r = give_way(u, &mine);
        if (r != 0)
                return r;
        r = unpack_entry(u, &mine, at);
        return r == TREE_SKIPPED && !u->tree.full ? in_the_way(u) : r;
}

/* The visitor's entry(). */
static int visit_entry(void *argument, const struct newc *header, uint64_t at)
{
        struct unpacker *u = argument;
        struct newc mine = *header;
        int r = WALK_SKIP;

        if (!excluded(u, header)) {
                if (u->options->polite)
                        r = unpack_politely(u, header, at);
                else if (!limit_to_user(u, &mine))
                        r = unpack_entry(u, &mine, at);
        }
        if (r == -ENOSPC && u->tree.full) {
                u->missing_entries++;
                u->tree.missing += align_up(header->filesize, u->tree.unit);
                return WALK_SKIP;
        }
        return r;
}

/* The data of a file that was made under another name, and has none yet there. */
static int visit_other(void *argument, const struct newc *header, uint64_t at)
{
        struct unpacker *u = argument;
        _cleanup_free_ char *first = NULL;
        const char *name = links_get(u->links, header);
        _cleanup_close_ int fd = -1;
        bool is_new;
        int r;

        if (!u->options->polite || !name || u->tree.full)
                return WALK_SKIP;
        first = strdup(name);
        if (!first)
                return log_oom();
        strcpy(u->walk.name, first); /* the name is what messages tell */
        r = tree_file(&u->tree, first, header, true, &is_new, &fd);
        if (r != 0)
                return r < 0 ? tree_wrong(u, r) : WALK_SKIP;
        u->result->bytes += header->filesize;
        return write_data(u, fd, header, at);
}

static void visit_trailer(void *argument)
{
        links_forget(&((struct unpacker *)argument)->links);
}

static void settle_writers(void *writers)
{
        writers_drain(writers);
}

static void begin_part(void *argument, const struct part *part)
{
        struct unpacker *u = argument;

        if (part->format != FORMAT_NEWC)
                return;
        u->writers = writers_start(&u->tree, cpus_usable() - 1);
        if (u->writers) {
                u->tree.settle = settle_writers;
                u->tree.settle_argument = u->writers;
        }
}

static void note_format(struct unpacked *result, enum format format)
{
        const char *name = format_name(format);
        size_t used = strlen(result->formats);

        if (!strstr(result->formats, name))
                snprintf(result->formats + used, sizeof(result->formats) - used, "%s%s", used > 0 ? ", " : "", name);
}

static int end_part(void *argument, const struct part *part, uint64_t end, int r)
{
        struct unpacker *u = argument;
        int w = writers_stop(TAKE_PTR(u->writers));

        (void)end;
        u->tree.settle = NULL;
        if (r >= 0 && w < 0 && !(w == -ENOSPC && u->tree.full))
                r = w == -ENODATA ? walk_image_wrong(&u->walk, part->start, w, "the image cannot be read to its end")
                                  : log_error(w, "%s: cannot write a file", u->walk.image->regions[0].name);
        if (r >= 0)
                note_format(u->result, part->format);
        return r;
}

static const struct visitor visitor = { visit_entry, visit_other, visit_trailer, begin_part, end_part };

int unpack_image(const struct image *image, int tree_fd, const struct unpack_options *options, struct unpacked *ret)
{
        const struct walk_options main_parts = { .window = options->window };
        _cleanup_(unpacker_done) struct unpacker u = {
                .walk = { .image = image,
                          .options = options->only ?: &main_parts,
                          .visitor = &visitor,
                          .argument = &u },
                .options = options,
                .result = ret,
        };
        uint64_t end;
        int r;

        *ret = (struct unpacked){ 0 };
        tree_init(&u.tree, tree_fd);
        u.tree.no_owners = geteuid() != 0;
        if (!options->polite)
                u.tree.unit = (size_t)sysconf(_SC_PAGESIZE);
        r = walk_image(&u.walk, &end);
        if (r < 0)
                return r;
        if (r == 0 && !options->polite)
                return log_error(0, "%s: offset %" PRIu64 ": nothing to restore: %s",
                                 image->count > 0 ? image->regions[0].name : "", end,
                                 *ret->formats ? "the image is empty when decoded" : "the image has no main part"),
                       -EBADMSG;
        if (!u.tree.full) {
                r = tree_finish(&u.tree);
                if (r == -ENOSPC)
                        u.tree.full = true;
                else if (r < 0)
                        return log_error(r, "%s: cannot set the times of directories", image->regions[0].name);
        }
        ret->missing_bytes = u.tree.missing;
        ret->missing_entries = u.missing_entries;
        return u.tree.full ? -ENOSPC : 0;
}
