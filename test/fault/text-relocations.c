/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A shared library with a relocation in its text, as Debian 12's ISA-L is on arm64. */
__asm__(".text\n\t.balign 16\n\t.globl where_it_is\nwhere_it_is:\n\t"
#if __SIZEOF_POINTER__ == 8
        ".8byte where_it_is\n"
#else
        ".4byte where_it_is\n"
#endif
);
