/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The check before the commit: whether `shutdown` can run as PID 1 after the pivot.
 */

/**
 * Check that `shutdown` is an executable regular file, or a link to one, and that it starts in the tree:
 *
 * - A shell of the tree parses a shell script, with -n. The files that the script sources have to exist.
 * - The tree's dynamic loader resolves the libraries of a binary, and of any other interpreter.
 * - It also resolves those of the programs that dracut's shutdown script needs, where they are in the tree.
 *
 * Nothing in the tree is written to.
 *
 * @param root_fd  the tree's root directory
 * @param image    name of the image, for messages
 * @return 0, or a negative errno, already logged: -ENOENT where `shutdown` or something that it needs is missing,
 * -EACCES where it is not executable, -ENOEXEC where it is no script and no binary or does not start, -ELOOP where the
 *         interpreters of interpreters are too many, -ETIMEDOUT
 */
int check_exitrd(int root_fd, const char *image);
