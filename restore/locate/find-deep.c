/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "find.h"

#include <string.h>

#include "skipcpio/util.h"
#include "lookup.h"

/* How deep directories are searched: EFI/NAME/VERSION. And how many of them on one volume: /boot can be the root file
 * system's, with anything in it. */
enum { DEPTH_MAX = 3, DIRECTORIES_MAX = 512 };

/* List the directories in a directory of a volume, or in its root where that is NULL. */
static int list_directories(struct search *search, const struct volume *volume, const char *directory,
                            struct names *ret)
{
        _cleanup_free_ char *label = NULL;
        int fd = volume_open(search, volume, directory ?: ".", lookup_directory, &label);
        int r = fd < 0 ? fd : names_read_directories(ret, fd, directory);

        return r < 0 ? search_skip(label, r, NULL) : 0;
}

/* Scan what is in the directories of a volume, the nearest ones first. */
static int scan_directories(struct search *search, const struct place *place, const struct volume *volume,
                            enum naming naming)
{
        _cleanup_(names_done) struct names directories = NAMES_INIT;
        int r = list_directories(search, volume, NULL, &directories);
        size_t done = 0;

        for (size_t depth = 1; r == 0 && depth <= DEPTH_MAX; depth++)
                for (size_t end = directories.count; r == 0 && done < end && done < DIRECTORIES_MAX; done++) {
                        r = scan(search, place, volume, directories.list[done], naming);
                        if (r == 0 && depth < DEPTH_MAX)
                                r = list_directories(search, volume, directories.list[done], &directories);
                }
        return r;
}

int find_deep(struct search *search, const struct place *place)
{
        int r = 0;

        search_volumes(search);
        for (size_t i = 0; r == 0 && i < search->volume_count; i++)
                if (!search->volumes[i].live)
                        r = scan_directories(search, place, &search->volumes[i], NAMING_DIRECTORY);
        return r;
}

int find_beside(struct search *search, const struct place *place)
{
        int r = 0;

        search_volumes(search);
        for (size_t i = 0; r == 0 && i < search->volume_count; i++) {
                const struct volume *volume = &search->volumes[i];

                if (volume->live)
                        continue;
                r = scan(search, place, volume, NULL, NAMING_BESIDE);
                if (r == 0)
                        r = scan_directories(search, place, volume, NAMING_BESIDE);
        }
        return r;
}
