/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Removal of whole trees, however deep: nothing of what an image can build makes this need more
 * than a few descriptors, more time than there are files, or space on the file system.
 * Directories that are not empty are moved up and emptied there. Mounts are not entered.
 */

/** Remove everything in a directory. @return 0, or a negative errno; what can be removed is */
int remove_contents(int dir);

/** Remove @name in @dir, whatever it is. @return as remove_contents(); 0 where there is none */
int remove_any(int dir, const char *name);
