/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fit.h"

#include <string.h>

#include "skipcpio/util.h"

#define TOKENS_MAX (1U << 17) /* a tree for a thousand boards has 20,000 */
#define NAME_SIZE 128U        /* of a node or a property, with its NUL */

enum token { BEGIN_NODE = 1, END_NODE = 2, PROPERTY = 3, NOP = 4, END = 9 };

struct tree {
        int fd;
        uint64_t start, total;             /* of what the FIT may have in the file */
        uint64_t size, structure, strings; /* of the device tree, from @start */
};

/* Where a walk over all nodes is: in which node of the root, and in which one of that. */
struct walk {
        uint64_t at;
        size_t tokens, depth;
        char nodes[3][NAME_SIZE];
};

struct property {
        char name[NAME_SIZE];
        uint64_t at, size;
};

/* Read up to @size bytes of the device tree. Returns how many, or a negative errno. */
static ssize_t tree_read(const struct tree *tree, uint64_t at, void *buffer, size_t size)
{
        ssize_t n = at >= tree->size ? 0
                                     : pread(tree->fd, buffer, MIN((uint64_t)size, tree->size - at),
                                             (off_t)(tree->start + at));

        return n < 0 ? -errno : n;
}

/* Read a string. Returns its length, or a negative errno. */
static ssize_t tree_text(const struct tree *tree, uint64_t at, char text[NAME_SIZE])
{
        ssize_t n = tree_read(tree, at, text, NAME_SIZE);
        size_t length = n < 0 ? 0 : strnlen(text, (size_t)n);

        return n < 0 ? n : length < (size_t)n ? (ssize_t)length : -EBADMSG;
}

static int tree_number(const struct tree *tree, uint64_t at, uint64_t *ret)
{
        uint8_t bytes[4];
        ssize_t n = tree_read(tree, at, bytes, sizeof(bytes));

        if (n == sizeof(bytes))
                *ret = get_be32(bytes);
        return n < 0 ? (int)n : n == sizeof(bytes) ? 0 : -EBADMSG;
}

/* @return 1 with the next property of all; 0 at the end; or a negative errno */
static int next_property(const struct tree *tree, struct walk *walk, struct property *ret)
{
        while (walk->tokens++ < TOKENS_MAX) {
                uint64_t token = 0, name = 0;
                char node[NAME_SIZE];
                ssize_t n = tree_number(tree, walk->at, &token);

                if (n < 0)
                        return (int)n;
                walk->at += 4;
                switch (token) {
                case BEGIN_NODE:
                        n = tree_text(tree, walk->at, node);
                        if (n < 0)
                                return (int)n;
                        if (walk->depth < ELEMENTSOF(walk->nodes))
                                strcpy(walk->nodes[walk->depth], node);
                        walk->depth++;
                        walk->at += align_up((uint64_t)n + 1, 4);
                        break;
                case END_NODE:
                        if (walk->depth-- == 0)
                                return -EBADMSG;
                        break;
                case PROPERTY:
                        n = tree_number(tree, walk->at, &ret->size) ?: tree_number(tree, walk->at + 4, &name);
                        if (n >= 0)
                                n = tree_text(tree, tree->strings + name, ret->name);
                        ret->at = walk->at + 8;
                        walk->at = ret->at + align_up(ret->size, 4);
                        return n < 0 ? (int)n : walk->at <= tree->size ? 1 : -EBADMSG;
                case NOP:
                        break;
                case END:
                        return walk->depth == 0 ? 0 : -EBADMSG;
                default:
                        return -EBADMSG;
                }
        }
        return -EBADMSG;
}

/* The name of the ramdisk that the configurations agree on. Returns 1, 0 with a reason, or a negative errno. */
static int find_name(const struct tree *tree, char ret[NAME_SIZE], const char **reason)
{
        struct walk walk = { .at = tree->structure };
        char preferred[NAME_SIZE] = "", name[NAME_SIZE];
        struct property property;
        int r;

        *reason = "none of its configurations has a ramdisk";
        for (ret[0] = '\0'; (r = next_property(tree, &walk, &property)) > 0;) {
                ssize_t n = 0;

                if (strcmp(walk.nodes[1], "configurations") != 0)
                        continue;
                if (walk.depth == 2 && strcmp(property.name, "default") == 0) {
                        n = tree_text(tree, property.at, preferred);
                        *reason = "its default configuration has no ramdisk";
                } else if (walk.depth == 3 && strcmp(property.name, "ramdisk") == 0 &&
                           (!*preferred || strcmp(preferred, walk.nodes[2]) == 0)) {
                        n = tree_text(tree, property.at, name);
                        if (n >= 0 && *ret && strcmp(ret, name) != 0)
                                return *reason = "its configurations have several ramdisks, and none is the default", 0;
                        if (n >= 0)
                                strcpy(ret, name);
                }
                if (n < 0)
                        return (int)n;
        }
        return r < 0 ? r : *ret != '\0';
}

/* Where the bytes of an image are. Returns 1, 0 if they are not in the file, or a negative errno. */
static int find_data(const struct tree *tree, const char *name, uint64_t *from, uint64_t *bytes)
{
        struct walk walk = { .at = tree->structure };
        struct property property;
        int r;

        *from = *bytes = UINT64_MAX;
        while ((r = next_property(tree, &walk, &property)) > 0) {
                if (walk.depth != 3 || strcmp(walk.nodes[1], "images") != 0 || strcmp(walk.nodes[2], name) != 0)
                        continue;
                if (strcmp(property.name, "data") == 0) {
                        *from = property.at;
                        *bytes = property.size;
                } else if (strcmp(property.name, "data-position") == 0) {
                        r = tree_number(tree, property.at, from);
                } else if (strcmp(property.name, "data-offset") == 0) {
                        r = tree_number(tree, property.at, from);
                        *from += align_up(tree->size, 4);
                } else if (strcmp(property.name, "data-size") == 0) {
                        r = tree_number(tree, property.at, bytes);
                }
                if (r < 0)
                        return r;
        }
        return r < 0 ? r : *from <= tree->total && *bytes <= tree->total - *from;
}

int fit_find_ramdisk(int fd, uint64_t start, uint64_t total, uint64_t *from, uint64_t *bytes, const char **reason)
{
        struct tree tree = { .fd = fd, .start = start, .total = total };
        uint8_t header[16]; /* the magic number, the size, where nodes and names begin */
        char name[NAME_SIZE];
        ssize_t n = pread(fd, header, MIN(total, sizeof(header)), (off_t)start);
        int r;

        if (n < 0)
                return -errno;
        if ((size_t)n < sizeof(header) || memcmp(header, "\xd0\x0d\xfe\xed", 4) != 0)
                return 0;
        tree.size = MIN((uint64_t)get_be32(header + 4), total);
        tree.structure = get_be32(header + 8);
        tree.strings = get_be32(header + 12);
        r = find_name(&tree, name, reason);
        if (r > 0) {
                *reason = "its ramdisk's data is not in it";
                r = find_data(&tree, name, from, bytes);
        }
        if (r == -EBADMSG)
                *reason = "its device tree is damaged";
        return r == 0 ? -EBADMSG : r;
}
