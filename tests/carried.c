/* SPDX-License-Identifier: BSD-2-Clause */
#include "carried.h"

#include <check.h>


sync_bed net;
bed *const m[2] = {&net.at[A].b, &net.at[B].b};
bed_conn c;

void set_up(void)
{
    mpconn_tuple t = bed_tuple(4, 1, 40000);

    sync_bed_open(&net, 2);
    c = bed_conn_of(&t, 0x11111111, 0x10);
}

void tear_down(void)
{
    sync_bed_close(&net);
}

void next_port(unsigned registrar)
{
    do
        c.tuple.client_port++;
    while (sync_registrar(&net, &c.tuple) != registrar);
}

void start(unsigned registrar)
{
    sync_start(&net);
    next_port(registrar);
}

void say(unsigned member, unsigned from, unsigned flags, uint32_t seq, uint32_t ack,
         uint32_t n)
{
    bed_segment seg = bed_data(&c, from, seq, ack, n);

    seg.s.flags = (uint16_t)flags;
    bed_in(m[member], from, &seg);
}

void carried_handshake(void)
{
    bed_syn(m[A], &c);
    bed_proof(m[A], &c);
    sync_carry(&net);
    bed_syn_ack(m[B], &c);
    sync_carry(&net);
    ck_assert(carried_flow(A) != NULL && carried_flow(B) != NULL);
    m[A]->n_out = m[B]->n_out = 0;
}

static uint64_t hash_at(const mpconn_engine *eng)
{
    return mpci_tuple_hash(&eng->core.table_key, &c.tuple);
}

mpci_settled *carried_flow(unsigned member)
{
    const mpconn_engine *eng = m[member]->eng;
    uint32_t slot = mpci_settled_find(&eng->core.settled, hash_at(eng), &c.tuple);

    return slot == MPCI_SLOT_NONE ? NULL : mpci_settled_at(&eng->core.settled, slot);
}

uint32_t flows_at(unsigned member)
{
    return m[member]->eng->core.settled.pool[0].used;
}

unsigned carried_state(unsigned member)
{
    mpci_track t;

    ck_assert(carried_flow(member) != NULL);
    mpci_settled_track_load(carried_flow(member), &t);
    return mpci_track_state(&t);
}

mpci_handshake *carried_entry(unsigned member)
{
    const mpconn_engine *eng = m[member]->eng;

    return mpci_handshake_find(&eng->core.handshakes, hash_at(eng), &c.tuple);
}

uint64_t carried_said(unsigned member, unsigned type)
{
    return m[member]->eng->sync.records_out[type];
}

static void ignore(void *user, const mpci_record *r, uint32_t from)
{
    (void)user;
    (void)r;
    (void)from;
}

void carried_deafen(unsigned member, int deaf)
{
    static mpci_record_taker hears;
    mpci_sync *s = &m[member]->eng->sync;

    if (s->take != ignore)
        hears = s->take;
    s->take = deaf ? ignore : hears;
}
