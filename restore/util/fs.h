/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Files and directories: helpers around system calls.
 */

#include <dirent.h>
#include <stdint.h>
#include <sys/types.h>

/** Close a directory stream, unless it is NULL. For _cleanup_(). */
void closedirp(DIR **dir);

/**
 * Open a directory for reading its entries. The descriptor @dir stays as it is, position included.
 *
 * @param dir  a directory's descriptor; O_PATH will do
 * @return the stream, owned by the caller, or NULL with errno set
 */
DIR *fs_open_entries(int dir);

/**
 * Read the next entry that is neither `.` nor `..`.
 *
 * @return the entry, valid until the next call; or NULL: at the end with errno 0, on failure with errno set
 */
struct dirent *fs_next_entry(DIR *entries);

/**
 * Do something with each entry of a directory but `.` and `..`.
 *
 * @param act  called with the directory, readable, and the entry's name; a negative result ends the loop
 * @return 0, @act's negative errno, or another one
 */
int fs_for_each(int dir, int (*act)(int dir, const char *name, void *argument), void *argument);

/** Open /dev/null for each standard stream that the caller has closed, so that no other file gets its number. Reading
 * from it, or writing to it, fails as before. */
void fs_occupy_standard_streams(void);

/**
 * Open a file with openat2(2). The call is repeated on EAGAIN: something was renamed or mounted while the kernel
 * resolved `..`.
 *
 * @param dir      directory that @path is relative to
 * @param path     the empty string stands for @dir itself
 * @param flags    as for open(2); O_CLOEXEC is added
 * @param resolve  RESOLVE_… flags
 * @return a descriptor owned by the caller, or a negative errno
 */
int fs_open(int dir, const char *path, uint64_t flags, uint64_t resolve);

/**
 * Set the mode of a file by name, whatever its type. A link is not followed, not even one that has just taken its
 * place; chmod(2) would. This needs /proc.
 *
 * @return 0; -ELOOP if it is a link; or another negative errno
 */
int fs_chmod(int dir, const char *name, mode_t mode);

/**
 * Write some bytes: one write(2), repeated only where a signal interrupts it.
 *
 * @return bytes written, or a negative errno
 */
int64_t fs_write(int fd, const void *bytes, size_t size);

/**
 * Copy bytes from one file to the current position of another: inside the kernel, or with read and write where the
 * kernel cannot.
 *
 * @param offset  where to read in @from, in bytes; advanced by what was copied
 * @param left    bytes to copy; on return, bytes not copied yet. After -ENOSPC the call can be repeated
 * @return 0, or a negative errno; -ENODATA where @from ends early or cannot be read
 */
int fs_copy(int from, uint64_t *offset, int to, uint64_t *left);
