/* SPDX-License-Identifier: BSD-2-Clause */
/* What the view makes of a packet. */
#ifndef TESTS_VIEW_EXPECT_H
#define TESTS_VIEW_EXPECT_H

#include <check.h>

#include "packet/view.h"
#include "packets.h"

static const unsigned families[] = {MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV6};

static inline mpci_view view_pkt(const mpconn_pkt *pkt)
{
    mpci_view v;

    memset(&v, 0xff, sizeof v);
    mpci_view_parse(&v, pkt);
    ck_assert_int_eq(v.kind == MPCI_KIND_BAD, v.reason != 0);
    return v;
}

static inline void expect(const mpconn_pkt *pkt, int kind, unsigned reason)
{
    mpci_view v = view_pkt(pkt);

    ck_assert_str_eq(mpconn_reason_name(v.reason), mpconn_reason_name(reason));
    ck_assert_int_eq(v.kind, kind);
}

static inline void expect_bad(raw *r, unsigned reason)
{
    mpconn_pkt pkt = raw_pkt(r);

    expect(&pkt, MPCI_KIND_BAD, reason);
}

static inline void expect_kind(raw *r, int kind)
{
    mpconn_pkt pkt = raw_pkt(r);

    expect(&pkt, kind, 0);
}

static inline void say_length(raw *r, unsigned total)
{
    if (r->bytes[0] >> 4 == 4)
        poke16(r->bytes + 2, total);
    else
        poke16(r->bytes + 4, total - 40);
}

#endif
