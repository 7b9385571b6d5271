/* SPDX-License-Identifier: BSD-2-Clause */
/* Whoever has not acknowledged may be somebody else than it seems: it never gets more packets than
 * came from its address, whatever order the packets of all come in; but for two of each pair. */
#include "check_main.h"

#include "meeting.h"
#include "seed.h"

enum { SOURCES = 3, RUNS = 300, STEPS = 120 };

typedef struct source {
    meeting_client c;
    int honest;        /* acknowledges what it was answered */
    unsigned in, out;
    uint32_t answer;   /* sequence number of the last SYN|ACK it got */
    int answered;
} source;

static meeting m;
static source sources[SOURCES];
static seed_rng rng;

static source *addressee(const mpci_view *v)
{
    for (unsigned i = 0; i < SOURCES; i++) {
        mpconn_tuple t;

        mpci_view_tuple(&t, v, sources[i].c.side ^ 1, 0);
        if (memcmp(&t, &sources[i].c.leg, sizeof(t)) == 0)
            return &sources[i];
    }
    ck_abort_msg("a packet to nobody: port %u to %u, %s", v->sport, v->dport,
                 mpconn_reason_name(m.b.pkt.reason));
    return NULL;
}

static void count_out(const mpci_view *v)
{
    source *s = addressee(v);

    s->out++;
    if ((v->flags & (MPCI_TCP_SYN | MPCI_TCP_ACK)) == (MPCI_TCP_SYN | MPCI_TCP_ACK)) {
        s->answer = v->seq;
        s->answered = 1;
    }
}

static void count_what_came_out(int packet)
{
    mpci_view v;
    mpci_syn_options o;

    while (m.b.n_out > 0)
        count_out(&bed_take(&m.b)->view);
    if (!packet || m.b.pkt.verdict != MPCONN_VERDICT_FORWARD)
        return;
    bed_view(&m.b, &v, &o);
    count_out(&v);
}

/* Wrong by one, or right if it may be. */
static uint32_t acknowledgment(const source *s)
{
    return s->answer + 1 + (s->honest ? 0 : 1 + seed_below(&rng, 3));
}

static void step(void)
{
    source *s = &sources[seed_below(&rng, SOURCES)];
    meeting_client *c = &s->c;

    if (seed_below(&rng, 8) == 0) {
        bed_pass(&m.b, seed_below(&rng, 3000) * MPCONN_MILLISECOND);
        count_what_came_out(0);
        return;
    }
    s->in++;
    switch (seed_below(&rng, 8)) {
    case 0:
        c->isn += 1 + seed_below(&rng, 100000);
        s->answered = 0;
        meeting_syn(&m, c);
        break;
    case 1:
        meeting_send(&m, c, MPCI_TCP_RST, c->isn + 1 + seed_below(&rng, 2), 0, 0);
        break;
    case 2:
    case 3:
        meeting_send(&m, c, MPCI_TCP_ACK, c->isn + 1, acknowledgment(s), 0);
        break;
    case 4:
        meeting_send(&m, c, MPCI_TCP_ACK, c->isn + 1, acknowledgment(s), 100);
        break;
    default:
        meeting_syn(&m, c);
        break;
    }
    count_what_came_out(1);
}

static void open_at_random(void)
{
    mpconn_session_config config;

    meeting_config(&config, MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV4);
    config.answer = (uint8_t)seed_below(&rng, 3);
    config.stale = (uint8_t)seed_below(&rng, 4);
    if (seed_below(&rng, 2) == 0) {
        memcpy(config.termination[0].expect.bytes, "\xc0\x00\x02", 3);
        config.termination[0].expect_prefix = 24;
    }
    meeting_open(&m, &config);
    memset(sources, 0, sizeof(sources));
    for (unsigned i = 0; i < SOURCES; i++) {
        sources[i].c = meeting_client_of(&m, i == 0 ? 1 : 0, i, (uint16_t)(40000 + i));
        sources[i].honest = (int)seed_below(&rng, 2);
    }
}

START_TEST(R13_who_has_not_acknowledged_gets_no_more_packets_than_it_sent)
{
    unsigned answers = 0, established = 0;

    for (unsigned run = 0; run < RUNS; run++) {
        open_at_random();
        for (unsigned i = 0; i < STEPS; i++) {
            m.n_events = 0;
            step();
            for (unsigned j = 0; j < SOURCES; j++)
                if (!sources[j].honest &&
                    sources[j].out > sources[j].in + 2 * meeting_session(&m).pairs)
                    ck_abort_msg("run %u, step %u: %u in, %u out", run, i, sources[j].in,
                                 sources[j].out);
            established += meeting_state(&m) == MPCONN_SESSION_ESTABLISHED;
        }
        answers += sources[0].out + sources[1].out + sources[2].out;
        meeting_close(&m);
    }
    ck_assert_uint_gt(answers, RUNS); /* something was answered, and joined */
    ck_assert_uint_gt(established, RUNS / 10);
}
END_TEST

START_TEST(R13_answers_to_a_source_are_as_many_as_its_syns)
{
    meeting_client a, b;

    meeting_open_default(&m);
    a = meeting_client_of(&m, 0, 1, 40001);
    b = meeting_client_of(&m, 1, 1, 40002);
    for (unsigned i = 0; i < 5; i++)
        meeting_syn(&m, &a);
    meeting_syn(&m, &b);
    ck_assert_uint_eq(m.b.n_out, 2); /* one each, though there were five */
    for (unsigned i = 0; i < 5; i++)
        meeting_syn(&m, &a);
    ck_assert_uint_eq(m.b.n_out, 7);
    bed_pass(&m.b, 9 * MPCONN_SECOND);
    ck_assert_uint_eq(m.b.n_out, 7); /* none by the clock */
    ck_assert_uint_eq(meeting_session(&m).stats[0].answers, 6);
    meeting_close(&m);
}
END_TEST

/* R06: whatever the order, one pair, the same flow. */
START_TEST(R06_calls_that_cross_are_one_pair_in_either_order)
{
    mpconn_event settled[2];

    for (unsigned order = 0; order < 2; order++) {
        meeting_client a, b;

        meeting_open_default(&m);
        a = meeting_client_of(&m, 0, 1, 40001);
        b = meeting_client_of(&m, 1, 1, 40002);
        meeting_syn(&m, order == 0 ? &a : &b);
        meeting_syn(&m, order == 0 ? &b : &a);
        ck_assert_uint_eq(m.b.n_events, 1);
        settled[order] = m.b.events[0];
        ck_assert_uint_eq(m.b.legs[0][0].client_isn, a.isn);
        ck_assert_uint_eq(m.b.legs[0][0].server_isn, b.isn);
        ck_assert_uint_eq(m.b.legs[0][0].client_wscale, a.wscale);
        ck_assert_uint_eq(meeting_session(&m).pairs, 1);
        meeting_close(&m);
    }
    ck_assert_mem_eq(&settled[0].tuple, &settled[1].tuple, sizeof(settled[0].tuple));
}
END_TEST

int main(void)
{
    rng = seed_start();
    return CHECK_MAIN("rendezvous_budget",
                      R13_who_has_not_acknowledged_gets_no_more_packets_than_it_sent,
                      R13_answers_to_a_source_are_as_many_as_its_syns,
                      R06_calls_that_cross_are_one_pair_in_either_order);
}
