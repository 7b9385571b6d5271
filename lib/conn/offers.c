/* SPDX-License-Identifier: BSD-2-Clause */
#include "conn/offers.h"

enum {
    HS_EPOCH_PARITY_BIT = 15,
    HS_TIMESTAMPS_BIT = 14,
    HS_ECN_BIT = 13,
    HS_SACK_BIT = 12,
    HS_WSCALE_PROXY_BIT = 8,
    HS_WSCALE_CLIENT_BIT = 4,
    HS_MSS_BIT = 1,

    SERVER_ECN_BIT = 6,
    SERVER_TIMESTAMPS_BIT = 5,
    SERVER_SACK_BIT = 4
};

static const uint16_t mss_values[8] = {536, 1024, 1220, 1300, 1380, 1440, 1460, 8960};

uint16_t mpci_offers_pack(const mpci_offers *o)
{
    unsigned hs = (o->epoch_parity & 1u) << HS_EPOCH_PARITY_BIT;

    hs |= (o->timestamps & 1u) << HS_TIMESTAMPS_BIT;
    hs |= (o->ecn & 1u) << HS_ECN_BIT;
    hs |= (o->sack & 1u) << HS_SACK_BIT;
    hs |= (o->wscale_proxy & 15u) << HS_WSCALE_PROXY_BIT;
    hs |= (o->wscale_client & 15u) << HS_WSCALE_CLIENT_BIT;
    hs |= (o->mss_client & 7u) << HS_MSS_BIT;
    return (uint16_t)hs;
}

void mpci_offers_unpack(mpci_offers *o, uint16_t hs)
{
    o->epoch_parity = hs >> HS_EPOCH_PARITY_BIT & 1;
    o->timestamps = hs >> HS_TIMESTAMPS_BIT & 1;
    o->ecn = hs >> HS_ECN_BIT & 1;
    o->sack = hs >> HS_SACK_BIT & 1;
    o->wscale_proxy = hs >> HS_WSCALE_PROXY_BIT & 15;
    o->wscale_client = hs >> HS_WSCALE_CLIENT_BIT & 15;
    o->mss_client = hs >> HS_MSS_BIT & 7;
}

uint8_t mpci_server_options_pack(const mpci_server_options *o)
{
    unsigned byte = o->wscale & 15u;

    byte |= (o->sack & 1u) << SERVER_SACK_BIT;
    byte |= (o->timestamps & 1u) << SERVER_TIMESTAMPS_BIT;
    byte |= (o->ecn & 1u) << SERVER_ECN_BIT;
    return (uint8_t)byte;
}

void mpci_server_options_unpack(mpci_server_options *o, uint8_t byte)
{
    o->wscale = byte & 15;
    o->sack = byte >> SERVER_SACK_BIT & 1;
    o->timestamps = byte >> SERVER_TIMESTAMPS_BIT & 1;
    o->ecn = byte >> SERVER_ECN_BIT & 1;
}

uint16_t mpci_mss_of_index(unsigned index)
{
    return mss_values[index & 7];
}

unsigned mpci_mss_index(uint16_t mss)
{
    unsigned index = 7;

    while (index > 0 && mss_values[index] > mss)
        index--;
    return index;
}

void mpci_leg_options_delta(mpconn_delta *d, const mpci_leg_options *client,
                            const mpci_leg_options *server)
{
    /* RFC 7323 2.2: a leg scales its windows only if both of its SYNs carried the option. */
    int client_scales = client->wscale[MPCONN_SIDE_CLIENT] != MPCONN_WSCALE_NONE &&
                        client->wscale[MPCONN_SIDE_SERVER] != MPCONN_WSCALE_NONE;
    int server_scales = server->wscale[MPCONN_SIDE_CLIENT] != MPCONN_WSCALE_NONE &&
                        server->wscale[MPCONN_SIDE_SERVER] != MPCONN_WSCALE_NONE;
    unsigned flags = d->flags & ~(unsigned)MPCI_DELTA_F_STRIP_ANY;

    d->wscale_in[MPCONN_SIDE_CLIENT] = client_scales ? client->wscale[MPCONN_SIDE_CLIENT] : 0;
    d->wscale_out[MPCONN_SIDE_CLIENT] = server_scales ? server->wscale[MPCONN_SIDE_CLIENT] : 0;
    d->wscale_in[MPCONN_SIDE_SERVER] = server_scales ? server->wscale[MPCONN_SIDE_SERVER] : 0;
    d->wscale_out[MPCONN_SIDE_SERVER] = client_scales ? client->wscale[MPCONN_SIDE_SERVER] : 0;

    if (client->sack && !server->sack)
        flags |= MPCONN_DELTA_F_STRIP_SACK_TO_SERVER;
    if (server->sack && !client->sack)
        flags |= MPCONN_DELTA_F_STRIP_SACK_TO_CLIENT;
    if (client->timestamps && !server->timestamps)
        flags |= MPCONN_DELTA_F_STRIP_TS_TO_SERVER;
    if (server->timestamps && !client->timestamps)
        flags |= MPCONN_DELTA_F_STRIP_TS_TO_CLIENT;
    if (client->ecn && !server->ecn)
        flags |= MPCONN_DELTA_F_STRIP_ECN_TO_SERVER;
    d->flags = (uint8_t)flags;
}

void mpci_offers_delta(mpconn_delta *d, uint16_t hs, uint8_t server_options)
{
    mpci_offers told;
    mpci_server_options agreed;
    mpci_leg_options client, server;

    mpci_offers_unpack(&told, hs);
    mpci_server_options_unpack(&agreed, server_options);
    client = (mpci_leg_options){
        .wscale = {told.wscale_client, told.wscale_proxy},
        .sack = told.sack,
        .timestamps = told.timestamps,
        .ecn = told.ecn,
    };
    server = (mpci_leg_options){
        .wscale = {told.wscale_client, agreed.wscale},
        .sack = agreed.sack,
        .timestamps = agreed.timestamps,
        .ecn = agreed.ecn,
    };
    mpci_leg_options_delta(d, &client, &server);
}
