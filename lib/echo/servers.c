/* SPDX-License-Identifier: BSD-2-Clause */
#include "echo/servers.h"

#include "base/cursor.h"

/* So many echoes without an answer, over at least so long: replies are lost, too, and a member that
 * saw one may be slow to say so. Who has answered before is believed for longer. */
enum { MUTE_AFTER = 3, MUTE_AFTER_ANSWERS = 8 };

/* While nothing is known of a server, or it is mute, each third echo has the short form. */
enum { CUT_EACH = 3 };
#define MUTE_AFTER_NS MPCONN_SECOND
#define MUTE_AFTER_ANSWERS_NS (3 * MPCONN_SECOND)

/* So long it is known that a server answers, since it did so last; and that it does not, since an
 * echo was sent to it last. */
#define GOOD_FOR_NS (600 * MPCONN_SECOND)
#define BAD_FOR_NS (60 * MPCONN_SECOND)

/* Whoever is asked is given so long; then the SYN passes unsplit, and they are asked again
 * later. */
#define ASKED_FOR_NS (MPCONN_SECOND / 2)
#define ASK_AGAIN_NS (3 * MPCONN_SECOND)

int mpci_servers_init(mpci_servers *s, mpci_alloc *a, const mpci_sipkey *key, uint32_t capacity)
{
    s->hash_key = key;
    return mpci_cache_init(&s->cache, a, capacity, sizeof(mpci_server));
}

void mpci_servers_fini(mpci_servers *s, mpci_alloc *a)
{
    mpci_cache_fini(&s->cache, a);
}

static uint64_t hash_of(const mpci_servers *s, const mpconn_tuple *t)
{
    uint8_t bytes[sizeof(mpconn_addr) + 3];
    mpci_writer w = mpci_writer_of(bytes, sizeof bytes);

    mpci_write_bytes(&w, t->server.bytes, sizeof t->server.bytes);
    mpci_write_number(&w, t->family, 1);
    mpci_write_number(&w, t->zone, 2);
    return mpci_siphash13(s->hash_key, bytes, sizeof bytes);
}

mpci_server *mpci_servers_find(const mpci_servers *s, const mpconn_tuple *t)
{
    return mpci_cache_find(&s->cache, hash_of(s, t));
}

mpci_server *mpci_servers_take(mpci_servers *s, const mpconn_tuple *t, mpconn_time now)
{
    uint64_t hash = hash_of(s, t);
    mpci_server *e = mpci_cache_find(&s->cache, hash);
    mpci_budget spent;

    if (e == NULL) { /* who is pushed out and comes again must not have a new budget by that */
        spent = ((const mpci_server *)(const void *)mpci_cache_oldest(&s->cache, hash))->budget;
        e = mpci_cache_take(&s->cache, hash, now);
        e->budget = spent;
    }
    return mpci_cache_take(&s->cache, hash, now);
}

static int is_good(const mpci_server *s, mpconn_time now)
{
    return s->answers && now - s->answered < GOOD_FOR_NS;
}

/* Echoes that were not answered and still tell something. */
static uint32_t waiting(const mpci_server *s, mpconn_time now)
{
    return now - s->pinged < BAD_FOR_NS ? s->waiting : 0;
}

static int is_silent(const mpci_server *s, mpconn_time now)
{
    int good = is_good(s, now);
    uint32_t most = good ? MUTE_AFTER_ANSWERS : MUTE_AFTER;
    uint64_t longest = good ? MUTE_AFTER_ANSWERS_NS : MUTE_AFTER_NS;

    return waiting(s, now) >= most && now - s->waiting_since >= longest;
}

void mpci_server_pinged(mpci_server *s, mpconn_time now)
{
    s->waiting = waiting(s, now) + 1;
    if (s->waiting == 1)
        s->waiting_since = now;
    s->pinged = now;
}

void mpci_server_answered(mpci_server *s, int cut, mpconn_time now)
{
    s->cut = cut != 0 && ((s->cut && is_good(s, now)) || waiting(s, now) > 1);
    s->answers = 1;
    s->answered = now;
    s->waiting = 0;
    s->asked = 0;
}

void mpci_server_asked(mpci_server *s, mpconn_time now)
{
    if (s->asked && now - s->asked_since < ASK_AGAIN_NS)
        return;
    s->asked = 1;
    s->asked_since = now;
}

int mpci_server_may_ask(const mpci_server *s, int before, mpconn_time now)
{
    return !s->asked || now - s->asked_since < ASKED_FOR_NS ||
           (!before && now - s->asked_since >= ASK_AGAIN_NS);
}

int mpci_server_is_mute(const mpci_server *s, mpconn_time now)
{
    return s != NULL && is_silent(s, now);
}

int mpci_server_is_to_be_cut(const mpci_server *s, mpconn_time now)
{
    int good = is_good(s, now), is_unknown = !good || is_silent(s, now);

    return (good && s->cut) || (is_unknown && (waiting(s, now) + 1) % CUT_EACH == 0);
}
