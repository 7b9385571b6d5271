/* SPDX-License-Identifier: BSD-2-Clause */
/* Between entries and records. */
#include "split/share.h"

#include "split/second_line.h"

uint32_t mpci_share_registrar(const mpci_split *sp, const mpconn_tuple *t)
{
    return mpci_members_registrar(&sp->sync->members, t);
}

static mpci_record record_of(unsigned type, const mpconn_tuple *t, uint32_t isn)
{
    mpci_record r = {0};

    r.type = (uint8_t)type;
    r.tuple = *t;
    r.client_isn = isn;
    return r;
}

/* Fields that stand in a record as they stand in the entry: who tells them and who notes them go
 * through the same list. */
#define DRIVE_FIELDS(X) X(hs) X(proxy_isn) X(client_ts) X(proxy_ts) X(client_window)
#define PLAIN_FIELDS(X) X(hs) X(client_ts) X(client_window)
#define ANSWER_FIELDS(X) X(server_options) X(server_isn) X(server_ts) X(server_window) X(server_mss)
#define COMMIT_FIELDS(X)                                                                     \
    X(hs) X(server_options) X(server_isn) X(client_ts) X(client_window) X(server_window)     \
    X(server_mss)
#define TELL(field) r.field = h->field;
#define NOTE(field) h->field = r->field;

/* What the server leg shows, where it is not what the record goes by. */
static void tell_leg(const mpci_split *sp, mpci_record *r, mpci_binding_number n)
{
    if (n != 0)
        r->server_leg = mpci_binding_at(&sp->core->bindings, n)->server_leg;
}

void mpci_share_word(mpci_split *sp, unsigned type, const mpconn_tuple *t, uint32_t isn,
                     uint32_t to, unsigned code)
{
    mpci_record r = record_of(type, t, isn);

    if (type == MPCI_RECORD_QUERY)
        r.flags = (uint8_t)code;
    else
        r.code = (uint8_t)code;
    mpci_sync_put(sp->sync, to, &r);
}

void mpci_share_stale(mpci_split *sp, const mpconn_tuple *t, uint32_t isn, uint16_t generation,
                      uint32_t to)
{
    mpci_record r = record_of(MPCI_RECORD_STALE, t, isn);

    r.generation = generation;
    mpci_sync_put(sp->sync, to, &r);
}

void mpci_share_close(mpci_split *sp, uint32_t slot, uint32_t to, unsigned code)
{
    const mpci_settled *e = mpci_settled_at(&sp->core->settled, slot);
    mpconn_tuple key;
    mpci_record r;

    mpci_settled_tuple(&sp->core->settled, slot, &key);
    r = record_of(MPCI_RECORD_CLOSE, &key, e->client_isn);
    r.generation = e->generation;
    r.code = (uint8_t)code;
    mpci_sync_put(sp->sync, to, &r);
}

void mpci_share_unreachable(mpci_split *sp, const mpconn_tuple *t, uint32_t isn, uint32_t to)
{
    mpci_record r = record_of(MPCI_RECORD_RST_SEEN, t, isn);

    r.flags = MPCI_RST_UNREACHABLE;
    mpci_sync_put(sp->sync, to, &r);
}

void mpci_share_request(mpci_split *sp, const mpci_handshake *h, uint32_t to)
{
    mpci_record r = record_of(MPCI_RECORD_SHARE, &h->tuple, h->client_isn);

    r.client_ts = h->client_ts;
    mpci_sync_put(sp->sync, to, &r);
}

void mpci_share_drive(mpci_split *sp, const mpci_handshake *h, uint32_t to, unsigned flags)
{
    mpci_record r = record_of(MPCI_RECORD_DRIVE, &h->tuple, h->client_isn);

    r.flags = (uint8_t)flags;
    DRIVE_FIELDS(TELL)
    tell_leg(sp, &r, h->binding);
    mpci_sync_put(sp->sync, to, &r);
}

void mpci_share_note_drive(mpci_handshake *h, const mpci_record *r)
{
    h->client_isn = r->client_isn;
    DRIVE_FIELDS(NOTE)
}

void mpci_share_plain(mpci_split *sp, const mpci_handshake *h, uint32_t to)
{
    mpci_record r = record_of(MPCI_RECORD_PLAIN, &h->tuple, h->client_isn);

    r.flags = h->flags & MPCI_HANDSHAKE_REVERSE ? MPCI_PLAIN_REVERSE : 0;
    PLAIN_FIELDS(TELL)
    mpci_sync_put(sp->sync, to, &r);
}

void mpci_share_note_plain(mpci_handshake *h, const mpci_record *r)
{
    mpci_offers o;

    mpci_offers_unpack(&o, r->hs);
    h->client_isn = r->client_isn;
    h->client_mss = mpci_mss_of_index(o.mss_client);
    PLAIN_FIELDS(NOTE)
    h->flags &= (uint8_t)~(MPCI_HANDSHAKE_REVERSE | MPCI_HANDSHAKE_CHALLENGED);
    if (r->flags & MPCI_PLAIN_REVERSE)
        h->flags |= MPCI_HANDSHAKE_REVERSE;
}

void mpci_share_answer(mpci_split *sp, const mpci_handshake *h, uint32_t to, unsigned flags)
{
    mpci_record r = record_of(MPCI_RECORD_ANSWER, &h->tuple, h->client_isn);

    r.flags = (uint8_t)flags;
    ANSWER_FIELDS(TELL)
    tell_leg(sp, &r, h->binding);
    mpci_sync_put(sp->sync, to, &r);
}

void mpci_share_note_answer(mpci_handshake *h, const mpci_record *r)
{
    h->client_isn = r->client_isn;
    ANSWER_FIELDS(NOTE)
}

/* T is 0 where the server has no timestamps; then its reading is ours, so that T is always their
 * difference. */
void mpci_share_commit(mpci_split *sp, const mpci_handshake *h, uint32_t to)
{
    mpci_settled *e = mpci_settled_at(&sp->core->settled, h->settled);
    mpci_record r = record_of(MPCI_RECORD_COMMIT, &h->tuple, h->client_isn);

    COMMIT_FIELDS(TELL)
    r.generation = e->generation;
    r.seq_offset = e->seq_offset;
    r.ts_offset = e->ts_offset;
    r.server_ts = h->proxy_ts + e->ts_offset;
    tell_leg(sp, &r, mpci_settled_binding(&sp->core->settled, h->settled));
    e->use |= MPCI_SETTLED_SHARED;
    mpci_sync_put(sp->sync, to, &r);
}

void mpci_share_note_commit(mpci_handshake *h, const mpci_record *r)
{
    h->client_isn = r->client_isn;
    COMMIT_FIELDS(NOTE)
    h->generation = r->generation;
    h->proxy_isn = r->server_isn - r->seq_offset;
    h->server_ts = r->server_ts;
    h->proxy_ts = r->server_ts - r->ts_offset;
}

static uint16_t idle_seconds(const mpci_core *core, const mpci_settled *e)
{
    uint64_t s = ((uint64_t)(mpci_tick(core->now) - e->last_seen) << 24) / MPCONN_SECOND;

    return s < UINT16_MAX ? (uint16_t)s : UINT16_MAX;
}

/* A commit is certain when the server has been heard since. */
static int is_certain(const mpci_split *sp, const mpci_settled *e, const mpconn_tuple *t)
{
    const mpci_handshake *h;

    if ((mpci_settled_flags(e) & MPCI_SETTLED_CONFIRMING) == 0)
        return 1;
    h = mpci_handshake_find(&sp->core->handshakes, mpci_tuple_hash(&sp->core->table_key, t), t);
    return h == NULL || (h->flags & MPCI_HANDSHAKE_SERVER_HEARD) != 0;
}

static void share_flow(mpci_split *sp, uint32_t slot, uint32_t to, unsigned flags)
{
    const mpci_settled_table *t = &sp->core->settled;
    mpci_settled *e = mpci_settled_at(t, slot);
    mpci_record r = {0};

    mpci_settled_tuple(t, slot, &r.tuple);
    r.type = MPCI_RECORD_DELTA;
    r.client_isn = e->client_isn;
    r.flags = (uint8_t)(flags | (mpci_settled_flags(e) & MPCI_SETTLED_SPLIT ? MPCI_FLOW_SPLIT : 0) |
                        (mpci_settled_flags(e) & MPCI_SETTLED_REVERSE ? MPCI_FLOW_REVERSE : 0));
    if (mpci_settled_flags(e) & MPCI_SETTLED_RENDEZVOUS)
        r.flags |= MPCI_FLOW_RENDEZVOUS;
    if (is_certain(sp, e, &r.tuple))
        r.flags |= MPCI_FLOW_HEARD;
    r.generation = e->generation;
    r.hs = e->hs;
    r.server_options = e->server_options;
    r.seq_offset = e->seq_offset;
    r.ts_offset = e->ts_offset;
    mpci_second_line_tell(sp, slot, &r);
    tell_leg(sp, &r, mpci_settled_binding(t, slot));
    r.state = e->state;
    r.idle_s = idle_seconds(sp->core, e);
    for (unsigned i = 0; i < 2; i++) {
        r.end[i] = e->dir[i].end;
        r.room[i] = e->dir[i].max_end - e->dir[i].end;
        r.max_window[i] = e->max_window[i];
    }
    e->use |= MPCI_SETTLED_SHARED;
    mpci_sync_put(sp->sync, to, &r);
}

/* A copy would carry what is said to a client that may not be there. */
static int is_told_otherwise(const mpci_split *sp, uint32_t slot, uint32_t to)
{
    const mpci_core *core = sp->core;
    unsigned flags = mpci_settled_flags(mpci_settled_at(&core->settled, slot));

    return to != MPCONN_MEMBER_ALL && (flags & MPCI_SETTLED_RENDEZVOUS) != 0 &&
           core->asked != NULL && core->asked(core->ended_owner, slot, to);
}

void mpci_share_flow(mpci_split *sp, uint32_t slot, uint32_t to)
{
    if (!is_told_otherwise(sp, slot, to))
        share_flow(sp, slot, to, 0);
}

void mpci_share_moved(mpci_split *sp, uint32_t slot, uint32_t to)
{
    share_flow(sp, slot, to, MPCI_FLOW_MOVED);
}

/* Life only grows, but for the mark of a RST: who was told of that would tell it back for ever. */
void mpci_share_life(mpci_split *sp, uint32_t slot, uint8_t before)
{
    unsigned taken_back = before & ~(unsigned)mpci_settled_at(&sp->core->settled, slot)->state;

    share_flow(sp, slot, MPCONN_MEMBER_ALL,
               (taken_back & MPCI_LIFE_RST << 3) != 0 ? MPCI_FLOW_GOES_ON : 0);
}
