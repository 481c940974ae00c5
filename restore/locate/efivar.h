/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The EFI variables of systemd's boot loader interface (https://systemd.io/BOOT_LOADER_INTERFACE), and the firmware's
 * own for what it booted. In efivarfs a variable has four bytes of attributes and then its value, mostly a
 * NUL-terminated string in UTF-16LE.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/** The largest variable that is read, in bytes. */
#define EFIVAR_SIZE_MAX 4096U

/** Bytes of attributes before a variable's value. */
#define EFIVAR_ATTRIBUTES_SIZE 4U

/**
 * Turn the bytes of a variable into a string.
 *
 * @param bytes  attributes and value
 * @param size   bytes there
 * @param ret    the value as UTF-8, to be freed
 * @return 0; -EBADMSG if this is not a string, or an empty one; or -ENOMEM
 */
int efivar_decode(const uint8_t *bytes, size_t size, char **ret);

/**
 * Read a variable of the boot loader interface, with one read(2): efivarfs asks the firmware
 * for each, and limits the rate.
 *
 * @param directory  descriptor of the efivars directory
 * @param name       such as LoaderEntrySelected
 * @param ret        as for efivar_decode()
 * @return 0, -ENOENT if the variable is not set, or another negative errno
 */
int efivar_read(int directory, const char *name, char **ret);

/**
 * Turn UTF-16LE, up to a NUL or the end, into UTF-8. As efivar_decode().
 */
int efivar_text(const uint8_t *bytes, size_t size, char **ret);

/**
 * Read a variable as it is, attributes included, with one read.
 *
 * @param vendor  the GUID of its owner, as in the file's name
 * @param size    bytes at @bytes, at most EFIVAR_SIZE_MAX
 * @return bytes read, or a negative errno
 */
ssize_t efivar_read_bytes(int directory, const char *name, const char *vendor, uint8_t *bytes, size_t size);
