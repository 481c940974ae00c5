/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The last look before the commit: whether `shutdown` will run as PID 1 after the pivot.
 */

/**
 * Check that `shutdown` leads to an executable regular file, and that what runs it starts in the tree: a
 * shell parses the script there, with -n; of any other interpreter, and of a `shutdown` that is a
 * program itself, the dynamic loader of the tree resolves the libraries. As a shell may be static,
 * the loader also does so for the programs that dracut's shutdown cannot do without, as far as they
 * are there; and what the script sources has to be there. Nothing in the tree is written to.
 *
 * @param root_fd  directory that will be the root
 * @param image    what the tree was made of, for messages
 * @return 0, or a negative errno, already logged: -ENOENT without the file or with what it needs
 *         missing, -ELOOP for interpreters of interpreters, -ENOEXEC where it is of no known form
 *         or does not start, -EACCES where it is not executable, -ETIMEDOUT
 */
int check_exitrd(int root_fd, const char *image);
