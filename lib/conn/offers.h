/* SPDX-License-Identifier: BSD-2-Clause */
/* What a handshake offered and accepted, as the 16-bit handshake word `hs` that travels between
 * members and stands in the table:
 *
 *   bit 15     epoch parity of the cookie the client accepted
 *   bit 14     timestamps   (client leg)
 *   bit 13     ECN          (client leg)
 *   bit 12     SACK         (client leg)
 *   bits 11-8  WSp: window scale told to the client, 15 = none
 *   bits 7-4   WSc: window scale of the client, 15 = none
 *   bits 3-1   MSSc: index of the client's MSS, rounded down
 *   bit 0      zero
 */
#ifndef MPCI_CONN_OFFERS_H
#define MPCI_CONN_OFFERS_H

#include <mpconn/delta.h>

typedef struct mpci_offers {
    uint8_t mss_client;    /* index, 0-7 */
    uint8_t wscale_client; /* 0-14 or MPCONN_WSCALE_NONE */
    uint8_t wscale_proxy;  /* 0-14 or MPCONN_WSCALE_NONE */
    uint8_t sack;          /* 0 or 1, as the three below */
    uint8_t ecn;
    uint8_t timestamps;
    uint8_t epoch_parity;
} mpci_offers;

uint16_t mpci_offers_pack(const mpci_offers *o);
void mpci_offers_unpack(mpci_offers *o, uint16_t hs);

/* What the server's SYN|ACK agreed to, one byte: bits 3-0 its window scale (15 = none), bit 4 SACK,
 * bit 5 timestamps, bit 6 ECN, bit 7 zero. */
typedef struct mpci_server_options {
    uint8_t wscale;        /* 0-14 or MPCONN_WSCALE_NONE */
    uint8_t sack, timestamps, ecn;
} mpci_server_options;

uint8_t mpci_server_options_pack(const mpci_server_options *o);
void mpci_server_options_unpack(mpci_server_options *o, uint8_t byte);

/* What the two SYNs of one leg said, as far as a delta depends on it. */
typedef struct mpci_leg_options {
    uint8_t wscale[2];     /* by mpconn_side of who announced it; 0-14 or MPCONN_WSCALE_NONE */
    uint8_t sack, timestamps, ecn;
} mpci_leg_options;

/* The same as mpci_offers_delta() from options that are not packed. */
void mpci_leg_options_delta(mpconn_delta *d, const mpci_leg_options *client,
                            const mpci_leg_options *server);

/* The flags those two functions decide. */
#define MPCI_DELTA_F_STRIP_ANY                                                     \
    (MPCONN_DELTA_F_STRIP_SACK_TO_SERVER | MPCONN_DELTA_F_STRIP_SACK_TO_CLIENT |   \
     MPCONN_DELTA_F_STRIP_TS_TO_SERVER | MPCONN_DELTA_F_STRIP_TS_TO_CLIENT |       \
     MPCONN_DELTA_F_STRIP_ECN_TO_SERVER)

/* The eight MSS values an index can name, ascending: 536 1024 1220 1300 1380 1440 1460 8960. */
uint16_t mpci_mss_of_index(unsigned index);

/* Greatest index whose MSS is not above `mss`; 0 for anything below the smallest. */
unsigned mpci_mss_index(uint16_t mss);

/* The part of a delta that the options decide: wscale_in/out and the F_STRIP_* flags; the rest of
 * it stays as it is. A window scale of the client is taken to be offered to the server as well. */
void mpci_offers_delta(mpconn_delta *d, uint16_t hs, uint8_t server_options);

#endif
