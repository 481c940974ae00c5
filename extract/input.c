/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "input.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "locate/locate.h"
#include "skipcpio/util.h"
#include "util/fs.h"
#include "util/log.h"
#include "util/notify.h"
#include "util/resources.h"

/* Read @fd to its end. @return a descriptor of memory, or a negative errno, already logged */
static int read_into_memory(int fd, const char *name)
{
        _cleanup_close_ int memory = memfd_create("initrd", MFD_CLOEXEC);
        uint64_t available = memory_available(), size = 0;
        uint64_t most = available > 0 ? MIN(INPUT_PIPE_MAX, available / 2) : INPUT_PIPE_MAX;
        uint8_t block[64 << 10];

        if (memory < 0)
                return log_error(-errno, "%s", name);
        for (;;) {
                ssize_t n = read(fd, block, sizeof(block));

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return log_error(-errno, "%s", name);
                if (n == 0)
                        return TAKE_FD(memory);
                size += (uint64_t)n;
                if (size > most)
                        return log_error(0, "%s: a pipe with more than %" PRIu64 " MiB: write it to a file", name,
                                         most >> 20),
                               -EFBIG;
                notify_progress("Reading", size, 0);
                for (ssize_t done = 0; done < n;) {
                        int64_t w = fs_write(memory, block + done, (size_t)(n - done));

                        if (w < 0)
                                return log_error((int)w, "%s: cannot be read into memory", name);
                        done += w;
                }
        }
}

static int open_one(const char *name)
{
        bool standard = strcmp(name, "-") == 0;
        _cleanup_close_ int fd = standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
                                          : open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return log_error(-errno, "%s", standard ? "standard input" : name);
        if (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || S_ISCHR(st.st_mode) ||
            (S_ISREG(st.st_mode) && lseek(fd, 0, SEEK_CUR) > 0)) /* somebody has read some of it */
                return read_into_memory(fd, standard ? "standard input" : name);
        return TAKE_FD(fd);
}

int input_open(const struct options *options, struct image *ret)
{
        _cleanup_(image_done) struct image image = IMAGE_INIT;
        const char *name = "";

        *ret = IMAGE_INIT;
        for (size_t i = 0; i < options->image_count; i++) {
                int fd = open_one(options->images[i]), r;

                if (fd < 0)
                        return fd;
                name = strcmp(options->images[i], "-") == 0 ? "standard input" : options->images[i];
                r = file_append(&image, fd, name, options->profile);
                if (r < 0)
                        return r;
        }
        if (image.size > 0 && file_last(&image, name) < 0)
                return -EIO;
        *ret = TAKE(image, IMAGE_INIT);
        return 0;
}
