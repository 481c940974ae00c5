/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/**
 * Remove everything in a directory, however deep: nothing of what an image can build makes this
 * need more than a few descriptors or more time than there are files. Directories that are not
 * empty are first moved up into @attic. Mounts are not entered.
 *
 * @param dir    directory to empty
 * @param attic  another directory on the same file system, for nothing but this; empty afterwards
 * @return 0, or the first failure's negative errno; the rest is removed all the same
 */
int remove_contents(int dir, int attic);

/** Remove @name in @dir, whatever it is. @return as remove_contents(); 0 where there is none */
int remove_any(int dir, const char *name, int attic);
