/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

/** What a tree is made of. */
struct content {
        uint64_t entries; /* files of all types, and links */
        uint64_t bytes;   /* of file data */
};
