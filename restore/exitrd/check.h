/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The check before the commit: whether `shutdown` can run as PID 1 after the pivot.
 */

/**
 * Check that `shutdown` is an executable regular file, or a link to one, and that it starts in the tree:
 *
 * - If it is a shell script, the tree's shell parses it with -n, and the files that it sources have to exist.
 * - If it is a binary, or has another interpreter, the tree's dynamic loader resolves the libraries.
 * - The loader also resolves those of the programs that dracut's shutdown script needs, if they are in the tree.
 *
 * The tree is not changed.
 *
 * @param root_fd  the tree's root directory
 * @param image    name of the image, for messages
 * @return 0, or a negative errno, already logged: -ENOENT if `shutdown` or something that it needs is missing,
 *         -EACCES if it is not executable, -ENOEXEC if it is neither script nor binary or does not start, -ELOOP if
 *         interpreters have too many interpreters, -ETIMEDOUT
 */
int check_exitrd(int root_fd, const char *image);
