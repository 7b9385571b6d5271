/* SPDX-License-Identifier: BSD-2-Clause */
/* Sessions as the controller sees them: what is taken, what is refused and why, what is read. */
#include <check.h>
#include <stdio.h>

#include "check_main.h"
#include "engine/engine.h"
#include "engine_support.h"
#include "session_wishes.h"

enum { ROOM = 8, NAME = MPCONN_SESSION_NAME_MAX + 1 };

static bed b;
static mpconn_engine_config cfg;
static mpconn_callbacks cb;
static counting memory;

static void open_with(uint32_t sessions)
{
    cfg.max_sessions = sessions;
    bed_open(&b, &cfg, &cb);
}

static void setup(void)
{
    memset(&memory, 0, sizeof(memory));
    bed_config(&cfg, &cb);
    cfg.allocator = counting_allocator(&memory);
    open_with(ROOM);
}

static void teardown(void)
{
    bed_close(&b);
    ck_assert_uint_eq(memory.live, 0);
}

static int add(const mpconn_session_config *c)
{
    return mpconn_session_add(b.eng, c, b.now);
}

static void add_nth(unsigned n)
{
    mpconn_session_config c = wish(n);

    HOLDS(add(&c) == MPCONN_OK);
}

static int get(const char *name, mpconn_session *s)
{
    MPCONN_STRUCT_INIT(s);
    return mpconn_session_get(b.eng, name, s);
}

static int get_nth(unsigned n, mpconn_session *s)
{
    mpconn_session_config c = wish(n);

    return get(c.name, s);
}

/* --- what is taken --- */

START_TEST(session_is_read_back_with_its_defaults)
{
    mpconn_session_config c = wish(3);
    mpconn_session s;

    ck_assert_int_eq(add(&c), MPCONN_OK);
    ck_assert_int_eq(get("session 3", &s), MPCONN_OK);
    ck_assert_str_eq(s.config.name, "session 3");
    ck_assert_mem_eq(s.config.termination, c.termination, sizeof(c.termination));
    ck_assert_uint_eq(s.config.struct_size, sizeof(s.config));
    ck_assert_uint_eq(s.config.max_mss, 1460);
    ck_assert_uint_eq(s.config.candidates, 4);
    ck_assert_uint_eq(s.config.wait_ms, 127000);
    ck_assert_uint_eq(s.config.fresh_ms, 130);
    ck_assert_uint_eq(s.config.confirm_ms, 10000);
    ck_assert_uint_eq(s.config.relatch_ms, 1000);
    ck_assert_uint_eq(s.state, MPCONN_SESSION_IDLE);
    ck_assert_uint_eq(s.pairs, 0);
    ck_assert_uint_eq(s.flow, 0);
    ck_assert_uint_eq(s.remote_port[0] + s.remote_port[1], 0);
    ck_assert_uint_eq(bed_stats(&b).sessions, 1);
    ck_assert_uint_eq(bed_stats(&b).candidates, 0);
}
END_TEST

START_TEST(session_with_an_ipv6_end_has_room_for_its_header)
{
    mpconn_session_config c = wish(0);
    mpconn_session s;

    c.flags = MPCONN_SESSION_F_FAMILIES;
    wish_ipv6(&c.termination[_i]);
    ck_assert_int_eq(add(&c), MPCONN_OK);
    ck_assert_int_eq(get(c.name, &s), MPCONN_OK);
    ck_assert_uint_eq(s.config.max_mss, 1440);
}
END_TEST

START_TEST(expected_address_counts_as_far_as_its_prefix_goes)
{
    mpconn_session_config c = wish(0);
    mpconn_session s;

    c.termination[0].expect = (mpconn_addr){{198, 51, 100, 255, 9}};
    c.termination[0].expect_prefix = 27;
    c.termination[1].expect = (mpconn_addr){{198, 51, 100, 255}};
    ck_assert_int_eq(add(&c), MPCONN_OK);
    ck_assert_int_eq(get(c.name, &s), MPCONN_OK);
    ck_assert_mem_eq(s.config.termination[0].expect.bytes,
                     ((uint8_t[16]){198, 51, 100, 224}), 16);
    ck_assert_mem_eq(s.config.termination[1].expect.bytes, ((uint8_t[16]){0}), 16);
}
END_TEST

START_TEST(missing_arguments_and_no_time_are_refused)
{
    mpconn_session_config c = wish(0);
    mpconn_session_cursor cursor = {0};
    mpconn_session s;

    ck_assert_int_eq(mpconn_session_add(NULL, &c, b.now), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_session_add(b.eng, NULL, b.now), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_session_add(b.eng, &c, MPCONN_TIME_NEVER), MPCONN_ERR_INVAL);
    ck_assert_uint_eq(bed_stats(&b).sessions, 0);
    add_nth(0);
    ck_assert_int_eq(mpconn_session_modify(NULL, &c, b.now), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_session_modify(b.eng, NULL, b.now), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_session_modify(b.eng, &c, MPCONN_TIME_NEVER), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_session_remove(NULL, c.name, b.now), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_session_remove(b.eng, NULL, b.now), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_session_remove(b.eng, c.name, MPCONN_TIME_NEVER), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_session_get(NULL, c.name, &s), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_session_get(b.eng, NULL, &s), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_session_get(b.eng, c.name, NULL), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_session_next(NULL, &cursor, &s), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_session_next(b.eng, NULL, &s), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_session_next(b.eng, &cursor, NULL), MPCONN_ERR_INVAL);
    ck_assert_uint_eq(bed_stats(&b).sessions, 1);
}
END_TEST

START_TEST(struct_of_another_version_is_told_by_its_size)
{
    struct {
        mpconn_session_config c;
        uint64_t more;
    } longer = {.c = wish(0)};
    mpconn_session_cursor cursor = {0};
    mpconn_session s;

    longer.c.struct_size = sizeof(longer);
    longer.more = 1;
    ck_assert_int_eq(add(&longer.c), MPCONN_ERR_VERSION);
    ck_assert_int_eq(mpconn_session_modify(b.eng, &longer.c, b.now), MPCONN_ERR_VERSION);
    longer.more = 0;
    ck_assert_int_eq(add(&longer.c), MPCONN_OK);
    longer.c.struct_size = sizeof(longer.c) - 1;
    ck_assert_int_eq(mpconn_session_modify(b.eng, &longer.c, b.now), MPCONN_ERR_VERSION);
    s.struct_size = sizeof(s) - 1;
    ck_assert_int_eq(mpconn_session_get(b.eng, longer.c.name, &s), MPCONN_ERR_VERSION);
    ck_assert_int_eq(mpconn_session_next(b.eng, &cursor, &s), MPCONN_ERR_VERSION);
    ck_assert_uint_eq(cursor.position, 0);
}
END_TEST

/* --- names and terminations --- */

START_TEST(name_is_of_one_session_whatever_stands_behind_its_end)
{
    mpconn_session_config c = wish(0), other = wish(1);
    mpconn_session s;

    ck_assert_int_eq(add(&c), MPCONN_OK);
    memcpy(other.name, c.name, NAME);
    other.name[NAME - 1] = 'x';
    ck_assert_int_eq(add(&other), MPCONN_ERR_EXISTS);
    ck_assert_int_eq(get("session", &s), MPCONN_ERR_NOTFOUND);
    ck_assert_int_eq(get("session 01", &s), MPCONN_ERR_NOTFOUND);
    ck_assert_int_eq(get("", &s), MPCONN_ERR_NOTFOUND);
    ck_assert_int_eq(get("a name of more than thirty-one bytes", &s), MPCONN_ERR_NOTFOUND);
}
END_TEST

START_TEST(termination_is_of_one_session)
{
    mpconn_session_config c = wish(0), other = wish(1);
    unsigned mine = (unsigned)_i & 1, its = (unsigned)_i >> 1;

    ck_assert_int_eq(add(&c), MPCONN_OK);
    other.termination[its] = c.termination[mine];
    ck_assert_int_eq(add(&other), MPCONN_ERR_EXISTS);
    ck_assert_uint_eq(bed_stats(&b).sessions, 1);
    other.zone = 1;
    ck_assert_int_eq(add(&other), MPCONN_OK); /* nor did the refusal leave anything behind */
}
END_TEST

START_TEST(zone_and_family_and_port_tell_terminations_apart)
{
    mpconn_session_config c = wish(0);

    ck_assert_int_eq(add(&c), MPCONN_OK);
    c.name[0]++;
    c.zone = 7;
    ck_assert_int_eq(add(&c), MPCONN_OK);
    c.name[0]++;
    c.termination[0].local_port += 500;
    c.termination[1].local_port += 500;
    ck_assert_int_eq(add(&c), MPCONN_OK);
    c.name[0]++;
    wish_ipv6(&c.termination[0]);
    wish_ipv6(&c.termination[1]);
    c.termination[1].local_port++;
    ck_assert_int_eq(add(&c), MPCONN_OK);
}
END_TEST

/* --- room --- */

START_TEST(table_takes_as_many_as_it_was_made_for)
{
    mpconn_session_config c = wish(ROOM);
    mpconn_session s;

    for (unsigned n = 0; n < ROOM; n++)
        add_nth(n);
    ck_assert_int_eq(add(&c), MPCONN_ERR_LIMIT);
    ck_assert_int_eq(get_nth(ROOM, &s), MPCONN_ERR_NOTFOUND);
    ck_assert_int_eq(mpconn_session_remove(b.eng, "session 4", b.now), MPCONN_OK);
    ck_assert_int_eq(add(&c), MPCONN_OK);
    ck_assert_uint_eq(bed_stats(&b).sessions, ROOM);
    for (unsigned n = 0; n <= ROOM; n++)
        ck_assert_int_eq(get_nth(n, &s), n == 4 ? MPCONN_ERR_NOTFOUND : MPCONN_OK);
}
END_TEST

START_TEST(engine_without_sessions_has_no_room_for_one)
{
    mpconn_session_config c = wish(0);
    mpconn_session_cursor cursor = {0};
    mpconn_session s;

    bed_close(&b);
    open_with(0);
    MPCONN_STRUCT_INIT(&s);
    ck_assert_int_eq(add(&c), MPCONN_ERR_LIMIT);
    ck_assert_int_eq(mpconn_session_modify(b.eng, &c, b.now), MPCONN_ERR_NOTFOUND);
    ck_assert_int_eq(mpconn_session_remove(b.eng, c.name, b.now), MPCONN_ERR_NOTFOUND);
    ck_assert_int_eq(get(c.name, &s), MPCONN_ERR_NOTFOUND);
    ck_assert_int_eq(mpconn_session_next(b.eng, &cursor, &s), MPCONN_ERR_NOTFOUND);
}
END_TEST

START_TEST(sessions_have_bindings_wide_flows_and_candidates_by_default)
{
    mpconn_engine_config c;
    mpconn_timeouts t;

    bed_close(&b);
    open_with(ROOM);
    ck_assert_uint_eq(b.eng->core.bindings.capacity, ROOM);
    ck_assert_uint_eq(b.eng->rendezvous.sessions.n_candidates, ROOM / 4 + 8);
    cfg.max_wide_flows = 0;
    ck_assert_int_eq(mpci_config_import(&c, &t, &cfg), MPCONN_OK);
    ck_assert_uint_eq(c.max_wide_flows, 16384);
    cfg.max_sessions = 16385;
    ck_assert_int_eq(mpci_config_import(&c, &t, &cfg), MPCONN_OK);
    ck_assert_uint_eq(c.max_wide_flows, 16385);
    cfg.max_sessions = (1u << 24) + 1;
    ck_assert_int_eq(mpci_config_import(&c, &t, &cfg), MPCONN_ERR_INVAL);
}
END_TEST

/* --- modify and remove --- */

START_TEST(modified_session_has_the_new_wish)
{
    mpconn_session_config c = wish(2);
    mpconn_session s;

    ck_assert_int_eq(mpconn_session_modify(b.eng, &c, b.now), MPCONN_ERR_NOTFOUND);
    ck_assert_int_eq(add(&c), MPCONN_OK);
    c.termination[1].expect = (mpconn_addr){{192, 0, 2, 9}};
    c.termination[1].expect_prefix = 32;
    c.confirm_ms = 77;
    ck_assert_int_eq(mpconn_session_modify(b.eng, &c, b.now), MPCONN_OK);
    ck_assert_int_eq(get(c.name, &s), MPCONN_OK);
    ck_assert_uint_eq(s.config.confirm_ms, 77);
    ck_assert_uint_eq(s.config.wait_ms, 127000);
    ck_assert_mem_eq(&s.config.termination[1], &c.termination[1], sizeof(c.termination[1]));
}
END_TEST

static void other_port(mpconn_session_config *c) { c->termination[0].local_port++; }
static void other_addr(mpconn_session_config *c) { c->termination[1].local.bytes[3]++; }
static void other_zone(mpconn_session_config *c) { c->zone++; }
static void other_family(mpconn_session_config *c)
{
    c->flags = MPCONN_SESSION_F_FAMILIES;
    wish_ipv6(&c->termination[1]);
}
static void turned_round(mpconn_session_config *c)
{
    mpconn_termination t = c->termination[0];

    c->termination[0] = c->termination[1];
    c->termination[1] = t;
}

START_TEST(what_is_called_cannot_be_modified)
{
    static void (*const changes[])(mpconn_session_config *) = {other_port, other_addr, other_zone,
                                                               other_family, turned_round};
    mpconn_session before, after;

    add_nth(0);
    ck_assert_int_eq(get_nth(0, &before), MPCONN_OK);
    for (unsigned i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        mpconn_session_config c = wish(0);

        changes[i](&c);
        c.confirm_ms = 5;
        ck_assert_int_eq(mpconn_session_modify(b.eng, &c, b.now), MPCONN_ERR_INVAL);
        ck_assert_int_eq(get_nth(0, &after), MPCONN_OK);
        ck_assert_mem_eq(&before, &after, sizeof(before));
    }
}
END_TEST

START_TEST(removed_session_leaves_name_and_terminations)
{
    mpconn_session_config c = wish(0);
    mpconn_session s;

    ck_assert_int_eq(mpconn_session_remove(b.eng, c.name, b.now), MPCONN_ERR_NOTFOUND);
    for (unsigned i = 0; i < 3 * ROOM; i++) {
        ck_assert_int_eq(add(&c), MPCONN_OK);
        ck_assert_int_eq(mpconn_session_remove(b.eng, c.name, b.now), MPCONN_OK);
        ck_assert_int_eq(mpconn_session_remove(b.eng, c.name, b.now), MPCONN_ERR_NOTFOUND);
        ck_assert_int_eq(get(c.name, &s), MPCONN_ERR_NOTFOUND);
    }
    ck_assert_uint_eq(bed_stats(&b).sessions, 0);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_SESSION_REMOVED), 3 * ROOM);
}
END_TEST

START_TEST(cursor_sees_each_session_that_stays_exactly_once)
{
    mpconn_session_cursor cursor = {0};
    unsigned seen[ROOM] = {0};
    mpconn_session s;

    for (unsigned n = 0; n < ROOM; n++)
        add_nth(n);
    MPCONN_STRUCT_INIT(&s);
    for (unsigned i = 0; mpconn_session_next(b.eng, &cursor, &s) == MPCONN_OK; i++) {
        unsigned n;

        ck_assert_int_eq(sscanf(s.config.name, "session %u", &n), 1);
        ck_assert_uint_lt(n, ROOM);
        seen[n]++;
        if (i == 2) { /* one that was seen comes back, one that was not goes */
            ck_assert_int_eq(mpconn_session_remove(b.eng, "session 1", b.now), MPCONN_OK);
            ck_assert_int_eq(mpconn_session_remove(b.eng, "session 6", b.now), MPCONN_OK);
            add_nth(1);
        }
        MPCONN_STRUCT_INIT(&s);
    }
    for (unsigned n = 0; n < ROOM; n++)
        if (n != 1)
            ck_assert_uint_eq(seen[n], n != 6);
    ck_assert_int_eq(mpconn_session_next(b.eng, &cursor, &s), MPCONN_ERR_NOTFOUND);
}
END_TEST

/* --- hooks --- */

static unsigned n_hooks;

static int admit_reenters(void *user, const mpconn_admit_request *r)
{
    mpconn_session_config c = wish(1);
    mpconn_session_cursor cursor = {0};
    mpconn_session s;

    (void)user;
    (void)r;
    n_hooks++;
    ck_assert_int_eq(add(&c), MPCONN_ERR_REENTRANT);
    c = wish(0);
    ck_assert_int_eq(mpconn_session_modify(b.eng, &c, b.now), MPCONN_ERR_REENTRANT);
    ck_assert_int_eq(mpconn_session_remove(b.eng, c.name, b.now), MPCONN_ERR_REENTRANT);
    ck_assert_int_eq(get(c.name, &s), MPCONN_OK);
    ck_assert_int_eq(mpconn_session_next(b.eng, &cursor, &s), MPCONN_OK);
    return MPCONN_ADMIT_REFUSE;
}

START_TEST(hook_may_read_sessions_and_no_more)
{
    mpconn_tuple t = bed_tuple(MPCONN_FAMILY_IPV4, 1, 5000);
    bed_conn conn = bed_conn_of(&t, 1, 2);
    bed_segment syn = bed_syn_seg(&conn);

    bed_close(&b);
    cb.admit = admit_reenters;
    open_with(ROOM);
    add_nth(0);
    n_hooks = 0;
    bed_in(&b, MPCONN_SIDE_CLIENT, &syn);
    ck_assert_uint_eq(n_hooks, 1);
    ck_assert_uint_eq(bed_stats(&b).sessions, 1);
}
END_TEST

START_TEST(state_or_event_has_the_name_of_its_enumerator)
{
    ck_assert_str_eq(mpconn_session_state_name(MPCONN_SESSION_IDLE), "IDLE");
    ck_assert_str_eq(mpconn_session_state_name(MPCONN_SESSION_CLOSING), "CLOSING");
    ck_assert_ptr_null(mpconn_session_state_name(MPCONN_SESSION_CLOSING + 1));
    ck_assert_ptr_null(mpconn_session_event_name(0));
    ck_assert_str_eq(mpconn_session_event_name(MPCONN_SESSION_EVENT_LATCHED), "LATCHED");
    ck_assert_str_eq(mpconn_session_event_name(MPCONN_SESSION_EVENT_REFUSED), "REFUSED");
    ck_assert_ptr_null(mpconn_session_event_name(MPCONN_SESSION_EVENT_REFUSED + 1));
    ck_assert_ptr_null(mpconn_session_event_name(UINT32_MAX));
    for (unsigned i = MPCONN_SESSION_IDLE; i <= MPCONN_SESSION_CLOSING; i++)
        ck_assert_ptr_nonnull(mpconn_session_state_name(i));
    for (unsigned i = MPCONN_SESSION_EVENT_LATCHED; i <= MPCONN_SESSION_EVENT_REFUSED; i++)
        ck_assert_ptr_nonnull(mpconn_session_event_name(i));
}
END_TEST

/* --- memory --- */

START_TEST(E39_no_memory_for_sessions_leaves_nothing_behind)
{
    mpconn_engine *eng;
    unsigned calls;

    bed_close(&b);
    memset(&memory, 0, sizeof(memory));
    cfg.max_sessions = ROOM;
    ck_assert_int_eq(mpconn_engine_new(&eng, &cfg, &cb, &b, b.now), MPCONN_OK);
    calls = memory.calls;
    ck_assert_int_eq(mpconn_engine_del(eng), MPCONN_OK);
    for (unsigned n = 1; n <= calls; n++) {
        memory.calls = 0;
        memory.fail_at = n;
        ck_assert_int_eq(mpconn_engine_new(&eng, &cfg, &cb, &b, b.now), MPCONN_ERR_NOMEM);
        ck_assert_ptr_null(eng);
        ck_assert_uint_eq(memory.live, 0);
    }
    memory.fail_at = 0;
    open_with(ROOM);
}
END_TEST

START_TEST(hundred_thousand_sessions_cost_what_is_promised)
{
    enum { MANY = 100000, PROMISED = 448 };
    uint64_t without, with;
    unsigned calls;
    mpconn_session s;

    bed_close(&b);
    cfg.max_bindings = 1; /* flows and bindings are counted elsewhere */
    open_with(0);
    without = bed_stats(&b).memory_bytes;
    bed_close(&b);
    open_with(MANY);
    with = bed_stats(&b).memory_bytes;
    calls = memory.calls;
    for (unsigned n = 0; n < MANY; n++)
        add_nth(n);
    ck_assert_uint_eq(memory.calls, calls);
    ck_assert_uint_eq(bed_stats(&b).sessions, MANY);
    for (unsigned n = 0; n < MANY; n++)
        HOLDS(get_nth(n, &s) == MPCONN_OK);
    printf("%u sessions: %.1f bytes each\n", (unsigned)MANY, (double)(with - without) / MANY);
    ck_assert_uint_le(with - without, (uint64_t)PROMISED * MANY);
    ck_assert_uint_eq(mpconn_engine_next_expiry(b.eng), MPCONN_TIME_NEVER);
    for (unsigned n = 0; n < MANY; n++) {
        mpconn_session_config c = wish(n);

        HOLDS(mpconn_session_remove(b.eng, c.name, b.now) == MPCONN_OK);
    }
    ck_assert_uint_eq(b.eng->rendezvous.sessions.by_name.used, 0);
    ck_assert_uint_eq(b.eng->rendezvous.sessions.by_termination.used, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sessions");
    TCase *tc = tcase_create("sessions");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, session_is_read_back_with_its_defaults);
    tcase_add_loop_test(tc, session_with_an_ipv6_end_has_room_for_its_header, 0, 2);
    tcase_add_test(tc, expected_address_counts_as_far_as_its_prefix_goes);
    tcase_add_test(tc, missing_arguments_and_no_time_are_refused);
    tcase_add_test(tc, struct_of_another_version_is_told_by_its_size);
    tcase_add_test(tc, name_is_of_one_session_whatever_stands_behind_its_end);
    tcase_add_loop_test(tc, termination_is_of_one_session, 0, 4);
    tcase_add_test(tc, zone_and_family_and_port_tell_terminations_apart);
    tcase_add_test(tc, table_takes_as_many_as_it_was_made_for);
    tcase_add_test(tc, engine_without_sessions_has_no_room_for_one);
    tcase_add_test(tc, sessions_have_bindings_wide_flows_and_candidates_by_default);
    tcase_add_test(tc, modified_session_has_the_new_wish);
    tcase_add_test(tc, what_is_called_cannot_be_modified);
    tcase_add_test(tc, removed_session_leaves_name_and_terminations);
    tcase_add_test(tc, cursor_sees_each_session_that_stays_exactly_once);
    tcase_add_test(tc, hook_may_read_sessions_and_no_more);
    tcase_add_test(tc, state_or_event_has_the_name_of_its_enumerator);
    tcase_add_test(tc, E39_no_memory_for_sessions_leaves_nothing_behind);
    tcase_add_test(tc, hundred_thousand_sessions_cost_what_is_promised);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
