/* SPDX-License-Identifier: BSD-2-Clause */
/* Two members, a client, a server: the handshake of one (key, x) until data flows. doc/model.md
 * says what is modelled, what is not, and what #5 and R2 mean; states are those of
 * lib/split/machine.def.
 *
 * Time has no place here: whatever may happen may happen at once or never. A record is repeated by
 * its sender until it is of no use, so a record once sent stays in `out` and may be taken at any
 * later time, in any order, any number of times; a lost one is one that is taken late. Only a crash
 * loses for good. A step is offered only while it changes something: where no step is left, the
 * channel has stopped losing and everything was said (property P5).
 *
 * Switches: what the world does
 *   SYNS=n     members that may answer the client's SYN (1; 2: it was repeated on another path)
 *   CRASH      one member stops at any point (VICTIM=n says which); RESTART: and comes back
 *   PARTITION  one member takes the other for dead though it lives
 *   TOMBSTONE  (key, x) is over before it starts, one of the members knows it
 *   OLD_SYN    with TOMBSTONE: an old duplicate of the client's SYN comes first
 *   GIVE_UP    a driver may find that the server is silent (V6)
 *   ALL_STRICT one commit at most even where the rules leave the choice to the server
 * which rule says who commits alone (otherwise that of doc/model.md)
 *   LONE_ANY, LONE_ANSWERED, LONE_REGISTRAR
 * and one wrong rule each: run.sh has the list.
 */

/* States, as in lib/split/machine.def, but DEAD, which is a tombstone there; CLAIMING: proof taken,
 * the registrar's reply awaited. */
#define NONE 0
#define ANSWERED 1
#define CLAIMING 2
#define OPENING 3
#define CONFIRMING 4
#define DEAD 5

/* A server's number z is 1 or 2, no number 0. The register holds a number, or OVER: decided that
 * there is no connection. Sets of them are masks. */
#define OVER 3
#define BIT(z) (1 << (z))
#define HAS(set, z) (((set) & BIT(z)) != 0)
#define NUMBER(z) ((z) == 1 || (z) == 2)

#ifndef VICTIM
#define VICTIM 2
#endif
#ifndef SYNS
#define SYNS 1
#endif

/* Where two commits can meet by design of the experiment, the server decides which one stands;
 * elsewhere two different commits, or data through a wrong one, are an error at once. */
#if defined(CRASH) || defined(PARTITION) || (SYNS > 1 && !defined(ALL_STRICT))
#define S_DECIDES
#endif
#if defined(S_DECIDES) && !defined(PARTITION) && SYNS == 1
#define LIVING_AGREE
#endif
#ifdef S_DECIDES
#define STRICT false
#else
#define STRICT (m[me].commit != server)
#endif

typedef member {
    byte state;
    bool up;
    bool reborn;
    bool suspects;  /* takes the other for dead */
    bool answered;  /* the client's SYN, itself */
    bool spoke;     /* a record about (key, x) was sent or taken: no right to commit alone */
    bool drives;
    byte answer;    /* z of the SYN|ACK held */
    byte seen;      /* set of z whose SYN|ACK was seen here */
    byte commit;    /* the register, or a copy of it */
    bool heard;     /* the server named this z in a segment without SYN */
    bool held;      /* a segment of the server that does not fit what is known */
    bool peer_spoke;/* a record of the other about (key, x) is in hand */
    bool peer_drives;
    byte peer_answer;
};

/* Records sent to the other member. */
typedef records {
    bool drive;
    bool no;        /* REPLY to a DRIVE: no commit here, and no right to one */
    bool query;
    bool replied;   /* REPLY to a QUERY: */
    byte knows;     /*   the z whose SYN|ACK is known with all its fields, */
    byte hears;     /*   the z that the server itself has named */
    bool close;     /* server silent, wants the register closed (V6) */
    byte answer;    /* set of z */
    byte commit;    /* set of z and OVER */
};

member m[2];
records out[2];

/* Paths: set of members on client to server and on server to client, as masks of BIT(0), BIT(1). */
byte forward;
byte back;
byte reach_1;       /* set of members that a SYN|ACK with z = 1, z = 2 comes to */
byte reach_2;

byte syns;          /* SYNs of the client that were answered */
bool client_open;   /* #9 arrived */
bool client_reset;
bool buried;        /* TOMBSTONE: (key, x) is over since before the start */

bool syn_sent;      /* #5 is on its way, or its answer */
byte ack_in_flight; /* #8, set of z */
byte server;        /* 0 listening (a cookie server keeps nothing), z established with it, OVER */
bool server_speaks; /* a segment without SYN is on its way to the client */

byte decided;       /* set of values that were decided, by anybody */
bool crashed;
#ifdef COMMIT_SAID_ONCE
bool said[2];
#endif
bool suspected;     /* PARTITION: has happened */

#include "member.pml"

proctype Server()
{
end:
    do
    :: atomic { HAS(ack_in_flight, 1) && (server == 0 || (server == 2 && !server_speaks)) ->
        server_gets_ack(1) }
    :: atomic { HAS(ack_in_flight, 2) && (server == 0 || (server == 1 && !server_speaks)) ->
        server_gets_ack(2) }
    od
}

#ifdef CRASH
#include "crash.pml"
#endif

#define STUCK(i) (m[i].up && (m[i].state == CLAIMING || m[i].state == OPENING))
#define HOLDS(i) (m[i].up && NUMBER(m[i].commit))

/* P5, where nothing is left to do. */
proctype End()
{
    atomic { timeout ->
        assert(!STUCK(0) && !STUCK(1));
        assert(!HOLDS(0) || client_reset || (client_open && server == m[0].commit));
        assert(!HOLDS(1) || client_reset || (client_open && server == m[1].commit));
        assert(!client_reset || (!HOLDS(0) && !HOLDS(1)));
#if !defined(GIVE_UP) && !defined(CRASH) && !defined(PARTITION) && SYNS == 1
        assert(!client_reset);
#endif
    }
}

init {
    atomic {
        m[0].up = true;
        m[1].up = true;
        if
        :: forward = BIT(0)
        :: forward = BIT(1)
        :: forward = BIT(0) | BIT(1)
        fi;
        if
        :: back = BIT(0)
        :: back = BIT(1)
        fi;
        if /* of the two numbers 1 is the one that comes for certain */
        :: reach_1 = BIT(0)
        :: reach_1 = BIT(1)
        fi;
        if
        :: reach_2 = 0
        :: reach_2 = BIT(0)
        :: reach_2 = BIT(1)
#ifndef RESTART
        :: reach_2 = BIT(0) | BIT(1)
#endif
        fi;
#ifdef TOMBSTONE
        buried = true;
#ifndef OLD_SYN
        syns = SYNS; /* the client's ACK is an old duplicate */
#endif
        if
        :: m[0].state = DEAD; m[0].commit = OVER
        :: m[1].state = DEAD; m[1].commit = OVER
        fi;
#endif
#ifdef CRASH
        if
#if VICTIM != 1
        :: run Fate(0)
#endif
#if VICTIM != 0
        :: run Fate(1)
#endif
        fi;
#endif
        run Member(0);
        run Member(1);
        run Server();
        run End()
    }
}
