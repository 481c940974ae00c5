/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#define ERRORS_MAX 12

/**
 * The errors that a system call can plausibly fail with where all is right with its arguments: what a kernel says that
 * is out of memory, space or descriptors, whose disk fails, that is old, or that may not. An errno each; 0 stands for a
 * call that transfers nothing. Not those that tell of the tree (ENOENT, EEXIST, …): a kernel that says these where
 * they are not true is a lie, not a failure.
 *
 * @param ret  ERRORS_MAX of them
 * @return how many
 */
int plausible_errors(int call, int *ret);

/** A call's name, or its number. */
const char *call_name(int call);
