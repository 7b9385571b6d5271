/* SPDX-License-Identifier: BSD-2-Clause */
/* Random numbers that can be had again: the seed is in the log of the run, and MPCONN_SEED in the
 * environment gives it back. */
#ifndef MPCONN_TESTS_SEED_H
#define MPCONN_TESTS_SEED_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct seed {
    uint64_t state;
} seed;

static inline uint64_t seed_next64(seed *s)
{
    uint64_t z = s->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static inline uint32_t seed_next(seed *s)
{
    return (uint32_t)(seed_next64(s) >> 32);
}

/* A number below n. */
static inline uint32_t seed_below(seed *s, uint32_t n)
{
    return (uint32_t)((uint64_t)seed_next(s) * n >> 32);
}

static inline void seed_fill(seed *s, uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)seed_next(s);
}

/* Begin with the seed of the environment, or with a fixed one, and say which. */
static inline seed seed_begin(const char *name)
{
    const char *given = getenv("MPCONN_SEED");
    seed s = {given != NULL ? strtoull(given, NULL, 0) : UINT64_C(20240611)};

    printf("%s: MPCONN_SEED=%" PRIu64 "\n", name, s.state);
    fflush(stdout);
    return s;
}

static inline void seed_fill(seed_rng *rng, uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = seed_u8(rng);
}

#endif
