/* SPDX-License-Identifier: BSD-2-Clause */
#include "rendezvous/rendezvous.h"

int mpci_rendezvous_input(mpci_rendezvous *rz, mpci_step *st, uint32_t slot,
                          mpci_termination_number t)
{
    (void)slot;
    (void)t;
    mpci_drop(rz->core, st->pkt, MPCONN_REASON_SESSION_EARLY);
    return 1;
}

void mpci_rendezvous_modified(mpci_rendezvous *rz, mpci_session_number n)
{
    (void)rz;
    (void)n;
}

void mpci_rendezvous_sweep(mpci_rendezvous *rz, mpci_session_number n)
{
    (void)rz;
    (void)n;
}

void mpci_rendezvous_ended(void *owner, uint64_t flow, const mpconn_tuple *key, unsigned reason)
{
    (void)owner;
    (void)flow;
    (void)key;
    (void)reason;
}
