/* SPDX-License-Identifier: BSD-2-Clause */
/* Making and deleting an engine: defaults, ranges, memory, hooks. */
#include <check.h>

#include "check_main.h"
#include "engine/engine.h"
#include "engine_support.h"

static bed b;
static mpconn_engine_config cfg;
static mpconn_callbacks cb;
static counting memory;
static const mpconn_time start = 1000 * MPCONN_SECOND;

static void setup(void)
{
    memset(&memory, 0, sizeof(memory));
    memset(&b, 0, sizeof(b));
    bed_config(&cfg, &cb);
    cfg.allocator = counting_allocator(&memory);
}

static void assert_new_fails(int rc)
{
    mpconn_engine *eng = (mpconn_engine *)(void *)&b;
    unsigned calls = memory.calls;

    ck_assert_int_eq(mpconn_engine_new(&eng, &cfg, &cb, &b, start), rc);
    ck_assert_ptr_null(eng);
    ck_assert_uint_eq(memory.live, 0);
    ck_assert_uint_eq(memory.calls, calls); /* refused before anything was taken */
}

static void assert_new_works(void)
{
    mpconn_engine *eng = NULL;

    ck_assert_int_eq(mpconn_engine_new(&eng, &cfg, &cb, &b, start), MPCONN_OK);
    ck_assert_ptr_nonnull(eng);
    ck_assert_int_eq(mpconn_engine_del(eng), MPCONN_OK);
    ck_assert_uint_eq(memory.live, 0);
}

static int random_result;

static int random_constant(void *user, uint8_t *dst, size_t len)
{
    (void)user;
    memset(dst, 0x5a, len);
    return random_result;
}

START_TEST(engine_of_a_key_and_two_hooks_works)
{
    mpconn_engine *eng;
    snapshot s;

    cb.admit = NULL;
    cb.release = NULL;
    cb.event = NULL;
    cb.random = random_constant;
    ck_assert_int_eq(mpconn_engine_new(&eng, &cfg, &cb, NULL, 0), MPCONN_OK);
    snapshot_take(&s, eng);
    snapshot_assert_sane(&s);
    ck_assert_uint_eq(s.stats.packets_in, 0);
    ck_assert_uint_eq(s.stats.handshakes, 0);
    ck_assert_uint_eq(s.stats.memory_bytes, memory.bytes);
    ck_assert_uint_eq(s.n_flows, 0);
    for (unsigned i = 0; i < MPCONN_REASON_LIMIT; i++)
        ck_assert_uint_eq(s.counts[i], 0);
    ck_assert_uint_eq(mpconn_engine_next_expiry(eng), MPCONN_TIME_NEVER);
    ck_assert_int_eq(mpconn_engine_del(eng), MPCONN_OK);
    ck_assert_uint_eq(memory.live, 0);
}
END_TEST

START_TEST(zero_takes_the_documented_default)
{
    mpconn_engine_config c;
    mpconn_timeouts times, *t = &times;

    cfg.max_flows = cfg.max_wide_flows = cfg.max_handshakes = 0;
    ck_assert_int_eq(mpci_config_import(&c, &times, &cfg), MPCONN_OK);
    ck_assert_uint_eq(c.max_flows, 65536);
    ck_assert_uint_eq(c.max_wide_flows, 16384);
    ck_assert_uint_eq(c.max_handshakes, 4096);
    ck_assert_uint_eq(c.max_held_packets, 4096);
    ck_assert_uint_eq(c.max_held_bytes, 8 * 1024 * 1024);
    ck_assert_uint_eq(c.adaptive_threshold, 1024);
    ck_assert_uint_eq(c.mss_ipv4, 1460);
    ck_assert_uint_eq(c.mss_ipv6, 1440);
    ck_assert_uint_eq(c.wscale, 7);
    ck_assert_uint_eq(c.hop_limit, 64);
    ck_assert_uint_eq(c.split_mode, MPCONN_SPLIT_ALWAYS);
    ck_assert_uint_eq(t->established_ns, 7440 * MPCONN_SECOND);
    ck_assert_uint_eq(t->transitory_ns, 240 * MPCONN_SECOND);
    ck_assert_uint_eq(t->closed_ns, 240 * MPCONN_SECOND);
    ck_assert_uint_eq(t->reset_ns, 240 * MPCONN_SECOND);
    ck_assert_uint_eq(t->syn_rto_ns, MPCONN_SECOND);
    ck_assert_uint_eq(t->syn_tries, 5);
    ck_assert_uint_eq(t->syn_ack_repeats, 3);
    ck_assert_uint_eq(t->hold_ns, 2 * MPCONN_SECOND);
    ck_assert_uint_eq(t->epoch_ns, 64 * MPCONN_SECOND);
    memset(&times, 0, sizeof(times));
    cfg.timeouts = NULL; /* the same */
    ck_assert_int_eq(mpci_config_import(&c, &times, &cfg), MPCONN_OK);
    ck_assert_uint_eq(t->established_ns, 7440 * MPCONN_SECOND);
    ck_assert_uint_eq(t->epoch_ns, 64 * MPCONN_SECOND);
}
END_TEST

START_TEST(default_policy_for_unknown_segments_follows_the_split_mode)
{
    static const uint32_t expected[] = {
        [MPCONN_SPLIT_ALWAYS] = MPCONN_UNKNOWN_DROP,
        [MPCONN_SPLIT_ADAPTIVE] = MPCONN_UNKNOWN_PASS,
        [MPCONN_SPLIT_NEVER] = MPCONN_UNKNOWN_PASS,
    };
    mpconn_engine_config c;
    mpconn_timeouts times;

    cfg.split_mode = (uint32_t)_i;
    ck_assert_int_eq(mpci_config_import(&c, &times, &cfg), MPCONN_OK);
    ck_assert_uint_eq(c.unknown_policy, expected[_i]);
}
END_TEST

/* A number of a struct, and its range; least 0: zero takes the default. */
typedef struct field {
    const char *name;
    void *of;
    size_t offset, size;
    uint64_t least, most;
} field;

#define FIELD(member, least, most) \
    {#member, &cfg, offsetof(mpconn_engine_config, member), sizeof(cfg.member), least, most}
#define TIME(member, least, most)                                                       \
    {#member, &bed_timeouts, offsetof(mpconn_timeouts, member), sizeof(bed_timeouts.member), \
     least, most}
#define DAYS_30 (UINT64_C(30) * 86400 * MPCONN_SECOND)

static const field fields[] = {
    FIELD(key_len, 16, 64),
    FIELD(max_flows, 0, 1u << 28),
    FIELD(max_wide_flows, 0, 1u << 28),
    FIELD(max_handshakes, 0, 1u << 24),
    FIELD(max_held_packets, 0, UINT32_MAX),
    FIELD(max_held_bytes, 0, UINT64_MAX),
    FIELD(member_id, 0, 65534),
    FIELD(flags, 0, MPCONN_ENGINE_F_VERIFY_CHECKSUMS),
    FIELD(split_mode, 0, MPCONN_SPLIT_NEVER),
    FIELD(unknown_policy, 0, MPCONN_UNKNOWN_PASS),
    FIELD(adaptive_threshold, 0, UINT32_MAX),
    FIELD(mss_ipv4, 88, 65535),
    FIELD(mss_ipv6, 88, 65535),
    FIELD(wscale, 0, 14),
    FIELD(hop_limit, 0, 255),
    TIME(established_ns, MPCONN_MILLISECOND, DAYS_30),
    TIME(transitory_ns, MPCONN_MILLISECOND, DAYS_30),
    TIME(closed_ns, MPCONN_MILLISECOND, DAYS_30),
    TIME(reset_ns, MPCONN_MILLISECOND, DAYS_30),
    TIME(syn_rto_ns, MPCONN_MILLISECOND, DAYS_30),
    TIME(hold_ns, MPCONN_MILLISECOND, DAYS_30),
    TIME(epoch_ns, MPCONN_SECOND, DAYS_30),
    TIME(syn_tries, 0, 12),
};
enum { N_FIELDS = sizeof(fields) / sizeof(fields[0]) };

static void put(const field *f, uint64_t v)
{
    uint8_t *at = (uint8_t *)f->of + f->offset;
    uint8_t v8 = (uint8_t)v;
    uint16_t v16 = (uint16_t)v;
    uint32_t v32 = (uint32_t)v;

    memcpy(at, f->size == 1 ? (void *)&v8 : f->size == 2 ? (void *)&v16
               : f->size == 4 ? (void *)&v32 : (void *)&v, f->size);
}

START_TEST(number_at_the_edge_of_its_range_is_taken_beyond_it_refused)
{
    const field *f = &fields[_i];
    uint64_t type_max = UINT64_MAX >> (64 - 8 * f->size);
    uint8_t key[64] = {1};
    mpconn_engine_config c;
    mpconn_timeouts times;

    cfg.key = key;
    put(f, f->least);
    ck_assert_msg(mpci_config_import(&c, &times, &cfg) == MPCONN_OK, "least %s", f->name);
    put(f, f->most); /* import only: the tables of the greatest numbers would not fit */
    ck_assert_msg(mpci_config_import(&c, &times, &cfg) == MPCONN_OK, "greatest %s", f->name);
    if (f->least > 1) {
        put(f, f->least - 1);
        assert_new_fails(MPCONN_ERR_INVAL);
    }
    if (f->most < type_max) {
        put(f, f->most + 1);
        assert_new_fails(MPCONN_ERR_INVAL);
        put(f, type_max);
        assert_new_fails(MPCONN_ERR_INVAL);
    }
}
END_TEST

START_TEST(repeats_of_a_syn_ack_are_few_or_none)
{
    mpconn_engine_config c;
    mpconn_timeouts times;

    bed_timeouts.syn_ack_repeats = 12;
    ck_assert_int_eq(mpci_config_import(&c, &times, &cfg), MPCONN_OK);
    bed_timeouts.syn_ack_repeats = MPCONN_NO_REPEATS;
    ck_assert_int_eq(mpci_config_import(&c, &times, &cfg), MPCONN_OK);
    ck_assert_uint_eq(times.syn_ack_repeats, MPCONN_NO_REPEATS);
    bed_timeouts.syn_ack_repeats = 13;
    assert_new_fails(MPCONN_ERR_INVAL);
    bed_timeouts.syn_ack_repeats = MPCONN_NO_REPEATS - 1;
    assert_new_fails(MPCONN_ERR_INVAL);
}
END_TEST

START_TEST(reserved_bytes_of_a_config_must_be_zero)
{
    for (unsigned i = 0; i < sizeof(cfg.reserved); i++) {
        cfg.reserved[i] = 1;
        assert_new_fails(MPCONN_ERR_INVAL);
        cfg.reserved[i] = 0;
    }
    assert_new_works();
}
END_TEST

START_TEST(A05_missing_key_or_hook_is_refused)
{
    const uint8_t *key = cfg.key;

    cfg.key = NULL;
    assert_new_fails(MPCONN_ERR_INVAL);
    cfg.key = key;
    cfg.key_len = 0;
    assert_new_fails(MPCONN_ERR_INVAL);
    cfg.key_len = 16;
    cb.send_packets = NULL;
    assert_new_fails(MPCONN_ERR_INVAL);
    bed_config(&(mpconn_engine_config){0}, &cb);
    cb.random = NULL;
    assert_new_fails(MPCONN_ERR_INVAL);
}
END_TEST

START_TEST(A05_null_argument_or_never_is_refused)
{
    mpconn_engine *eng = (mpconn_engine *)(void *)&b;

    ck_assert_int_eq(mpconn_engine_new(NULL, &cfg, &cb, &b, start), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_engine_new(&eng, NULL, &cb, &b, start), MPCONN_ERR_INVAL);
    ck_assert_ptr_null(eng);
    eng = (mpconn_engine *)(void *)&b;
    ck_assert_int_eq(mpconn_engine_new(&eng, &cfg, NULL, &b, start), MPCONN_ERR_INVAL);
    ck_assert_ptr_null(eng);
    eng = (mpconn_engine *)(void *)&b;
    ck_assert_int_eq(mpconn_engine_new(&eng, &cfg, &cb, &b, MPCONN_TIME_NEVER), MPCONN_ERR_INVAL);
    ck_assert_ptr_null(eng);
    ck_assert_uint_eq(memory.calls, 0);
}
END_TEST

START_TEST(half_an_allocator_is_refused)
{
    mpconn_allocator whole = cfg.allocator;

    cfg.allocator.alloc = NULL;
    assert_new_fails(MPCONN_ERR_INVAL);
    cfg.allocator = whole;
    cfg.allocator.release = NULL;
    assert_new_fails(MPCONN_ERR_INVAL);
    cfg.allocator = (mpconn_allocator){0};
    assert_new_works();
    ck_assert_uint_eq(memory.calls, 0);
}
END_TEST

START_TEST(E39_nth_allocation_fails_and_nothing_is_left)
{
    mpconn_engine *eng;
    int rc;

    for (unsigned n = 1;; n++) {
        memory.calls = 0;
        memory.fail_at = n;
        eng = (mpconn_engine *)(void *)&b;
        rc = mpconn_engine_new(&eng, &cfg, &cb, &b, start);
        if (rc == MPCONN_OK) {
            ck_assert_uint_gt(n, 3); /* it did fail for each of several before */
            break;
        }
        ck_assert_int_eq(rc, MPCONN_ERR_NOMEM);
        ck_assert_ptr_null(eng);
        ck_assert_uint_eq(memory.live, 0);
    }
    ck_assert_int_eq(mpconn_engine_del(eng), MPCONN_OK);
    ck_assert_uint_eq(memory.live, 0);
}
END_TEST

START_TEST(failing_random_hook_makes_no_engine)
{
    static const int results[] = {-1, INT32_MIN, MPCONN_ERR_NOMEM, 1};
    mpconn_engine *eng = (mpconn_engine *)(void *)&b;

    random_result = results[_i];
    cb.random = random_constant;
    ck_assert_int_eq(mpconn_engine_new(&eng, &cfg, &cb, &b, start), MPCONN_ERR_CALLBACK);
    ck_assert_ptr_null(eng);
    ck_assert_uint_eq(memory.live, 0);
    random_result = 0;
    assert_new_works();
}
END_TEST

/* R1: the engine works from copies, so what it was made from may change or go. */
START_TEST(config_callbacks_and_key_are_copied)
{
    mpconn_tuple t = bed_tuple(MPCONN_FAMILY_IPV4, 1, 40000);
    bed_conn c = bed_conn_of(&t, 1, 2), again = c;
    mpconn_callbacks hooks = cb;
    uint8_t key[16];

    bed_open(&b, &cfg, &cb);
    bed_settle(&b, &c);
    bed_close(&b);

    memcpy(key, bed_key, sizeof(key));
    cfg.key = key;
    bed_open(&b, &cfg, &hooks);
    memset(key, 0xff, sizeof(key));
    memset(&cfg, 0xff, sizeof(cfg));
    memset(&bed_timeouts, 0xff, sizeof(bed_timeouts));
    memset(&hooks, 0xff, sizeof(hooks));
    bed_settle(&b, &again);
    ck_assert_uint_eq(again.y, c.y); /* the same function of the same key */
    bed_close(&b);
    ck_assert_uint_eq(memory.live, 0);
}
END_TEST

typedef struct secrets {
    uint8_t words[(1 + MPCI_EPOCHS) * 16 + 16];
    unsigned found, blocks;
} secrets;

static void look_for_secrets(counting *c, void *ptr, size_t size)
{
    secrets *s = c->user;
    const uint8_t *p = ptr;

    s->blocks++;
    for (size_t at = 0; at + 8 <= size; at++)
        for (size_t i = 0; i < sizeof(s->words); i += 8)
            s->found += memcmp(p + at, s->words + i, 8) == 0;
}

START_TEST(deleting_wipes_the_secrets)
{
    static secrets s;

    bed_open(&b, &cfg, &cb);
    memcpy(s.words, &b.eng->sync.epochs.root, 16);
    memcpy(s.words + 16, b.eng->sync.epochs.key, MPCI_EPOCHS * 16);
    memcpy(s.words + 16 + MPCI_EPOCHS * 16, &b.eng->core.table_key, 16);
    memory.user = &s;
    look_for_secrets(&memory, b.eng, sizeof(*b.eng));
    ck_assert_uint_ge(s.found, sizeof(s.words) / 8); /* they can be found */
    s.found = s.blocks = 0;
    memory.on_release = look_for_secrets;
    bed_close(&b);
    ck_assert_uint_gt(s.blocks, 3);
    ck_assert_uint_eq(s.found, 0);
}
END_TEST

START_TEST(no_hook_is_called_by_deleting)
{
    mpconn_tuple t = bed_tuple(MPCONN_FAMILY_IPV4, 1, 40000);
    mpconn_tuple t2 = bed_tuple(MPCONN_FAMILY_IPV4, 2, 40000);
    bed_conn c = bed_conn_of(&t, 1, 2), half = bed_conn_of(&t2, 1, 2);
    unsigned events, released;
    bed_segment seg;

    bed_open(&b, &cfg, &cb);
    bed_settle(&b, &c);
    bed_syn(&b, &half);
    bed_proof(&b, &half);
    seg = bed_data(&half, MPCONN_SIDE_CLIENT, 1, 1, 10);
    seg.s.tsecr = half.proxy_ts;
    bed_in(&b, MPCONN_SIDE_CLIENT, &seg);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_HOLD);
    events = b.n_events;
    released = b.n_released;
    b.n_out = 0;
    bed_close(&b);
    ck_assert_uint_eq(b.n_events, events);
    ck_assert_uint_eq(b.n_released, released);
    ck_assert_uint_eq(b.n_out, 0);
    ck_assert_uint_eq(memory.live, 0);
}
END_TEST

START_TEST(memory_is_taken_at_birth_and_as_much_as_the_statistics_say)
{
    mpconn_tuple t;
    unsigned calls;

    bed_open(&b, &cfg, &cb);
    calls = memory.calls;
    ck_assert_uint_eq(bed_stats(&b).memory_bytes, memory.bytes);
    for (unsigned i = 0; i < 100; i++) {
        bed_conn c;

        t = bed_tuple(i & 1 ? MPCONN_FAMILY_IPV4 : MPCONN_FAMILY_IPV6, i, 40000);
        c = bed_conn_of(&t, i, ~i);
        bed_settle(&b, &c);
        bed_pass(&b, MPCONN_SECOND);
        b.n_out = 0;
    }
    ck_assert_uint_eq(memory.calls, calls);
    ck_assert_uint_eq(bed_stats(&b).memory_bytes, memory.bytes);
    bed_close(&b);
}
END_TEST

static void add_construction(Suite *s)
{
    TCase *tc = tcase_create("construction");

    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, engine_of_a_key_and_two_hooks_works);
    tcase_add_test(tc, zero_takes_the_documented_default);
    tcase_add_loop_test(tc, default_policy_for_unknown_segments_follows_the_split_mode, 0, 3);
    tcase_add_loop_test(tc, number_at_the_edge_of_its_range_is_taken_beyond_it_refused, 0,
                        N_FIELDS);
    tcase_add_test(tc, repeats_of_a_syn_ack_are_few_or_none);
    tcase_add_test(tc, reserved_bytes_of_a_config_must_be_zero);
    tcase_add_test(tc, A05_missing_key_or_hook_is_refused);
    tcase_add_test(tc, A05_null_argument_or_never_is_refused);
    tcase_add_test(tc, half_an_allocator_is_refused);
    tcase_add_test(tc, E39_nth_allocation_fails_and_nothing_is_left);
    tcase_add_loop_test(tc, failing_random_hook_makes_no_engine, 0, 4);
    tcase_add_test(tc, config_callbacks_and_key_are_copied);
    suite_add_tcase(s, tc);
}

static void add_deletion(Suite *s)
{
    TCase *tc = tcase_create("deletion");

    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, deleting_wipes_the_secrets);
    tcase_add_test(tc, no_hook_is_called_by_deleting);
    tcase_add_test(tc, memory_is_taken_at_birth_and_as_much_as_the_statistics_say);
    suite_add_tcase(s, tc);
}

int main(void)
{
    Suite *s = suite_create("engine: new and del");

    add_construction(s);
    add_deletion(s);
    return check_run(s);
}
