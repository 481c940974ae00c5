/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "writers.h"

#include <pthread.h>

#include "skipcpio/util.h"
#include "util/fs.h"
#include "source.h"

#define THREADS_MAX 4U /* more writers than that only wait for each other's page allocations */
#define QUEUE 64U      /* with a queue of two, which runs dry while the main thread copies a file, it took 12 % more */

struct copy {
        int from, to;
        uint64_t offset, size;
        uint32_t mtime;
};

struct writers {
        struct tree *tree;
        pthread_mutex_t lock;
        pthread_cond_t work, done;
        struct copy queue[QUEUE];
        unsigned queued, busy, count;
        int result;
        bool stop;
        pthread_t threads[THREADS_MAX];
};

static int copy(struct writers *w, struct copy *c)
{
        int r = fs_copy(c->from, &c->offset, c->to, &c->size);

        if (r == -ENOSPC) {
                w->tree->full = true;
                w->tree->missing += align_up(c->size, w->tree->unit);
        }
        if (r == 0)
                r = tree_file_times(c->to, c->mtime);
        safe_close(c->to);
        return r;
}

/* Take a copy from the queue and make it; the lock is held before and after, and not meanwhile. */
static void copy_one(struct writers *w)
{
        struct copy c = w->queue[--w->queued];
        int r;

        w->busy++;
        pthread_mutex_unlock(&w->lock);
        r = copy(w, &c);
        pthread_mutex_lock(&w->lock);
        w->busy--;
        if (w->result == 0)
                w->result = r;
        if (w->queued == 0 && w->busy == 0)
                pthread_cond_signal(&w->done);
}

static void *work(void *argument)
{
        struct writers *w = argument;

        pthread_mutex_lock(&w->lock);
        for (;;) {
                while (w->queued == 0 && !w->stop)
                        pthread_cond_wait(&w->work, &w->lock);
                if (w->queued == 0)
                        break;
                copy_one(w);
        }
        pthread_mutex_unlock(&w->lock);
        return NULL;
}

struct writers *writers_start(struct tree *tree, unsigned threads)
{
        struct writers *w;

        if (threads == 0)
                return NULL;
        w = calloc(1, sizeof(*w));
        if (!w)
                return NULL;
        w->tree = tree;
        pthread_mutex_init(&w->lock, NULL);
        pthread_cond_init(&w->work, NULL);
        pthread_cond_init(&w->done, NULL);
        while (w->count < MIN(threads, THREADS_MAX) && pthread_create(&w->threads[w->count], NULL, work, w) == 0)
                w->count++;
        if (w->count > 0)
                return w;
        free(w);
        return NULL;
}

int writers_copy(struct writers *w, int from, uint64_t offset, int to, uint64_t size, uint32_t mtime)
{
        int taken = 0;

        pthread_mutex_lock(&w->lock);
        if (w->queued < QUEUE) {
                w->queue[w->queued++] =
                                (struct copy){ .from = from, .to = to, .offset = offset, .size = size, .mtime = mtime };
                taken = 1;
                if (w->queued <= w->count)
                        pthread_cond_signal(&w->work);
        }
        pthread_mutex_unlock(&w->lock);
        return taken;
}

int writers_drain(struct writers *w)
{
        int r;

        pthread_mutex_lock(&w->lock);
        while (w->queued > 0)
                copy_one(w);
        while (w->busy > 0)
                pthread_cond_wait(&w->done, &w->lock);
        r = w->result;
        pthread_mutex_unlock(&w->lock);
        return r;
}

int writers_stop(struct writers *w)
{
        int r;

        if (!w)
                return 0;
        r = writers_drain(w);
        pthread_mutex_lock(&w->lock);
        w->stop = true;
        pthread_cond_broadcast(&w->work);
        pthread_mutex_unlock(&w->lock);
        while (w->count > 0)
                pthread_join(w->threads[--w->count], NULL);
        pthread_mutex_destroy(&w->lock);
        pthread_cond_destroy(&w->work);
        pthread_cond_destroy(&w->done);
        free(w);
        return r;
}
