/* SPDX-License-Identifier: BSD-2-Clause */
/* The acknowledgment of a client that only listens is lost, and the other one speaks at another
 * member. */
#include "meeting_members.h"

static meeting_client a, b;

static void begin(unsigned who)
{
    open_answered(who, &a, &b);
}

static void speak(void)
{
    ck_assert(!carries(1, &b, &a));
    sync_carry(&net);
}

/* What it gets makes it acknowledge once more (RFC 9293 3.10.7.4). */
START_TEST(R13_who_listens_at_another_member_is_answered_again_twice)
{
    for (unsigned who = 0; who < 2; who++) {
        begin(who);
        acknowledge(1, &b, &a);
        sync_carry(&net);
        speak();
        assert_silent(); /* its acknowledgment may be on its way */
        sync_pass(&net, 250 * MPCONN_MILLISECOND);
        speak();
        assert_answer(0, &a, &b, 1);
        speak();
        assert_silent();
        sync_pass(&net, 1250 * MPCONN_MILLISECOND);
        speak();
        assert_answer(0, &a, &b, 1);
        for (unsigned i = 0; i < 10; i++) {
            sync_pass(&net, 500 * MPCONN_MILLISECOND);
            speak();
        }
        assert_silent();
        acknowledge(0, &a, &b);
        sync_carry(&net);
        ck_assert_uint_eq(state_at(0), MPCONN_SESSION_ESTABLISHED);
        ck_assert_uint_eq(state_at(1), MPCONN_SESSION_ESTABLISHED);
        sync_bed_close(&net);
    }
}
END_TEST

/* It called twice before the other one did: what that one says is no sign of a loss. */
START_TEST(client_that_called_twice_is_answered_once)
{
    for (unsigned variant = 0; variant < 4; variant++) {
        unsigned at = variant & 1;

        open_members(2);
        choose_registrar(variant >> 1);
        add_at(0);
        a = client_of(0);
        b = client_of(1);
        call(0, &a);
        sync_pass(&net, MPCONN_SECOND);
        call(0, &a);
        sync_carry(&net);
        call(at, &b);
        sync_carry(&net);
        net.at[0].b.n_out = net.at[1].b.n_out = 0;
        acknowledge(at, &b, &a);
        sync_carry(&net);
        ck_assert_uint_eq(state_at(0), MPCONN_SESSION_HALF);
        assert_silent();
        sync_bed_close(&net);
    }
}
END_TEST

int main(void)
{
    return CHECK_MAIN("rendezvous_far_listener",
                      R13_who_listens_at_another_member_is_answered_again_twice,
                      client_that_called_twice_is_answered_once);
}
