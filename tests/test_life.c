/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine of a settled connection's end, against a model of it. */
#include "conn/life.h"

#include "check_main.h"
#include "conn/track.h"

enum { C = MPCONN_SIDE_CLIENT, S = MPCONN_SIDE_SERVER };

/* What the table says, told in another way: two flags for what is proved, one for the mark. */
typedef struct model {
    int done[2], rst;
} model;

static model model_step(model m, unsigned event)
{
    int over = m.done[C] && m.done[S];

    m.rst = event == MPCI_LIFE_EXACT_RST && !over;
    if (event == MPCI_LIFE_CLIENT_FIN_ACKED)
        m.done[C] = 1;
    if (event == MPCI_LIFE_SERVER_FIN_ACKED)
        m.done[S] = 1;
    if (event == MPCI_LIFE_CLIENT_GOES_ON && !over)
        m.done[C] = 0;
    if (event == MPCI_LIFE_SERVER_GOES_ON && !over)
        m.done[S] = 0;
    return m;
}

START_TEST(life_machine_does_in_every_cell_what_the_model_does)
{
    for (unsigned state = 0; state < MPCONN_FLOW_RESET; state++) {
        for (unsigned life = 0; life < 32; life++) {
            mpci_track t = {.state = (uint8_t)state, .life = (uint8_t)life};
            model m = {{(int)state & 1, (int)state >> 1}, (life & MPCI_LIFE_RST) != 0};

            m = model_step(m, (unsigned)_i);
            mpci_life_step(&t, (enum mpci_life_event)_i);
            ck_assert_uint_eq(t.state, (unsigned)(m.done[C] | m.done[S] << 1));
            ck_assert_uint_eq((t.life & MPCI_LIFE_RST) != 0, (unsigned)m.rst);
            ck_assert_uint_eq(t.life & ~(unsigned)MPCI_LIFE_RST, life & ~(unsigned)MPCI_LIFE_RST);
        }
    }
}
END_TEST

START_TEST(life_list_names_every_cell_once)
{
    unsigned seen[MPCONN_FLOW_RESET][MPCI_LIFE_EVENTS] = {{0}};

#define COUNT(state, event, next, rst) seen[MPCONN_FLOW_##state][MPCI_LIFE_##event]++;
    MPCI_LIFE_CELL_MAP(COUNT)
#undef COUNT
    for (unsigned state = 0; state < MPCONN_FLOW_RESET; state++)
        for (unsigned event = 0; event < MPCI_LIFE_EVENTS; event++)
            ck_assert_uint_eq(seen[state][event], 1);
}
END_TEST

START_TEST(state_names_are_those_of_the_enum)
{
    ck_assert_str_eq(mpconn_flow_state_name(MPCONN_FLOW_OPEN), "OPEN");
    ck_assert_str_eq(mpconn_flow_state_name(MPCONN_FLOW_CLIENT_DONE), "CLIENT_DONE");
    ck_assert_str_eq(mpconn_flow_state_name(MPCONN_FLOW_SERVER_DONE), "SERVER_DONE");
    ck_assert_str_eq(mpconn_flow_state_name(MPCONN_FLOW_CLOSED), "CLOSED");
    ck_assert_str_eq(mpconn_flow_state_name(MPCONN_FLOW_RESET), "RESET");
    ck_assert_ptr_null(mpconn_flow_state_name(5));
    ck_assert_ptr_null(mpconn_flow_state_name(UINT32_MAX));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("life");
    TCase *tc = tcase_create("life");

    tcase_add_loop_test(tc, life_machine_does_in_every_cell_what_the_model_does, 0,
                        MPCI_LIFE_EVENTS);
    tcase_add_test(tc, life_list_names_every_cell_once);
    tcase_add_test(tc, state_names_are_those_of_the_enum);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
