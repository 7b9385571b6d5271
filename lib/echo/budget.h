/* SPDX-License-Identifier: BSD-2-Clause */
/* A budget of so many a second, as the time that what was spent is worth and that has not passed
 * yet (a leaky bucket). A quarter of a second's worth may be spent at once. All zeros: nothing is
 * spent. Only differences of times are taken, so that no time is special. */
#ifndef MPCI_ECHO_BUDGET_H
#define MPCI_ECHO_BUDGET_H

#include <mpconn/base.h>

typedef struct mpci_budget {
    uint64_t spent_ns;         /* as of then */
    mpconn_time at;
} mpci_budget;

#define MPCI_BUDGET_BURST_NS (MPCONN_SECOND / 4)

/* How many quarters of what may be spent at once are kept for others, who are more worth it. */
enum mpci_keep { MPCI_KEEP_NOTHING = 0, MPCI_KEEP_HALF = 2, MPCI_KEEP_MOST = 3 };

static inline uint64_t mpci_budget_cost(uint32_t per_second)
{
    return MPCONN_SECOND / per_second;
}

/* What is spent at once at most: one, however slow it comes. */
static inline uint64_t mpci_budget_burst(uint64_t cost)
{
    return cost > MPCI_BUDGET_BURST_NS ? cost : MPCI_BUDGET_BURST_NS;
}

static inline uint64_t mpci_budget_spent(const mpci_budget *b, mpconn_time now)
{
    uint64_t passed = now - b->at;

    return b->spent_ns > passed ? b->spent_ns - passed : 0;
}

/* Is there one left, besides what is kept? */
static inline int mpci_budget_has(const mpci_budget *b, uint32_t per_second, enum mpci_keep keep,
                                  mpconn_time now)
{
    uint64_t cost = mpci_budget_cost(per_second);
    uint64_t room = mpci_budget_burst(cost) / 4 * (4 - (unsigned)keep);

    return mpci_budget_spent(b, now) + cost <= (room > cost ? room : cost);
}

static inline void mpci_budget_spend(mpci_budget *b, uint32_t per_second, mpconn_time now)
{
    b->spent_ns = mpci_budget_spent(b, now) + mpci_budget_cost(per_second);
    b->at = now;
}

#endif
