/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "group.h"

#include <search.h>
#include <string.h>
#include <sys/stat.h>

#include "skipcpio/util.h"
#include "util/log.h"

static int compare(const void *a, const void *b)
{
        const struct newc *x = &((const struct group *)a)->header, *y = &((const struct group *)b)->header;
        uint32_t keys[][2] = { { x->dev_major, y->dev_major },
                               { x->dev_minor, y->dev_minor },
                               { x->ino, y->ino },
                               { x->mode & S_IFMT, y->mode & S_IFMT } };

        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                if (keys[i][0] != keys[i][1])
                        return keys[i][0] < keys[i][1] ? -1 : 1;
        return 0;
}

struct group *group_get(const struct groups *groups, const struct newc *header)
{
        struct group key = { .header = *header };
        void *found = tfind(&key, &groups->tree, compare);

        return found ? *(struct group **)found : NULL;
}

struct group *group_find(struct groups *groups, const struct newc *header)
{
        struct group *group = group_get(groups, header);

        if (group) {
                group->header = *header;
                return group;
        }
        if (groups->memory > GROUPS_MEMORY_MAX)
                return NULL;
        group = calloc(1, sizeof(*group));
        if (!group)
                return NULL;
        group->header = *header;
        if (!tsearch(group, &groups->tree, compare)) {
                free(group);
                return NULL;
        }
        groups->memory += sizeof(*group);
        return group;
}

int group_add(struct groups *groups, struct group *group, const char *name, bool first)
{
        char **names, *copy;

        if (groups->memory + strlen(name) + 1 + sizeof(name) > GROUPS_MEMORY_MAX)
                return -E2BIG;
        names = reallocarray(group->names, group->count + 1, sizeof(*names));
        if (!names)
                return -ENOMEM;
        group->names = names;
        copy = strdup(name);
        if (!copy)
                return -ENOMEM;
        names[group->count++] = copy;
        groups->memory += strlen(name) + 1 + sizeof(name);
        if (first) {
                names[group->count - 1] = names[0];
                names[0] = copy;
        }
        return 0;
}

int groups_full(const struct image *image)
{
        return log_error(0, "%s: more hard links or directories than there is memory for", image->regions[0].name),
               -E2BIG;
}

static void group_free(void *free_)
{
        struct group *group = free_;

        for (size_t i = 0; i < group->count; i++)
                free(group->names[i]);
        free(group->names);
        free(group);
}

void groups_done(struct groups *groups)
{
        tdestroy(groups->tree, group_free);
        *groups = (struct groups){ 0 };
}

struct visit {
        int (*each)(void *argument, struct group *group);
        void *argument;
        int r;
};

/* twalk() takes no argument for its callback, and only glibc has twalk_r(). */
static struct visit *visiting;

static void visit(const void *node, VISIT order, int depth)
{
        (void)depth;
        if ((order == postorder || order == leaf) && visiting->r >= 0)
                visiting->r = visiting->each(visiting->argument, *(struct group *const *)node);
}

int groups_end(struct groups *groups, int (*each)(void *argument, struct group *group), void *argument)
{
        struct visit v = { .each = each, .argument = argument };

        visiting = &v;
        twalk(groups->tree, visit);
        visiting = NULL;
        groups_done(groups);
        return MIN(v.r, 0);
}
