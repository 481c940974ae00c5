/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#define ERRORS_MAX 12

/**
 * The errors that a system call can plausibly fail with although its arguments are right: those of a kernel that
 * is out of memory, space or descriptors, whose disk fails, that is old, or that does not permit it. 0 stands for a
 * call that transfers nothing. Errors about the tree (ENOENT, EEXIST, …) are not among them: a kernel that returns
 * these when they are not true lies, and does not fail.
 *
 * @param ret  ERRORS_MAX of them
 * @return how many
 */
int plausible_errors(int call, int *ret);

/** A call's name, or its number. */
const char *call_name(int call);
