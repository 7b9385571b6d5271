/* SPDX-License-Identifier: BSD-2-Clause */
/* The other members: their boots, challenges, and who is registrar. */
#include "sync/members.h"

#include "check_main.h"
#include "seed.h"

enum { WIDTH = MPCI_WINDOW_WIDTH };

START_TEST(S13_new_boot_counts_from_its_greeting_on)
{
    mpci_member m = {0};

    mpci_member_begin(&m, 11, 100000);
    for (uint64_t n = 100001; n < 100100; n++)
        mpci_window_take(&m.taken, n);
    mpci_member_begin(&m, 22, 3);
    ck_assert_uint_eq(m.boot, 22);
    ck_assert_uint_eq(m.boot_before, 11);
    for (uint64_t n = 0; n <= 3; n++)
        ck_assert_int_eq(mpci_window_is_new(&m.taken, n), 0);
    for (uint64_t n = 4; n < 2 * WIDTH; n++)
        ck_assert_int_eq(mpci_window_is_new(&m.taken, n), 1);
}
END_TEST

/* ---- challenges ---- */

START_TEST(S17_challenge_is_another_for_each_member_boot_and_change)
{
    enum { IDS = 20, CHANGES = 20, N = 2 * IDS * CHANGES };
    mpci_members m = {.challenge_key = {{1, 2}}};
    mpci_member p = {0};
    static uint64_t all[N];
    unsigned n = 0;

    for (unsigned key = 0; key < 2; key++) {
        m.challenge_key.k[1] = key;
        for (p.id = 0; p.id < IDS; p.id++)
            for (p.changes = 0; p.changes < CHANGES; p.changes++)
                all[n++] = mpci_member_challenge(&m, &p);
    }
    for (unsigned i = 0; i < N; i++) {
        ck_assert_uint_ne(all[i], 0); /* which stands for no answer */
        for (unsigned j = 0; j < i; j++)
            HOLDS(all[i] != all[j]);
    }
    p.changes = 3;
    p.heard_challenge = p.boot = p.taken.highest = 77; /* and of nothing else */
    for (p.id = 0; p.id < IDS; p.id++)
        ck_assert_uint_eq(mpci_member_challenge(&m, &p), all[IDS * CHANGES + p.id * CHANGES + 3]);
}
END_TEST

START_TEST(member_is_found_by_its_id_only)
{
    mpci_member list[9] = {{0}};
    mpci_members m = {.list = list};

    for (m.n = 0; m.n <= 9; m.n++) {
        for (uint16_t i = 0; i < m.n; i++)
            list[i].id = (uint16_t)(10 * i + 3);
        for (uint32_t id = 0; id < 100; id++) {
            mpci_member *p = mpci_members_find(&m, id);

            if (id % 10 == 3 && id / 10 < m.n)
                ck_assert_ptr_eq(p, &list[id / 10]);
            else
                ck_assert_ptr_null(p);
        }
    }
    m.n = 9;
    ck_assert_ptr_null(mpci_members_find(&m, 0x10003));
    ck_assert_ptr_null(mpci_members_find(&m, 0xffff));
}
END_TEST

/* ---- the registrar ---- */

enum { CLUSTER = 8, FLOWS = 8000 };

/* The cluster as member `self` of it sees it; ids are 5, 6, ...; bit n of `up` is the n-th. */
static mpci_members seen_by(mpci_member *list, unsigned self, unsigned up)
{
    mpci_members m = {.list = list, .self = (uint16_t)(5 + self), .order_key = {{3, 4}}};

    memset(list, 0, CLUSTER * sizeof *list);
    for (unsigned i = 0; i < CLUSTER; i++) {
        if (i == self)
            continue;
        list[m.n].id = (uint16_t)(5 + i);
        list[m.n].up = up >> i & 1;
        m.n++;
    }
    return m;
}

static mpconn_tuple flow_of(unsigned i)
{
    mpconn_tuple t;

    memset(&t, 0, sizeof t);
    t.family = i & 1 ? MPCONN_FAMILY_IPV6 : MPCONN_FAMILY_IPV4;
    memcpy(t.client.bytes, "\x20\x01\x0d\xb8", 4);
    memcpy(t.server.bytes, "\xc6\x33\x64\x14", 4);
    t.client_port = (uint16_t)(1024 + i);
    t.server_port = 80;
    return t;
}

static uint32_t registrar_of(unsigned flow, unsigned self, unsigned up)
{
    mpci_member list[CLUSTER];
    mpci_members m = seen_by(list, self, up);
    mpconn_tuple t = flow_of(flow);

    return mpci_members_registrar(&m, &t);
}

START_TEST(registrar_is_the_same_at_every_member)
{
    for (unsigned flow = 0; flow < 500; flow++) {
        uint32_t id = registrar_of(flow, 0, 0xff);

        ck_assert_uint_ge(id, 5);
        ck_assert_uint_lt(id, 5 + CLUSTER);
        for (unsigned self = 1; self < CLUSTER; self++)
            ck_assert_uint_eq(registrar_of(flow, self, 0xff), id);
    }
}
END_TEST

/* Standard deviation is 30 at 1000 each. */
START_TEST(registrars_are_spread_evenly)
{
    unsigned n[CLUSTER] = {0};

    for (unsigned flow = 0; flow < FLOWS; flow++)
        n[registrar_of(flow, 0, 0xff) - 5]++;
    for (unsigned i = 0; i < CLUSTER; i++) {
        ck_assert_uint_gt(n[i], FLOWS / CLUSTER - 150);
        ck_assert_uint_lt(n[i], FLOWS / CLUSTER + 150);
    }
}
END_TEST

START_TEST(only_what_a_lost_member_had_goes_to_others)
{
    unsigned moved = 0, to[CLUSTER] = {0};

    for (unsigned flow = 0; flow < FLOWS; flow++) {
        uint32_t before = registrar_of(flow, 0, 0xff), after = registrar_of(flow, 0, 0xff & ~8u);

        if (before == 5 + 3) {
            ck_assert_uint_ne(after, before);
            to[after - 5]++;
            moved++;
        } else {
            ck_assert_uint_eq(after, before);
        }
    }
    ck_assert_uint_gt(moved, FLOWS / CLUSTER - 150);
    for (unsigned i = 0; i < CLUSTER; i++) /* nor does one other get it all */
        ck_assert(i == 3 || to[i] > FLOWS / CLUSTER / (CLUSTER - 1) / 2);
}
END_TEST

START_TEST(member_alone_is_its_own_registrar)
{
    for (unsigned self = 0; self < CLUSTER; self++)
        for (unsigned flow = 0; flow < 100; flow++)
            ck_assert_uint_eq(registrar_of(flow, self, 0), 5 + self);
}
END_TEST

/* Every part of the name counts, each connection for itself; and the key: strangers cannot pick a
 * registrar to overload. */
START_TEST(registrar_depends_on_all_of_the_name_and_on_the_key)
{
    mpci_member list[CLUSTER];
    mpci_members m = seen_by(list, 0, 0xff);
    unsigned differs[8] = {0};

    for (unsigned i = 0; i < 400; i++) {
        mpconn_tuple t = flow_of(i), u[7];
        uint32_t id = mpci_members_registrar(&m, &t);

        for (unsigned k = 0; k < 7; k++)
            u[k] = t;
        u[0].client.bytes[15] ^= 1;
        u[1].server.bytes[0] ^= 1;
        u[2].client_port ^= 1;
        u[3].server_port ^= 1;
        u[4].zone ^= 1;
        u[5].family ^= 2;
        u[6].client = t.server; /* the other direction is another connection */
        u[6].server = t.client;
        for (unsigned k = 0; k < 7; k++)
            differs[k] += mpci_members_registrar(&m, &u[k]) != id;
        m.order_key.k[0] ^= 1;
        differs[7] += mpci_members_registrar(&m, &t) != id;
        m.order_key.k[0] ^= 1;
    }
    for (unsigned k = 0; k < 8; k++) /* 350 expected, standard deviation 7 */
        ck_assert_uint_gt(differs[k], 300);
}
END_TEST

/* The second of the two is who decides when the first has gone. */
START_TEST(second_director_of_a_session_is_the_first_without_the_first)
{
    unsigned decided[8] = {0};

    for (unsigned n = 0; n < 200; n++) {
        mpci_member list[8] = {{0}};
        mpci_members m = {.list = list, .n = 7, .self = 8, .order_key = {{1, 2}}};
        const char name[MPCONN_SESSION_NAME_MAX + 1] = {'s', (char)('a' + n % 26),
                                                        (char)('a' + n / 26)};
        uint64_t key = mpci_members_session_key(&m, name);
        uint32_t ids[MPCI_DIRECTORS], after[MPCI_DIRECTORS];

        for (uint16_t i = 0; i < 7; i++) {
            list[i].id = i;
            list[i].up = 1;
        }
        ck_assert_uint_eq(mpci_members_directors(&m, key, ids), 2);
        ck_assert_uint_ne(ids[0], ids[1]);
        if (ids[0] == m.self)
            continue;
        decided[ids[0]]++;
        list[ids[0]].up = 0;
        ck_assert_uint_eq(mpci_members_directors(&m, key, after), 2);
        ck_assert_uint_eq(after[0], ids[1]);
        m.n = 0;
        ck_assert_uint_eq(mpci_members_directors(&m, key, after), 1);
        ck_assert_uint_eq(after[0], m.self);
    }
    for (unsigned i = 0; i < 7; i++) /* 25 expected, standard deviation 5 */
        ck_assert_uint_gt(decided[i], 5);
}
END_TEST

int main(void)
{
    return CHECK_MAIN("members", S13_new_boot_counts_from_its_greeting_on,
                      S17_challenge_is_another_for_each_member_boot_and_change,
                      member_is_found_by_its_id_only,
                      registrar_is_the_same_at_every_member,
                      registrars_are_spread_evenly,
                      only_what_a_lost_member_had_goes_to_others,
                      member_alone_is_its_own_registrar,
                      registrar_depends_on_all_of_the_name_and_on_the_key,
                      second_director_of_a_session_is_the_first_without_the_first);
}
