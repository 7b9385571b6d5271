/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace_script.h"

#include "host/recorder.h"
#include "packets.h"

#define REQUIRE(condition)                                                        \
    do {                                                                          \
        if (!(condition)) {                                                       \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);       \
            s->wrong = 1;                                                         \
        }                                                                         \
    } while (0)

enum { FRAMES = 32, FRAME = 1500, MADE = 8, ROOM = 32 };

/* Numbers of the connection: x and z are chosen here, y by the engine. */
enum { X = 0x01020304, Z = 0x0a000000, CLIENT_TS = 1000, SERVER_TS = 5000 };

/* A member and its host. The first is recorded, the second only there to talk to. */
typedef struct station {
    recorder rec;
    uint8_t drawn;                /* counts random bytes */
    int refuses;                  /* packets made */
    uint64_t hold;                /* number released last */
    uint8_t frames[FRAMES][FRAME];
    size_t frame_len[FRAMES];
    unsigned n_frames, n_made;
    unsigned left;                /* allocations that succeed */
} station;

typedef struct script {
    station a, b;
    mpconn_time now;
    uint32_t y, proxy_ts;
    raw packet;                   /* handed in last */
    mpconn_pkt pkt;
    mpconn_pkt_ext ext;
    int wrong;
} script;

/* Hooks */

static int send_packets(void *user, const mpconn_pkt *const *pkts, size_t n)
{
    station *at = user;

    (void)pkts;
    at->n_made += (unsigned)n;
    return at->refuses ? -1 : (int)n;
}

static int fill_random(void *user, uint8_t *dst, size_t len)
{
    station *at = user;

    while (len-- > 0)
        *dst++ = ++at->drawn;
    return 0;
}

static int admit(void *user, const mpconn_admit_request *request)
{
    station *at = user;

    (void)request;
    (void)recorder_count(&at->rec, MPCONN_REASON_SYN_ANSWERED);
    return MPCONN_ADMIT_DEFAULT;
}

/* The legs show the same. */
static int bind_leg(void *user, const mpconn_tuple *client_leg, mpconn_tuple *server_leg)
{
    (void)user;
    (void)client_leg;
    (void)server_leg;
    return 0;
}

/* What a hook must not do is refused, and recorded all the same. */
static void note_release(void *user, uint64_t hold, unsigned reason)
{
    station *at = user;

    (void)reason;
    at->hold = hold;
    (void)recorder_expire(&at->rec, 0, NULL, 0);
    (void)recorder_del(&at->rec);
}

static void note_event(void *user, const mpconn_event *event)
{
    station *at = user;
    mpconn_stats s;

    (void)event;
    MPCONN_STRUCT_INIT(&s);
    (void)recorder_stats(&at->rec, &s);
}

static void note_session_event(void *user, const mpconn_session_event *event)
{
    station *at = user;
    mpconn_session s;

    MPCONN_STRUCT_INIT(&s);
    (void)recorder_session_get(&at->rec, event->name, &s);
}

static int send_frame(void *user, uint32_t member, const uint8_t *frame, size_t len)
{
    station *at = user;

    (void)member;
    if (at->n_frames == FRAMES || len > FRAME)
        return -1;
    memcpy(at->frames[at->n_frames], frame, len);
    at->frame_len[at->n_frames++] = len;
    return 0;
}

static void tag_of(uint8_t tag[16], const uint8_t *header, size_t header_len,
                   const uint8_t *records, size_t len)
{
    uint8_t sum = 7;

    for (size_t i = 0; i < header_len; i++)
        sum = (uint8_t)(sum * 31 + header[i]);
    for (size_t i = 0; i < len; i++)
        sum = (uint8_t)(sum * 31 + records[i]);
    memset(tag, sum, 16);
}

/* A toy, which is all that this needs. */
static int seal(void *user, const uint8_t *header, size_t header_len, uint8_t *records, size_t len,
                uint8_t *tag)
{
    (void)user;
    for (size_t i = 0; i < len; i++)
        records[i] ^= 0x5a;
    tag_of(tag, header, header_len, records, len);
    return 0;
}

static int open_frame(void *user, const uint8_t *header, size_t header_len, uint8_t *records,
                      size_t len, const uint8_t *tag)
{
    uint8_t expected[16];

    (void)user;
    tag_of(expected, header, header_len, records, len);
    if (memcmp(expected, tag, sizeof expected) != 0)
        return -1;
    for (size_t i = 0; i < len; i++)
        records[i] ^= 0x5a;
    return 0;
}

static void *take_memory(void *user, size_t size)
{
    station *at = user;

    return at->left-- > 0 ? malloc(size) : NULL;
}

static void give_back(void *user, void *ptr)
{
    (void)user;
    free(ptr);
}

/* Birth and death */

static const uint8_t key[32] = "thirty-two bytes for two members";
static const uint16_t ids[2] = {7, 300};

static mpconn_callbacks hooks(void)
{
    return (mpconn_callbacks){.struct_size = sizeof(mpconn_callbacks),
                              .send_packets = send_packets, .random = fill_random,
                              .admit = admit, .release = note_release, .event = note_event,
                              .send_frame = send_frame, .seal = seal, .open = open_frame,
                              .bind = bind_leg, .session_event = note_session_event};
}

static mpconn_engine_config config(unsigned member)
{
    mpconn_engine_config c;

    MPCONN_STRUCT_INIT(&c);
    c.key = key;
    c.key_len = sizeof key;
    c.max_flows = c.max_wide_flows = 16;
    c.max_handshakes = 16;
    c.member_id = ids[member];
    c.members = &ids[!member];
    c.n_members = 1;
    c.max_bindings = 2;
    c.max_sessions = 2;
    return c;
}

static void begin(script *s)
{
    mpconn_callbacks h = hooks();
    mpconn_engine_config c = config(0), other = config(1);
    mpconn_timeouts t;

    MPCONN_STRUCT_INIT(&t);
    t.defer_ns = 500 * MPCONN_MILLISECOND;
    c.timeouts = &t;
    c.key_len = 15;
    REQUIRE(recorder_new(&s->a.rec, &c, &h, &s->a, s->now) == MPCONN_ERR_INVAL);
    c.key_len = sizeof key;
    c.allocator = (mpconn_allocator){take_memory, give_back, &s->a};
    s->a.left = 2;
    REQUIRE(recorder_new(&s->a.rec, &c, &h, &s->a, s->now) == MPCONN_ERR_NOMEM);
    s->a.left = 100;
    REQUIRE(recorder_new(&s->a.rec, &c, &h, &s->a, s->now) == MPCONN_OK);
    REQUIRE(recorder_new(&s->a.rec, &c, &h, &s->a, s->now) == MPCONN_ERR_STATE);
    REQUIRE(recorder_new(&s->b.rec, &other, &h, &s->b, s->now) == MPCONN_OK);
}

/* Frames */

static void deliver(script *s, station *from, station *to)
{
    uint32_t reason;

    for (unsigned i = 0; i < from->n_frames; i++)
        REQUIRE(recorder_sync_input(&to->rec, from->frames[i], from->frame_len[i], &reason,
                                    s->now) == MPCONN_OK);
    from->n_frames = 0;
}

static void pass(script *s, uint64_t ns)
{
    uint32_t done;

    s->now += ns;
    REQUIRE(recorder_expire(&s->a.rec, 1000, &done, s->now) == MPCONN_OK);
    REQUIRE(recorder_expire(&s->b.rec, 0, NULL, s->now) == MPCONN_OK);
    for (unsigned i = 0; i < 3; i++) {
        deliver(s, &s->a, &s->b);
        deliver(s, &s->b, &s->a);
    }
}

/* Packets */

static void turn_round(raw *r)
{
    uint8_t was[4], *tcp = r->bytes + r->l4;

    memcpy(was, r->bytes + 12, 4);
    memcpy(r->bytes + 12, r->bytes + 16, 4);
    memcpy(r->bytes + 16, was, 4);
    memcpy(was, tcp, 2);
    memcpy(tcp, tcp + 2, 2);
    memcpy(tcp + 2, was, 2);
}

/* A segment with timestamps; SYNs have all options. */
static void make(script *s, unsigned side, unsigned flags, uint32_t seq, uint32_t ack,
                 uint32_t tsval, uint32_t tsecr, size_t payload)
{
    uint8_t syn[20] = {2, 4, 5, 0xb4, 4, 2, 8, 10, [16] = 1, 3, 3, 7}, other[12] = {1, 1, 8, 10};
    uint8_t *ts = (flags & 2 ? syn + 8 : other + 4);
    raw *r = &s->packet;

    poke32(ts, tsval);
    poke32(ts + 4, tsecr);
    raw_tcp(r, MPCONN_FAMILY_IPV4, flags, flags & 2 ? syn : other, flags & 2 ? 20 : 12, payload);
    poke32(r->bytes + r->l4 + 4, seq);
    poke32(r->bytes + r->l4 + 8, ack);
    if (side == MPCONN_SIDE_SERVER)
        turn_round(r);
    raw_seal(r);
    s->pkt = (mpconn_pkt){.data = r->bytes, .len = r->len, .cap = r->len + ROOM,
                          .side = (uint8_t)side, .link = 1 + side, .mark = 77,
                          .flags = MPCONN_PKT_F_CSUM_OK};
}

static unsigned submit(script *s)
{
    mpconn_pkt *list[] = {&s->pkt};

    REQUIRE(recorder_input(&s->a.rec, list, 1, s->now) == MPCONN_OK);
    return s->pkt.reason;
}

static void shake_hands(script *s)
{
    const uint8_t *tcp = s->packet.bytes + 20;

    make(s, MPCONN_SIDE_CLIENT, 0x02, X, 0, CLIENT_TS, 0, 0);
    REQUIRE(submit(s) == MPCONN_REASON_SYN_ANSWERED);
    s->y = peek32(tcp + 4);
    s->proxy_ts = peek32(tcp + 28);
    make(s, MPCONN_SIDE_CLIENT, 0x10, X + 1, s->y + 1, CLIENT_TS + 1, s->proxy_ts, 0);
    (void)submit(s);
    REQUIRE(s->a.n_made == 1);
    make(s, MPCONN_SIDE_SERVER, 0x12, Z, X + 1, SERVER_TS, CLIENT_TS + 1, 0);
    (void)submit(s);
    REQUIRE(s->a.n_made == 3);
}

/* Two packets at once: one translated, one that says too much of its checksums. */
static void carry(script *s)
{
    raw copy;
    mpconn_pkt second;
    mpconn_pkt *list[] = {&s->pkt, &second};

    make(s, MPCONN_SIDE_CLIENT, 0x18, X + 1, s->y + 1, CLIENT_TS + 2, s->proxy_ts, 9);
    copy = s->packet;
    second = s->pkt;
    second.data = copy.bytes;
    second.flags = MPCONN_PKT_F_CSUM_BAD | MPCONN_PKT_F_CSUM_OK;
    REQUIRE(recorder_input(&s->a.rec, list, 2, s->now) == MPCONN_OK);
    REQUIRE(s->pkt.reason == MPCONN_REASON_TRANSLATED);
    REQUIRE(second.reason == MPCONN_REASON_BAD_METADATA);

    /* a super-segment of which only the head is here, and whose checksum others complete */
    make(s, MPCONN_SIDE_SERVER, 0x10, Z + 1, X + 10, SERVER_TS + 1, CLIENT_TS + 2, 0);
    MPCONN_STRUCT_INIT(&s->ext);
    s->ext.total_len = s->pkt.len + 2000;
    s->ext.l4_offset = 20;
    s->ext.gso_size = 1000;
    s->ext.gso_type = 1;
    s->pkt.ext = &s->ext;
    s->pkt.flags = MPCONN_PKT_F_HEAD_ONLY | MPCONN_PKT_F_CSUM_PARTIAL;
    poke16(s->packet.bytes + 2, s->ext.total_len);
    REQUIRE(submit(s) == MPCONN_REASON_TRANSLATED);
    s->pkt.len = s->pkt.cap + 1;
    REQUIRE(submit(s) == MPCONN_REASON_BAD_METADATA);
}

/* A segment nobody here knows is kept until the other member was asked. */
static void hold(script *s)
{
    make(s, MPCONN_SIDE_SERVER, 0x18, 5, 6, 1, 1, 4);
    s->packet.bytes[s->packet.l4 + 3] ^= 1; /* another port */
    REQUIRE(submit(s) == MPCONN_REASON_HELD);
    REQUIRE(s->pkt.verdict == MPCONN_VERDICT_HOLD);
    pass(s, MPCONN_MILLISECOND);
    REQUIRE(s->a.hold == s->pkt.flow);
    (void)submit(s);
    REQUIRE(s->pkt.verdict == MPCONN_VERDICT_DROP && s->pkt.flow == 0);
}

/* What the host gets wrong is part of a run, too. */
static void err(script *s)
{
    mpconn_pkt *none[] = {NULL};
    mpconn_flow_filter f;
    recorder *r = &s->a.rec;

    MPCONN_STRUCT_INIT(&f);
    f.client_prefix = 129;
    REQUIRE(recorder_input(r, none, 1, s->now) == MPCONN_ERR_INVAL);
    REQUIRE(recorder_input(r, NULL, 2, s->now) == MPCONN_ERR_INVAL);
    REQUIRE(recorder_input(r, NULL, 0, MPCONN_TIME_NEVER) == MPCONN_ERR_INVAL);
    REQUIRE(recorder_input(r, NULL, 0, s->now - 1) == MPCONN_OK);
    REQUIRE(recorder_sync_input(r, NULL, 1, NULL, s->now) == MPCONN_ERR_INVAL);
    REQUIRE(recorder_kill(r, &f, NULL, s->now) == MPCONN_ERR_INVAL);
    REQUIRE(recorder_kill(r, NULL, NULL, s->now) == MPCONN_ERR_INVAL);
    f.struct_size = 1;
    REQUIRE(recorder_kill(r, &f, NULL, s->now) == MPCONN_ERR_VERSION);
    REQUIRE(recorder_set_key(r, NULL, 16, s->now) == MPCONN_ERR_INVAL);
    REQUIRE(recorder_set_key(r, key, 65, s->now) == MPCONN_ERR_INVAL);
    REQUIRE(recorder_set_timeouts(r, NULL, s->now) == MPCONN_ERR_INVAL);
    REQUIRE(recorder_stats(r, NULL) == MPCONN_ERR_INVAL);
    REQUIRE(recorder_flow_next(r, NULL, NULL) == MPCONN_ERR_INVAL);
}

static void ask(script *s)
{
    mpconn_flow_cursor cursor = {0};
    mpconn_flow flow;
    mpconn_member member;
    recorder *r = &s->a.rec;

    MPCONN_STRUCT_INIT(&flow);
    MPCONN_STRUCT_INIT(&member);
    REQUIRE(recorder_flow_next(r, &cursor, &flow) == MPCONN_OK);
    REQUIRE(recorder_flow_next(r, &cursor, &flow) == MPCONN_ERR_NOTFOUND);
    REQUIRE(recorder_member(r, 0, &member) == MPCONN_OK && member.up == 1);
    REQUIRE(recorder_member(r, 1, &member) == MPCONN_ERR_NOTFOUND);
    REQUIRE(recorder_sync_count(r, MPCONN_SYNC_TAKEN) > 0);
    REQUIRE(recorder_next_expiry(r) != MPCONN_TIME_NEVER);
    REQUIRE(recorder_headroom(r) == mpconn_engine_headroom(r->engine));
    REQUIRE(recorder_tailroom(r) == mpconn_engine_tailroom(r->engine));
}

static void change(script *s)
{
    mpconn_timeouts t;
    mpconn_flow_filter all;
    size_t killed;

    MPCONN_STRUCT_INIT(&t);
    t.hold_ns = 100 * MPCONN_MILLISECOND;
    REQUIRE(recorder_set_timeouts(&s->a.rec, &t, s->now) == MPCONN_OK);
    REQUIRE(recorder_set_key(&s->a.rec, key + 8, 16, s->now) == MPCONN_OK);
    MPCONN_STRUCT_INIT(&all);
    s->a.refuses = 1;
    REQUIRE(recorder_kill(&s->a.rec, &all, &killed, s->now) == MPCONN_OK && killed == 1);
    s->a.refuses = 0;
}

/* One of two clients calls, and the controller changes its mind. */
static void meet(script *s)
{
    recorder *r = &s->a.rec;
    mpconn_session_cursor cursor = {0};
    mpconn_session_config c;
    mpconn_session session;

    MPCONN_STRUCT_INIT(&c);
    MPCONN_STRUCT_INIT(&session);
    memcpy(c.name, "call", 5);
    make(s, MPCONN_SIDE_CLIENT, 0x02, X, 0, CLIENT_TS, 0, 0);
    for (unsigned side = 0; side < 2; side++) {
        c.termination[side].family = MPCONN_FAMILY_IPV4;
        memcpy(c.termination[side].local.bytes, s->packet.bytes + 16, 4);
        c.termination[side].local_port = (uint16_t)(443 + side);
    }
    REQUIRE(recorder_session_add(r, &c, s->now) == MPCONN_OK);
    REQUIRE(recorder_session_add(r, &c, s->now) == MPCONN_ERR_EXISTS);
    REQUIRE(recorder_session_add(r, NULL, s->now) == MPCONN_ERR_INVAL);
    REQUIRE(submit(s) == MPCONN_REASON_SESSION_WAITING);
    c.wait_ms = 1000;
    REQUIRE(recorder_session_modify(r, &c, s->now) == MPCONN_OK);
    REQUIRE(recorder_session_next(r, &cursor, &session) == MPCONN_OK);
    REQUIRE(session.state == MPCONN_SESSION_WAITING);
    REQUIRE(recorder_session_next(r, &cursor, &session) == MPCONN_ERR_NOTFOUND);
    REQUIRE(recorder_session_remove(r, "call", s->now) == MPCONN_OK);
    REQUIRE(recorder_session_remove(r, "a name longer than any session has", s->now) ==
            MPCONN_ERR_NOTFOUND);
    REQUIRE(recorder_session_remove(r, NULL, s->now) == MPCONN_ERR_INVAL);
    c.struct_size = 1;
    REQUIRE(recorder_session_modify(r, &c, s->now) == MPCONN_ERR_VERSION);
}

/* A second life, alone and with few hooks. */
static void begin_again(script *s)
{
    mpconn_callbacks h = hooks();
    mpconn_engine_config c = config(0);

    REQUIRE(recorder_del(&s->a.rec) == MPCONN_OK);
    c.n_members = 0;
    c.members = NULL;
    c.split_mode = MPCONN_SPLIT_NEVER;
    h.admit = NULL;
    h.release = NULL;
    h.event = NULL;
    h.send_frame = NULL;
    h.seal = NULL;
    h.open = NULL;
    h.bind = NULL;
    h.session_event = NULL;
    REQUIRE(recorder_new(&s->a.rec, &c, &h, &s->a, s->now) == MPCONN_OK);
    make(s, MPCONN_SIDE_CLIENT, 0x02, X, 0, CLIENT_TS, 0, 0);
    REQUIRE(submit(s) == MPCONN_REASON_SYN_TRACKED);
    REQUIRE(recorder_del(&s->a.rec) == MPCONN_OK);
    REQUIRE(recorder_del(&s->b.rec) == MPCONN_OK);
}

static int tell_header(void *user, const mpconn_pkt *pkt, uint8_t *header)
{
    (void)user;
    memset(header, (int)pkt->link, 14);
    return 14;
}

static uint32_t choose_link(void *user, const mpconn_return_request *request)
{
    (void)user;
    return request->pkt->link + request->link_header[13];
}

/* A third one, as a bridge: the server's reply to an echo of its own comes back to it. */
static void bridge(script *s)
{
    mpconn_callbacks h = {.struct_size = sizeof h, .send_packets = send_packets,
                          .random = fill_random, .link_header = tell_header,
                          .return_link = choose_link};
    mpconn_engine_config c = config(0);
    uint8_t *ip = s->packet.bytes;

    c.n_members = c.max_sessions = c.max_bindings = 0;
    c.return_path = MPCONN_RETURN_ECHO;
    REQUIRE(recorder_new(&s->a.rec, &c, &h, &s->a, s->now) == MPCONN_OK);
    make(s, MPCONN_SIDE_CLIENT, 0x02, X, 0, CLIENT_TS, 0, 0);
    s->pkt.cap = RAW_MAX;
    REQUIRE(submit(s) == MPCONN_REASON_ECHO_SENT);
    s->packet.len = s->pkt.len;
    ip[20] = 0;
    for (unsigned i = 12; i < 16; i++) {
        uint8_t was = ip[i];

        ip[i] = ip[i + 4];
        ip[i + 4] = was;
    }
    raw_seal(&s->packet);
    s->pkt.link = 3;
    REQUIRE(submit(s) == MPCONN_REASON_ECHO_ANSWERED);
    REQUIRE(s->pkt.link == 4);
    REQUIRE(recorder_del(&s->a.rec) == MPCONN_OK);
}

int trace_script_record(FILE *file)
{
    script *s = calloc(1, sizeof(*s));
    int right;

    if (s == NULL)
        return 0;
    s->now = 1000 * MPCONN_SECOND;
    recorder_attach(&s->a.rec, file);
    begin(s);
    pass(s, 0);
    shake_hands(s);
    carry(s);
    pass(s, MPCONN_SECOND);
    hold(s);
    err(s);
    ask(s);
    change(s);
    meet(s);
    begin_again(s);
    bridge(s);
    REQUIRE(recorder_close(&s->a.rec));
    right = !s->wrong;
    free(s);
    return right;
}
