/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdatomic.h>

/** What the preloaded allocator (alloc.c) is told and tells, in memory behind the descriptor $FAULT_ALLOC. */
struct alloc_fault {
        _Atomic int role;      /* of what process: an enum role */
        _Atomic int at;        /* which allocation fails, from 1; 0 for none */
        _Atomic int on;        /* and all that follow too */
        _Atomic int counts[2]; /* how many there were, by role */
        _Atomic int hit;
};
