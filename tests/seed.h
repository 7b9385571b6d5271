/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random numbers for tests that can be had again: MPCONN_SEED in the
 * environment overrides the seed, and every test prints the one it used.
 */
#ifndef MPCONN_TESTS_SEED_H
#define MPCONN_TESTS_SEED_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct seed_rng {
    uint64_t state;
} seed_rng;

/* Counter and finaliser: every state is good, zero too. */
static inline uint64_t seed_next(seed_rng *rng)
{
    uint64_t z = rng->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static inline seed_rng seed_start(void)
{
    const char *text = getenv("MPCONN_SEED");
    seed_rng rng = {text != NULL ? strtoull(text, NULL, 0) : 1};

    printf("MPCONN_SEED=%" PRIu64 "\n", rng.state);
    fflush(stdout);
    return rng;
}

static inline uint32_t seed_u32(seed_rng *rng)
{
    return (uint32_t)(seed_next(rng) >> 32);
}

/* 0 to n - 1. */
static inline unsigned seed_below(seed_rng *rng, unsigned n)
{
    return (unsigned)((uint64_t)seed_u32(rng) * n >> 32);
}

static inline uint8_t seed_u8(seed_rng *rng)
{
    return (uint8_t)(seed_next(rng) >> 56);
}

static inline void seed_fill(seed_rng *rng, uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = seed_u8(rng);
}

#endif
