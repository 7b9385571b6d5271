/* SPDX-License-Identifier: BSD-2-Clause */
/* The object behind mpconn_engine. */
#ifndef MPCI_ENGINE_ENGINE_H
#define MPCI_ENGINE_ENGINE_H

#include <mpconn/error.h>
#include <mpconn/stats.h>
#include <mpconn/sync.h>

#include "engine/elsewhere.h"
#include "engine/one_way.h"
#include "rendezvous/rendezvous.h"

/* Work arrays of one stage of the input pipeline. */
typedef struct mpci_batch {
    mpci_view view[MPCONN_BATCH];
    mpconn_tuple tuple[MPCONN_BATCH];          /* as the segment shows it */
    uint64_t hash[MPCONN_BATCH];               /* of the tuple that the flow goes by */
    mpci_binding_number binding[MPCONN_BATCH]; /* that leads there, of segments of servers, if there
                                                * were any in the parse stage */
    uint32_t slots[MPCONN_BATCH][MPCI_INDEX_CANDIDATES];
    uint8_t n_slots[MPCONN_BATCH];
    mpci_termination_number called[MPCONN_BATCH]; /* if there were sessions; 0 = none of theirs */
} mpci_batch;

/* A table is walked in pieces. */
typedef struct mpci_sweep {
    mpconn_time due;            /* next piece; meaningful while there is something to find */
    uint64_t interval;          /* between pieces */
    uint64_t round;             /* time for the whole table */
    uint32_t lines;             /* in a piece */
    uint32_t left;              /* of the piece at hand */
} mpci_sweep;

struct mpconn_engine {
    mpci_core core;
    mpci_sync sync;
    mpci_split split;
    mpci_rendezvous rendezvous;
    mpci_echo echo;
    mpci_kept_syn kept_syn;
    mpci_batch batch;
    mpci_alloc alloc;
    mpci_sweep flow_sweep, session_sweep;
    uint64_t verdicts[4];       /* by mpconn_verdict */
    uint32_t flags;             /* MPCONN_ENGINE_F_* */
    uint8_t busy;               /* a call is in progress: another one comes from a callback */
    uint8_t turn;               /* whose chore of expire.c was done last */
};

/* config.c: import and check a configuration, all defaults filled in. */
int mpci_config_import(mpconn_engine_config *out, mpconn_timeouts *timeouts,
                       const mpconn_engine_config *cfg);
int mpci_timeouts_import(mpconn_timeouts *out, const mpconn_timeouts *in);
/* Whether a member that sends things back in this way can have these; an mpconn_err. */
int mpci_config_check_return(unsigned return_path, const mpconn_timeouts *t);
int mpci_callbacks_import(mpconn_callbacks *out, const mpconn_callbacks *in);

/* engine.c: every call that changes something begins and ends with these. */
int mpci_engine_enter(mpconn_engine *eng, mpconn_time now);
void mpci_engine_leave(mpconn_engine *eng);

/* input.c: verify checksums, unless the host vouches for them; 1 when the packet was dropped. */
int mpci_input_is_wrong(mpconn_engine *eng, mpconn_pkt *pkt, const mpci_view *v);

/* What a segment or a quote shows, of the server leg: the hash of the tuple its flow goes by, and
 * the binding that leads there; 0 when that is what it shows. */
mpci_binding_number mpci_input_bound(const mpconn_engine *eng, const mpconn_tuple *leg,
                                     uint64_t *hash);

/* called.c: the termination of an address and port, or 0. If there is one, the packet comes from
 * its side; the second is the same for a segment of the batch, by its destination. */
mpci_termination_number mpci_called_look_up(const mpconn_engine *eng, mpconn_pkt *pkt,
                                            unsigned family, const uint8_t *addr, uint16_t port);
void mpci_called_note(mpconn_engine *eng, mpconn_pkt *pkt, size_t i);
/* A segment that may be to a termination, where there may be sessions: 1 when it has its verdict.
 * Of one of a session that is gone the step learns whose it is: slot, and key in `key`. */
int mpci_called_step(mpconn_engine *eng, mpci_step *st, size_t i, uint32_t *slot,
                     mpconn_tuple *key);

/* Does a segment that names a settled flow show the leg which that has on its side? */
static inline int mpci_input_is_of_flow(const mpconn_engine *eng, const mpci_step *st,
                                        uint32_t slot)
{
    return st->from != MPCONN_SIDE_SERVER ||
           mpci_settled_binding(&eng->core.settled, slot) == st->binding;
}

/* The host asks for its checksums to be verified, and they are wrong: 1 when it was dropped. */
int mpci_input_is_unwanted(mpconn_engine *eng, mpconn_pkt *pkt, const mpci_view *v);

/* The packet passes, unless the host asks for its checksums and they are wrong. */
void mpci_input_pass(mpconn_engine *eng, mpconn_pkt *pkt, const mpci_view *v, unsigned reason);

/* fragments.c: remember the flow of a first fragment, before anything in it is changed; a later
 * one. */
void mpci_fragments_note(mpconn_engine *eng, const mpci_step *st, uint32_t slot);
void mpci_fragments_input(mpconn_engine *eng, mpconn_pkt *pkt, const mpci_view *v);

/* errors.c: an ICMP error. */
void mpci_errors_input(mpconn_engine *eng, mpconn_pkt *pkt, const mpci_view *v);

/* relay.c: a segment of a settled flow. */
void mpci_relay(mpconn_engine *eng, mpci_step *st, uint32_t slot);

/* second_line.c: translate a segment of a flow of two lines, with `window` in place of its own
 * unless that is 0; 1 when it was dropped instead. */
int mpci_translate_wide(mpconn_engine *eng, const mpci_step *st, uint32_t slot, mpconn_delta *d,
                        int in_window, uint16_t window);

/* expire.c: pace the sweeps by timeouts and tables; keep their arrears to one round, which finds
 * everything, and to nothing while there is nothing to find. */
void mpci_sweeps_plan(mpconn_engine *eng);
void mpci_sweeps_catch_up(mpconn_engine *eng);

#endif
