/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/byteorder.h"
#include "packet/options.h"
#include "packet/view.h"

#include <mpconn/delta.h>

enum {
    /* Assumed where none, or nothing usable, was announced (RFC 9293 3.7.1, MUST-15). Some stacks
     * take 536 for IPv6 as well; to tell their peer 1220 is safe, since whoever speaks IPv6 takes
     * packets of 1280 bytes (RFC 8200 5). */
    MSS_DEFAULT_IPV4 = 536,
    MSS_DEFAULT_IPV6 = 1220,
    /* Options and headers leave no data in less (CVE-2019-11479). */
    MSS_FLOOR = 88,
    WSCALE_MAX = 14 /* RFC 7323 2.3 */
};

/* Options that have been taken, one bit each. */
enum {
    SEEN_MSS = 1 << 0,
    SEEN_WSCALE = 1 << 1,
    SEEN_SACK = 1 << 2,
    SEEN_TIMESTAMPS = 1 << 3,
    SEEN_MD5 = 1 << 4,
    SEEN_AO = 1 << 5,
    SEEN_MULTIPATH = 1 << 6,
    SEEN_FAST_OPEN = 1 << 7
};

static uint16_t default_mss(unsigned family)
{
    return family == MPCONN_FAMILY_IPV4 ? MSS_DEFAULT_IPV4 : MSS_DEFAULT_IPV6;
}

static void take_mss(mpci_syn_options *o, uint16_t mss, unsigned family)
{
    o->clamped |= mss < MSS_FLOOR;
    if (mss == 0)
        mss = default_mss(family);
    o->mss = mss < MSS_FLOOR ? MSS_FLOOR : mss;
}

static void take_wscale(mpci_syn_options *o, uint8_t shift)
{
    o->clamped |= shift > WSCALE_MAX;
    o->wscale = shift > WSCALE_MAX ? WSCALE_MAX : shift;
}

/* Which of the SEEN_* an option is, 0 for one that means nothing here. */
static unsigned identify(const mpci_option *opt)
{
    switch (opt->kind) {
    case MPCI_OPT_MSS:
        return SEEN_MSS;
    case MPCI_OPT_WSCALE:
        return SEEN_WSCALE;
    case MPCI_OPT_SACK_PERMITTED:
        return SEEN_SACK;
    case MPCI_OPT_TIMESTAMPS:
        return SEEN_TIMESTAMPS;
    case MPCI_OPT_MD5:
        return SEEN_MD5;
    case MPCI_OPT_AO:
        return SEEN_AO;
    case MPCI_OPT_MULTIPATH:
        return SEEN_MULTIPATH;
    case MPCI_OPT_FAST_OPEN:
        return SEEN_FAST_OPEN;
    case MPCI_OPT_EXPERIMENT:
        return opt->len >= 4 &&
                       mpci_load16(opt->tcp + opt->at + 2) == MPCI_EXPERIMENT_FAST_OPEN
                   ? SEEN_FAST_OPEN
                   : 0;
    default:
        return 0;
    }
}

static int has_right_size(unsigned what, unsigned len)
{
    switch (what) {
    case SEEN_MSS:
        return len == MPCI_OPT_LEN_MSS;
    case SEEN_WSCALE:
        return len == MPCI_OPT_LEN_WSCALE;
    case SEEN_SACK:
        return len == MPCI_OPT_LEN_SACK_PERMITTED;
    case SEEN_TIMESTAMPS:
        return len == MPCI_OPT_LEN_TIMESTAMPS;
    case SEEN_MD5:
        return len == MPCI_OPT_LEN_MD5;
    case SEEN_AO:
        return len >= MPCI_OPT_LEN_AO_MIN;
    default:
        return 1;
    }
}

static void take(mpci_syn_options *o, unsigned what, const uint8_t *option, unsigned family)
{
    switch (what) {
    case SEEN_MSS:
        take_mss(o, mpci_load16(option + 2), family);
        break;
    case SEEN_WSCALE:
        take_wscale(o, option[2]);
        break;
    case SEEN_SACK:
        o->sack_permitted = 1;
        break;
    case SEEN_TIMESTAMPS:
        o->timestamps = 1;
        o->tsval = mpci_load32(option + 2);
        o->tsecr = mpci_load32(option + 6);
        break;
    case SEEN_MULTIPATH:
        o->multipath = 1;
        break;
    case SEEN_FAST_OPEN:
        o->fast_open = 1;
        break;
    default:
        o->signature = 1;
        break;
    }
}

/* RFC 3168 6.1.1: a SYN sets both flags, a SYN|ACK ECE alone: one that repeats both is a
 * reflection. A SYN for accurate ECN (RFC 9768 3.1.1) sets AE as well, and falls back when it is
 * answered so; as nobody here sets AE, a SYN|ACK with it answers something else. */
static int asks_for_ecn(const mpci_view *v)
{
    if ((v->flags & MPCI_TCP_ACK) != 0)
        return (v->flags & (MPCI_TCP_ECE | MPCI_TCP_CWR | MPCI_TCP_AE)) == MPCI_TCP_ECE;
    return (v->flags & (MPCI_TCP_ECE | MPCI_TCP_CWR)) == (MPCI_TCP_ECE | MPCI_TCP_CWR);
}

unsigned mpci_syn_options_parse(mpci_syn_options *o, const mpci_view *v)
{
    mpci_option opt = mpci_option_begin(v->l4, v->tcp_hlen);
    unsigned seen = 0;
    int more;

    memset(o, 0, sizeof *o);
    o->mss = default_mss(v->family);
    o->wscale = MPCONN_WSCALE_NONE;
    o->ecn = (uint8_t)asks_for_ecn(v);
    while ((more = mpci_option_next(&opt)) > 0) {
        unsigned what = identify(&opt);

        if (what == 0)
            continue;
        if (!has_right_size(what, opt.len))
            return MPCONN_REASON_BAD_OPTIONS;
        if (seen & what)
            o->duplicate = 1;
        else
            take(o, what, opt.tcp + opt.at, v->family);
        seen |= what;
    }
    return more < 0 ? MPCONN_REASON_BAD_OPTIONS : 0;
}
