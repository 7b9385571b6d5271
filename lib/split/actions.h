/* SPDX-License-Identifier: BSD-2-Clause */
/* Actions of the handshake machine, by file. An action gives the packet of the step its verdict
 * and returns the event that follows at once. Entries of the table that cannot be reached are
 * `act_absent`: counted as an unexpected segment, nothing else. */
#ifndef MPCI_SPLIT_ACTIONS_H
#define MPCI_SPLIT_ACTIONS_H

#include "split/machine.h"

#define MPCI_SPLIT_ACTION(name) enum mpci_split_event name(mpci_split *sp, mpci_step *st)

/* act_client.c */
MPCI_SPLIT_ACTION(mpci_act_answer);        /* 3, and an entry in peace */
MPCI_SPLIT_ACTION(mpci_act_answer_only);   /* 3, the entry stays as it is */
MPCI_SPLIT_ACTION(mpci_act_open);          /* 5 */
MPCI_SPLIT_ACTION(mpci_act_open_hold);     /* 5, and hold the packet */
MPCI_SPLIT_ACTION(mpci_act_reopen);        /* give the old number up, then 5 */
MPCI_SPLIT_ACTION(mpci_act_wait);          /* absorb what says nothing new */
MPCI_SPLIT_ACTION(mpci_act_hold);
MPCI_SPLIT_ACTION(mpci_act_refuse_proof);  /* fits no cookie */
MPCI_SPLIT_ACTION(mpci_act_client_gone);   /* RST before the proof */
MPCI_SPLIT_ACTION(mpci_act_abort_server);  /* RST after it: tell the server (V10) */

/* act_server.c */
MPCI_SPLIT_ACTION(mpci_act_commit);        /* 7: lone commit */
MPCI_SPLIT_ACTION(mpci_act_confirm);       /* 8 and 9, release what was held */
MPCI_SPLIT_ACTION(mpci_act_no_room);       /* exact RST to both */
MPCI_SPLIT_ACTION(mpci_act_refused);       /* server's RST becomes an exact one (V5) */
MPCI_SPLIT_ACTION(mpci_act_stale);         /* RST the older incarnation, 5 again (V12b) */
MPCI_SPLIT_ACTION(mpci_act_ack_again);     /* SYN|ACK after the commit: 8 again (V11) */
MPCI_SPLIT_ACTION(mpci_act_unexpected);    /* answerer's segment nobody waits for */
MPCI_SPLIT_ACTION(mpci_act_heard_client);
MPCI_SPLIT_ACTION(mpci_act_heard_server);

/* act_timer.c */
MPCI_SPLIT_ACTION(mpci_act_repeat_answer); /* 3 again, in peace */
MPCI_SPLIT_ACTION(mpci_act_repeat_open);   /* 5 again */
MPCI_SPLIT_ACTION(mpci_act_repeat_confirm);/* 8 and 9 again (R1c, R1d) */
MPCI_SPLIT_ACTION(mpci_act_client_silent);
MPCI_SPLIT_ACTION(mpci_act_server_silent); /* V6 */
MPCI_SPLIT_ACTION(mpci_act_forget);        /* the entry has served */

/* act_end.c */
MPCI_SPLIT_ACTION(mpci_act_kill);          /* exact RSTs to who has heard of us */
MPCI_SPLIT_ACTION(mpci_act_kill_silent);
MPCI_SPLIT_ACTION(mpci_act_kill_plain);    /* the same for a handshake that is not split: it has */
MPCI_SPLIT_ACTION(mpci_act_kill_plain_silent); /* no cookie, and so needs no tombstone */
MPCI_SPLIT_ACTION(mpci_act_evicted);       /* unproved, gives way */
MPCI_SPLIT_ACTION(mpci_act_give_up);       /* our SYN stays unanswered, gives way */
MPCI_SPLIT_ACTION(mpci_act_refuse_dead);   /* proof of a dead number: exact RST (V21) */
MPCI_SPLIT_ACTION(mpci_act_late_answer);   /* SYN|ACK for one: RST (V6) */

/* act_plain.c */
MPCI_SPLIT_ACTION(mpci_act_track_syn);     /* forward it and keep an entry */
MPCI_SPLIT_ACTION(mpci_act_track_answer);  /* forward it and note the answerer's number */
MPCI_SPLIT_ACTION(mpci_act_pass);          /* forward */
MPCI_SPLIT_ACTION(mpci_act_pass_challenge); /* forward, and expect the opener's RST */
MPCI_SPLIT_ACTION(mpci_act_pass_reset);    /* forward, it is the end */
MPCI_SPLIT_ACTION(mpci_act_settle_plain);  /* forward, enter the table of settled flows */
MPCI_SPLIT_ACTION(mpci_act_no_room_plain); /* forwarded, and then unknown */
MPCI_SPLIT_ACTION(mpci_act_plain_expired);
MPCI_SPLIT_ACTION(mpci_act_unknown);       /* by the policy for unknown segments */

/* Any cell that cannot be reached. */
MPCI_SPLIT_ACTION(mpci_act_absent);

/* send.c: the segments a member makes. */
void mpci_split_send_answer(mpci_split *sp, const mpci_handshake *h);          /* 3 */
void mpci_split_send_open(mpci_split *sp, const mpci_handshake *h);            /* 5 */
void mpci_split_send_final_ack(mpci_split *sp, const mpci_handshake *h);       /* 8 */
void mpci_split_send_window(mpci_split *sp, const mpci_handshake *h);          /* 9 */
void mpci_split_reset_client(mpci_split *sp, const mpci_handshake *h);
void mpci_split_reset_server(mpci_split *sp, const mpci_handshake *h, uint32_t seq);
/* Exact RSTs to both endpoints of a handshake that is not split. */
void mpci_split_reset_plain(mpci_split *sp, const mpci_handshake *h);
/* Turn a SYN into its SYN|ACK in place; 0, or 1 when the buffer is too small. */
int mpci_split_answer_in_place(mpci_split *sp, mpci_step *st, const mpci_cookie *c,
                               uint32_t client_ts);

/* commit.c: MPCONN_OK, or MPCONN_ERR_LIMIT when the table has no room. */
int mpci_split_settle(mpci_split *sp, mpci_handshake *h);
/* The packet of the step is the first one of the flow. */
int mpci_split_settle_plain(mpci_split *sp, mpci_step *st);

/* act_end.c: release what is held, tell the host, and remember that the number is dead until no
 * cookie of it can be valid any more (rule R3). */
void mpci_split_bury(mpci_split *sp, const mpci_step *st, unsigned reason);

#endif
