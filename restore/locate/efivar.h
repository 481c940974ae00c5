/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The EFI variables of systemd's boot loader interface
 * (https://systemd.io/BOOT_LOADER_INTERFACE), as efivarfs shows them: four bytes of
 * attributes, then the value, here always a string in UTF-16LE, mostly with a NUL.
 */

#include <stddef.h>
#include <stdint.h>

/** Bytes of a variable that efivar_read() is ready to read. */
#define EFIVAR_SIZE_MAX 4096U

/**
 * Turn the bytes of a variable into a string.
 *
 * @param bytes  attributes and value
 * @param size   bytes there
 * @param ret    the value as UTF-8, to be freed
 * @return 0; -EBADMSG where this is no string or an empty one; -ENOMEM
 */
int efivar_decode(const uint8_t *bytes, size_t size, char **ret);

/**
 * Read a variable of the boot loader interface, with one read: efivarfs asks the firmware
 * for every one, and limits their rate.
 *
 * @param directory  descriptor of the efivars directory
 * @param name       such as LoaderEntrySelected
 * @param ret        as for efivar_decode()
 * @return 0, -ENOENT where the variable is not set, or another negative errno
 */
int efivar_read(int directory, const char *name, char **ret);
