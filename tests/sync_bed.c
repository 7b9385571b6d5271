/* SPDX-License-Identifier: BSD-2-Clause */
#include "sync_bed.h"

#include <stdlib.h>

#include "check_main.h"

static void enqueue(sync_bed *s, unsigned from, unsigned to, const uint8_t *bytes, size_t len)
{
    sync_letter *l = &s->queue[s->n_queue];

    ck_assert_uint_lt(s->n_queue, SYNC_QUEUE);
    s->n_queue++;
    l->from = from;
    l->to = to;
    l->len = len;
    memcpy(l->bytes, bytes, len);
}

static int on_frame(void *user, uint32_t member, const uint8_t *frame, size_t len)
{
    sync_station *m = user;
    sync_bed *s = m->net;
    sync_letter *l = &s->tape[s->n_tape++ % SYNC_TAPE];

    if (m->b.send_fails)
        return -1;
    ck_assert_uint_le(len, m->cfg.sync_mtu != 0 ? m->cfg.sync_mtu : 1400);
    ck_assert_uint_le(len, SYNC_BYTES);
    l->from = m->index;
    l->to = member;
    l->len = len;
    memcpy(l->bytes, frame, len);
    for (unsigned i = 0; i < s->n; i++)
        if (i != m->index && (member == MPCONN_MEMBER_ALL || s->at[i].id == member))
            enqueue(s, m->index, i, frame, len);
    return 0;
}

/* Of the test and not of the member: no two boots draw the same. */
static int on_random(void *user, uint8_t *dst, size_t len)
{
    sync_station *m = user;

    seed_fill(&m->net->rng, dst, len);
    return 0;
}

static void on_record(void *user, const mpci_record *r, uint32_t from)
{
    sync_station *m = user;

    ck_assert_uint_lt(m->n_taken, SYNC_TAKEN);
    m->taken[m->n_taken] = *r;
    m->taken_from[m->n_taken++] = from;
}

void sync_bed_open(sync_bed *s, unsigned n)
{
    memset(s, 0, sizeof *s);
    s->n = n;
    s->now = 1000 * MPCONN_SECOND;
    s->rng = seed_start();
    for (unsigned i = 0; i < n; i++) {
        sync_station *m = &s->at[i];
        unsigned k = 0;

        m->net = s;
        m->index = i;
        m->id = (uint16_t)(i + 1);
        for (unsigned j = 0; j < n; j++)
            if (j != i)
                m->others[k++] = (uint16_t)(j + 1);
        bed_config(&m->cfg, &m->cb);
        m->cfg.members = m->others;
        m->cfg.n_members = k;
        m->cb.send_frame = on_frame;
        m->cb.random = on_random;
    }
}

static mpconn_time clock_of(const sync_station *m)
{
    return m->net->now + m->ahead;
}

void sync_boot(sync_bed *s, unsigned i)
{
    sync_station *m = &s->at[i];

    if (m->b.eng != NULL)
        sync_end(s, i);
    m->cfg.member_id = m->id;
    memset(&m->b, 0, sizeof m->b);
    m->b.now = clock_of(m);
    ck_assert_int_eq(mpconn_engine_new(&m->b.eng, &m->cfg, &m->cb, m, m->b.now), MPCONN_OK);
    if (s->catch_records) {
        m->b.eng->sync.take = on_record;
        m->b.eng->sync.taker = m;
    }
}

void sync_boot_all(sync_bed *s)
{
    for (unsigned i = 0; i < s->n; i++)
        sync_boot(s, i);
}

void sync_end(sync_bed *s, unsigned i)
{
    bed_close(&s->at[i].b);
    s->at[i].b.eng = NULL;
}

void sync_bed_close(sync_bed *s)
{
    for (unsigned i = 0; i < s->n; i++)
        if (s->at[i].b.eng != NULL)
            sync_end(s, i);
}

unsigned sync_input(sync_bed *s, unsigned to, const uint8_t *bytes, size_t len)
{
    sync_station *m = &s->at[to];
    uint8_t *copy = malloc(len > 0 ? len : 1);
    uint32_t reason = UINT32_MAX;

    memcpy(copy, bytes, len);
    m->b.now = clock_of(m);
    HOLDS(mpconn_engine_sync_input(m->b.eng, copy, len, &reason, m->b.now) == MPCONN_OK);
    HOLDS(mpconn_sync_reason_name(reason) != NULL);
    free(copy);
    return reason;
}

static sync_letter take_letter(sync_bed *s, unsigned at)
{
    sync_letter l = s->queue[at];

    s->n_queue--;
    memmove(&s->queue[at], &s->queue[at + 1], (s->n_queue - at) * sizeof l);
    return l;
}

/* What comes to a member that is not up is lost. */
static void arrive(sync_bed *s, const sync_letter *l)
{
    unsigned reason;

    if (s->at[l->to].b.eng == NULL)
        return;
    reason = sync_input(s, l->to, l->bytes, l->len);
    ck_assert_msg(!s->strict || reason < 16, "%s", mpconn_sync_reason_name(reason));
}

unsigned sync_deliver(sync_bed *s, unsigned from, unsigned to)
{
    unsigned n = sync_waiting(s, from, to);

    for (unsigned i = 0; i < n; i++) {
        sync_letter l = sync_take(s, from, to);

        arrive(s, &l);
    }
    return n;
}

void sync_carry(sync_bed *s)
{
    for (unsigned steps = 0; s->n_queue > 0; steps++) {
        unsigned at = 0;
        sync_letter l;

        ck_assert_uint_lt(steps, 10000); /* they never stop talking */
        if (seed_below(&s->rng, 100) < s->reorder)
            at = seed_below(&s->rng, s->n_queue);
        l = take_letter(s, at);
        if (seed_below(&s->rng, 100) < s->loss)
            continue;
        if (seed_below(&s->rng, 100) < s->repeat)
            enqueue(s, l.from, l.to, l.bytes, l.len);
        arrive(s, &l);
    }
}

sync_letter sync_take(sync_bed *s, unsigned from, unsigned to)
{
    unsigned at = 0;

    while (at < s->n_queue && (s->queue[at].from != from || s->queue[at].to != to))
        at++;
    ck_assert_msg(at < s->n_queue, "no frame waits");
    return take_letter(s, at);
}

void sync_lose(sync_bed *s)
{
    s->n_queue = 0;
}

unsigned sync_waiting(const sync_bed *s, unsigned from, unsigned to)
{
    unsigned n = 0;

    for (unsigned i = 0; i < s->n_queue; i++)
        n += s->queue[i].from == from && s->queue[i].to == to;
    return n;
}

/* The test's time at which a member next wants to be called. */
static mpconn_time due(const sync_station *m)
{
    mpconn_time t = m->b.eng != NULL ? mpconn_engine_next_expiry(m->b.eng) : MPCONN_TIME_NEVER;

    return t == MPCONN_TIME_NEVER ? t : t > m->ahead ? t - m->ahead : 0;
}

void sync_pass(sync_bed *s, uint64_t ns)
{
    mpconn_time end = s->now + ns;

    for (;;) {
        mpconn_time next = MPCONN_TIME_NEVER;

        for (unsigned i = 0; i < s->n; i++)
            if (due(&s->at[i]) < next)
                next = due(&s->at[i]);
        if (next > end)
            break;
        if (next > s->now)
            s->now = next;
        for (unsigned i = 0; i < s->n; i++) {
            sync_station *m = &s->at[i];

            if (m->b.eng == NULL || due(m) > s->now)
                continue;
            m->b.now = clock_of(m);
            HOLDS(mpconn_engine_expire(m->b.eng, 0, NULL, m->b.now) == MPCONN_OK);
        }
        sync_carry(s);
    }
    s->now = end;
    for (unsigned i = 0; i < s->n; i++)
        s->at[i].b.now = clock_of(&s->at[i]);
}

int sync_knows(sync_bed *s, unsigned i, unsigned j)
{
    const mpci_member *p = mpci_members_find(&s->at[i].b.eng->sync.members, s->at[j].id);

    return p->up && p->boot == s->at[j].b.eng->sync.members.boot;
}

void sync_meet(sync_bed *s)
{
    sync_pass(s, 0);
    for (unsigned i = 0; i < s->n; i++)
        for (unsigned j = 0; j < s->n; j++)
            if (i != j && s->at[i].b.eng != NULL && s->at[j].b.eng != NULL)
                ck_assert_msg(sync_knows(s, i, j), "member %u does not hear %u", s->at[i].id,
                              s->at[j].id);
}

void sync_start(sync_bed *s)
{
    s->strict = 1;
    sync_boot_all(s);
    sync_meet(s);
    for (unsigned i = 0; i < s->n; i++) {
        for (unsigned j = 0; j < s->n; j++)
            ck_assert_uint_eq(sync_events(s, i, MPCONN_EVENT_MEMBER_UP, s->at[j].id), i != j);
        s->at[i].b.n_events = 0;
    }
}

unsigned sync_registrar(const sync_bed *s, const mpconn_tuple *t)
{
    unsigned id = mpci_members_registrar(&s->at[0].b.eng->sync.members, t), found = s->n;

    for (unsigned i = 0; i < s->n; i++) {
        ck_assert_uint_eq(mpci_members_registrar(&s->at[i].b.eng->sync.members, t), id);
        if (s->at[i].id == id)
            found = i;
    }
    ck_assert_uint_lt(found, s->n);
    return found;
}

const sync_letter *sync_last(const sync_bed *s, unsigned from)
{
    for (unsigned i = s->n_tape; i-- > 0 && s->n_tape - i <= SYNC_TAPE;)
        if (s->tape[i % SYNC_TAPE].from == from)
            return &s->tape[i % SYNC_TAPE];
    ck_abort_msg("member %u has sent nothing", s->at[from].id);
    return NULL;
}

void sync_put(sync_bed *s, unsigned from, uint32_t to_id, const mpci_record *r)
{
    mpci_sync_put(&s->at[from].b.eng->sync, to_id, r);
}

void sync_flush(sync_bed *s, unsigned from)
{
    mpci_sync_flush(&s->at[from].b.eng->sync);
}

mpci_record sync_record(unsigned port)
{
    mpci_record r;

    memset(&r, 0, sizeof r);
    r.type = MPCI_RECORD_COMMIT;
    r.tuple = bed_tuple(MPCONN_FAMILY_IPV4, 1, (uint16_t)port);
    r.client_isn = port;
    r.generation = 1;
    r.seq_offset = UINT32_MAX;
    return r;
}

void sync_say(sync_bed *s, unsigned from, uint32_t to_id, unsigned port)
{
    mpci_record r = sync_record(port);

    sync_put(s, from, to_id, &r);
    sync_flush(s, from);
}

mpci_frame sync_header(sync_bed *s, unsigned from, uint32_t to_id)
{
    const mpci_sync *sync = &s->at[from].b.eng->sync;
    mpci_frame f = {0};

    f.sender = sync->members.self;
    f.destination = (uint16_t)to_id;
    f.cluster = sync->key.cluster;
    f.epoch = (uint32_t)sync->epochs.number;
    f.boot = sync->members.boot;
    f.sequence = sync->sequence + 1;
    return f;
}

size_t sync_forge(uint8_t *bytes, const mpci_frame *f, const uint8_t *records, size_t len,
                  const uint8_t key[16])
{
    mpci_sipkey root = mpci_sipkey_fold(key, 16);
    mpci_frame_key k;

    mpci_frame_key_init(&k, &root);
    mpci_frame_write(f, bytes);
    if (len > 0)
        memcpy(bytes + MPCI_FRAME_HEADER, records, len);
    len += MPCI_FRAME_HEADER;
    mpci_frame_tag(&k, bytes, len, bytes + len);
    return len + MPCI_FRAME_TAG;
}

unsigned sync_events(const sync_bed *s, unsigned at, unsigned type, uint32_t about)
{
    const bed *b = &s->at[at].b;
    unsigned n = 0;

    ck_assert_uint_le(b->n_events, sizeof b->events / sizeof b->events[0]);
    for (unsigned i = 0; i < b->n_events; i++)
        n += b->events[i].type == type && b->events[i].member == about;
    return n;
}

/* ---- the toy cipher ---- */

static const mpci_sipkey toy_key = {{11, 22}};

static void toy_tag(const uint8_t *header, const uint8_t *records, size_t len, uint8_t *tag)
{
    uint8_t text[SYNC_BYTES];

    memcpy(text, header, MPCI_FRAME_HEADER);
    memcpy(text + MPCI_FRAME_HEADER, records, len);
    mpci_siphash24_128(&toy_key, text, MPCI_FRAME_HEADER + len, tag);
}

static void toy_stream(const uint8_t *header, uint8_t *records, size_t len)
{
    for (size_t i = 0; i < len; i++)
        records[i] ^= (uint8_t)mpci_siphash24(&toy_key, header + 16, 16) ^ (uint8_t)(31 * i);
}

static int toy_seal(void *user, const uint8_t *header, size_t header_len, uint8_t *records,
                    size_t len, uint8_t *tag)
{
    (void)user;
    ck_assert_uint_eq(header_len, MPCI_FRAME_HEADER);
    toy_tag(header, records, len, tag);
    toy_stream(header, records, len);
    return 0;
}

static int toy_open(void *user, const uint8_t *header, size_t header_len, uint8_t *records,
                    size_t len, const uint8_t *tag)
{
    uint8_t want[16];

    (void)user;
    ck_assert_uint_eq(header_len, MPCI_FRAME_HEADER);
    toy_stream(header, records, len);
    toy_tag(header, records, len, want);
    return memcmp(tag, want, sizeof want) == 0 ? 0 : -1;
}

void sync_with_cipher(sync_bed *s, unsigned i)
{
    s->at[i].cb.seal = toy_seal;
    s->at[i].cb.open = toy_open;
}
