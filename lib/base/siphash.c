/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/siphash.h"

#include "base/byteorder.h"

typedef struct state {
    uint64_t v[4];
} state;

static inline uint64_t rotate(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

static inline void mix(state *s)
{
    s->v[0] += s->v[1];
    s->v[2] += s->v[3];
    s->v[1] = rotate(s->v[1], 13) ^ s->v[0];
    s->v[3] = rotate(s->v[3], 16) ^ s->v[2];
    s->v[0] = rotate(s->v[0], 32);
    s->v[2] += s->v[1];
    s->v[0] += s->v[3];
    s->v[1] = rotate(s->v[1], 17) ^ s->v[2];
    s->v[3] = rotate(s->v[3], 21) ^ s->v[0];
    s->v[2] = rotate(s->v[2], 32);
}

/* The four words the paper starts from spell "somepseudorandomlygeneratedbytes". */
static inline state begin(const mpci_sipkey *key)
{
    return (state){{key->k[0] ^ UINT64_C(0x736f6d6570736575),
                    key->k[1] ^ UINT64_C(0x646f72616e646f6d),
                    key->k[0] ^ UINT64_C(0x6c7967656e657261),
                    key->k[1] ^ UINT64_C(0x7465646279746573)}};
}

static inline void absorb(state *s, uint64_t word, unsigned rounds)
{
    s->v[3] ^= word;
    for (unsigned i = 0; i < rounds; i++)
        mix(s);
    s->v[0] ^= word;
}

static inline uint64_t mixed(state *s, unsigned rounds)
{
    for (unsigned i = 0; i < rounds; i++)
        mix(s);
    return s->v[0] ^ s->v[1] ^ s->v[2] ^ s->v[3];
}

static inline uint64_t finish(state *s, unsigned rounds)
{
    s->v[2] ^= 0xff;
    return mixed(s, rounds);
}

/* Rounds are constants at each call, so that the compiler makes straight functions of it. */
static inline void absorb_bytes(state *s, const uint8_t *data, size_t len, unsigned rounds)
{
    uint64_t tail = (uint64_t)(len & 0xff) << 56;

    for (; len >= 8; len -= 8, data += 8)
        absorb(s, mpci_load64le(data), rounds);
    for (unsigned i = 0; i < len; i++)
        tail |= (uint64_t)data[i] << (8 * i);
    absorb(s, tail, rounds);
}

mpci_sipkey mpci_sipkey_load(const uint8_t bytes[16])
{
    return (mpci_sipkey){{mpci_load64le(bytes), mpci_load64le(bytes + 8)}};
}

uint64_t mpci_siphash24(const mpci_sipkey *key, const uint8_t *data, size_t len)
{
    state s = begin(key);

    absorb_bytes(&s, data, len, 2);
    return finish(&s, 4);
}

/* The paper's appendix: another start, and a second word after four more rounds. */
void mpci_siphash24_128(const mpci_sipkey *key, const uint8_t *data, size_t len, uint8_t tag[16])
{
    state s = begin(key);

    s.v[1] ^= 0xee;
    absorb_bytes(&s, data, len, 2);
    s.v[2] ^= 0xee;
    mpci_store64le(tag, mixed(&s, 4));
    s.v[1] ^= 0xdd;
    mpci_store64le(tag + 8, mixed(&s, 4));
}

uint64_t mpci_siphash13(const mpci_sipkey *key, const uint8_t *data, size_t len)
{
    state s = begin(key);

    absorb_bytes(&s, data, len, 1);
    return finish(&s, 3);
}

uint64_t mpci_siphash13_15(const mpci_sipkey *key, uint64_t w0, uint64_t w1)
{
    state s = begin(key);

    absorb(&s, w0, 1);
    absorb(&s, w1 | UINT64_C(15) << 56, 1);
    return finish(&s, 3);
}
