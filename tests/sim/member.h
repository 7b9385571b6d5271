/* SPDX-License-Identifier: BSD-2-Clause */
/* A member: a node with an engine inside, the host around it, and a second engine in its shadow
 * that gets the same packets cut into other batches and must do exactly the same. */
#ifndef SIM_MEMBER_H
#define SIM_MEMBER_H

#include <mpconn/mpconn.h>

#include "host/recorder.h"
#include "sim/bridge.h"
#include "sim/nat.h"
#include "sim/net.h"
#include "sim/util.h"

#define SIM_MEMBERS 3 /* at most */

/* How the host vouches for checksums. */
enum sim_vouch {
    SIM_VOUCH_NOT,     /* says nothing, nobody verifies what is only passed on */
    SIM_VOUCH_ENGINE,  /* the engine verifies all */
    SIM_VOUCH_PACKET,  /* each packet asks to be verified */
    SIM_VOUCH_HOST     /* the host knows which are right */
};

typedef struct sim_member_config {
    mpconn_engine_config engine;  /* but for key and timeouts */
    mpconn_timeouts timeouts;
    unsigned batch[2];            /* packets a call, of the engine and of its shadow; 0 = all */
    sim_time gather;              /* how long packets wait for others */
    sim_time late;                /* how late the host is with timers */
    uint32_t budget;              /* of a call to expire; 0 = none */
    enum sim_vouch vouch;
    unsigned refuse_ppm;          /* how often the host has no room for packets made */
    sim_time rekey;               /* new key so often; 0 = never */
    sim_time kill;                /* end all flows after this time; 0 = never */
    bool admit;                   /* decide about SYNs: by sim_member_admits() */
    sim_time skew;                /* its clock is ahead of the world's by this */
    bool cipher;                  /* frames of members go through the host's cipher */
    bool bridge;                  /* nothing can be sent back */
    enum sim_bridge_hooks hooks;  /* of a bridge */
} sim_member_config;

struct sim_cluster;

/* A packet in the host's hands. */
typedef struct sim_parcel {
    struct sim_parcel *next;
    uint64_t hold;          /* number it is held under */
    uint64_t hold_shadow;
    sim_frame *original;    /* as it came */
    uint8_t *room[2];       /* what the engine and its shadow work on */
    mpconn_pkt pkt[2];
    unsigned side;
    bool again;             /* was held before */
    bool bad;               /* its checksums are wrong */
} sim_parcel;

/* A packet that the engine made. */
typedef struct sim_made {
    sim_frame *frame;
    unsigned side, reason;
    uint32_t link;
} sim_made;

/* What one engine did, in order. */
typedef struct sim_deed {
    uint64_t digest;
    char what[96];
} sim_deed;

typedef struct sim_engine {
    struct sim_member *member;
    unsigned which; /* 0 the engine, 1 its shadow */
    mpconn_engine *eng;
    sim_rng random;
    sim_deed *deeds[2]; /* packets made; releases and events */
    size_t n_deeds[2], cap_deeds[2];
    uint64_t made, settled, ended, in, by_verdict[4];
    uint64_t by_reason[MPCONN_REASON_LIMIT];
} sim_engine;

/* What was seen of one connection attempt, to judge what was sent for it. */
typedef struct sim_attempt {
    struct sim_attempt *next;
    sim_addr client, server;
    uint16_t cport, sport;
    uint32_t isn;
    unsigned syns, isns, answers, proofs;
    unsigned numbers; /* different ones in the answers */
    uint32_t number;
    /* What each member of a cluster was told when it settled: in its present life. */
    struct {
        bool settled;
        uint32_t isn, y, z, d, t;
    } commit[SIM_MEMBERS];
} sim_attempt;

#define SIM_ATTEMPTS 4096
#define SIM_MEMBER_PORT 2
#define SIM_RECORDS 32

typedef struct sim_member {
    sim_node node; /* port 0 to the client, 1 to the server, 2 and 3 to the other members */
    sim_member_config cfg;
    sim_engine engine[2];
    recorder recorder[2];           /* only the first may record */
    uint8_t key[32];
    sim_rng rng;
    sim_parcel *inbox, **inbox_end; /* arrived, oldest first */
    sim_parcel *held;               /* oldest first */
    sim_parcel *released;           /* to be submitted before newer ones */
    sim_timer tick, expiry, rekey, kill;
    sim_made *outbox;               /* in the present call */
    size_t n_outbox, cap_outbox;
    sim_attempt *own_attempts[SIM_ATTEMPTS];
    sim_attempt **attempts;         /* these, or those of the cluster */
    struct sim_cluster *cluster;    /* NULL when it is alone */
    unsigned place;                 /* in the cluster */
    unsigned lives;                 /* how often it was started again */
    sim_bridge bridge;
    bool dead;
    uint64_t frames, records[SIM_RECORDS]; /* sent to other members, by type */
    int sabotage;
    uint32_t first_echo;   /* that was put on a segment, for sabotage */
    bool no_room;          /* for packets made, in the present tick */
    unsigned refusals;     /* ticks in a row */
    uint64_t *let_go;      /* numbers released in the present call */
    size_t n_let_go;
    uint64_t calls, forwarded, split_flows, plain_flows;
} sim_member;

/* What the host says about a SYN to a server port: a port names its decision. */
enum mpconn_admit sim_member_admits(uint16_t server_port);
/* By chance, what a host may choose. */
void sim_member_config_random(sim_rng *rng, sim_member_config *cfg);
sim_node *sim_member_new(struct sim_world *w, const char *name, const sim_member_config *cfg,
                         struct sim_cluster *cluster);
/* Loses all it knows and begins a new life; or ends for good. */
void sim_member_restart(sim_member *m);
void sim_member_crash(sim_member *m);
/* Final ACKs and window updates sent again. */
uint64_t sim_member_repeats(const sim_member *m);
/* After a run: time passes until nothing must be left. */
void sim_member_drain(sim_member *m);
/* What its clock says. */
sim_time sim_member_now(const sim_member *m);

/* What it gives the engines as the link that leads to a side. */
static inline uint32_t sim_member_link(unsigned side)
{
    return side == 0 ? 11 : 22;
}

/* Submit packets in the present moment. */
void sim_member_wake(sim_member *m);

/* member_hooks.c */
sim_leg sim_member_leg(const mpconn_tuple *t);
void sim_member_hooks(const sim_member *m, mpconn_callbacks *cb);

/* member_submit.c */
void sim_member_input(sim_member *m, sim_parcel **parcels, size_t n);
/* What the engine made in the present call. */
void sim_member_send_made(sim_member *m);
void sim_member_free_parcel(sim_parcel *p);

/* member_check.c */
void sim_member_check_parcel(sim_member *m, sim_parcel *p);
void sim_member_check_stats(sim_member *m);
void sim_member_check_output(sim_member *m, const sim_frame *f, unsigned side, unsigned reason,
                             bool made);
void sim_member_note_input(sim_member *m, const sim_parcel *p);
void sim_member_check_settled(sim_member *m, const mpconn_event *ev);
void sim_member_compare(sim_member *m);
/* The most that one client was shown. */
unsigned sim_member_numbers(const sim_member *m);
void sim_member_forget_commits(sim_member *m);
void sim_member_free_attempts(sim_member *m);
void sim_engine_made(sim_engine *e, uint64_t digest, const char *format, ...) SIM_PRINTF(3, 4);
void sim_engine_told(sim_engine *e, uint64_t digest, const char *format, ...) SIM_PRINTF(3, 4);
uint64_t sim_digest(const uint8_t *data, size_t len);

/* sabotage.c: faults of the host, to see that they are noticed. */
int sim_sabotage_find(const char *name);
/* Returns false when the frame is to be lost. May change its bytes. */
bool sim_sabotage_output(sim_member *m, sim_frame *f, const sim_frame *original, unsigned *side,
                         unsigned reason, bool made);
/* Of a frame of another member, as it is opened. */
void sim_sabotage_records(const sim_member *m, uint8_t *records, size_t len);
bool sim_sabotage_is(const sim_member *m, const char *name);

#endif
