/* SPDX-License-Identifier: BSD-2-Clause */
/* A fuzz target: session packets into echoes, and anything at all instead of a reply.
 *
 *   what[1]    1 a session packet, else a reply | 2 short | 4 sealed with the key
 *              | 8 what is in the clear put right | 16 sums put right
 *   link[1]    bytes of link-layer header
 *   ahead[1]   epochs that the receiver is ahead, signed
 *   room[1]    bytes that the echo has too little room
 *   packet     the rest
 *
 * Whatever is refused is as it was; what is taken was sealed with the key, and becomes the same
 * echo again. */
#include <stdint.h>
#include <stdlib.h>

#include "base/byteorder.h"
#include "echo/carrier.h"
#include "fuzz/rig.h"
#include "packet/checksum.h"
#include "packet/ip.h"
#include "packet/view.h"

enum { HEAD = 4, LONGEST = 2048, ROOM = LONGEST + 256, EPOCH = 0x10000 };
enum { PUT_IN = 1, SHORT = 2, SEALED = 4, CLEAR_RIGHT = 8, SUMS_RIGHT = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const mpconn_echo_key key = {{1, 2}};

static mpconn_echo echo_of(const uint8_t *in)
{
    mpconn_echo e = {.struct_size = sizeof e, .epoch = EPOCH, .boot = 1, .heard = 2, .number = 3,
                     .id = 4, .sequence = 5, .origin = 6, .origin_link = 7,
                     .kind = MPCONN_ECHO_ANSWER, .link_header_len = in[1]};

    e.flags = in[0] & SHORT ? MPCONN_ECHO_F_SHORT : 0;
    memset(e.link_header, 0x5a, sizeof e.link_header);
    return e;
}

/* What the server makes of a request. */
static void turn(uint8_t *ip, size_t len)
{
    unsigned family = ip[0] >> 4, n = mpci_ip_addr_len(family);
    uint8_t *icmp = ip + (family == 4 ? 20 : 40), src[16];
    size_t at = family == 4 ? 12 : 8;
    uint64_t sum = 0;

    memcpy(src, ip + at, n);
    memcpy(ip + at, ip + at + n, n);
    memcpy(ip + at + n, src, n);
    icmp[0] = family == 4 ? 0 : 129;
    mpci_store16(icmp + 2, 0);
    if (family == 6)
        sum = mpci_csum_pseudo(6, ip + 8, ip + 24, MPCI_PROTO_ICMPV6, (uint32_t)(ip + len - icmp));
    mpci_store16(icmp + 2,
                 (uint16_t)~mpci_csum_fold(mpci_csum_add(sum, icmp, (size_t)(ip + len - icmp))));
}

/* What came out goes in again. */
static void check_taken(const mpconn_echo *got, const uint8_t *inner, size_t inner_len,
                        const uint8_t *payload, size_t payload_len)
{
    uint8_t again[ROOM];
    size_t len = 0;

    RIG_HOLDS(got->kind >= MPCONN_ECHO_ANSWER && got->kind <= MPCONN_ECHO_LEARN);
    RIG_HOLDS(got->link_header_len <= MPCONN_ECHO_LINK_HEADER_MAX);
    RIG_HOLDS(mpconn_echo_encapsulate(again, sizeof again, &len, got, &key, inner, inner_len) ==
              MPCONN_OK);
    RIG_HOLDS(len == mpconn_echo_size(inner_len, got->family, got->flags, got->link_header_len));
    RIG_HOLDS(len > payload_len && memcmp(again + len - payload_len, payload, payload_len) == 0);
}

/* A reply in a buffer of just its size; 1 when it was taken. */
static int take(const uint8_t *reply, size_t len, int8_t ahead)
{
    mpconn_echo got = {.struct_size = sizeof got, .epoch = EPOCH + (uint32_t)(int32_t)ahead};
    mpconn_echo before = got;
    uint8_t *copy = malloc(len > 0 ? len : 1);
    const uint8_t *inner = NULL;
    size_t inner_len = 0;
    mpci_ip ip;
    int rc;

    RIG_HOLDS(copy != NULL);
    memcpy(copy, reply, len);
    rc = mpconn_echo_unencapsulate(&got, &inner, &inner_len, &key, copy, len);
    RIG_HOLDS(rc == MPCONN_OK || (memcmp(copy, reply, len) == 0 && inner == NULL &&
                                  memcmp(&got, &before, sizeof got) == 0));
    if (rc == MPCONN_OK) {
        RIG_HOLDS(inner > copy && inner + inner_len + MPCI_ECHO_TAG <= copy + len);
        RIG_HOLDS(mpci_ip_parse(&ip, reply, (uint32_t)len) == 0);
        check_taken(&got, inner, inner_len, reply + ip.l4_offset + 8,
                    ip.claimed_len - ip.l4_offset - 8u);
    }
    RIG_HOLDS(mpconn_strerror(rc) != NULL);
    free(copy);
    return rc == MPCONN_OK;
}

/* Into an echo, in place, and out of it. */
static void put_in(const uint8_t *in, const uint8_t *packet, size_t len)
{
    static uint8_t room[ROOM];
    mpconn_echo e = echo_of(in);
    size_t need = 0, got = 0;
    int rc;

    memcpy(room, packet, len);
    rc = mpconn_echo_encapsulate(room, 0, &need, &e, &key, room, len);
    RIG_HOLDS(rc != MPCONN_OK && memcmp(room, packet, len) == 0 && need <= ROOM);
    RIG_HOLDS((rc == MPCONN_ERR_NOSPACE) == (need != 0));
    if (rc != MPCONN_ERR_NOSPACE)
        return;
    memset(room + len, 0xaa, sizeof room - len);
    rc = mpconn_echo_encapsulate(room, need - in[3] % need, &got, &e, &key, room, len);
    RIG_HOLDS(got == need && (rc == MPCONN_OK) == (in[3] % need == 0));
    RIG_HOLDS(need >= len || rc != MPCONN_OK || room[need] == packet[need]);
    if (rc != MPCONN_OK)
        return;
    turn(room, need);
    RIG_HOLDS(take(room, need, (int8_t)in[2]) == ((int8_t)in[2] >= -1 && (int8_t)in[2] <= 1));
}

/* Make a reply right, as far as is asked for: what is in it is anything. */
static int prepare(const uint8_t *in, uint8_t *reply, size_t len)
{
    uint8_t *payload;
    mpci_sipkey root = {{key.opaque[0], key.opaque[1]}};
    mpci_echo_keys keys;
    mpci_ip ip;
    size_t plain;

    if (mpci_ip_parse(&ip, reply, (uint32_t)len) != 0 || ip.claimed_len > len ||
        ip.claimed_len < ip.l4_offset + 8u + MPCI_ECHO_AROUND)
        return 0;
    payload = reply + ip.l4_offset + 8;
    plain = ip.claimed_len - ip.l4_offset - 8u - MPCI_ECHO_TAG;
    if (in[0] & CLEAR_RIGHT) {
        memcpy(payload, "MPEC\1", 5);
        payload[5] &= MPCI_ECHO_FORM_SHORT;
        payload[6] = payload[7] = 0;
        mpci_store16(payload + 8, (uint16_t)(plain - MPCI_ECHO_CLEAR));
    }
    mpci_echo_keys_init(&keys, &root, EPOCH);
    if (in[0] & SEALED)
        mpci_echo_seal(&keys, payload, plain);
    if ((in[0] & SUMS_RIGHT) == 0)
        return 1;
    if (ip.family == 4) {
        mpci_store16(reply + 10, 0);
        mpci_store16(reply + 10, (uint16_t)~mpci_csum_fold(mpci_csum_add(0, reply, ip.l4_offset)));
    }
    mpci_store16(payload - 6, 0);
    mpci_store16(payload - 6, (uint16_t)~mpci_csum_fold(mpci_csum_add(
        ip.family == 4 ? 0 : mpci_csum_pseudo(6, reply + 8, reply + 24, MPCI_PROTO_ICMPV6,
                                              ip.claimed_len - ip.l4_offset),
        payload - 8, ip.claimed_len - ip.l4_offset)));
    return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t reply[LONGEST];
    size_t len;

    if (size < HEAD || size - HEAD > LONGEST)
        return 0;
    len = size - HEAD;
    if (data[0] & PUT_IN) {
        put_in(data, data + HEAD, len);
        return 0;
    }
    memcpy(reply, data + HEAD, len);
    prepare(data, reply, len);
    RIG_HOLDS(!take(reply, len, (int8_t)data[2]) || (data[0] & SEALED));
    return 0;
}
