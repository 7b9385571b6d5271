/* SPDX-License-Identifier: BSD-2-Clause */
/* Randomness of a run: every part of the world draws from a stream of its own, named by the seed
 * and a label, so that one more draw here does not change what happens there. */
#ifndef SIM_RNG_H
#define SIM_RNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct sim_rng {
    uint64_t state;
} sim_rng;

/* A number that depends on all bits of both. */
uint64_t sim_mix(uint64_t a, uint64_t b);

void sim_rng_init(sim_rng *rng, uint64_t seed, const char *label, uint64_t index);
uint64_t sim_rng_next(sim_rng *rng);
uint32_t sim_rng_u32(sim_rng *rng);
/* Uniform in 0 .. n-1; n > 0. */
uint32_t sim_rng_below(sim_rng *rng, uint32_t n);
/* Uniform in low .. high, both included. */
uint64_t sim_rng_between(sim_rng *rng, uint64_t low, uint64_t high);
/* True with a probability of `ppm` in a million. */
bool sim_rng_chance(sim_rng *rng, uint32_t ppm);
/* True half of the time. */
bool sim_rng_coin(sim_rng *rng);
void sim_rng_bytes(sim_rng *rng, uint8_t *dst, size_t len);

#endif
