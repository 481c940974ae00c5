/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The log: whole lines of valid UTF-8, each written with one write(2). Errors and warnings go to standard error, the
 * rest to standard output. Where the stream is the journal's, a line starts with its priority (sd-daemon(3)), elsewhere
 * with the program's name.
 */

#include <stddef.h>
#include <syslog.h>

#include "skipcpio/util.h"

/** Log lines up to and including @max_level: LOG_ERR for --quiet, LOG_INFO, or LOG_DEBUG for --verbose. */
void log_setup(int max_level);

/** Called with each line before it is written. @line is not escaped, and valid during the call only. */
typedef void log_sink(int level, const char *line);

/** Set the one function that also gets each line; NULL removes it. */
void log_set_sink(log_sink *sink);

/** Whether a line of @level is logged. */
bool log_enabled(int level);

/**
 * Log one line. errno is preserved.
 *
 * @param level   of syslog(3): LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG
 * @param error   a negative errno, whose text is appended to the message; or 0
 * @param format  as for printf(3), without a newline at the end; arguments are escaped with log_escape()
 * @return @error, so that a caller can `return log_error(r, "…")`
 */
_printf_(3, 4) int log_line(int level, int error, const char *format, ...);

#define log_error(error, ...) log_line(LOG_ERR, (error), __VA_ARGS__)
#define log_warning(error, ...) log_line(LOG_WARNING, (error), __VA_ARGS__)
#define log_info(...) ((void)log_line(LOG_INFO, 0, __VA_ARGS__))
#define log_debug(...) ((void)log_line(LOG_DEBUG, 0, __VA_ARGS__))
#define log_oom() (log_error(0, "Cannot allocate memory"), -ENOMEM)

/**
 * Copy a line and write as \xNN each byte of a control character (C0, DEL, C1), of a line or paragraph separator, or of
 * invalid UTF-8. A line that is too long is cut between two characters.
 *
 * @param out   gets the line and a NUL
 * @param size  bytes at @out, at least 1
 * @return bytes written, without the NUL
 */
size_t log_escape(char *out, size_t size, const char *line);
