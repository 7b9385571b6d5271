/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Known answers without any test library, so that they also run where only a
 * C compiler is at hand: other byte orders, other word sizes, emulators.
 */
#include "base/abi.h"
#include "base/siphash.h"
#include "packet/build.h"
#include "packet/checksum.h"
#include "table/index.h"
#include "table/key.h"
#include "cookie_vectors.h"
#include "echo_support.h"
#include "frame_check.h"

#include <mpconn/delta.h>
#include <mpconn/error.h>
#include <mpconn/version.h>
#include <stdio.h>
#include <string.h>

struct known {
    const char *name;
    int (*holds)(void);
};

static int version_is_that_of_the_headers(void)
{
    return strcmp(mpconn_version(), MPCONN_VERSION_STRING) == 0;
}

/* The two SYN|ACKs were put together by other means than this library's. */
static const uint8_t syn_ack_ipv4[60] = {
    0x45, 0x00, 0x00, 0x3c, 0x00, 0x00, 0x40, 0x00, 0x40, 0x06, 0x4e, 0x85,
    0xc6, 0x33, 0x64, 0x02, 0xc0, 0x00, 0x02, 0x01, 0x01, 0xbb, 0x9c, 0x40,
    0xff, 0xff, 0xff, 0xf0, 0x80, 0x00, 0x00, 0x01, 0xa0, 0x12, 0x00, 0x00,
    0xd8, 0x43, 0x00, 0x00, 0x02, 0x04, 0x05, 0xb4, 0x04, 0x02, 0x08, 0x0a,
    0x01, 0x02, 0x03, 0x04, 0xa0, 0xb0, 0xc0, 0xd0, 0x01, 0x03, 0x03, 0x07,
};

static const uint8_t syn_ack_ipv6[80] = {
    0x60, 0x00, 0x00, 0x00, 0x00, 0x28, 0x06, 0x40, 0x20, 0x01, 0x0d, 0xb8,
    0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x22,
    0x20, 0x01, 0x0d, 0xb8, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x11, 0x01, 0xbb, 0x9c, 0x40, 0xff, 0xff, 0xff, 0xf0,
    0x80, 0x00, 0x00, 0x01, 0xa0, 0x12, 0x00, 0x00, 0x68, 0xd3, 0x00, 0x00,
    0x02, 0x04, 0x05, 0xb4, 0x04, 0x02, 0x08, 0x0a, 0x01, 0x02, 0x03, 0x04,
    0xa0, 0xb0, 0xc0, 0xd0, 0x01, 0x03, 0x03, 0x07,
};

static mpci_sipkey counting_key(void)
{
    uint8_t bytes[16];

    for (uint8_t i = 0; i < sizeof bytes; i++)
        bytes[i] = i;
    return mpci_sipkey_load(bytes);
}

static int siphash_is_as_published(void)
{
    mpci_sipkey key = counting_key();
    uint8_t message[64];

    for (uint8_t i = 0; i < sizeof message; i++)
        message[i] = i;
    return mpci_siphash24(&key, message, 0) == UINT64_C(0x726fdb47dd0e0e31) &&
           mpci_siphash24(&key, message, 15) == UINT64_C(0xa129ca6149be45e5) &&
           mpci_siphash24(&key, message, 63) == UINT64_C(0x958a324ceb064572) &&
           mpci_siphash13(&key, message, 1) == UINT64_C(0xc9f49bf37d57ca93) &&
           mpci_siphash13(&key, message + 1, 0) == UINT64_C(0xabac0158050fc4dc) &&
           mpci_siphash13_15(&key, UINT64_C(0x0706050403020100), UINT64_C(0x000e0d0c0b0a0908)) ==
               mpci_siphash13(&key, message, 15);
}

/* Members of a cluster derive their keys each on its own machine. */
static int keys_are_the_same_on_every_machine(void)
{
    mpci_sipkey key = counting_key(), derived = mpci_sipkey_derive(&key, "cookie", 7), folded;
    uint8_t secret[40];

    for (uint8_t i = 0; i < sizeof secret; i++)
        secret[i] = i;
    folded = mpci_sipkey_fold(secret, sizeof secret);
    return derived.k[0] == UINT64_C(0x824beae5ed44c442) &&
           derived.k[1] == UINT64_C(0xb52d4f5219ecad69) &&
           folded.k[0] == UINT64_C(0xab7d78568230092b) &&
           folded.k[1] == UINT64_C(0xf24dd36e96669865);
}

static int checksums_are_as_in_the_rfcs(void)
{
    static const uint8_t example[] = {0xee, 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    uint8_t area[4] = {0xdd, 0x2f, 0x55, 0x55};
    mpci_csum_change change = {0};

    if (mpci_csum_fold(mpci_csum_add(0, example + 1, 8)) != 0xddf2) /* RFC 1071 3 */
        return 0;
    mpci_csum_set16(&change, area, 2, 0x3285); /* RFC 1624 4 */
    mpci_csum_apply(&change, area);
    return area[0] == 0x00 && area[1] == 0x00;
}

static mpconn_tuple tuple_of(const uint8_t *ip)
{
    int is_v4 = ip[0] >> 4 == 4;
    mpconn_tuple t = {.client_port = 40000, .server_port = 443, .zone = 3};

    t.family = is_v4 ? MPCONN_FAMILY_IPV4 : MPCONN_FAMILY_IPV6;
    memcpy(t.server.bytes, ip + (is_v4 ? 12 : 8), is_v4 ? 4 : 16);
    memcpy(t.client.bytes, ip + (is_v4 ? 16 : 24), is_v4 ? 4 : 16);
    return t;
}

static int builds(const uint8_t *packet, size_t len)
{
    mpconn_tuple tuple = tuple_of(packet);
    mpci_segment s = {.tuple = &tuple, .to = MPCONN_SIDE_CLIENT, .hop_limit = 64,
                      .flags = MPCI_TCP_SYN | MPCI_TCP_ACK, .seq = 0xfffffff0, .ack = 0x80000001,
                      .mss = 1460, .wscale = 7, .sack_permitted = 1, .timestamps = 1,
                      .tsval = 0x01020304, .tsecr = 0xa0b0c0d0};
    uint8_t made[MPCI_BUILD_MAX];

    return mpci_build_tcp(made, sizeof made, &s) == len && memcmp(made, packet, len) == 0;
}

/* From an odd address, which machines that insist on alignment would refuse to load from. */
static int parses(const uint8_t *packet, size_t len)
{
    uint8_t room[MPCI_BUILD_MAX + 1];
    mpconn_pkt pkt = {.data = room + 1, .len = (uint32_t)len, .cap = (uint32_t)len};
    mpconn_tuple want = tuple_of(packet), tuple;
    mpci_syn_options o;
    mpci_view v;

    memcpy(room + 1, packet, len);
    mpci_view_parse(&v, &pkt);
    if (v.kind != MPCI_KIND_TCP || mpci_view_verify(&v, &pkt) != 0 ||
        mpci_syn_options_parse(&o, &v) != 0)
        return 0;
    mpci_view_tuple(&tuple, &v, MPCONN_SIDE_SERVER, 3);
    return memcmp(&tuple, &want, sizeof tuple) == 0 && v.seq == 0xfffffff0 &&
           v.ack == 0x80000001 && v.flags == (MPCI_TCP_SYN | MPCI_TCP_ACK) && o.mss == 1460 &&
           o.wscale == 7 && o.sack_permitted == 1 && o.tsval == 0x01020304 &&
           o.tsecr == 0xa0b0c0d0;
}

static int packets_are_built_and_parsed_back(void)
{
    return builds(syn_ack_ipv4, sizeof syn_ack_ipv4) && parses(syn_ack_ipv4, sizeof syn_ack_ipv4) &&
           builds(syn_ack_ipv6, sizeof syn_ack_ipv6) && parses(syn_ack_ipv6, sizeof syn_ack_ipv6);
}

static int steers(const uint8_t *packet, size_t len, uint32_t to)
{
    static const uint8_t key[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    uint8_t room[MPCI_BUILD_MAX];
    mpconn_pkt pkt = {.data = room, .len = (uint32_t)len, .zone = 3};
    uint32_t engine = 0;

    memcpy(room, packet, len);
    return mpconn_steer(&engine, &pkt, key, UINT32_C(1) << 30) == 0 && engine == to;
}

static int packets_are_steered_the_same_on_every_machine(void)
{
    return steers(syn_ack_ipv4, sizeof syn_ack_ipv4, 0x2b321b71) &&
           steers(syn_ack_ipv6, sizeof syn_ack_ipv6, 0x27f96627);
}

/* Segments before and after they cross; the first two are those of the design, all are to be found
 * in vectors/translate.hex. */
static const struct crossing {
    unsigned from;
    uint32_t seq, ts; /* offsets of the server's numbers */
    uint8_t wscale_in, wscale_out;
    const char *in, *out;
} crossings[] = {
    {MPCONN_SIDE_SERVER, 0x20, 0x7fff2000, 0, 0,
     "450000360000400040064e70c6336414c000020a00509c400000001111111112801001f6af1d00000101080a80"
     "001005222200006869",
     "450000360000400040064e70c6336414c000020a00509c40fffffff111111112801001f64f3c00000101080a00"
     "00f005222200006869"},
    {MPCONN_SIDE_CLIENT, 0x20, 0x7fff2000, 0, 0,
     "450000400000400040064e66c000020ac63364149c40005011111112fffffff3b010003f833800000101080a22"
     "2200070000f0050101050afffffff500000010",
     "450000400000400040064e66c000020ac63364149c4000501111111200000013b010003fe2da00000101080a22"
     "220007800010050101050a0000001500000030"},
    {MPCONN_SIDE_CLIENT, 0x80000000, 0x80000001, 0, 0,
     "600000000037064020010db800010000000000000000001120010db80002000000000000000000229c4001bb7f"
     "fffff0fffffffed01801f4d15a0000080a0000000700000009010101010512ffffffff00000007000000120000"
     "001c6f6464",
     "600000000037064020010db800010000000000000000001120010db80002000000000000000000229c4001bb7f"
     "fffff07ffffffed01801f4d1580000080a000000078000000a0101010105127fffffff80000007800000128000"
     "001c6f6464"},
    {MPCONN_SIDE_CLIENT, 0xdeadbeef, 0xcafebabf, 0, 0,
     "450000480000400040064e5ec000020ac63364149c4000500000000500001388d0100007459c00000101080a00"
     "0000010000000201010512000003e8000007d000000fa000002328",
     "450000480000400040064e5ec000020ac63364149c40005000000005deadd277d0100007abc900000101080a00"
     "000001cafebac101010512deadc2d7deadc6bfdeadce8fdeade217"},
    {MPCONN_SIDE_SERVER, 0xdeadbeef, 0xcafebabf, 0, 0,
     "600000000024064020010db800020000000000000000002220010db800010000000000000000001101bb9c4000"
     "000005000000069010000766040000010101080a0000000100000002010101",
     "600000000024064020010db800020000000000000000002220010db800010000000000000000001101bb9c4021"
     "5241160000000690100007c1260000010101080a3501454200000002010101"},
    {MPCONN_SIDE_SERVER, 0x0, 0x0, 7, 4,
     "600000000014064020010db800020000000000000000002220010db800010000000000000000001101bb9c4000"
     "000005000000065010400076260000",
     "600000000014064020010db800020000000000000000002220010db800010000000000000000001101bb9c4000"
     "000005000000065010ffffb6260000"},
};

static size_t unhex(uint8_t *bytes, const char *text)
{
    size_t n = 0;
    unsigned byte;

    for (; sscanf(text, "%2x", &byte) == 1; text += 2)
        bytes[n++] = (uint8_t)byte;
    return n;
}

static int crosses(const struct crossing *x, size_t shift)
{
    uint8_t room[128], want[128];
    mpconn_pkt pkt = {.data = room + shift};
    mpconn_delta d = {.known = MPCONN_DELTA_K_ALL};

    d.seq[MPCONN_SIDE_SERVER] = x->seq;
    d.ts[MPCONN_SIDE_SERVER] = x->ts;
    d.wscale_in[x->from] = x->wscale_in;
    d.wscale_out[x->from] = x->wscale_out;
    pkt.len = pkt.cap = (uint32_t)unhex(pkt.data, x->in);
    return mpconn_delta_apply(&d, (int)x->from, &pkt) == 0 &&
           unhex(want, x->out) == pkt.len && memcmp(pkt.data, want, pkt.len) == 0;
}

static int segments_cross_between_legs(void)
{
    for (size_t i = 0; i < sizeof crossings / sizeof crossings[0]; i++)
        for (size_t shift = 0; shift < 4; shift++)
            if (!crosses(&crossings[i], shift))
                return 0;
    return 1;
}

/* In memory the numbers are the other way round on half of all machines. */
static int conflicts_are_settled_the_same_on_every_machine(void)
{
    mpconn_delta a = {.known = MPCONN_DELTA_K_SEQ, .seq = {0, 0x0100}};
    mpconn_delta b = {.known = MPCONN_DELTA_K_SEQ, .seq = {0, 0x0001}};

    return mpconn_delta_merge(&a, &b) == MPCONN_ERR_CONFLICT && a.seq[1] == 0x0001;
}

struct release {
    size_t struct_size;
    uint64_t a, b;
};

/* struct_size is read where it lies: the one place where the size of size_t shows. */
static int older_structs_are_imported(void)
{
    struct release theirs = {offsetof(struct release, b), 5, 6}, ours = {0, 1, 1};

    return mpci_abi_import(&ours, sizeof ours, &theirs, theirs.struct_size) == 0 && ours.a == 5 &&
           ours.b == 0 && ours.struct_size == sizeof ours;
}

/* The value is the same on all machines: SipHash of two words, not of the bytes in memory. */
static int tuple_hash_is_known(void)
{
    const mpci_sipkey key = {{UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)}};
    const mpconn_tuple t = {.client = {{198, 51, 100, 20}},
                            .server = {{192, 0, 2, 10}},
                            .client_port = 40000,
                            .server_port = 80,
                            .family = MPCONN_FAMILY_IPV4};

    return mpci_tuple_hash(&key, &t) == UINT64_C(0xa8b23fe74cf0af34);
}

/* Tags are compared four at a time, in an order that must not depend on that of the bytes. */
static int bucket_matches_the_right_places(void)
{
    mpci_bucket b = {.tag = {1, 0, 0x8000, 0xffff, 7, 0, 0x0100, 7, 0x7fff, 7}};
    unsigned places = 0;

    for (uint64_t set = mpci_bucket_match(&b, 7); set != 0; set &= set - 1)
        places |= 1U << mpci_bucket_place(set);
    return places == (1U << 4 | 1U << 7 | 1U << 9);
}

static int cookies_are_as_specified(void)
{
    for (size_t i = 0; i < COOKIE_VECTORS; i++)
        if (!cookie_vector_holds(&cookie_vectors[i]))
            return 0;
    return 1;
}

static int frames_are_as_specified(void)
{
    for (unsigned i = 0; i < FRAME_VECTORS; i++)
        if (!frame_vector_holds(i))
            return 0;
    return 1;
}

static int registrars_are_as_specified(void)
{
    for (unsigned i = 0; i < sizeof registrar_vectors; i++)
        if (!registrar_vector_holds(i))
            return 0;
    return 1;
}

static int echoes_are_as_on_the_page(void)
{
    for (unsigned i = 0; i < ECHO_VECTORS; i++)
        if (!echo_vector_holds(i))
            return 0;
    return 1;
}

static const struct known all[] = {
    {"version", version_is_that_of_the_headers},
    {"siphash", siphash_is_as_published},
    {"keys", keys_are_the_same_on_every_machine},
    {"checksum", checksums_are_as_in_the_rfcs},
    {"packets", packets_are_built_and_parsed_back},
    {"steering", packets_are_steered_the_same_on_every_machine},
    {"translation", segments_cross_between_legs},
    {"merging", conflicts_are_settled_the_same_on_every_machine},
    {"structs", older_structs_are_imported},
    {"tuple hash", tuple_hash_is_known},
    {"echoes", echoes_are_as_on_the_page},
    {"cookie", cookies_are_as_specified},
    {"frames", frames_are_as_specified},
    {"registrars", registrars_are_as_specified},
    {"bucket", bucket_matches_the_right_places},
};

int main(void)
{
    int failed = 0;

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (!all[i].holds()) {
            printf("selftest: %s FAILED\n", all[i].name);
            failed = 1;
        }
    }
    return failed;
}
