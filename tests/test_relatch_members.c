/* SPDX-License-Identifier: BSD-2-Clause */
/* A client that moves is followed by all members, whatever becomes of the word about it. */
#include "meeting_members.h"
#include "split/share.h"

static meeting_client client[2]; /* by termination, where they are now */
static uint32_t said[2];         /* bytes that each of them has sent */

enum { BYTES = 100 };

static void begin(unsigned members)
{
    open_members(members);
    config.termination[0].latch = config.termination[1].latch = MPCONN_LATCH_RELATCH;
}

/* Client 0 comes to member 0, client 1 to member 1. */
static void join(void)
{
    add_at(0);
    assert_joined(0, 1);
    for (unsigned side = 0; side < 2; side++) {
        client[side] = client_of(side);
        said[side] = 0;
    }
    n_told = 0;
}

static void begin_joined(unsigned members)
{
    begin(members);
    join();
}

static void end(void)
{
    sync_bed_close(&net);
}

static void passes(void)
{
    sync_pass(&net, 1100 * MPCONN_MILLISECOND);
}

static meeting_client elsewhere(unsigned side, uint16_t port)
{
    meeting m = {.config = config};
    meeting_client c = meeting_client_of(&m, side, 9, port);

    c.isn = client[side].isn;
    return c;
}

static const mpconn_addr *address_of(const meeting_client *c)
{
    return c->side == 0 ? &c->leg.client : &c->leg.server;
}

static uint16_t port_of(const meeting_client *c)
{
    return c->side == 0 ? c->leg.client_port : c->leg.server_port;
}

/* A client says bytes that begin `back` before its next ones; the verdict. */
static unsigned say(unsigned at, const meeting_client *from, uint32_t back, uint32_t payload)
{
    unsigned side = from->side;
    bed_segment seg = bed_seg(&from->leg, side ^ 1, MPCI_TCP_ACK, from->isn + 1 + said[side] - back,
                              client[side ^ 1].isn + 1 + said[side ^ 1]);

    seg.payload = payload;
    hand_in(at, from, &seg);
    if (net.at[at].b.pkt.verdict == MPCONN_VERDICT_FORWARD && payload > back)
        said[side] += payload - back;
    return net.at[at].b.pkt.verdict;
}

/* Where the packet goes that a member has just forwarded. */
static int leads_to(unsigned at, const meeting_client *c)
{
    mpci_syn_options o;
    mpconn_tuple t;
    mpci_view v;

    bed_view(&net.at[at].b, &v, &o);
    mpci_view_tuple(&t, &v, c->side ^ 1, c->leg.zone);
    return memcmp(&t, &c->leg, sizeof t) == 0;
}

static int reaches(unsigned at, const meeting_client *from, const meeting_client *to)
{
    return say(at, from, 0, BYTES) == MPCONN_VERDICT_FORWARD && leads_to(at, to);
}

static void assert_reaches(unsigned at, const meeting_client *from, const meeting_client *to)
{
    unsigned verdict = say(at, from, 0, BYTES);

    ck_assert_msg(verdict == MPCONN_VERDICT_FORWARD, "member %u, client %u: %s", at, from->side,
                  mpconn_reason_name(net.at[at].b.pkt.reason));
    ck_assert_msg(leads_to(at, to), "member %u sends client %u elsewhere", at, to->side);
}

/* What the session of a member shows, and what its flow does. */
static void assert_place(unsigned at, const meeting_client *c)
{
    mpconn_session s;

    MPCONN_STRUCT_INIT(&s);
    ck_assert_int_eq(mpconn_session_get(engine(at), config.name, &s), MPCONN_OK);
    ck_assert_msg(s.remote_port[c->side] == port_of(c), "member %u: port %u instead of %u", at,
                  s.remote_port[c->side], port_of(c));
    ck_assert_mem_eq(&s.remote[c->side], address_of(c), sizeof(mpconn_addr));
}

static uint16_t generation_at(unsigned i)
{
    const mpci_settled_table *t = &engine(i)->core.settled;

    return mpci_settled_at(t, mpci_settled_by_id(t, session_at(i)->flow))->generation;
}

static uint32_t flows_at(unsigned i)
{
    const mpci_settled_table *t = &engine(i)->core.settled;

    return t->pool[0].used + t->pool[1].used;
}

/* The client is elsewhere, and the member that it comes to believes it. */
static meeting_client moves(unsigned at, unsigned side, uint16_t port)
{
    meeting_client was = client[side];

    client[side] = elsewhere(side, port);
    assert_reaches(at, &client[side], &client[side ^ 1]);
    assert_place(at, &client[side]);
    return was;
}

static void assert_all_follow(const meeting_client *was)
{
    for (unsigned i = 0; i < net.n; i++) {
        assert_reaches(i, &client[0], &client[1]);
        assert_reaches(i, &client[1], &client[0]);
        ck_assert_uint_ne(say(i, was, 0, BYTES), MPCONN_VERDICT_FORWARD);
        ck_assert_uint_eq(flows_at(i), 1);
    }
}

START_TEST(client_that_moved_at_one_member_has_moved_at_all)
{
    for (unsigned variant = 0; variant < 16; variant++) {
        unsigned side = variant & 1, at = variant >> 1 & 1;
        meeting_client was;

        begin(2 + (variant >> 2 & 1));
        choose_registrar(variant >> 3 & 1);
        join();
        passes();
        assert_reaches(at ^ 1, &client[side ^ 1], &client[side]);
        was = moves(at, side, 51000);
        ck_assert_uint_gt(sync_waiting(&net, at, at ^ 1), 0);
        sync_carry(&net);
        assert_place(at ^ 1, &client[side]);
        ck_assert_uint_eq(generation_at(0), generation_at(1));
        ck_assert_uint_eq(told_of(MPCONN_SESSION_EVENT_RELATCHED), 1);
        ck_assert_uint_eq(engine(at)->rendezvous.n_moves, 0); /* all have answered */
        if (net.n == 2)
            assert_all_follow(&was);
        end();
    }
}
END_TEST

/* Hosts keep tables by what legs show. */
START_TEST(host_of_a_member_that_follows_is_told_as_that_of_the_one_that_saw_it)
{
    for (unsigned side = 0; side < 2; side++) {
        meeting_client was;
        const bed *b = &net.at[1].b;

        begin_joined(2);
        passes();
        net.at[1].b.n_events = 0;
        was = moves(0, side, 51000);
        sync_carry(&net);
        ck_assert_uint_eq(b->n_events, 2);
        for (unsigned i = 0; i < 2; i++) {
            const meeting_client *shown = i == 0 ? &was : &client[side];

            ck_assert_uint_eq(b->events[i].type,
                              i == 0 ? MPCONN_EVENT_ENDED : MPCONN_EVENT_SETTLED);
            ck_assert_uint_eq(b->events[i].reason, MPCONN_REASON_SESSION_RELATCHED);
            ck_assert_uint_eq(b->events[i].flow, session_at(1)->flow);
            ck_assert_mem_eq(&b->deltas[i].tuple[side], &shown->leg, sizeof shown->leg);
        }
        end();
    }
}
END_TEST

/* Each member sees what one client says, and knows of the other one's stream what that one
 * acknowledged: nobody knows what is allowed. */
START_TEST(client_moves_in_mid_transfer_though_each_way_passes_another_member)
{
    for (unsigned side = 0; side < 2; side++) {
        begin_joined(2);
        for (unsigned i = 0; i < 400; i++) {
            ck_assert_uint_eq(say(side, &client[side], 0, 1400), MPCONN_VERDICT_FORWARD);
            ck_assert_uint_eq(say(side ^ 1, &client[side ^ 1], 0, 1400), MPCONN_VERDICT_FORWARD);
        }
        passes();
        client[side] = elsewhere(side, 51000);
        ck_assert_uint_eq(say(side, &client[side], 300000, 1400), MPCONN_VERDICT_FORWARD);
        assert_place(side, &client[side]);
        sync_carry(&net);
        assert_reaches(side ^ 1, &client[side ^ 1], &client[side]);
        end();
    }
}
END_TEST

/* Of a client's stream and of what it acknowledges: the last that fits, and the first that does
 * not. */
START_TEST(R21_numbers_that_no_window_reaches_do_not_move_a_client_of_several_members)
{
    const uint32_t widest[2] = {65536u << 7, 65536u << 8}; /* that clients 0 and 1 can grant */
    const struct {
        int64_t seq, ack;
        int fits;
    } rows[] = {
        {65535 + 63000, 0, 1}, {65535 + 65000, 0, 0}, {-(int64_t)widest[1], 0, 1},
        {-(int64_t)widest[1] - 1, 0, 0}, {0, 63000, 1}, {0, 65000, 0},
        {0, -(int64_t)widest[0], 1}, {0, -(int64_t)widest[0] - 1, 0},
    };

    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        meeting_client from;
        bed_segment seg;

        begin_joined(2);
        passes();
        from = elsewhere(0, 51000);
        seg = bed_seg(&from.leg, 1, MPCI_TCP_ACK, from.isn + 11 + (uint32_t)rows[i].seq,
                      client[1].isn + 1 + (uint32_t)rows[i].ack);
        hand_in(0, &from, &seg);
        ck_assert_msg((session_at(0)->stats[0].relatched == 1) == rows[i].fits, "row %u: %s", i,
                      mpconn_reason_name(net.at[0].b.pkt.reason));
        end();
    }
}
END_TEST

/* What is refused is asked about, and is not the client's: its silence goes on. */
START_TEST(client_that_goes_on_from_elsewhere_moves_when_it_has_been_silent_where_it_was)
{
    begin_joined(2);
    client[0] = elsewhere(0, 51000);
    for (unsigned i = 0; i < 5; i++) {
        ck_assert_uint_ne(say(0, &client[0], 0, BYTES), MPCONN_VERDICT_FORWARD);
        sync_pass(&net, 200 * MPCONN_MILLISECOND);
    }
    ck_assert_uint_eq(say(0, &client[0], 0, BYTES), MPCONN_VERDICT_FORWARD);
    end();
}
END_TEST

/* A letter of before, with the flow as it was. */
static sync_letter letter_of_before(unsigned from, unsigned to)
{
    mpci_split *sp = &engine(from)->split;
    uint32_t slot = mpci_settled_by_id(&engine(from)->core.settled, session_at(from)->flow);

    mpci_share_flow(sp, slot, net.at[to].id);
    sync_flush(&net, from);
    return sync_take(&net, from, to);
}

static void arrives(const sync_letter *l)
{
    (void)sync_input(&net, l->to, l->bytes, l->len);
}

START_TEST(late_word_does_not_move_a_client_back)
{
    for (unsigned variant = 0; variant < 4; variant++) {
        unsigned side = variant & 1, old = variant >> 1;
        meeting_client was;
        sync_letter late;

        begin_joined(2);
        passes();
        late = letter_of_before(old, old ^ 1);
        was = moves(side, side, 51000);
        sync_carry(&net);
        arrives(&late);
        ck_assert_uint_eq(count(old ^ 1, MPCONN_REASON_SESSION_OLD), 1);
        sync_carry(&net);
        assert_all_follow(&was);
        end();
    }
}
END_TEST

START_TEST(late_word_of_an_old_name_makes_no_flow_after_the_end)
{
    for (unsigned side = 0; side < 2; side++) {
        sync_letter late;

        begin_joined(2);
        passes();
        late = letter_of_before(0, 1);
        (void)moves(side, side, 51000);
        sync_carry(&net);
        for (unsigned i = 0; i < 2; i++)
            mpci_core_end_flow(&engine(i)->core,
                               mpci_settled_by_id(&engine(i)->core.settled, session_at(i)->flow),
                               MPCONN_REASON_EXPIRED);
        ck_assert_uint_eq(flows_at(1), 0);
        arrives(&late);
        ck_assert_uint_eq(flows_at(1), 0);
        end();
    }
}
END_TEST

/* They count one generation: one of them is right for all, and the other client comes again. */
START_TEST(both_clients_that_move_at_once_at_two_members_end_where_they_are)
{
    for (unsigned ports = 0; ports < 2; ports++) {
        begin_joined(2);
        passes();
        (void)moves(0, 0, ports == 0 ? 51000 : 1000);
        client[1] = elsewhere(1, 52000);
        ck_assert_uint_eq(say(1, &client[1], 0, BYTES), MPCONN_VERDICT_FORWARD);
        sync_carry(&net);
        for (unsigned side = 0; side < 2; side++)
            ck_assert_uint_eq(session_at(0)->request[side].port,
                              session_at(1)->request[side].port);
        for (unsigned tries = 0; tries < 3; tries++) {
            passes();
            for (unsigned side = 0; side < 2; side++) {
                (void)say(side, &client[side], 0, BYTES);
                sync_carry(&net);
            }
        }
        for (unsigned i = 0; i < 2; i++) {
            assert_place(i, &client[0]);
            assert_place(i, &client[1]);
            assert_reaches(i, &client[0], &client[1]);
            assert_reaches(i, &client[1], &client[0]);
            ck_assert_uint_eq(flows_at(i), 1);
        }
        end();
    }
}
END_TEST

START_TEST(two_places_of_one_client_at_two_members_end_as_one)
{
    for (unsigned variant = 0; variant < 4; variant++) {
        unsigned side = variant & 1, higher = variant >> 1;
        meeting_client c[2];

        begin_joined(2);
        passes();
        for (unsigned i = 0; i < 2; i++) {
            c[i] = elsewhere(side, i == higher ? 52000 : 51000);
            ck_assert_uint_eq(say(i, &c[i], 0, 0), MPCONN_VERDICT_FORWARD);
        }
        sync_carry(&net);
        for (unsigned i = 0; i < 2; i++) {
            assert_place(i, &c[higher]);
            assert_reaches(i, &client[side ^ 1], &c[higher]);
            ck_assert_uint_eq(engine(i)->rendezvous.n_moves, 0);
        }
        end();
    }
}
END_TEST

/* Only member 1 knows what its controller says now. */
START_TEST(R21_move_of_a_client_that_may_not_move_is_refused)
{
    static const unsigned latches[] = {MPCONN_LATCH_ON, MPCONN_LATCH_OFF, MPCONN_LATCH_RELATCH};

    for (unsigned variant = 0; variant < 6; variant++) {
        unsigned side = variant & 1, latch = latches[variant >> 1];
        mpconn_session_config stricter;
        meeting_client was;

        begin_joined(2);
        passes();
        stricter = config;
        stricter.termination[side].latch = (uint8_t)latch;
        stricter.termination[side].expect = *address_of(&client[side]);
        stricter.termination[side].expect_port = port_of(&client[side]);
        stricter.termination[side].expect_prefix = 32;
        ck_assert_int_eq(mpconn_session_modify(engine(1), &stricter, net.now), MPCONN_OK);
        sync_lose(&net);
        was = moves(0, side, 51000);
        sync_carry(&net);
        ck_assert_uint_eq(count(1, MPCONN_REASON_RELATCH_REFUSED), 1);
        assert_place(1, &was);
        assert_reaches(1, &client[side ^ 1], &was);
        /* That is not said for ever, and once more when they compare their sessions. */
        sync_pass(&net, 60 * MPCONN_SECOND);
        ck_assert_uint_eq(engine(0)->rendezvous.n_moves, 0);
        ck_assert_uint_eq(count(1, MPCONN_REASON_RELATCH_REFUSED), 10);
        end();
    }
}
END_TEST

START_TEST(word_that_is_lost_is_said_again)
{
    for (unsigned side = 0; side < 2; side++) {
        meeting_client was;

        begin_joined(2);
        passes();
        was = moves(side, side, 51000);
        for (unsigned i = 0; i < 3; i++) {
            sync_lose(&net);
            assert_place(side ^ 1, &was);
            sync_pass(&net, 0);
            net.now += (50 * MPCONN_MILLISECOND) << i; /* when the next one is due */
            net.at[side].b.now = net.now;
            HOLDS(mpconn_engine_expire(engine(side), 0, NULL, net.now) == MPCONN_OK);
            ck_assert_uint_gt(sync_waiting(&net, side, side ^ 1), 0);
        }
        sync_carry(&net);
        assert_all_follow(&was);
        ck_assert_uint_eq(engine(side)->rendezvous.n_moves, 0);
        end();
    }
}
END_TEST

START_TEST(member_that_was_away_learns_of_a_move)
{
    for (unsigned side = 0; side < 2; side++) {
        meeting_client was;

        begin_joined(2);
        passes();
        was = moves(side, side, 51000);
        sync_lose(&net);
        engine(side)->rendezvous.n_moves = 0; /* it has given up by then */
        net.at[side].b.eng->sync.members.list[0].up = 0;
        net.at[side ^ 1].b.eng->sync.members.list[0].up = 0;
        sync_pass(&net, 3 * MPCONN_SECOND);
        assert_all_follow(&was);
        end();
    }
}
END_TEST

/* Where the client was heard a moment ago nobody else has its place; but what comes is asked about,
 * and it goes on when the other member has answered. */
START_TEST(packet_that_comes_before_the_word_waits_for_it)
{
    for (unsigned side = 0; side < 2; side++) {
        bed *b;

        begin_joined(2);
        passes();
        assert_reaches(side ^ 1, &client[side], &client[side ^ 1]);
        (void)moves(side, side, 51000);
        sync_lose(&net);
        b = &net.at[side ^ 1].b;
        b->n_released = 0;
        ck_assert_uint_eq(say(side ^ 1, &client[side], 0, BYTES), MPCONN_VERDICT_HOLD);
        sync_carry(&net);
        ck_assert_uint_eq(b->n_released, 1);
        ck_assert_uint_eq(b->release_reason, MPCONN_REASON_RELEASED);
        bed_in_again(b, &b->pkt);
        ck_assert_uint_eq(b->pkt.verdict, MPCONN_VERDICT_FORWARD);
        ck_assert(leads_to(side ^ 1, &client[side ^ 1]));
        end();
    }
}
END_TEST

START_TEST(end_that_is_told_by_an_old_name_is_the_end)
{
    for (unsigned side = 0; side < 2; side++) {
        mpconn_flow_filter f;
        size_t n;

        begin_joined(2);
        passes();
        (void)moves(side, side, 51000);
        sync_lose(&net);
        MPCONN_STRUCT_INIT(&f);
        f.id = session_at(side ^ 1)->flow;
        ck_assert_int_eq(mpconn_engine_kill(engine(side ^ 1), &f, &n, net.now), MPCONN_OK);
        ck_assert_uint_eq(n, 1);
        sync_carry(&net);
        ck_assert_uint_eq(state_at(side), MPCONN_SESSION_IDLE);
        ck_assert_uint_ne(say(side, &client[side], 0, BYTES), MPCONN_VERDICT_FORWARD);
        end();
    }
}
END_TEST

/* Member 1 does not know yet that both have acknowledged, and says who its pair is. */
START_TEST(pair_told_of_as_it_was_before_the_move_is_the_same_pair)
{
    for (unsigned side = 0; side < 2; side++) {
        meeting_client a, b, was;

        begin(2);
        choose_registrar(side);
        add_at(0);
        client[0] = a = client_of(0);
        client[1] = b = client_of(1);
        said[0] = said[1] = 0;
        call(0, &a);
        call(1, &b);
        sync_carry(&net);
        acknowledge(1, &b, &a);
        sync_carry(&net);
        acknowledge(0, &a, &b);
        sync_lose(&net);
        ck_assert_uint_eq(state_at(1), MPCONN_SESSION_HALF);
        net.now += 1100 * MPCONN_MILLISECOND;
        net.at[0].b.now = net.at[1].b.now = net.now;
        was = moves(0, 0, 51000);
        sync_pass(&net, 3 * MPCONN_SECOND);
        ck_assert_uint_eq(state_at(1), MPCONN_SESSION_ESTABLISHED);
        for (unsigned i = 0; i < 2; i++)
            ck_assert_uint_eq(count(i, MPCONN_REASON_SESSION_DIFFERS), 0);
        assert_all_follow(&was);
        end();
    }
}
END_TEST

/* Clients that move again and again, on a channel that does what it likes. */
START_TEST(S10_members_agree_where_clients_are_on_a_channel_that_loses_repeats_and_reorders)
{
    for (unsigned round = 0; round < 40; round++) {
        begin(2 + round % 2);
        for (unsigned i = 0; i < round; i++)
            (void)seed_u32(&net.rng);
        choose_registrar(round / 2 % 2);
        join();
        net.strict = 0;
        net.loss = net.repeat = 30;
        net.reorder = 50;
        for (unsigned i = 0; i < 6; i++) {
            unsigned side = seed_below(&net.rng, 2), at = seed_below(&net.rng, 2);

            sync_pass(&net, (1100 + seed_below(&net.rng, 400)) * MPCONN_MILLISECOND);
            client[side] = elsewhere(side, (uint16_t)(50000 + seed_below(&net.rng, 1000)));
            for (unsigned tries = 0; tries < 20 && !reaches(at, &client[side], &client[side ^ 1]);
                 tries++)
                sync_pass(&net, 400 * MPCONN_MILLISECOND);
            for (unsigned j = 0; j < net.n; j++)
                net.at[j].b.n_events = net.at[j].b.n_released = 0;
        }
        sync_pass(&net, 40 * MPCONN_SECOND);
        for (unsigned i = 0; i < 2; i++) {
            assert_place(i, &client[0]);
            assert_place(i, &client[1]);
            assert_reaches(i, &client[0], &client[1]);
            assert_reaches(i, &client[1], &client[0]);
            ck_assert_uint_eq(generation_at(i), generation_at(0));
            ck_assert_uint_eq(flows_at(i), 1);
        }
        end();
    }
}
END_TEST

int main(void)
{
    return CHECK_MAIN(
        "relatch_members", client_that_moved_at_one_member_has_moved_at_all,
        host_of_a_member_that_follows_is_told_as_that_of_the_one_that_saw_it,
        client_moves_in_mid_transfer_though_each_way_passes_another_member,
        R21_numbers_that_no_window_reaches_do_not_move_a_client_of_several_members,
        client_that_goes_on_from_elsewhere_moves_when_it_has_been_silent_where_it_was,
        late_word_does_not_move_a_client_back,
        late_word_of_an_old_name_makes_no_flow_after_the_end,
        both_clients_that_move_at_once_at_two_members_end_where_they_are,
        two_places_of_one_client_at_two_members_end_as_one,
        R21_move_of_a_client_that_may_not_move_is_refused, word_that_is_lost_is_said_again,
        member_that_was_away_learns_of_a_move, packet_that_comes_before_the_word_waits_for_it,
        end_that_is_told_by_an_old_name_is_the_end,
        pair_told_of_as_it_was_before_the_move_is_the_same_pair,
        S10_members_agree_where_clients_are_on_a_channel_that_loses_repeats_and_reorders);
}
