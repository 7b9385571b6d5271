/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/rng.h"

#define GOLDEN UINT64_C(0x9e3779b97f4a7c15)

/* The finaliser of splitmix64: a bijection in which every input bit reaches every output bit. */
static uint64_t scramble(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t sim_mix(uint64_t a, uint64_t b)
{
    return scramble(scramble(a + GOLDEN) ^ (b * GOLDEN + 1));
}

void sim_rng_init(sim_rng *rng, uint64_t seed, const char *label, uint64_t index)
{
    uint64_t s = sim_mix(seed, index);

    for (; *label != '\0'; label++)
        s = sim_mix(s, (uint8_t)*label);
    rng->state = s;
}

uint64_t sim_rng_next(sim_rng *rng)
{
    rng->state += GOLDEN;
    return scramble(rng->state);
}

uint32_t sim_rng_u32(sim_rng *rng)
{
    return (uint32_t)(sim_rng_next(rng) >> 32);
}

uint32_t sim_rng_below(sim_rng *rng, uint32_t n)
{
    return (uint32_t)(((uint64_t)sim_rng_u32(rng) * n) >> 32);
}

uint64_t sim_rng_between(sim_rng *rng, uint64_t low, uint64_t high)
{
    return low + sim_rng_next(rng) % (high - low + 1);
}

bool sim_rng_chance(sim_rng *rng, uint32_t ppm)
{
    return ppm != 0 && sim_rng_below(rng, 1000000) < ppm;
}

bool sim_rng_coin(sim_rng *rng)
{
    return (sim_rng_next(rng) >> 63) != 0;
}

void sim_rng_bytes(sim_rng *rng, uint8_t *dst, size_t len)
{
    for (size_t i = 0; i < len; i++)
        dst[i] = (uint8_t)(sim_rng_next(rng) >> 56);
}
