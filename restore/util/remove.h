/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Removal of whole trees. For any tree this takes a few descriptors, time in proportion to the number of files, and no
 * space on the file system: a directory that is not empty is moved to the top and emptied there. Mounts are not
 * entered.
 */

/**
 * Remove everything in a directory, and continue after errors.
 *
 * @param dir  the directory's descriptor
 * @return 0, or the negative errno of something that could not be removed
 */
int remove_contents(int dir);

/**
 * Remove a file of any type, or a directory with everything in it.
 *
 * @param dir   directory that @name is in
 * @param name  one component; a symbolic link is removed and not followed
 * @return 0, also where there is no such file; or a negative errno as from remove_contents()
 */
int remove_any(int dir, const char *name);
