/* SPDX-License-Identifier: BSD-2-Clause */
/* A link-layer member (principle 4, claims A13-A20): it has no address, and what it sees it can
 * pass onward, but not send back. What it has to say to a client leaves where the server's answers
 * to that client's network come by. Where to look:
 *
 *   a SYN that would be answered    here: by which way; carrier.c: inside an echo request
 *   an echo that came back          fresh.c: whether it counts; returns.c: what it shows
 *   a server that does not answer   servers.c
 *   a segment of ours               say.c: to the member where it can leave
 *   what the engine does with it    engine/one_way.c, engine/elsewhere.c */
#ifndef MPCI_ECHO_ECHO_H
#define MPCI_ECHO_ECHO_H

#include <mpconn/echo.h>

#include "echo/fresh.h"
#include "echo/path.h"
#include "echo/returns.h"
#include "echo/servers.h"
#include "sync/sync.h"
#include "table/fragments.h"

/* How a client is to be answered, the best first. */
enum mpci_way_kind {
    MPCI_WAY_HERE,    /* a link leads there */
    MPCI_WAY_MEMBER,  /* another member has such a link */
    MPCI_WAY_ECHO,    /* an echo will find out who */
    MPCI_WAY_ALL,     /* the server does not answer pings: whoever knows a way is asked */
    MPCI_WAY_NONE     /* nobody does: the SYN passes as it is, unsplit */
};

typedef struct mpci_way {
    enum mpci_way_kind kind;
    uint32_t link;     /* HERE */
    uint32_t member;   /* MEMBER, ALL: who is told */
} mpci_way;

/* The longest SYN that is carried. */
enum { MPCI_KEPT_SYN = 256 };

/* An echo for a client's network and a server that is out. */
typedef struct mpci_echo_out {
    uint32_t print;            /* 0 = none */
    mpconn_time since;
} mpci_echo_out;

typedef struct mpci_echo {
    int on;                    /* this engine is a link-layer member */
    mpci_core *core;
    mpci_sync *sync;
    mpci_paths *paths;         /* of the split connections */
    mpci_returns returns;
    mpci_servers servers;
    mpci_fresh *fresh;         /* of each other member, by index, and of this one behind them */
    uint32_t rate, rate_server; /* echoes a second: all, to one server */
    mpci_budget all;           /* of echoes */
    mpci_budget say;           /* of segments that others are to send unproved */
    mpci_budget told;          /* of the words by which origins learn what came back */
    mpci_budget unsplit;       /* of SYNs that pass as they are */
    uint32_t number;           /* of the last echo */
    uint64_t progress;         /* of what this member says to others, as of the last noted */
    mpci_sipkey old_root;      /* before the last change of key */
    uint32_t *refused;         /* prints of SYNs for which nothing was left: they go first when they
                                * come again */
    uint32_t *asked;           /* and of those for which others were asked, once for each */
    uint32_t *no_client;       /* and of connections of which a member has said so, by that */
    mpci_echo_out *out;
    mpci_fragments pieces;     /* first fragments of replies, by which the others are told */
} mpci_echo;

int mpci_echo_init(mpci_echo *e, mpci_alloc *a, const mpconn_engine_config *cfg);
void mpci_echo_fini(mpci_echo *e, mpci_alloc *a);

/* What was heard of the other members by now. */
void mpci_echo_tick(mpci_echo *e);
/* And said to them: once the frames of this call are out, or who has just begun to listen takes an
 * echo for older than they are. Not after packets: what an echo says of it does not depend on which
 * of them came in one batch with its SYN. (It does on those before, as on how many frames went out
 * for them.) */
void mpci_echo_note_progress(mpci_echo *e);

/* The cluster has another key from now on; the one before still opens what is under way. */
void mpci_echo_rekey(mpci_echo *e);

/* How to answer a client's SYN, and how to get anything else to a client. Changes nothing. */
mpci_way mpci_echo_way(const mpci_echo *e, const mpconn_tuple *t, uint64_t hash, uint32_t isn);
mpci_way mpci_echo_way_to_client(const mpci_echo *e, const mpconn_tuple *t);
/* The link by which a client was answered, or the member at which an echo has come back, proved or
 * not; HERE, MEMBER or NONE. Good enough for a repeat of the answer that this echo was. */
mpci_way mpci_echo_way_shown(const mpci_echo *e, const mpconn_tuple *t);

/* All the others are asked to answer this SYN for its server. */
void mpci_echo_asks(mpci_echo *e, const mpconn_tuple *t, uint64_t hash, uint32_t isn);

/* May a SYN pass unsplit? If not, it goes first when it comes again. And: it does, which is taken
 * from its budget, and it has gone first. */
int mpci_echo_may_pass(mpci_echo *e, uint64_t hash, uint32_t isn);
void mpci_echo_passes(mpci_echo *e, uint64_t hash, uint32_t isn);

/* May this echo be sent for this SYN? Takes it from the budgets of the server and of all, and gives
 * it its number; where there is none left the SYN goes first when it comes again. */
int mpci_echo_may_send(mpci_echo *e, mpconn_echo *out, const mpconn_tuple *t, uint64_t hash,
                       uint32_t isn);
/* Is the server of this connection mute? Then: the same beside what is done with the SYN, which is
 * not refused by that; as soon as the server answers one of these echoes it is not mute. */
int mpci_echo_is_mute(const mpci_echo *e, const mpconn_tuple *t);
int mpci_echo_may_try(mpci_echo *e, mpconn_echo *out, const mpconn_tuple *t, uint64_t hash,
                      uint32_t isn);
/* May another member be made to answer this SYN, or to send anything else for who has proved
 * nothing? Takes it from the budget of that; a SYN goes first when it comes again. */
int mpci_echo_may_say_answer(mpci_echo *e, uint64_t hash, uint32_t isn);
int mpci_echo_may_say(mpci_echo *e);

/* What the next echo of this member says besides its packet and its number. */
void mpci_echo_fill(mpci_echo *e, mpconn_echo *out, const mpconn_tuple *t, unsigned kind,
                    uint32_t link);

/* Why an echo does not count, though it is authentic: an mpconn_reason, or 0. Takes its number. */
unsigned mpci_echo_judge(mpci_echo *e, const mpconn_echo *echo);

/* An echo of that member came back by this link, with a client's SYN of this number: 1 when that
 * member is to hear of it. */
int mpci_echo_came_back(mpci_echo *e, const mpconn_tuple *t, uint32_t isn,
                        const mpconn_echo *echo, uint32_t link);

/* Another member says where the path is: a CODE of the record PATH. */
void mpci_echo_told_path(mpci_echo *e, const mpconn_tuple *t, unsigned code, uint32_t from);

/* That member knows no way to the server of the connection with this hash: it says so, or did. */
void mpci_echo_told_no_client(mpci_echo *e, uint64_t hash, uint32_t from);
int mpci_echo_has_no_client(const mpci_echo *e, uint64_t hash, uint32_t member);

/* A client has proved itself, with this number; a segment of the server came by this link. */
void mpci_echo_proved(mpci_echo *e, const mpconn_tuple *t, uint32_t isn);
void mpci_echo_saw_server(mpci_echo *e, const mpconn_tuple *t, uint32_t link);

#endif
