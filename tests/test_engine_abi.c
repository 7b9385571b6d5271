/* SPDX-License-Identifier: BSD-2-Clause */
/* Versions of the structs an engine takes and fills, and arguments it must refuse. */
#include <check.h>

#include "check_main.h"
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

/* A struct with room behind it, as a caller with newer headers has. */
typedef union room {
    mpconn_engine_config cfg;
    mpconn_callbacks cb;
    mpconn_timeouts times;
    mpconn_flow_filter filter;
    uint8_t bytes[sizeof(mpconn_engine_config) + 256];
} room;

static int call_new_config(room *r)
{
    mpconn_engine *eng = NULL;
    int rc = mpconn_engine_new(&eng, &r->cfg, &cb, &b, start);

    ck_assert_int_eq(eng != NULL, rc == MPCONN_OK);
    ck_assert_int_eq(mpconn_engine_del(eng), MPCONN_OK);
    return rc;
}

static int call_new_callbacks(room *r)
{
    mpconn_engine *eng = NULL;
    int rc = mpconn_engine_new(&eng, &cfg, &r->cb, &b, start);

    ck_assert_int_eq(eng != NULL, rc == MPCONN_OK);
    ck_assert_int_eq(mpconn_engine_del(eng), MPCONN_OK);
    return rc;
}

static int call_set_timeouts(room *r)
{
    return mpconn_engine_set_timeouts(b.eng, &r->times, start);
}

static int call_new_timeouts(room *r)
{
    room config = {.cfg = cfg};

    config.cfg.timeouts = &r->times;
    return call_new_config(&config);
}

static int call_kill(room *r)
{
    return mpconn_engine_kill(b.eng, &r->filter, NULL, start);
}

static const struct imported {
    int (*call)(room *r);
    size_t size;
} imports[] = {
    {call_new_config, sizeof(mpconn_engine_config)},
    {call_new_callbacks, sizeof(mpconn_callbacks)},
    {call_set_timeouts, sizeof(mpconn_timeouts)},
    {call_new_timeouts, sizeof(mpconn_timeouts)},
    {call_kill, sizeof(mpconn_flow_filter)},
};

START_TEST(A01_struct_of_another_version_is_taken_or_refused_by_its_tail)
{
    const struct imported *in = &imports[_i];
    static const size_t absurd[] = {0, 1, sizeof(size_t) - 1, sizeof(size_t), 5000, SIZE_MAX};
    room r;
    size_t size;

    memset(&r, 0, sizeof(r));
    if (in->call == call_new_config)
        r.cfg = cfg;
    if (in->call == call_new_callbacks)
        r.cb = cb;
    bed_open(&b, &cfg, &cb);

    size = in->size;
    memcpy(&r, &size, sizeof(size));
    ck_assert_int_eq(in->call(&r), MPCONN_OK); /* same version */
    size = in->size + 1;
    memcpy(&r, &size, sizeof(size));
    ck_assert_int_eq(in->call(&r), MPCONN_OK); /* newer, uses nothing of it */
    size = in->size + 40;
    memcpy(&r, &size, sizeof(size));
    ck_assert_int_eq(in->call(&r), MPCONN_OK);
    r.bytes[in->size + 39] = 1;
    ck_assert_int_eq(in->call(&r), MPCONN_ERR_VERSION); /* newer, and uses it */
    r.bytes[in->size + 39] = 0;
    r.bytes[in->size] = 1;
    ck_assert_int_eq(in->call(&r), MPCONN_ERR_VERSION);
    size = in->size; /* the byte behind is not ours to look at */
    memcpy(&r, &size, sizeof(size));
    ck_assert_int_eq(in->call(&r), MPCONN_OK);
    size = in->size - 1; /* older than the first */
    memcpy(&r, &size, sizeof(size));
    ck_assert_int_eq(in->call(&r), MPCONN_ERR_VERSION);
    for (unsigned i = 0; i < sizeof(absurd) / sizeof(absurd[0]); i++) {
        memcpy(&r, &absurd[i], sizeof(size));
        ck_assert_int_eq(in->call(&r), MPCONN_ERR_VERSION);
    }
    bed_close(&b);
    ck_assert_uint_eq(memory.live, 0);
}
END_TEST

START_TEST(A01_statistics_fill_what_the_caller_has_room_for)
{
    union {
        mpconn_stats s;
        uint8_t bytes[sizeof(mpconn_stats) + 64];
    } r;

    bed_open(&b, &cfg, &cb);
    memset(&r, 0xee, sizeof(r));
    r.s.struct_size = sizeof(mpconn_stats) - 1;
    ck_assert_int_eq(mpconn_engine_stats(b.eng, &r.s), MPCONN_ERR_VERSION);
    for (size_t i = sizeof(size_t); i < sizeof(r); i++)
        ck_assert_uint_eq(r.bytes[i], 0xee);
    r.s.struct_size = sizeof(mpconn_stats) + 32;
    ck_assert_int_eq(mpconn_engine_stats(b.eng, &r.s), MPCONN_OK);
    ck_assert_uint_eq(r.s.struct_size, sizeof(mpconn_stats) + 32);
    ck_assert_uint_eq(r.s.memory_bytes, memory.bytes);
    for (size_t i = sizeof(mpconn_stats); i < sizeof(r); i++) /* zero what we do not have */
        ck_assert_uint_eq(r.bytes[i], i < sizeof(mpconn_stats) + 32 ? 0 : 0xee);
    bed_close(&b);
}
END_TEST

START_TEST(A05_null_engine_is_refused_everywhere)
{
    mpconn_pkt *none = NULL;
    mpconn_timeouts times;
    mpconn_flow_filter filter;
    mpconn_flow_cursor cursor = {0};
    mpconn_flow flow;
    mpconn_stats stats;
    uint32_t done = 17;
    size_t killed = 17;

    MPCONN_STRUCT_INIT(&times);
    MPCONN_STRUCT_INIT(&filter);
    MPCONN_STRUCT_INIT(&flow);
    MPCONN_STRUCT_INIT(&stats);
    ck_assert_int_eq(mpconn_engine_del(NULL), MPCONN_OK); /* A02 */
    ck_assert_int_eq(mpconn_engine_input(NULL, &none, 0, start), MPCONN_ERR_INVAL);
    ck_assert_uint_eq(mpconn_engine_next_expiry(NULL), MPCONN_TIME_NEVER);
    ck_assert_int_eq(mpconn_engine_expire(NULL, 0, &done, start), MPCONN_ERR_INVAL);
    ck_assert_uint_eq(mpconn_engine_headroom(NULL), 0);
    ck_assert_uint_eq(mpconn_engine_tailroom(NULL), 0);
    ck_assert_int_eq(mpconn_engine_set_key(NULL, bed_key, 16, start), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_engine_set_timeouts(NULL, &times, start), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_engine_stats(NULL, &stats), MPCONN_ERR_INVAL);
    ck_assert_uint_eq(mpconn_engine_count(NULL, MPCONN_REASON_NO_FLOW), 0);
    ck_assert_int_eq(mpconn_engine_flow_next(NULL, &cursor, &flow), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_engine_kill(NULL, &filter, &killed, start), MPCONN_ERR_INVAL);
    ck_assert_uint_eq(done, 17);
    ck_assert_uint_eq(killed, 17);
}
END_TEST

START_TEST(A05_null_arguments_and_never_change_nothing)
{
    mpconn_flow_cursor cursor = {0};
    mpconn_timeouts times;
    mpconn_flow_filter filter;
    mpconn_pkt *none = NULL;
    mpconn_flow flow;
    snapshot before, after;
    uint32_t done = 17;
    size_t killed = 17;

    MPCONN_STRUCT_INIT(&times);
    MPCONN_STRUCT_INIT(&filter);
    MPCONN_STRUCT_INIT(&flow);
    bed_open(&b, &cfg, &cb);
    snapshot_take(&before, b.eng);
    ck_assert_int_eq(mpconn_engine_input(b.eng, NULL, 1, start), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_engine_input(b.eng, &none, 1, start), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_engine_input(b.eng, &none, 0, MPCONN_TIME_NEVER), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_engine_expire(b.eng, 0, &done, MPCONN_TIME_NEVER), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_engine_set_key(b.eng, NULL, 16, start), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_engine_set_key(b.eng, bed_key, 15, start), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_engine_set_key(b.eng, bed_key, 65, start), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_engine_set_key(b.eng, bed_key, 16, MPCONN_TIME_NEVER),
                     MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_engine_set_timeouts(b.eng, NULL, start), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_engine_set_timeouts(b.eng, &times, MPCONN_TIME_NEVER),
                     MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_engine_stats(b.eng, NULL), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_engine_flow_next(b.eng, NULL, &flow), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_engine_flow_next(b.eng, &cursor, NULL), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_engine_kill(b.eng, NULL, &killed, start), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_engine_kill(b.eng, &filter, &killed, MPCONN_TIME_NEVER),
                     MPCONN_ERR_INVAL);
    snapshot_take(&after, b.eng);
    snapshot_assert_equal(&before, &after);
    ck_assert_uint_eq(done, 17);
    ck_assert_uint_eq(killed, 17);
    ck_assert_uint_eq(mpconn_engine_count(b.eng, MPCONN_REASON_LIMIT), 0);
    ck_assert_uint_eq(mpconn_engine_count(b.eng, UINT32_MAX), 0);
    ck_assert_int_eq(mpconn_engine_input(b.eng, NULL, 0, start), MPCONN_OK);
    ck_assert_int_eq(mpconn_engine_expire(b.eng, 0, NULL, start), MPCONN_OK);
    ck_assert_int_eq(mpconn_engine_kill(b.eng, &filter, NULL, start), MPCONN_OK);
    bed_close(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("engine: versions and arguments");
    TCase *tc = tcase_create("versions and arguments");

    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_loop_test(tc, A01_struct_of_another_version_is_taken_or_refused_by_its_tail, 0, 5);
    tcase_add_test(tc, A01_statistics_fill_what_the_caller_has_room_for);
    tcase_add_test(tc, A05_null_engine_is_refused_everywhere);
    tcase_add_test(tc, A05_null_arguments_and_never_change_nothing);
    suite_add_tcase(s, tc);
    return check_run(s);
}
