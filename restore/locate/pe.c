/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pe.h"

#include <string.h>
#include <sys/stat.h>

#include "skipcpio/util.h"

enum {
        DOS_HEADER_SIZE = 64,
        DOS_PE_OFFSET = 0x3c,
        COFF_HEADER_SIZE = 4 + 20, /* with the signature in front */
        COFF_SECTION_COUNT = 6,
        COFF_OPTIONAL_SIZE = 20,
        SECTION_VIRTUAL_SIZE = 8,
        SECTION_VIRTUAL_ADDRESS = 12,
        SECTION_RAW_SIZE = 16,
        SECTION_RAW_OFFSET = 20,
};

struct range {
        uint64_t start, end;
};

static int by_start(const void *a, const void *b)
{
        const struct range *x = a, *y = b;

        return (x->start > y->start) - (x->start < y->start);
}

static bool overlap(struct range *ranges, size_t count)
{
        qsort(ranges, count, sizeof(*ranges), by_start);
        for (size_t i = 1; i < count; i++)
                if (ranges[i].start < ranges[i - 1].end)
                        return true;
        return false;
}

const char *pe_parse(const uint8_t *head, size_t size, uint64_t file_size, struct pe *ret)
{
        struct range in_file[PE_SECTIONS_MAX], in_memory[PE_SECTIONS_MAX];
        size_t file_count = 0, memory_count = 0, count;
        uint64_t at, end;

        size = MIN(size, (size_t)PE_HEAD_SIZE);
        if (size < DOS_HEADER_SIZE || memcmp(head, "MZ", 2) != 0)
                return "not a PE file";
        at = get_le32(head + DOS_PE_OFFSET);
        if (at > size || size - at < COFF_HEADER_SIZE || memcmp(head + at, "PE\0", 4) != 0)
                return "no PE header where the DOS header says";
        count = get_le16(head + at + COFF_SECTION_COUNT);
        at += COFF_HEADER_SIZE + get_le16(head + at + COFF_OPTIONAL_SIZE);
        if (at > size || (size - at) / PE_SECTION_HEADER_SIZE < count)
                return "the PE section table is cut off or too long";

        end = at + count * PE_SECTION_HEADER_SIZE;
        ret->count = count;
        ret->profiles = 0;
        for (size_t i = 0; i < count; i++, at += PE_SECTION_HEADER_SIZE) {
                const uint8_t *h = head + at;
                uint32_t raw_offset = get_le32(h + SECTION_RAW_OFFSET), raw_size = get_le32(h + SECTION_RAW_SIZE);
                uint32_t address = get_le32(h + SECTION_VIRTUAL_ADDRESS), memory = get_le32(h + SECTION_VIRTUAL_SIZE);
                struct pe_section *section = &ret->sections[i];

                if (raw_size > 0) {
                        if (raw_offset < end || (uint64_t)raw_offset + raw_size > file_size)
                                return "a PE section that is not in the file";
                        in_file[file_count++] = (struct range){ raw_offset, (uint64_t)raw_offset + raw_size };
                }
                if (memory > 0)
                        in_memory[memory_count++] = (struct range){ address, (uint64_t)address + memory };

                *section = (struct pe_section){ .from = raw_size > 0 ? raw_offset : 0, .size = raw_size };
                if (memory > 0 && memory < raw_size)
                        section->size = memory;
                memcpy(section->name, h, 8);
                if (strcmp(section->name, ".profile") == 0)
                        ret->profiles++;
                section->profile = ret->profiles > 0 ? ret->profiles - 1 : PE_PROFILE_BASE;
        }
        if (overlap(in_file, file_count) || overlap(in_memory, memory_count))
                return "overlapping PE sections";
        return NULL;
}

const struct pe_section *pe_find(const struct pe *pe, int profile, const char *name)
{
        for (;; profile = PE_PROFILE_BASE) {
                for (size_t i = 0; i < pe->count; i++)
                        if (pe->sections[i].profile == profile && strcmp(pe->sections[i].name, name) == 0)
                                return &pe->sections[i];
                if (profile == PE_PROFILE_BASE)
                        return NULL;
        }
}

int pe_read(int fd, struct pe *ret, const char **reason)
{
        uint8_t head[PE_HEAD_SIZE];
        struct stat st;
        ssize_t n;

        if (fstat(fd, &st) < 0)
                return -errno;
        n = pread(fd, head, sizeof(head), 0);
        if (n < 0)
                return -errno;
        *reason = pe_parse(head, (size_t)n, (uint64_t)st.st_size, ret);
        return *reason ? -EBADMSG : 0;
}
