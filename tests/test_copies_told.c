/* SPDX-License-Identifier: BSD-2-Clause */
/* What a host hears of flows that its member learned from another: as many that came as went. */
#include "carried.h"
#include "check_main.h"

static const mpconn_event *last_event(unsigned member)
{
    ck_assert_uint_gt(m[member]->n_events, 0);
    return &m[member]->events[m[member]->n_events - 1];
}

static unsigned events_of(unsigned member, unsigned type)
{
    unsigned n = 0;

    for (unsigned i = 0; i < m[member]->n_events; i++)
        n += m[member]->events[i].type == type;
    return n;
}

static void expect_copy_told(unsigned member)
{
    const mpconn_event *ev = last_event(member);

    ck_assert_uint_eq(ev->type, MPCONN_EVENT_SETTLED);
    ck_assert_uint_eq(ev->reason, MPCONN_REASON_FLOW_COPIED);
    ck_assert_uint_eq(ev->tuple.client_port, c.tuple.client_port);
    ck_assert_ptr_null(ev->client);
    ck_assert_ptr_null(ev->server);
    ck_assert_ptr_nonnull(ev->delta);
    ck_assert_uint_eq(m[member]->deltas[m[member]->n_events - 1].seq[SERVER], c.z - c.y);
    ck_assert_uint_eq(events_of(member, MPCONN_EVENT_SETTLED), 1);
}

/* Told by itself when the flow has lived for some time, or because the member asked. */
START_TEST(copy_is_told_as_settled)
{
    start((unsigned)_i % 2);
    bed_settle(m[A], &c);
    if (_i < 2) {
        say(A, CLIENT, MPCI_TCP_ACK, 1, 1, 100);
        say(A, SERVER, MPCI_TCP_ACK, 1, 101, 100);
        sync_pass(&net, 30 * MPCONN_SECOND);
    } else {
        say(B, SERVER, MPCI_TCP_ACK, 1, 1, 100);
        sync_carry(&net);
    }
    expect_copy_told(B);
    ck_assert_uint_eq(last_event(A)->reason, MPCONN_REASON_NONE);
    ck_assert_ptr_nonnull(last_event(A)->client);
}
END_TEST

/* The next incarnation takes its place: the end of the one comes before the beginning of the
 * other, and in the end all have ended. */
START_TEST(copies_that_come_and_go_are_balanced)
{
    start(A);
    for (unsigned i = 0; i < 3; i++) {
        mpci_record r = {.type = MPCI_RECORD_DELTA, .tuple = c.tuple, .client_isn = c.x + i,
                         .generation = (uint16_t)(1 + i), .seq_offset = 7, .flags = 1};

        sync_put(&net, A, 2, &r);
        sync_flush(&net, A);
        sync_carry(&net);
        ck_assert_uint_eq(events_of(B, MPCONN_EVENT_SETTLED), i + 1);
        ck_assert_uint_eq(events_of(B, MPCONN_EVENT_ENDED), i);
        ck_assert_uint_eq(last_event(B)->type, MPCONN_EVENT_SETTLED);
    }
    for (unsigned i = 0; i < 4; i++) {
        net.at[B].ahead += 8000 * MPCONN_SECOND;
        sync_pass(&net, 20 * MPCONN_SECOND);
    }
    ck_assert_uint_eq(events_of(B, MPCONN_EVENT_SETTLED), 3);
    ck_assert_uint_eq(events_of(B, MPCONN_EVENT_ENDED), 3);
    ck_assert_uint_eq(m[B]->eng->core.flows_settled, m[B]->eng->core.flows_ended);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("copies_told");
    TCase *tc = tcase_create("copies_told");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, copy_is_told_as_settled, 0, 4);
    tcase_add_test(tc, copies_that_come_and_go_are_balanced);
    suite_add_tcase(s, tc);
    return check_run(s);
}
