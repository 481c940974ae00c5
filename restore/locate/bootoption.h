/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The firmware's own boot entries. The EFI variable BootCurrent has the number of the entry that was booted; Boot####
 * says what that starts.
 *
 * Source: the UEFI specification, "Load Options" (EFI_LOAD_OPTION) and "Device Path Nodes" (hard drive, file path).
 */

#include <stddef.h>
#include <stdint.h>

struct bootoption {
        char partition[64]; /* its PARTUUID as Linux has it, or empty */
        char *path;    /* of the file that is started, with slashes; UTF-8, owned. The default in /EFI/BOOT if none is
                          named */
        char *options; /* its command line, owned; NULL if it has none, or none that is text */
};

/**
 * Read a boot entry.
 *
 * @param bytes  the variable's value, without the attributes
 * @param ret    filled on success; bootoption_done() frees it
 * @return 0; -EBADMSG if it is malformed or names neither a file nor a partition; or -ENOMEM
 */
int bootoption_parse(const uint8_t *bytes, size_t size, struct bootoption *ret);

/**
 * Read the entry that was booted.
 *
 * @param directory  descriptor of the efivars directory
 * @param ret        as for bootoption_parse()
 * @return 0, or a negative errno as from efivar_read() and bootoption_parse()
 */
int bootoption_read(int directory, struct bootoption *ret);

/** Free all. Works as a cleanup function. */
void bootoption_done(struct bootoption *option);
