/* SPDX-License-Identifier: BSD-2-Clause */
/* Actions of the machine of a session, by file. An action gives the packet of the visit its
 * verdict, or sends it on to its flow, and returns the event that follows at once. Cells that
 * cannot be reached are `absent`. */
#ifndef MPCI_RENDEZVOUS_ACTIONS_H
#define MPCI_RENDEZVOUS_ACTIONS_H

#include "rendezvous/machine.h"

#define MPCI_MEET_ACTION(name) \
    enum mpci_meet_event mpci_meet_##name(mpci_rendezvous *rz, mpci_visit *v)

/* act_call.c: before there is a pair */
MPCI_MEET_ACTION(latch);        /* the client has the termination */
MPCI_MEET_ACTION(repeat);       /* it called again */
MPCI_MEET_ACTION(doubt);        /* with another number: it, or somebody in its name */
MPCI_MEET_ACTION(renew);        /* it called anew */
MPCI_MEET_ACTION(oppose);       /* another one called: nobody is to be answered */
MPCI_MEET_ACTION(line_up);      /* another one called, and has to stand back */
MPCI_MEET_ACTION(prefer);       /* another one called, and the client has to */
MPCI_MEET_ACTION(withdraw);     /* exact RST of a client that waits */
MPCI_MEET_ACTION(forget_call);  /* its SYN is too old */
MPCI_MEET_ACTION(decide);       /* by the controller's word */
MPCI_MEET_ACTION(wait);         /* nothing to do but wait */
MPCI_MEET_ACTION(stray);        /* belongs to nothing */

/* act_pair.c: the pair, and its clients' answers */
MPCI_MEET_ACTION(join);         /* make the flow, answer */
MPCI_MEET_ACTION(unjoin);       /* there can be none */
MPCI_MEET_ACTION(answer);       /* the SYN came again: so does its answer */
MPCI_MEET_ACTION(prove);        /* a client is really there */
MPCI_MEET_ACTION(accept);       /* the same: it answered the other one's SYN */
MPCI_MEET_ACTION(establish);    /* and so is the other one */
MPCI_MEET_ACTION(early);        /* for a client that has not acknowledged yet */
MPCI_MEET_ACTION(listen);       /* it waits for the other one, whose acknowledgment was lost */
MPCI_MEET_ACTION(misfit);       /* not what was answered */
MPCI_MEET_ACTION(pass);         /* for the flow */
MPCI_MEET_ACTION(relatch);      /* for the flow, which is another source's from now on */

/* act_role.c: of two clients one calls, and the other one is called */
MPCI_MEET_ACTION(call);         /* the other one, if it is to be */
MPCI_MEET_ACTION(hear_answer);  /* it answered: so is the caller */
MPCI_MEET_ACTION(hear_again);
MPCI_MEET_ACTION(reject);       /* it refuses: the caller is told */
MPCI_MEET_ACTION(disown);       /* it answered what nobody said any more */
MPCI_MEET_ACTION(let_through);  /* make the flow, for which the SYN is */
MPCI_MEET_ACTION(follow);       /* the numbers of its handshake pass */
MPCI_MEET_ACTION(supplant);     /* nobody answered the caller, and another one calls */

/* act_end.c: how a pair ends */
MPCI_MEET_ACTION(abort);        /* a client refuses: the other one is told */
MPCI_MEET_ACTION(restart);      /* a client called anew: both are told, its SYN is a first one */
MPCI_MEET_ACTION(give_up);      /* a client did not acknowledge */
MPCI_MEET_ACTION(close);        /* report it */
MPCI_MEET_ACTION(revive);       /* it was not over */
MPCI_MEET_ACTION(lose);         /* the flow is gone: report it, forget the pair */
MPCI_MEET_ACTION(release);      /* the flow is gone, which was over before */
MPCI_MEET_ACTION(begin_anew);   /* a call after the end of a connection: as the first one */
MPCI_MEET_ACTION(late_syn);     /* SYN of a client that has acknowledged */
MPCI_MEET_ACTION(absent);

#endif
