/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the program says: whole lines, valid UTF-8, one write each. Errors and warnings go to
 * standard error, the rest to standard output. On a journal's stream a line starts with its
 * priority (sd-daemon(3)), elsewhere with the program's name.
 */

#include <stddef.h>
#include <syslog.h>

#include "skipcpio/util.h"

/** Say lines up to and including @max_level (LOG_ERR for --quiet, LOG_INFO, LOG_DEBUG for --verbose). */
void log_setup(int max_level);

/** Whether a line of @level would be said. */
bool log_enabled(int level);

/**
 * Say one line.
 *
 * @param level  of syslog(3): LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG
 * @param error  a negative errno whose text is put behind the message, or 0
 * @param format as for printf, without a final newline; anything may come in through the arguments
 * @return @error, so that a caller can `return log_error(r, "…")`
 */
_printf_(3, 4) int log_line(int level, int error, const char *format, ...);

#define log_error(error, ...) log_line(LOG_ERR, (error), __VA_ARGS__)
#define log_warning(error, ...) log_line(LOG_WARNING, (error), __VA_ARGS__)
#define log_info(...) ((void)log_line(LOG_INFO, 0, __VA_ARGS__))
#define log_debug(...) ((void)log_line(LOG_DEBUG, 0, __VA_ARGS__))
#define log_oom() log_error(-ENOMEM, "Cannot allocate memory")

/**
 * Copy a line, with each byte that is a control character, DEL or no part of valid UTF-8 written as \xNN
 * (C1 controls and the line and paragraph separators too). What does not fit is cut between characters.
 *
 * @param out   gets the line and a NUL
 * @param size  bytes at @out, at least 1
 * @return bytes written, the NUL not counted
 */
size_t log_escape(char *out, size_t size, const char *line);
