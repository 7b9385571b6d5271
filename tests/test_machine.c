/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of the handshake machine, cell by cell. */
#include "split/machine.h"

#include "bed.h"
#include "check_main.h"
#include "engine/engine.h"
#include "split/actions.h"

static bed b;

START_TEST(cell_is_written)
{
    for (unsigned e = 0; e < MPCI_EV_COUNT; e++) {
        const mpci_split_cell *c = mpci_split_cell_at((unsigned)_i, e);

        ck_assert_ptr_nonnull(c);
        ck_assert_msg(c->action != NULL, "%s x %s is empty", mpci_split_state_name((unsigned)_i),
                      mpci_split_event_name(e));
        ck_assert_uint_lt(c->next, MPCI_ST_COUNT);
        ck_assert_ptr_nonnull(c->action_name);
        if (c->action == mpci_act_absent) /* what cannot happen changes nothing */
            ck_assert_uint_eq(c->next, (unsigned)_i);
    }
}
END_TEST

START_TEST(names_are_those_of_the_list)
{
    ck_assert_str_eq(mpci_split_state_name(MPCI_ST_NONE), "NONE");
    ck_assert_str_eq(mpci_split_state_name(MPCI_ST_PLAIN_ANSWERED), "PLAIN_ANSWERED");
    ck_assert_str_eq(mpci_split_event_name(MPCI_EV_NOTHING), "NOTHING");
    ck_assert_str_eq(mpci_split_event_name(MPCI_EV_KILLED_SILENT), "KILLED_SILENT");
    ck_assert_ptr_null(mpci_split_state_name(MPCI_ST_COUNT));
    ck_assert_ptr_null(mpci_split_event_name(MPCI_EV_COUNT));
    ck_assert_ptr_null(mpci_split_cell_at(MPCI_ST_COUNT, 0));
    ck_assert_ptr_null(mpci_split_cell_at(0, MPCI_EV_COUNT));
}
END_TEST

/* Every state that a handshake can be left in has a way out that needs no packet. */
START_TEST(state_ends_by_time_alone)
{
    unsigned s = (unsigned)_i;

    for (unsigned steps = 0; s != MPCI_ST_NONE; steps++) {
        const mpci_split_cell *c = mpci_split_cell_at(s, MPCI_EV_TIMER);

        if (c->next == s)
            c = mpci_split_cell_at(s, MPCI_EV_EXHAUSTED);
        if (c->next == s) /* what follows from that at once */
            c = mpci_split_cell_at(s, MPCI_EV_DONE);
        ck_assert_uint_ne(c->next, s);
        ck_assert_uint_lt(steps, MPCI_ST_COUNT);
        s = c->next;
    }
}
END_TEST

static int has_flow(unsigned state)
{
    return state == MPCI_ST_CONFIRMING;
}

static int is_half_open(unsigned state)
{
    return state != MPCI_ST_NONE && state != MPCI_ST_OPENING && state != MPCI_ST_CLAIMING &&
           state != MPCI_ST_QUITTING &&
           !has_flow(state);
}

/* A handshake in a given state, made directly; its flow is in the table where it has one. */
static mpci_handshake *entry_in(mpconn_engine *eng, unsigned state, const mpconn_tuple *t)
{
    mpci_core *core = &eng->core;
    mpci_handshake *h =
        mpci_handshake_add(&core->handshakes, mpci_tuple_hash(&core->table_key, t), t);

    h->client_isn = 1000;
    h->proxy_isn = 2000;
    h->server_isn = 3000;
    h->hs = 0x4ff0;
    h->server_options = 0x0f;
    if (has_flow(state))
        ck_assert_int_eq(mpci_split_settle(&eng->split, h), MPCONN_OK);
    h->state = (uint8_t)state;
    if (is_half_open(state))
        eng->split.half_open++;
    return h;
}

/* The packet an event comes with. */
static bed_segment segment_of(unsigned event, const mpconn_tuple *t, unsigned *from)
{
    int of_answerer = (event >= MPCI_EV_SYN_ACK && event <= MPCI_EV_ANSWERER_OTHER) ||
                      event == MPCI_EV_HEARD_SERVER;
    unsigned flags = MPCI_TCP_ACK;

    if (event == MPCI_EV_SYN_AGAIN || event == MPCI_EV_SYN_SPLIT || event == MPCI_EV_SYN_TRACK)
        flags = MPCI_TCP_SYN;
    if (event == MPCI_EV_SYN_ACK || event == MPCI_EV_SYN_ACK_OTHER)
        flags = MPCI_TCP_SYN | MPCI_TCP_ACK;
    if (event == MPCI_EV_OPENER_RST || event == MPCI_EV_ANSWERER_RST)
        flags = MPCI_TCP_RST | MPCI_TCP_ACK;
    *from = of_answerer ? MPCONN_SIDE_SERVER : MPCONN_SIDE_CLIENT;
    return bed_seg(t, of_answerer ? MPCONN_SIDE_CLIENT : MPCONN_SIDE_SERVER, flags, 1001, 2001);
}

static int is_raised_without_packet(unsigned event)
{
    return event >= MPCI_EV_TOLD_SHARE;
}

static void run_cell(unsigned state, unsigned event)
{
    mpconn_tuple t = bed_tuple(4, 1, 40000);
    mpci_step st = {0};
    mpci_syn_options options;
    mpci_record record = {0};
    mpci_view v;
    mpconn_pkt pkt = {0};
    uint8_t bytes[BED_ROOM];
    bed_segment seg;
    unsigned from;

    bed_open_default(&b);
    if (state != MPCI_ST_NONE)
        st.h = entry_in(b.eng, state, &t);
    seg = segment_of(event, &t, &from);
    pkt.data = bytes;
    pkt.cap = sizeof(bytes);
    pkt.len = (uint32_t)mpci_build_tcp(bytes, sizeof(bytes), &seg.s);
    pkt.side = (uint8_t)from;
    pkt.verdict = 0xff;
    mpci_view_parse(&v, &pkt);
    st.view = &v;
    st.tuple = st.leg = &t;
    st.hash = mpci_tuple_hash(&b.eng->core.table_key, &t);
    st.from = from;
    st.pkt = is_raised_without_packet(event) ? NULL : &pkt;
    st.bad_options = mpci_syn_options_parse(&options, &v);
    st.options = &options;
    record.tuple = t;
    record.client_isn = st.h != NULL ? st.h->client_isn : 1;
    st.record = &record;
    st.teller = 7;
    mpci_split_run(&b.eng->split, &st, (enum mpci_split_event)event);

    if (st.pkt != NULL && event != MPCI_EV_NOTHING && event != MPCI_EV_HEARD_CLIENT &&
        event != MPCI_EV_HEARD_SERVER)
        ck_assert_msg(pkt.verdict <= MPCONN_VERDICT_CONSUMED, "%s x %s: no verdict",
                      mpci_split_state_name(state), mpci_split_event_name(event));
    if (st.h != NULL) {
        ck_assert_uint_ne(st.h->state, MPCI_ST_NONE);
        ck_assert_ptr_eq(mpci_handshake_find(&b.eng->core.handshakes, st.hash, &t), st.h);
    } else {
        ck_assert_ptr_null(mpci_handshake_find(&b.eng->core.handshakes, st.hash, &t));
        ck_assert_uint_eq(b.eng->split.half_open, 0);
    }
    bed_close(&b);
}

/* Any event in any state: a verdict, and books that balance. */
START_TEST(cell_keeps_the_books)
{
    for (unsigned e = 0; e < MPCI_EV_COUNT; e++)
        run_cell((unsigned)_i, e);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("machine");
    TCase *tc = tcase_create("machine");

    tcase_add_loop_test(tc, cell_is_written, 0, MPCI_ST_COUNT);
    tcase_add_test(tc, names_are_those_of_the_list);
    tcase_add_loop_test(tc, state_ends_by_time_alone, 0, MPCI_ST_COUNT);
    tcase_add_loop_test(tc, cell_keeps_the_books, 0, MPCI_ST_COUNT);
    suite_add_tcase(s, tc);
    return check_run(s);
}
