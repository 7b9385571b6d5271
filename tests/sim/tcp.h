/* SPDX-License-Identifier: BSD-2-Clause */
/* One TCP endpoint, written from the RFCs to be strict: 9293 (state machine), 5961 (RST, SYN and
 * ACK checks), 7323 (window scale, timestamps, PAWS), 2018 and 2883 (SACK, D-SACK), 6298 (timer),
 * 5681 and 6582 (congestion), 1122 4.2.2.17 (probes), 6191 (reuse of TIME-WAIT).
 *
 * The bytes of a stream are a function of a key and their position, so neither side stores any:
 * a receiver verifies what it gets, wherever in the stream it belongs. */
#ifndef SIM_TCP_H
#define SIM_TCP_H

#include "sim/counters.h"
#include "sim/net.h"

struct sim_host;
typedef struct sim_tcp sim_tcp;

enum sim_tcp_state {
    SIM_CLOSED,
    SIM_SYN_SENT,
    SIM_SYN_RECEIVED,
    SIM_ESTABLISHED,
    SIM_FIN_WAIT_1,
    SIM_FIN_WAIT_2,
    SIM_CLOSE_WAIT,
    SIM_CLOSING,
    SIM_LAST_ACK,
    SIM_TIME_WAIT
};

enum sim_tcp_error {
    SIM_E_NONE,
    SIM_E_REFUSED, /* RST in SYN-SENT */
    SIM_E_RESET,
    SIM_E_TIMEOUT,
    SIM_E_ABORTED /* by this side */
};

/* What an endpoint offers, and its habits. */
typedef struct sim_tcp_config {
    bool sack, timestamps, wscale, ecn; /* offered, and accepted when offered */
    bool delayed_ack;
    bool nagle;
    bool probe_old;    /* probes a closed window with an old number instead of a byte */
    bool keepalive_byte;
    bool eager_fin;    /* sends FIN into a closed window */
    bool cookies;      /* as a server: SYN|ACK never repeated, each with a number of its own */
    bool fast_open;    /* SYN with a Fast Open option and data nobody acknowledges */
    bool mptcp;        /* SYN with an option that is to be ignored */
    bool rtt_by_echo;  /* measures round trips by what echoes its timestamps (RFC 7323 4.1) */
    uint8_t shift;
    uint16_t mss;
    uint32_t receive_buffer;
    uint32_t overrun;  /* bytes beyond the window that are explained; at least 1 */
    uint32_t isn;      /* initial number, with `fixed_isn` */
    bool fixed_isn;
    uint8_t ttl;
    unsigned syn_tries, retries;
    sim_time ts_tick;
    sim_time msl;
    sim_time keepalive; /* 0 = never */
    sim_time rto_min, rto_max;
    sim_time srtt_most; /* a longer smoothed round trip is a finding; 0 = any may be */
} sim_tcp_config;

void sim_tcp_config_default(sim_tcp_config *cfg);

/* What the application hears. Any of them may call the functions below. */
typedef struct sim_tcp_ops {
    void (*established)(void *app);
    void (*received)(void *app, uint32_t n); /* n more bytes, in order and verified */
    void (*acknowledged)(void *app);
    void (*peer_finished)(void *app);
    /* The peer lets this side send up to this position of its stream. */
    void (*allowed)(void *app, uint32_t position);
    void (*entered)(void *app, enum sim_tcp_state state);
    /* The last word. NONE = both directions ended with FIN (TIME-WAIT may go on). */
    void (*closed)(void *app, enum sim_tcp_error error);
} sim_tcp_ops;

#define SIM_REORDER_RANGES 64
#define SIM_SCOREBOARD 32

struct sim_tcp {
    struct sim_host *host;
    sim_tcp *next;
    sim_addr local, remote;
    uint16_t lport, rport;
    sim_tcp_config cfg;
    enum sim_tcp_state state;
    const sim_tcp_ops *ops;
    void *app;
    uint64_t tx_key, rx_key;
    bool passive, told; /* told: `closed` was called */
    bool known;         /* a session of the scenario has it */
    unsigned port;     /* of the host's node */

    /* send side */
    uint32_t iss, una, nxt, max; /* max: highest sent plus one */
    uint32_t older_iss[4];       /* of a cookie server: its earlier SYN|ACKs */
    unsigned n_older;
    uint32_t wnd, wl1, wl2, max_wnd;
    uint8_t tx_shift;
    uint16_t tx_mss;
    uint64_t written;
    bool fin_queued;
    uint32_t cwnd, ssthresh, recover, high_rtx;
    bool in_recovery;
    unsigned dup_acks;
    sim_range board[SIM_SCOREBOARD]; /* sorted */
    unsigned n_board;

    /* round trip, RFC 6298 */
    sim_time srtt, rttvar, rto, timed_at;
    uint32_t timed_seq;
    uint32_t echo; /* of the segment that is taken; 0 = none */
    bool timing;
    unsigned expiries; /* in a row, without progress */
    unsigned unheard;  /* in a row, without a word of the peer */
    sim_timer rtx, delack, alive, wait;
    unsigned alive_unanswered;
    sim_time heard;

    /* receive side */
    uint32_t irs, rcv_nxt, rcv_adv;
    uint8_t rx_shift;
    uint64_t received, consumed;
    sim_range held[SIM_REORDER_RANGES]; /* out of order, most recent first */
    unsigned n_held;
    sim_range dsack;
    bool have_dsack, fin_known, fin_taken;
    uint32_t fin_seq;
    bool ack_now, ack_later, in_input;
    unsigned unacked_segments;
    sim_time challenged;

    /* options in force */
    bool ts_on, ts_sent, sack_on, wscale_on, ecn_on;
    uint32_t ts_recent, last_ack_sent, ts_first, ts_last, ts_offset;
};

/* Active open; the keys are those of the two streams. */
sim_tcp *sim_tcp_connect(struct sim_host *host, const sim_tcp_config *cfg, const sim_addr *local,
                         uint16_t lport, const sim_addr *remote, uint16_t rport,
                         uint64_t tx_key, uint64_t rx_key, const sim_tcp_ops *ops, void *app);
/* n more bytes to send. */
void sim_tcp_write(sim_tcp *c, uint64_t n);
/* n of the bytes received need no buffer any more. */
void sim_tcp_consume(sim_tcp *c, uint64_t n);
/* No more bytes will be written. */
void sim_tcp_finish(sim_tcp *c);
/* RST, where the state asks for one, and gone. */
void sim_tcp_abort(sim_tcp *c);

uint8_t sim_pattern(uint64_t key, uint32_t position);
const char *sim_tcp_state_name(enum sim_tcp_state state);
const char *sim_tcp_error_name(enum sim_tcp_error error);

/* Between the files of the endpoint and its host. */
sim_tcp *sim_tcp_new(struct sim_host *host, const sim_tcp_config *cfg, const sim_addr *local,
                     uint16_t lport, const sim_addr *remote, uint16_t rport);
void sim_tcp_free(sim_tcp *c);
void sim_tcp_accept(sim_tcp *c, const sim_segment *syn);
void sim_tcp_input(sim_tcp *c, const sim_segment *seg);
void sim_tcp_close(sim_tcp *c, enum sim_tcp_error error);
void sim_tcp_tell_closed(sim_tcp *c, enum sim_tcp_error error);
void sim_tcp_set_state(sim_tcp *c, enum sim_tcp_state state);
void sim_tcp_count(sim_tcp *c, enum sim_counter counter, const char *detail);
uint32_t sim_tcp_ts_now(const sim_tcp *c);
bool sim_tcp_synchronised(const sim_tcp *c);

/* tcp_output.c */
void sim_tcp_output(sim_tcp *c);
void sim_tcp_send_ack(sim_tcp *c);
void sim_tcp_send_syn(sim_tcp *c);
void sim_tcp_send_data(sim_tcp *c, uint32_t seq, uint32_t n);
void sim_tcp_send_rst(sim_tcp *c, uint32_t seq, bool with_ack);
uint32_t sim_tcp_end_of_data(const sim_tcp *c);
uint32_t sim_tcp_segment_room(const sim_tcp *c);

/* tcp_timer.c */
void sim_tcp_init_timers(sim_tcp *c);
void sim_tcp_cancel_timers(sim_tcp *c);
void sim_tcp_arm(sim_tcp *c);
void sim_tcp_start_time_wait(sim_tcp *c);
void sim_tcp_heard(sim_tcp *c);
void sim_tcp_sample(sim_tcp *c, sim_time rtt);

/* tcp_receive.c */
void sim_tcp_take_data(sim_tcp *c, const sim_segment *seg);
uint32_t sim_tcp_window_bytes(sim_tcp *c);
void sim_tcp_fill_sack(sim_tcp *c, sim_segment *seg);

/* tcp_recover.c */
void sim_tcp_take_sack(sim_tcp *c, const sim_segment *seg);
void sim_tcp_acked(sim_tcp *c, uint32_t ack);
void sim_tcp_dup_ack(sim_tcp *c);
bool sim_tcp_send_hole(sim_tcp *c);
void sim_tcp_timed_out(sim_tcp *c);

#endif
