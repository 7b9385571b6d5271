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
MPCI_SPLIT_ACTION(mpci_act_open);          /* 5, and hold what the proof says beyond itself */
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
MPCI_SPLIT_ACTION(mpci_act_server_silent); /* V6, V7 */
MPCI_SPLIT_ACTION(mpci_act_forget);        /* the entry has served */

/* act_end.c */
MPCI_SPLIT_ACTION(mpci_act_kill);          /* exact RSTs to who has heard of us */
MPCI_SPLIT_ACTION(mpci_act_kill_silent);
MPCI_SPLIT_ACTION(mpci_act_kill_plain);    /* the same for a handshake that is not split: it has */
MPCI_SPLIT_ACTION(mpci_act_kill_plain_silent); /* no cookie, and so needs no tombstone */
MPCI_SPLIT_ACTION(mpci_act_evicted);       /* unproved, gives way */
MPCI_SPLIT_ACTION(mpci_act_refuse_leg);    /* the host has no server leg for it */
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
MPCI_SPLIT_ACTION(mpci_act_wait_plain);    /* four minutes, or one beside many others */
MPCI_SPLIT_ACTION(mpci_act_plain_expired);
MPCI_SPLIT_ACTION(mpci_act_unknown);       /* by the policy for unknown segments */

/* act_plain_shared.c: the same over two members */
MPCI_SPLIT_ACTION(mpci_act_expect_plain);  /* the SYN was passed on elsewhere */
MPCI_SPLIT_ACTION(mpci_act_hear_plain_answer); /* the SYN|ACK was */
MPCI_SPLIT_ACTION(mpci_act_ask_answer);    /* the opener answers one that did not come here */
MPCI_SPLIT_ACTION(mpci_act_refuse_opener); /* the server's RST came elsewhere */
MPCI_SPLIT_ACTION(mpci_act_claim_plain);   /* R8: a cookie overrides what is tracked */
MPCI_SPLIT_ACTION(mpci_act_expect_split);

/* act_told.c: what other members say */
MPCI_SPLIT_ACTION(mpci_act_expect);        /* somebody else drives it */
MPCI_SPLIT_ACTION(mpci_act_expect_request);/* a client was answered elsewhere (2) */
MPCI_SPLIT_ACTION(mpci_act_watch_driver);  /* R1d */
MPCI_SPLIT_ACTION(mpci_act_expect_asked);
MPCI_SPLIT_ACTION(mpci_act_hold_or_stale); /* V12b, elsewhere */
MPCI_SPLIT_ACTION(mpci_act_open_once_more);
MPCI_SPLIT_ACTION(mpci_act_expect_also);
MPCI_SPLIT_ACTION(mpci_act_meet_driver);   /* somebody else drives it, too */
MPCI_SPLIT_ACTION(mpci_act_meet_claimer);  /* ... and asks as we do */
MPCI_SPLIT_ACTION(mpci_act_hear_drive);
MPCI_SPLIT_ACTION(mpci_act_tell_driver);   /* a driver that came late: the commit */
MPCI_SPLIT_ACTION(mpci_act_hear_answer);   /* the SYN|ACK came elsewhere */
MPCI_SPLIT_ACTION(mpci_act_hear_answer_again);
MPCI_SPLIT_ACTION(mpci_act_join);          /* it answers our SYN */
MPCI_SPLIT_ACTION(mpci_act_tell_answerer);
MPCI_SPLIT_ACTION(mpci_act_decide);        /* 7, as the registrar */
MPCI_SPLIT_ACTION(mpci_act_adopt);         /* 7, of the registrar */
MPCI_SPLIT_ACTION(mpci_act_adopt_unknown); /* 7, of what this member has forgotten */
MPCI_SPLIT_ACTION(mpci_act_compare);
MPCI_SPLIT_ACTION(mpci_act_commit_taken);
MPCI_SPLIT_ACTION(mpci_act_ack_once_more); /* 8 again (V11) */
MPCI_SPLIT_ACTION(mpci_act_keep_flow);     /* a copy of a settled flow */
MPCI_SPLIT_ACTION(mpci_act_adopt_flow);

/* act_ask.c: what they are asked */
MPCI_SPLIT_ACTION(mpci_act_take_syn_ack);  /* the SYN|ACK came here: 6 */
MPCI_SPLIT_ACTION(mpci_act_note_syn_ack);
MPCI_SPLIT_ACTION(mpci_act_ask_commit);
MPCI_SPLIT_ACTION(mpci_act_ask_commit_again);
MPCI_SPLIT_ACTION(mpci_act_ask_commit_by_timer);
MPCI_SPLIT_ACTION(mpci_act_claim);         /* V2, V21: ask before 5 */
MPCI_SPLIT_ACTION(mpci_act_reclaim);
MPCI_SPLIT_ACTION(mpci_act_claim_again);
MPCI_SPLIT_ACTION(mpci_act_ask_before_quitting); /* V6: the server stays silent */
MPCI_SPLIT_ACTION(mpci_act_be_patient);
MPCI_SPLIT_ACTION(mpci_act_open_claimed);
MPCI_SPLIT_ACTION(mpci_act_claim_aborted);
MPCI_SPLIT_ACTION(mpci_act_drive_also);
MPCI_SPLIT_ACTION(mpci_act_ask);           /* V8: who knows it? */
MPCI_SPLIT_ACTION(mpci_act_hold_asked);
MPCI_SPLIT_ACTION(mpci_act_ask_by_timer);
MPCI_SPLIT_ACTION(mpci_act_nobody_knows);
MPCI_SPLIT_ACTION(mpci_act_nobody_answers);
MPCI_SPLIT_ACTION(mpci_act_answer_asked);
MPCI_SPLIT_ACTION(mpci_act_track_asked);
MPCI_SPLIT_ACTION(mpci_act_kill_asked);

/* act_shared.c: how it ends, or is settled */
MPCI_SPLIT_ACTION(mpci_act_confirmed);     /* both endpoints heard */
MPCI_SPLIT_ACTION(mpci_act_nobody_drives);
MPCI_SPLIT_ACTION(mpci_act_forget_shared);
MPCI_SPLIT_ACTION(mpci_act_over);          /* its number is over (R3) */
MPCI_SPLIT_ACTION(mpci_act_over_client);
MPCI_SPLIT_ACTION(mpci_act_over_server);
MPCI_SPLIT_ACTION(mpci_act_refused_elsewhere);
MPCI_SPLIT_ACTION(mpci_act_refused_here);
MPCI_SPLIT_ACTION(mpci_act_report_refusal);
MPCI_SPLIT_ACTION(mpci_act_abort_elsewhere);

/* announce.c: whether this member may commit by itself: as the registrar, or because nobody else
 * can (R1a). */
int mpci_split_may_decide(const mpci_split *sp, const mpci_handshake *h);
/* Tell others of our SYN to the server at once if they are likely to see its answer; or now, as
 * that has not come here. */
void mpci_split_announce_early(mpci_split *sp, mpci_handshake *h);
void mpci_split_announce(mpci_split *sp, mpci_handshake *h);
/* That a SYN was passed on here, to who is likely to see its answer. */
void mpci_split_announce_plain(mpci_split *sp, mpci_handshake *h, unsigned from);
void mpci_split_announce_late(mpci_split *sp, mpci_handshake *h);
/* The commit to whom it is owed; that the handshake failed to those who know of it. */
void mpci_split_ask_who_heard(mpci_split *sp, const mpci_handshake *h);
/* May a server with this number begin with that segment, as far as its window reaches? */
int mpci_split_fits_first(uint32_t server_isn, uint32_t max_end, uint32_t seq);
void mpci_split_tell_commit(mpci_split *sp, mpci_handshake *h);
void mpci_split_ask_once(mpci_split *sp, mpci_handshake *h);
void mpci_split_tell_end(mpci_split *sp, const mpci_handshake *h);
/* 8 again, here or at the driver. */
void mpci_split_final_ack_again(mpci_split *sp, const mpci_handshake *h);

/* split.c */
void mpci_split_find_entry(const mpci_split *sp, mpci_step *st);
void mpci_split_input_syn(mpci_split *sp, mpci_step *st);

/* fragment.c */
void mpci_split_input_fragment(mpci_split *sp, mpci_step *st);

/* act_ask.c */
enum mpci_split_event mpci_split_ask_registrar(mpci_split *sp, mpci_handshake *h);

/* act_client.c: an entry for a client that proved itself, 0 when there is no room; hold what its
 * segment says of its stream, or absorb it when that is nothing; and 5, or what follows when its
 * server leg cannot be opened. */
int mpci_split_take_proof(mpci_split *sp, mpci_step *st);
void mpci_split_take_stream(mpci_split *sp, mpci_step *st, unsigned reason);
enum mpci_split_event mpci_split_start_opening(mpci_split *sp, mpci_step *st);

/* act_server.c: 8 and 9, as far as they are this member's to send. */
void mpci_split_replace_driver(mpci_split *sp, mpci_handshake *h);
void mpci_split_send_confirms(mpci_split *sp, const mpci_handshake *h, int to_client);
void mpci_split_confirm_timer(mpci_split *sp, mpci_handshake *h);

/* copy.c: a flow that other members settled; 0 when there is no room. More about one that is here
 * already; 1 when both together show what the others cannot know. */
int mpci_split_keep_copy(mpci_split *sp, const mpci_step *st);
int mpci_split_merge_copy(mpci_split *sp, const mpci_step *st, uint32_t slot);

/* act_error.c: ICMP errors about our SYN to the server (V7). */
MPCI_SPLIT_ACTION(mpci_act_take_error);    /* the driver counts it */
MPCI_SPLIT_ACTION(mpci_act_note_error);    /* the same of one that came elsewhere */
MPCI_SPLIT_ACTION(mpci_act_report_error);  /* to the driver */
MPCI_SPLIT_ACTION(mpci_act_absorb_error);
MPCI_SPLIT_ACTION(mpci_act_pass_error);    /* about a SYN that is not ours, or no longer */
/* Whether there were enough of them. */
int mpci_split_is_unreachable(const mpci_handshake *h);

/* Any cell that cannot be reached. */
MPCI_SPLIT_ACTION(mpci_act_absent);

/* send.c: the segments a member makes. */
void mpci_split_send_answer(mpci_split *sp, const mpci_handshake *h);          /* 3 */
void mpci_split_send_open(mpci_split *sp, const mpci_handshake *h);            /* 5 */
uint16_t mpci_split_mss_to_server(const mpci_offers *o);
/* That of 9, as it stands in the segment. */
uint16_t mpci_split_first_window(const mpci_split *sp, const mpci_handshake *h, unsigned shift);
void mpci_split_send_final_ack(mpci_split *sp, const mpci_handshake *h);       /* 8 */
void mpci_split_send_window(mpci_split *sp, const mpci_handshake *h);          /* 9 */
void mpci_split_reset_client(mpci_split *sp, const mpci_handshake *h);
void mpci_split_reset_server(mpci_split *sp, const mpci_handshake *h, uint32_t seq);
/* Exact RSTs to the opener, and to both endpoints, of a handshake that is not split. */
void mpci_split_reset_opener(mpci_split *sp, const mpci_handshake *h);
void mpci_split_reset_plain(mpci_split *sp, const mpci_handshake *h);
/* Turn a SYN into its SYN|ACK in place; 0, or 1 when the buffer is too small. */
int mpci_split_answer_in_place(mpci_split *sp, mpci_step *st, const mpci_cookie *c,
                               uint32_t client_ts);

/* commit.c: MPCONN_OK, or MPCONN_ERR_LIMIT when the table has no room. */
int mpci_split_settle(mpci_split *sp, mpci_handshake *h);
/* The packet of the step is the first one of the flow. */
int mpci_split_settle_plain(mpci_split *sp, mpci_step *st);

/* place.c: a line for a flow of this tuple, seen now, of the generation behind the one whose place
 * it takes; NULL when there is no room. One that does without a second line is counted. */
mpci_settled *mpci_split_place(mpci_split *sp, uint64_t hash, const mpconn_tuple *tuple,
                               enum mpci_lines lines, uint32_t *slot);

/* act_end.c: release what is held, tell the host, and remember that the number is dead until no
 * cookie of it can be valid any more (rule R3). */
void mpci_split_bury(mpci_split *sp, const mpci_step *st, unsigned reason);

#endif
