/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "object.h"

#include <elf.h>
#include <link.h>
#include <assert.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "skipcpio/util.h"

/* Tables of libraries have some kilobytes; more than this is damage. */
#define TABLE_MAX (UINT64_C(16) << 20)

#define NOTE_DLOPEN 0x407c0c0aU

static_assert(sizeof(ElfW(Addr)) == sizeof(void *), "the class of this program is that of the system");

/* A file that is being read. */
struct file {
        int fd;
        uint64_t size;
        ElfW(Ehdr) header;
        ElfW(Phdr) * segments; /* header.e_phnum of them */
};

/* Bytes of the file and a NUL. @return 0 or a negative errno */
static int read_bytes(const struct file *file, uint64_t offset, uint64_t size, void *ret)
{
        _cleanup_free_ char *bytes = NULL;
        ssize_t n;

        if (size > TABLE_MAX || offset > file->size || size > file->size - offset)
                return -EBADMSG;
        bytes = malloc(size + 1);
        if (!bytes)
                return -ENOMEM;
        n = pread(file->fd, bytes, size, (off_t)offset);
        if (n < 0)
                return -errno;
        if ((uint64_t)n < size)
                return -EBADMSG;
        bytes[size] = '\0';
        *(char **)ret = TAKE_PTR(bytes);
        return 0;
}

static int read_header(struct file *file)
{
        /* This program's own header tells what this machine's objects have. */
        extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));
        ElfW(Ehdr) *header = &file->header;
        ssize_t n = pread(file->fd, header, sizeof(*header), 0);
        struct stat st;
        int r;

        if (n < 0 || fstat(file->fd, &st) < 0)
                return -errno;
        file->size = (uint64_t)st.st_size;
        if ((size_t)n < sizeof(*header) || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
                return -ENOEXEC;
        if (header->e_ident[EI_CLASS] != __ehdr_start.e_ident[EI_CLASS] ||
            header->e_ident[EI_DATA] != __ehdr_start.e_ident[EI_DATA] || header->e_machine != __ehdr_start.e_machine)
                return -EMEDIUMTYPE;
        if (header->e_phentsize != sizeof(*file->segments) || header->e_phnum == 0)
                return -EBADMSG;
        r = read_bytes(file, header->e_phoff, (uint64_t)header->e_phnum * sizeof(*file->segments), &file->segments);
        for (size_t i = 0; r == 0 && i < header->e_phnum; i++) {
                const ElfW(Phdr) *segment = &file->segments[i];

                if (segment->p_type == PT_LOAD &&
                    (segment->p_offset > file->size || segment->p_filesz > file->size - segment->p_offset))
                        return -EBADMSG; /* cut off */
        }
        return r;
}

/* Where an address is in the file. @return its offset, or UINT64_MAX */
static uint64_t offset_of(const struct file *file, ElfW(Addr) address)
{
        for (size_t i = 0; i < file->header.e_phnum; i++) {
                const ElfW(Phdr) *segment = &file->segments[i];

                if (segment->p_type == PT_LOAD && address >= segment->p_vaddr &&
                    address - segment->p_vaddr < segment->p_filesz)
                        return segment->p_offset + (address - segment->p_vaddr);
        }
        return UINT64_MAX;
}

/* Append a name to a list that ends with an empty one. */
static int add_name(char **list, size_t *used, const char *name, size_t length)
{
        char *grown = realloc(*list, *used + length + 2);

        if (!grown)
                return -ENOMEM;
        memcpy(grown + *used, name, length);
        memset(grown + *used + length, 0, 2);
        *used += length + 1;
        *list = grown;
        return 0;
}

static int set_string(char **ret, const char *text)
{
        free(*ret);
        *ret = strdup(text);
        return *ret ? 0 : -ENOMEM;
}

static int read_dynamic(const struct file *file, const ElfW(Phdr) * segment, struct object *ret)
{
        _cleanup_free_ ElfW(Dyn) *entries = NULL;
        _cleanup_free_ char *strings = NULL;
        size_t count = segment->p_filesz / sizeof(*entries), used = 0;
        uint64_t address = 0, size = 0;
        int r = read_bytes(file, segment->p_offset, segment->p_filesz, &entries);

        if (r < 0 || !entries)
                return r;
        for (size_t i = 0; i < count && entries[i].d_tag != DT_NULL; i++)
                if (entries[i].d_tag == DT_STRTAB)
                        address = entries[i].d_un.d_ptr;
                else if (entries[i].d_tag == DT_STRSZ)
                        size = entries[i].d_un.d_val;
        r = read_bytes(file, offset_of(file, (ElfW(Addr))address), size, &strings);
        for (size_t i = 0; r == 0 && i < count && entries[i].d_tag != DT_NULL; i++) {
                ElfW(Sxword) tag = entries[i].d_tag;
                const char *text;

                if (tag != DT_NEEDED && tag != DT_RPATH && tag != DT_RUNPATH)
                        continue;
                if (entries[i].d_un.d_val >= size)
                        return -EBADMSG;
                text = strings + entries[i].d_un.d_val;
                r = tag == DT_NEEDED ? add_name(&ret->needed, &used, text, strlen(text))
                                     : set_string(tag == DT_RPATH ? &ret->rpath : &ret->runpath, text);
        }
        return r;
}

/* The end of a string of JSON that starts behind its quote, or NULL. */
static const char *string_end(const char *p, const char *end)
{
        for (; p < end && *p != '"'; p++)
                if (*p == '\\' && ++p == end)
                        return NULL;
        return p < end ? p : NULL;
}

char *object_sonames(const char *text, size_t size)
{
        static const char key[] = "soname";
        _cleanup_free_ char *list = calloc(1, 1);
        const char *p = text, *end = text + size, *close;
        size_t used = 0;
        bool ours = false, array = false; /* the last string was the key; and its array is open */

        for (; list && p < end; p++) {
                if (*p == '[' || *p == ']')
                        array = *p == '[' && ours;
                if (*p != '"')
                        continue;
                close = string_end(++p, end);
                if (!close)
                        break;
                ours = !array && (size_t)(close - p) == strlen(key) && memcmp(p, key, strlen(key)) == 0;
                if (array && close > p && !memchr(p, '\\', (size_t)(close - p)) &&
                    add_name(&list, &used, p, (size_t)(close - p)) < 0)
                        return NULL;
                p = close;
        }
        return TAKE_PTR(list);
}

/* @used: bytes of the names so far */
static int read_notes(const struct file *file, const ElfW(Phdr) * segment, struct object *ret, size_t *used)
{
        _cleanup_free_ char *bytes = NULL;
        uint64_t align = segment->p_align == 8 ? 8 : 4, at = 0;
        int r = read_bytes(file, segment->p_offset, segment->p_filesz, &bytes);

        while (r == 0 && at + sizeof(ElfW(Nhdr)) <= segment->p_filesz) {
                ElfW(Nhdr) note;
                uint64_t name = at + sizeof(note), data;

                memcpy(&note, bytes + at, sizeof(note));
                data = align_up(name + note.n_namesz, align);
                at = align_up(data + note.n_descsz, align);
                if (data > segment->p_filesz || note.n_descsz > segment->p_filesz - data)
                        return -EBADMSG;
                if (note.n_type == NOTE_DLOPEN && note.n_namesz == 4 && memcmp(bytes + name, "FDO", 4) == 0) {
                        _cleanup_free_ char *names = object_sonames(bytes + data, note.n_descsz);

                        r = names ? 0 : -ENOMEM;
                        for (const char *n = names; r == 0 && *n; n += strlen(n) + 1)
                                r = add_name(&ret->dlopened, used, n, strlen(n));
                }
        }
        return r;
}

static int read_segments(const struct file *file, struct object *ret)
{
        size_t used = 0;
        int r = 0;

        for (size_t i = 0; r == 0 && i < file->header.e_phnum; i++) {
                const ElfW(Phdr) *segment = &file->segments[i];

                if (segment->p_type == PT_INTERP && !ret->interpreter)
                        r = read_bytes(file, segment->p_offset, segment->p_filesz, &ret->interpreter);
                else if (segment->p_type == PT_DYNAMIC && !ret->needed)
                        r = read_dynamic(file, segment, ret);
                else if (segment->p_type == PT_NOTE) /* one for each alignment */
                        r = read_notes(file, segment, ret, &used);
        }
        return r;
}

int object_read(int fd, struct object *ret)
{
        struct file file = { .fd = fd };
        int r = read_header(&file);

        if (r == 0)
                r = read_segments(&file, ret);
        free(file.segments);
        if (ret->runpath)
                free(TAKE_PTR(ret->rpath)); /* as the loader has it */
        return r;
}

void object_done(struct object *object)
{
        free(object->interpreter);
        free(object->rpath);
        free(object->runpath);
        free(object->needed);
        free(object->dlopened);
        *object = OBJECT_INIT;
}
