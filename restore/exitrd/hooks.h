/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The hooks of systemd-shutdown: what is in its directory system-shutdown, which it runs in the exitrd as it does
 * before the pivot.
 */

#include "programs.h"

/**
 * Take all hooks, and the programs that those that are scripts name with their paths. What cannot be taken is left out
 * with a warning: it is no reason to go without the pivot.
 *
 * @param directory  without a leading slash
 * @return 0 or a negative errno, already logged
 */
int hooks_take(struct programs *programs, const char *directory);
