/* SPDX-License-Identifier: BSD-2-Clause */
/* A fuzz target: bytes are a script of what members say to one another.
 *
 *   config[2]  size of frames, announcements
 *   step*      one byte: low half what, high half its argument; then what that takes
 *
 * Two members with a clock of their own each, and a hand that has the key: it sends any records in
 * a right frame, right frames with a change, and any bytes. Whatever comes, a frame has one fate,
 * counts once, and is answered within bounds. An input that ends in the middle of a step reads
 * zeros. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"
#include "fuzz/rig.h"

enum { BYTES = 1500, WAITING = 256, STEPS_MOST = 300, MADE_MOST = 64 };

enum step {
    STEP_RECORDS,    /* 1 to member 1 | 2 to all: length, bytes: records in a right frame */
    STEP_RAW,        /* 1 to member 1: length, bytes */
    STEP_FLIP,       /* 1 to member 1 | 2 tag again: at, xor: the last frame, changed */
    STEP_DELIVER,    /* how many frames wait at most */
    STEP_LOSE,       /* all that waits */
    STEP_REPEAT,     /* which of the frames kept */
    STEP_WAIT,       /* exponent of 2 in milliseconds */
    STEP_RESTART,    /* 1 member 1 */
    STEP_SET_KEY,    /* 1 member 1 | 2 both */
    STEP_HEADER,     /* which number of the header: 8 bytes; for the next STEP_RECORDS */
    STEP_SYN,        /* 1 member 1: a client begins, so that records find something */
    STEPS
};

typedef struct letter {
    unsigned to;
    size_t len;
    uint8_t bytes[BYTES];
} letter;

typedef struct host {
    struct script *s;
    unsigned index;
    mpconn_engine *eng;
    unsigned n_made, n_sent; /* in the present call */
    int busy;
} host;

typedef struct script {
    const uint8_t *at, *end;
    host host[2];
    mpconn_engine_config cfg;
    mpconn_callbacks cb;
    mpconn_time now;
    uint64_t random;
    letter waiting[WAITING], kept[16], last;
    unsigned n_waiting, n_kept;
    uint16_t ids[2];
    const uint8_t *key[2];
    mpci_frame header;       /* what the hand changes */
    unsigned changed;        /* which numbers of it, one bit each */
} script;

static const uint8_t keys[2][16] = {"the first key ..", "the second key ."};

static unsigned take8(script *s)
{
    return s->at < s->end ? *s->at++ : 0;
}

static size_t take_bytes(script *s, uint8_t *dst, size_t most)
{
    size_t n = take8(s), there = (size_t)(s->end - s->at);

    n = n < most ? n : most;
    memset(dst, 0, n);
    memcpy(dst, s->at, n < there ? n : there);
    s->at += n < there ? n : there;
    return n;
}

/* ---- the host ---- */

static int on_send(void *user, const mpconn_pkt *const *pkts, size_t n)
{
    host *h = user;

    RIG_HOLDS(h->busy);
    for (size_t i = 0; i < n; i++)
        rig_check_made(pkts[i]);
    h->n_made += (unsigned)n;
    return (int)n;
}

static int on_random(void *user, uint8_t *dst, size_t len)
{
    host *h = user;

    while (len-- > 0) {
        h->s->random = h->s->random * UINT64_C(6364136223846793005) + 1442695040888963407;
        *dst++ = (uint8_t)(h->s->random >> 56);
    }
    return 0;
}

static int on_frame(void *user, uint32_t member, const uint8_t *frame, size_t len)
{
    host *h = user;
    script *s = h->s;
    letter *l;

    RIG_HOLDS(h->busy && len <= s->cfg.sync_mtu);
    RIG_HOLDS(member == s->ids[!h->index] || member == MPCONN_MEMBER_ALL);
    RIG_HOLDS(mpconn_engine_sync_input(h->eng, NULL, 0, NULL, s->now) == MPCONN_ERR_REENTRANT);
    h->n_sent++;
    l = &s->kept[s->n_kept++ % 16];
    l->to = !h->index;
    l->len = len;
    memcpy(l->bytes, frame, len);
    if (s->n_waiting < WAITING)
        s->waiting[s->n_waiting++] = *l;
    return 0;
}

static void on_release(void *user, uint64_t hold, unsigned reason)
{
    (void)user, (void)hold;
    RIG_HOLDS(mpconn_reason_name(reason) != NULL);
}

static void on_event(void *user, const mpconn_event *e)
{
    host *h = user;
    int about_member = e->type >= MPCONN_EVENT_MEMBER_UP && e->type <= MPCONN_EVENT_MEMBER_DIFFERS;

    RIG_HOLDS(about_member == (e->member != 0));
    RIG_HOLDS(e->member == 0 || e->member == h->s->ids[!h->index]);
}

static void boot(script *s, unsigned i)
{
    host *h = &s->host[i];
    mpconn_engine_config cfg = s->cfg;

    RIG_HOLDS(h->eng == NULL || mpconn_engine_del(h->eng) == MPCONN_OK);
    h->s = s;
    h->index = i;
    cfg.member_id = s->ids[i];
    cfg.members = &s->ids[!i];
    cfg.key = s->key[i];
    RIG_HOLDS(mpconn_engine_new(&h->eng, &cfg, &s->cb, h, s->now) == MPCONN_OK);
}

static void open_all(script *s)
{
    unsigned config = take8(s), announce = take8(s);

    s->now = 1000 * MPCONN_SECOND;
    s->ids[0] = 1;
    s->ids[1] = 2;
    s->key[0] = s->key[1] = keys[0];
    MPCONN_STRUCT_INIT(&s->cfg);
    s->cfg.key_len = 16;
    s->cfg.n_members = 1;
    s->cfg.max_flows = s->cfg.max_wide_flows = s->cfg.max_handshakes = 16;
    s->cfg.max_sessions = 4;
    s->cfg.sync_mtu = 256 + 4 * config;
    s->cfg.announce = announce % 2;
    MPCONN_STRUCT_INIT(&s->cb);
    s->cb.send_packets = on_send;
    s->cb.random = on_random;
    s->cb.release = on_release;
    s->cb.event = on_event;
    s->cb.send_frame = on_frame;
    boot(s, 0);
    boot(s, 1);
}

/* ---- what must be true ---- */

static uint64_t fates(const mpconn_engine *eng)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < MPCONN_SYNC_BESIDE; i++) {
        n += mpconn_engine_sync_count(eng, i);
        RIG_HOLDS(mpconn_sync_reason_name(i) != NULL || mpconn_engine_sync_count(eng, i) == 0);
    }
    return n;
}

/* What is read is what is written: nothing else is accepted. */
static void check_records(const uint8_t *bytes, size_t len)
{
    mpci_reader r = mpci_reader_of(bytes, len), body;
    mpci_record_context before = {0}, c = {0};

    while (mpci_reader_left(&r) > 0) {
        const uint8_t *start = r.at;
        uint8_t again[MPCI_RECORD_ROOM];
        mpci_writer w = mpci_writer_of(again, sizeof again);
        mpci_record record;
        enum mpci_record_result result = mpci_record_decode(&r, &c, &record, &body);

        if (result == MPCI_RECORD_MALFORMED)
            return;
        if (result == MPCI_RECORD_OK && record.type != MPCI_RECORD_HELLO) {
            RIG_HOLDS(mpci_record_encode(&w, &before, &record));
            RIG_HOLDS(w.at - again <= r.at - start && again[0] == start[0]);
            RIG_HOLDS(memcmp(again + 2, start + 2, (size_t)(w.at - again) - 2) == 0);
        }
        before = c;
    }
}

/* A frame in a buffer of just its size. Each record may be answered, and more than that is too
 * much; a frame that was refused draws a greeting at most, and no packet. */
static void input(script *s, const letter *l)
{
    host *h = &s->host[l->to];
    uint8_t *copy = malloc(l->len > 0 ? l->len : 1);
    uint64_t before = fates(h->eng);
    uint32_t reason = UINT32_MAX;

    RIG_HOLDS(copy != NULL);
    memcpy(copy, l->bytes, l->len);
    h->n_made = h->n_sent = 0;
    h->busy = 1;
    RIG_HOLDS(mpconn_engine_sync_input(h->eng, copy, l->len, &reason, s->now) == MPCONN_OK);
    h->busy = 0;
    RIG_HOLDS(memcmp(copy, l->bytes, l->len) == 0); /* there is no cipher */
    free(copy);
    RIG_HOLDS(reason < MPCONN_SYNC_BESIDE && mpconn_sync_reason_name(reason) != NULL);
    RIG_HOLDS(fates(h->eng) == before + 1);
    if (reason != MPCONN_SYNC_TAKEN)
        RIG_HOLDS(h->n_made == 0 && h->n_sent <= 1);
    RIG_HOLDS(h->n_sent <= 2 + l->len / MPCI_RECORD_SHORTEST);
}

/* ---- steps ---- */

static mpci_frame next_header(const script *s, unsigned to, int all)
{
    const mpci_sync *from = &s->host[!to].eng->sync;
    mpci_frame f = {0};

    f.sender = s->ids[!to];
    f.destination = (uint16_t)(all ? MPCONN_MEMBER_ALL : s->ids[to]);
    f.cluster = from->key.cluster;
    f.epoch = s->changed & 1 ? s->header.epoch : (uint32_t)from->epochs.number;
    f.boot = s->changed & 2 ? s->header.boot : from->members.boot;
    f.sequence = s->changed & 4 ? s->header.sequence : from->sequence + 1;
    f.flags = s->changed & 8 ? s->header.flags : 0;
    if (s->changed & 16)
        f.sender = s->header.sender;
    return f;
}

static void put_tag(script *s, letter *l)
{
    size_t len = l->len - MPCI_FRAME_TAG;

    mpci_frame_tag(&s->host[!l->to].eng->sync.key, l->bytes, len, l->bytes + len);
}

static void send_records(script *s, unsigned argument)
{
    letter *l = &s->last;
    mpci_frame f;
    size_t n;

    l->to = argument & 1;
    f = next_header(s, l->to, (argument & 2) != 0);
    mpci_frame_write(&f, l->bytes);
    n = take_bytes(s, l->bytes + MPCI_FRAME_HEADER, BYTES - MPCI_FRAME_HEADER - MPCI_FRAME_TAG);
    check_records(l->bytes + MPCI_FRAME_HEADER, n);
    l->len = MPCI_FRAME_HEADER + n + MPCI_FRAME_TAG;
    put_tag(s, l);
    if (!(s->changed & 4)) /* its own frames go on after it */
        s->host[!l->to].eng->sync.sequence++;
    s->changed = 0;
    input(s, l);
}

static void change_last(script *s, unsigned argument)
{
    letter *l = &s->last;
    unsigned at = take8(s), with = take8(s);

    l->to = argument & 1;
    if (l->len > 0)
        l->bytes[at % l->len] ^= (uint8_t)with;
    if ((argument & 2) && l->len >= MPCI_FRAME_HEADER + MPCI_FRAME_TAG)
        put_tag(s, l);
    input(s, l);
}

static void deliver(script *s, unsigned most)
{
    while (most-- > 0 && s->n_waiting > 0) {
        letter l = s->waiting[0];

        s->n_waiting--;
        memmove(s->waiting, s->waiting + 1, s->n_waiting * sizeof l);
        s->last = l;
        input(s, &l);
    }
}

static void wait(script *s, unsigned exponent)
{
    s->now += MPCONN_MILLISECOND << exponent;
    for (unsigned i = 0; i < 2; i++) {
        host *h = &s->host[i];

        h->n_sent = h->n_made = 0;
        h->busy = 1;
        RIG_HOLDS(mpconn_engine_expire(h->eng, 0, NULL, s->now) == MPCONN_OK);
        h->busy = 0;
        RIG_HOLDS(mpconn_engine_next_expiry(h->eng) > s->now);
        RIG_HOLDS(h->n_made <= MADE_MOST);
    }
}

static void set_header(script *s, unsigned argument)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < 8; i++)
        n = n << 8 | take8(s);
    s->header.epoch = (uint32_t)n;
    s->header.boot = s->header.sequence = n;
    s->header.flags = (uint8_t)n;
    s->header.sender = (uint16_t)n;
    s->changed |= 1u << argument % 5;
}

static void change_key(script *s, unsigned argument)
{
    for (unsigned i = 0; i < 2; i++) {
        if (i != (argument & 1) && !(argument & 2))
            continue;
        s->key[i] = s->key[i] == keys[0] ? keys[1] : keys[0];
        s->host[i].busy = 1;
        RIG_HOLDS(mpconn_engine_set_key(s->host[i].eng, s->key[i], 16, s->now) == MPCONN_OK);
        s->host[i].busy = 0;
    }
}

/* 192.0.2.10:40000 to 198.51.100.20:80, as in the vectors, with MSS 1460. */
static void begin_connection(script *s, unsigned i)
{
    static const uint8_t syn[] = {
        0x45, 0,    0,    44, 0, 0,    0x40, 0, 64,   6,  0x4e, 0x83, 192, 0, 2, 10,
        198,  51,   100,  20, 0x9c, 0x40, 0,  80, 0xff, 0xff, 0xff, 0xf0, 0, 0, 0, 0,
        0x60, 0x02, 0xff, 0xff, 0, 0,  0,    0, 2,    4,  0x05, 0xb4,
    };
    uint8_t bytes[128];
    mpconn_pkt pkt = {.data = bytes, .len = sizeof syn, .cap = sizeof bytes};
    mpconn_pkt *list[1] = {&pkt};

    memcpy(bytes, syn, sizeof syn);
    pkt.flags = MPCONN_PKT_F_CSUM_OK;
    s->host[i].busy = 1;
    RIG_HOLDS(mpconn_engine_input(s->host[i].eng, list, 1, s->now) == MPCONN_OK);
    s->host[i].busy = 0;
}

static void step(script *s, unsigned what, unsigned argument)
{
    switch (what) {
    case STEP_RECORDS:
        send_records(s, argument);
        break;
    case STEP_RAW:
        s->last.to = argument & 1;
        s->last.len = take_bytes(s, s->last.bytes, BYTES);
        input(s, &s->last);
        break;
    case STEP_FLIP:
        change_last(s, argument);
        break;
    case STEP_DELIVER:
        deliver(s, argument + 1);
        break;
    case STEP_LOSE:
        s->n_waiting = 0;
        break;
    case STEP_REPEAT:
        if (argument >= s->n_kept)
            break;
        s->last = s->kept[argument]; /* which what it draws may take the place of */
        input(s, &s->last);
        break;
    case STEP_WAIT:
        wait(s, argument);
        break;
    case STEP_RESTART:
        boot(s, argument & 1);
        break;
    case STEP_SET_KEY:
        change_key(s, argument);
        break;
    case STEP_HEADER:
        set_header(s, argument);
        break;
    default:
        begin_connection(s, argument & 1);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static script s;

    memset(&s, 0, sizeof s);
    s.at = data;
    s.end = size > 0 ? data + size : data;
    open_all(&s);
    for (unsigned n = 0; n < STEPS_MOST && s.at < s.end; n++) {
        unsigned what = take8(&s);

        step(&s, (what & 15) % STEPS, what >> 4);
    }
    for (unsigned i = 0; i < 2; i++)
        RIG_HOLDS(mpconn_engine_del(s.host[i].eng) == MPCONN_OK);
    return 0;
}
