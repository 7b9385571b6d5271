/* SPDX-License-Identifier: BSD-2-Clause */
#include "split/admit.h"

#include "table/reset.h"

/* What decides whether a SYN can be split at all. */
typedef struct syn_kind {
    int splittable, is_signed;
} syn_kind;

/* MD5 and AO sign the very numbers a split would change (RFC 2385, RFC 5925). */
static syn_kind kind_of(const mpci_step *st)
{
    int readable = st->bad_options == 0;

    return (syn_kind){readable && !st->options->signature && st->from == MPCONN_SIDE_CLIENT,
                      readable && st->options->signature};
}

/* Without peace so many signed SYNs pass in a second: each has a minute, and all of them a quarter
 * of a table of the default size. */
#define SIGNED_PER_SECOND 16u

/* An option that anybody can put on a SYN must not lead a flood past the cookies: signed SYNs of
 * clients pass to the server freely only in peace. But a flood of others must not keep two routers
 * apart either (E24). */
static int is_way_round(const mpci_split *sp, const mpci_step *st, syn_kind kind)
{
    return kind.is_signed && st->from == MPCONN_SIDE_CLIENT && sp->mode == MPCONN_SPLIT_ALWAYS &&
           !mpci_split_in_peace(sp);
}

static int may_pass_signed(const mpci_split *sp)
{
    return mpci_budget_has(&sp->signed_syns, SIGNED_PER_SECOND, MPCI_KEEP_NOTHING, sp->core->now);
}

int mpci_split_cannot_answer(const mpci_split *sp, const mpci_step *st)
{
    mpci_way way;

    if (!sp->echo->on || st->from != MPCONN_SIDE_CLIENT)
        return 0;
    way = mpci_echo_way(sp->echo, st->tuple, st->hash, st->view->seq);
    return way.kind == MPCI_WAY_NONE ||
           (way.kind == MPCI_WAY_ECHO &&
            (st->view->total_len > MPCI_KEPT_SYN || st->view->total_len > st->pkt->len));
}

/* What to do, if the host does not know better. */
typedef struct suggestion {
    enum mpconn_admit what;
    int unsplit;    /* nobody knows how to answer the client: its SYN is passed on, by rate */
} suggestion;

static suggestion suggest_unsplit(const mpci_split *sp, const mpci_step *st)
{
    int may = mpci_echo_may_pass(sp->echo, st->hash, st->view->seq);

    return (suggestion){may ? MPCONN_ADMIT_TRACK : MPCONN_ADMIT_REFUSE, may};
}

static suggestion suggest(const mpci_split *sp, const mpci_step *st, syn_kind kind)
{
    if (is_way_round(sp, st, kind) && !may_pass_signed(sp))
        return (suggestion){MPCONN_ADMIT_REFUSE, 0};
    if (!kind.splittable || sp->mode == MPCONN_SPLIT_NEVER)
        return (suggestion){MPCONN_ADMIT_TRACK, 0};
    if (sp->mode == MPCONN_SPLIT_ADAPTIVE && sp->half_open < sp->adaptive_threshold)
        return (suggestion){MPCONN_ADMIT_TRACK, 0};
    if (mpci_split_cannot_answer(sp, st))
        return suggest_unsplit(sp, st);
    return (suggestion){MPCONN_ADMIT_SPLIT, 0};
}

static enum mpconn_admit ask(const mpci_split *sp, const mpci_step *st, syn_kind kind,
                             enum mpconn_admit suggested)
{
    const mpci_core *core = sp->core;
    mpconn_admit_request req;
    int answer;

    if (core->callbacks.admit == NULL)
        return suggested;
    MPCONN_STRUCT_INIT(&req);
    req.pkt = st->pkt;
    req.tuple = *st->tuple;
    req.isn = st->view->seq;
    req.unproved = sp->half_open;
    req.side = (uint8_t)st->from;
    req.suggestion = (uint8_t)suggested;
    req.flags = kind.is_signed ? MPCONN_ADMIT_F_SIGNED : 0;
    answer = core->callbacks.admit(core->user, &req);
    if (answer == MPCONN_ADMIT_DEFAULT)
        return suggested;
    if (answer == MPCONN_ADMIT_SPLIT && !kind.splittable)
        return MPCONN_ADMIT_TRACK;
    return answer < MPCONN_ADMIT_DEFAULT || answer > MPCONN_ADMIT_REFUSE
               ? MPCONN_ADMIT_REFUSE
               : (enum mpconn_admit)answer;
}

static enum mpconn_admit decide(mpci_split *sp, const mpci_step *st, int *unsplit)
{
    syn_kind kind = kind_of(st);
    suggestion s = suggest(sp, st, kind);
    enum mpconn_admit decision = ask(sp, st, kind, s.what);

    *unsplit = s.unsplit && decision == MPCONN_ADMIT_TRACK;
    if (decision == MPCONN_ADMIT_TRACK && is_way_round(sp, st, kind))
        mpci_budget_spend(&sp->signed_syns, SIGNED_PER_SECOND, sp->core->now);
    return decision;
}

void mpci_split_passes_unsplit(mpci_split *sp, const mpci_step *st)
{
    mpci_echo_passes(sp->echo, st->hash, st->view->seq);
    mpci_count(&sp->core->counters, MPCONN_REASON_RETURN_UNSPLIT);
}

/* RST|ACK in the SYN's own buffer (RFC 9293 3.10.7.1). */
static void reset_in_place(mpci_split *sp, mpci_step *st)
{
    mpci_segment s = mpci_reset_ack(sp->core, st->tuple, st->from, 0,
                                    st->view->seq + mpci_view_seq_len(st->view));
    size_t len = mpci_build_tcp(st->pkt->data, st->pkt->cap, &s);

    if (len == 0) {
        mpci_drop(sp->core, st->pkt, MPCONN_REASON_NO_SPACE);
        return;
    }
    mpci_packet_became(st->pkt, (uint32_t)len);
    mpci_verdict(sp->core, st->pkt, MPCONN_VERDICT_FORWARD, MPCONN_REASON_ADMIT_RESET);
}

enum mpconn_admit mpci_split_admit(mpci_split *sp, mpci_step *st, int *unsplit)
{
    enum mpconn_admit decision = decide(sp, st, unsplit);

    switch (decision) {
    case MPCONN_ADMIT_BYPASS:
        mpci_forward(sp->core, st->pkt, MPCONN_REASON_BYPASSED);
        break;
    case MPCONN_ADMIT_RESET:
        reset_in_place(sp, st);
        break;
    case MPCONN_ADMIT_REFUSE:
        mpci_drop(sp->core, st->pkt, MPCONN_REASON_ADMIT_REFUSED);
        break;
    case MPCONN_ADMIT_DEFAULT:
    case MPCONN_ADMIT_SPLIT:
    case MPCONN_ADMIT_TRACK:
        break;
    }
    return decision;
}
