/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lead.h"

#include <string.h>
#include <sys/stat.h>

#include "skipcpio/parts.h"
#include "skipcpio/util.h"
#include "util/log.h"
#include "identifier.h"
#include "uboot.h"

/* What speaks against a lead, the worst last. */
enum doubt { DOUBT_NONE, DOUBT_OPTIONS, DOUBT_VERSION };

static enum doubt doubt(const struct evidence *evidence)
{
        if (evidence->version < 0)
                return DOUBT_VERSION;
        if (evidence->words < 0 || (evidence->special && !evidence->booted))
                return DOUBT_OPTIONS;
        return DOUBT_NONE;
}

static bool is_default(const struct lead *lead)
{
        return lead->place->grade >= GRADE_DEFAULT;
}

#define LESS_FIRST(a, b) (((a) > (b)) - ((a) < (b)))
#define MORE_FIRST(a, b) LESS_FIRST(b, a)

/* The evidence alone. */
static int compare_evidence(const struct lead *a, const struct lead *b)
{
        const struct evidence *x = &a->evidence, *y = &b->evidence;

        /* What merely has a default name comes after all else; what something speaks against, after what nothing does.
         */
        return LESS_FIRST(is_default(a), is_default(b))
                       ?: LESS_FIRST(doubt(x), doubt(y))
                       /* Then the place decides; */
                       ?: LESS_FIRST(a->place->grade, b->place->grade)
                       /* of one place's, the most specific options, a known version, a normal boot, and the
                        * loader's word. */
                       ?: MORE_FIRST(x->words, y->words)
                       ?: MORE_FIRST(x->version, y->version)
                       ?: LESS_FIRST(x->special, y->special)
                       ?: MORE_FIRST(x->booted, y->booted);
}

int lead_compare(const struct lead *a, const struct lead *b)
{
        return compare_evidence(a, b)
                       /* What fits equally: by the identifier, by time, by its row, and in the order in which it was found. */
                       ?: MORE_FIRST(a->evidence.identity, b->evidence.identity)
                       ?: MORE_FIRST(a->evidence.time, b->evidence.time)
                       ?: LESS_FIRST(a->place, b->place)
                       ?: LESS_FIRST(a->serial, b->serial);
}

void lead_describe(const struct lead *lead, char *text, size_t size)
{
        const struct evidence *e = &lead->evidence;

        snprintf(text, size, "%s%s%s%s%s%s%s", lead->place->rule,
                 e->version > 0   ? "; of this kernel"
                 : e->version < 0 ? "; of another kernel"
                                  : "",
                 e->words > 0   ? "; its options are on the command line"
                 : e->words < 0 ? "; its options are not those of the command line"
                                : "",
                 e->special ? "; not for a normal boot" : "", e->booted ? "; its kernel is in BOOT_IMAGE=" : "",
                 e->identity > 0   ? "; its identifier is the one of the boot"
                 : e->identity < 0 ? "; its identifier is another one"
                                   : "",
                 e->time > 0   ? "; older than the boot"
                 : e->time < 0 ? "; newer than the boot"
                               : "");
}

int lead_add(struct search *search, struct lead *lead)
{
        struct lead *leads = reallocarray(search->leads, search->lead_count + 1, sizeof(*leads));
        char text[256];

        if (!leads) {
                lead_done(lead);
                return -ENOMEM;
        }
        search->leads = leads;
        lead->serial = search->serial++;
        lead_describe(lead, text, sizeof(text));
        log_debug("%s: candidate: %s", lead->name, text);
        leads[search->lead_count++] = *lead;
        *lead = (struct lead){ 0 };
        return 0;
}

int lead_add_file(struct search *search, const struct place *place, int fd, const char *name, struct evidence evidence)
{
        struct lead lead = { .place = place, .evidence = evidence };
        int r = image_add_file(&lead.image, fd, name);

        if (r >= 0) {
                lead.name = strdup(name);
                r = lead.name ? 0 : -ENOMEM;
        }
        if (r >= 0)
                return lead_add(search, &lead);
        lead_done(&lead);
        return search_skip(name, r, NULL);
}

static struct lead *best_lead(struct search *search)
{
        struct lead *best = NULL;

        for (size_t i = 0; i < search->lead_count; i++)
                if (!best || lead_compare(&search->leads[i], best) < 0)
                        best = &search->leads[i];
        return best;
}

static struct lead remove_lead(struct search *search, struct lead *lead)
{
        struct lead taken = *lead;

        *lead = search->leads[--search->lead_count];
        return taken;
}

/* Make a lead's image. Returns 1, 0 if that cannot be, or -ENOMEM. */
static int open_lead(struct search *search, struct lead *lead)
{
        int (*open)(struct search *, struct lead *) = lead->open;
        int r = 1;

        lead->open = NULL;
        if (open)
                r = open(search, lead);
        if (r <= 0)
                image_done(&lead->image); /* a part of it is not it */
        return r;
}

/* How well a lead's time fits the boot: the newest that is older is the best, the newest of the others the worst. */
static int64_t fit_time(int64_t time, int64_t boot)
{
        if (boot <= 0)
                return 0;
        return time <= boot ? MAX(time, (int64_t)1) : -time;
}

/* Look at what distinguishes leads that fit equally. Returns 0 or -ENOMEM. */
static int look_closer(struct search *search, struct lead *lead)
{
        const char *identifier = search_identifier(search);
        int64_t boot = search_boot_time(search);
        char own[IDENTIFIER_SIZE];
        struct stat st;
        int r;

        lead->examined = true;
        if (boot <= 0 && !identifier)
                return 0;
        r = open_lead(search, lead);
        if (r <= 0 || lead->image.count == 0)
                return r < 0 ? r : 0;
        if (fstat(lead->image.regions[lead->image.count - 1].fd, &st) == 0)
                lead->evidence.time = fit_time(st.st_mtime, boot);
        if (identifier && identifier_read(&lead->image, own))
                lead->evidence.identity = strcmp(own, identifier) == 0 ? 1 : -1;
        return 0;
}

/* Drop all leads with the same evidence as @like: each is doubtful, and nothing speaks for one of them. */
static void drop_equals(struct search *search, const struct lead *like)
{
        struct lead copy = *like;

        for (size_t i = search->lead_count; i-- > 0;)
                if (compare_evidence(&search->leads[i], &copy) == 0) {
                        struct lead lead = remove_lead(search, &search->leads[i]);

                        search_skip(lead.name, 0, "it is doubtful, and so are others");
                        lead_done(&lead);
                }
}

/* @return 1 if @best can be taken; 0 if leads have changed and the best must be found again; or -ENOMEM */
static int compare_equals(struct search *search, struct lead *best)
{
        size_t equals = 0, unexamined = 0;
        int r = 0;

        for (size_t i = 0; i < search->lead_count; i++)
                if (compare_evidence(&search->leads[i], best) == 0) {
                        equals++;
                        unexamined += !search->leads[i].examined;
                }
        if (equals < 2)
                return 1;
        if (best->place->grade == GRADE_FITTING && doubt(&best->evidence) != DOUBT_NONE) {
                drop_equals(search, best);
                return 0;
        }
        if (unexamined == 0)
                return 1;
        for (size_t i = 0; r == 0 && i < search->lead_count; i++)
                if (!search->leads[i].examined && compare_evidence(&search->leads[i], best) == 0)
                        r = look_closer(search, &search->leads[i]);
        return r;
}

/* Whether a row that was not read yet may have something better. */
static bool may_be_better(const struct place *next, const struct lead *best)
{
        if (is_default(best) || doubt(&best->evidence) == DOUBT_NONE)
                return next->grade <= best->place->grade;
        return next->grade < GRADE_DEFAULT;
}

int lead_take(struct search *search, const struct place *next, struct lead *ret)
{
        struct lead *best;
        int r = 0;

        while (r == 0) {
                best = best_lead(search);
                if (!best || (next && may_be_better(next, best)))
                        return 0;
                r = compare_equals(search, best);
        }
        if (r < 0)
                return r;
        *ret = remove_lead(search, best);
        return 1;
}

int lead_settle(struct search *search, struct lead *lead)
{
        struct image *image = &lead->image;
        struct image_error e = { 0 };
        const char *reason;
        struct part part;
        int r = open_lead(search, lead);

        if (r <= 0 || image->count == 0)
                return r < 0 ? r : 0;
        r = uboot_unwrap(image, &reason);
        if (r == -EBADMSG)
                return search_skip(image->regions[0].name, r, reason);
        if (r >= 0)
                r = image_trim_bootconfig(image);
        if (r >= 0)
                r = part_next(image, 0, false, &part, &e);
        if (r == 1)
                return 1;
        return search_skip(image->regions[0].name, r,
                           r == 0          ? "there is nothing in it"
                           : r == -EBADMSG ? e.reason ?: "it starts with no known format"
                                           : NULL);
}

void lead_done(struct lead *lead)
{
        free(lead->name);
        image_done(&lead->image);
        *lead = (struct lead){ 0 };
}

void leads_drop(struct search *search, size_t count)
{
        while (search->lead_count > count)
                lead_done(&search->leads[--search->lead_count]);
}

void leads_done(struct search *search)
{
        leads_drop(search, 0);
        free(search->leads);
        search->leads = NULL;
}
