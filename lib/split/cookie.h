/* SPDX-License-Identifier: BSD-2-Clause */
/* The cookie: what a SYN|ACK says to a client of which nothing is kept (RFC 4987 3.6, RFC 6528).
 *
 * y, the sequence number shown to the client, is a function of tuple, client ISN, epoch and offers
 * (rule R5), so any member gives the same answer to the same SYN and any member can check the ACK.
 *
 *   y      = MAC[26 bits] | offers[6 bits]      a client without timestamps
 *   y      = MAC[26 bits] | 0                   a client with timestamps, and
 *   TSval  = MAC[16 bits] | offers[16 bits]:
 *            bits 15-13 MSSc index, 12-10 MSSp index, 9-6 WSc, 5-2 WSp, 1 SACK, 0 ECN
 *
 * The six bits are a number below 42: window scale (7 choices) x SACK (2) x MSS (3). Three epochs
 * and two forms of the sequence number (x+1, and x for the probe of a closed window) accept
 * 42 * 3 * 2 = 252 of 2^32 acknowledgment numbers: less than 2^-24 a guess. A window scale outside
 * the seven is answered without one: both legs then agree on none. */
#ifndef MPCI_SPLIT_COOKIE_H
#define MPCI_SPLIT_COOKIE_H

#include "conn/offers.h"
#include "packet/view.h"
#include "sync/epoch.h"

/* Number of offers a y without timestamps can carry. */
#define MPCI_COOKIE_SMALL_OFFERS 42

/* What the cluster tells clients. */
typedef struct mpci_profile {
    uint16_t mss[2];     /* IPv4, IPv6 */
    uint8_t wscale;      /* told to clients that scale */
} mpci_profile;

typedef struct mpci_cookie {
    uint32_t client_isn; /* x */
    uint32_t isn;        /* y */
    uint32_t tsval;      /* valid with offers.timestamps */
    mpci_offers offers;
} mpci_cookie;

/* What a SYN offers, as a word (conn/offers.h). */
uint16_t mpci_cookie_offers(const mpci_syn_options *o);

/* Answer a SYN: offers from its options and the profile, numbers from the current epoch. */
void mpci_cookie_make(mpci_cookie *c, const mpci_epochs *e, const mpci_profile *p,
                      const mpconn_tuple *tuple, uint32_t client_isn, const mpci_syn_options *o);

/* Does this segment of a client acknowledge a cookie of ours? Returns 1 and fills the cookie. */
int mpci_cookie_check(mpci_cookie *c, const mpci_epochs *e, const mpci_profile *p,
                      const mpconn_tuple *tuple, const mpci_view *v);

#endif
