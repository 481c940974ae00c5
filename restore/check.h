/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The last look at a staged tree: whether its `shutdown` will run as PID 1 after the pivot.
 */

/**
 * Check that `shutdown` in @tree_fd is an executable regular file (or a relative link to one
 * inside the tree), and that what runs it starts in the tree: a shell parses the script there,
 * with -n; of any other interpreter, and of a `shutdown` that is a program itself, the dynamic
 * loader of the tree resolves the libraries. Nothing of the tree is written to.
 *
 * @param tree_fd  directory that will be the root
 * @return 0, or a negative errno that has been told: -ENOENT without `shutdown` or with a part
 *         of it missing, -ELOOP for interpreters of interpreters, -ENOEXEC where the program
 *         is of no known form or does not start, -EACCES where it is not executable, -ETIMEDOUT
 */
int check_exitrd(int tree_fd);
