/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The hooks of systemd-shutdown: the programs in its directory system-shutdown. It runs them in the exitrd as it does
 * before the pivot.
 */

#include "programs.h"

/**
 * Take all hooks, and the programs whose paths are in those that are scripts. What cannot be taken is left out with a
 * warning: a missing hook does not prevent the pivot.
 *
 * @param directory  without a leading slash
 * @return 0 or a negative errno, already logged
 */
int hooks_take(struct programs *programs, const char *directory);
