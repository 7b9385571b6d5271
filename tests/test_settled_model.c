/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of settled flows and a naive array, given the same random operations. */
#include "check_main.h"

#include <mpconn/error.h>

#include "seed.h"
#include "table/settled.h"
#include "table_support.h"

static const mpci_sipkey key = {{3, 4}};
static mpci_alloc host;
static mpci_settled_table table;

/* The naive table: a slot and an id for each tuple that is in. */
enum { MODEL_TUPLES = 300, MODEL_NARROW = 64, MODEL_WIDE = 32 };

typedef struct model_entry {
    uint32_t slot; /* MPCI_SLOT_NONE = not in */
    uint64_t id;
    uint32_t isn;
} model_entry;

static model_entry model[MODEL_TUPLES];

/* A third of them IPv6; ports and zones shared by many. */
static mpconn_tuple model_tuple(uint32_t n)
{
    mpconn_tuple t = n % 3 == 0 ? tuple_ipv6(n / 6, 1, n % 5, 443)
                                : tuple_ipv4(n / 6, 1, n % 5, 443);

    t.zone = n & 1;
    return t;
}

/* A weak hash makes equal tags and equal hashes common: insertion may then be refused early. */
static uint64_t model_hash(const mpconn_tuple *t, unsigned bits)
{
    uint64_t mask = bits >= 32 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;

    mask = bits >= 32 ? mask : mask << (32 - bits) | mask << 48;
    return mpci_tuple_hash(&key, t) & mask;
}

static uint32_t count_model(uint32_t wide)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < MODEL_TUPLES; i++)
        n += model[i].slot != MPCI_SLOT_NONE && (model[i].slot & MPCI_SLOT_WIDE) == wide;
    return n;
}

static unsigned model_add(model_entry *m, uint64_t hash, const mpconn_tuple *t, int weak)
{
    uint32_t wide = count_model(MPCI_SLOT_WIDE);
    int is_ipv6 = t->family == MPCONN_FAMILY_IPV6;
    int narrow_full = count_model(0) == MODEL_NARROW;
    /* IPv4 may take half of what IPv6 needs */
    int wants_wide = is_ipv6 || (narrow_full && wide < MODEL_WIDE / 2);
    int full = is_ipv6 ? wide == MODEL_WIDE : narrow_full && !wants_wide;
    int err = mpci_settled_add(&table, hash, t, 0, &m->slot);

    if (err != 0) {
        m->slot = MPCI_SLOT_NONE;
        return err != MPCONN_ERR_LIMIT || !(weak || full);
    }
    m->id = mpci_settled_id(&table, m->slot);
    mpci_settled_at(&table, m->slot)->client_isn = m->isn;
    return full || !(m->slot & MPCI_SLOT_WIDE) != !wants_wide;
}

static unsigned step_model(seed_rng *r, unsigned bits)
{
    uint32_t n = seed_below(r, MODEL_TUPLES), slots[MPCI_INDEX_CANDIDATES];
    model_entry *m = &model[n];
    mpconn_tuple out, t = model_tuple(n);
    uint64_t hash = model_hash(&t, bits);
    unsigned candidates = mpci_settled_candidates(&table, hash, slots);
    unsigned faults = 0;

    faults += mpci_settled_find(&table, hash, &t) != m->slot;
    faults += mpci_settled_pick(&table, slots, candidates, hash, &t) != m->slot;
    if (m->slot == MPCI_SLOT_NONE) {
        uint64_t last = m->id;
        m->isn = (uint32_t)seed_next(r);
        faults += model_add(m, hash, &t, bits < 32);
        return faults + (m->slot != MPCI_SLOT_NONE && m->id == last);
    }
    mpci_settled_tuple(&table, m->slot, &out);
    faults += !mpci_tuple_equal(&out, &t);
    faults += mpci_settled_by_id(&table, m->id) != m->slot;
    faults += mpci_settled_at(&table, m->slot)->client_isn != m->isn;
    if (seed_below(r, 2) == 0) {
        mpci_settled_remove(&table, hash, m->slot);
        m->slot = MPCI_SLOT_NONE;
        faults += mpci_settled_by_id(&table, m->id) != MPCI_SLOT_NONE;
    }
    return faults;
}

static unsigned sweep_model(void)
{
    uint32_t seen = 0, total = count_model(0) + count_model(MPCI_SLOT_WIDE);
    unsigned faults = 0;

    for (uint32_t line = 0; line < mpci_settled_lines(&table); line++)
        seen += mpci_settled_line(&table, line) != MPCI_SLOT_NONE;
    for (uint32_t i = 0; i < MODEL_TUPLES; i++) {
        const model_entry *m = &model[i];
        faults += m->slot != MPCI_SLOT_NONE && mpci_settled_by_id(&table, m->id) != m->slot;
    }
    return faults + (seen != total) + (table.pool[0].used + table.pool[1].used != total) +
           (table.index.used != total);
}

START_TEST(settled_random_operations_match_model)
{
    static const unsigned hash_bits[] = {64, 6, 3};
    seed_rng r = seed_start();

    for (unsigned h = 0; h < 3; h++) {
        for (uint32_t i = 0; i < MODEL_TUPLES; i++)
            model[i] = (model_entry){MPCI_SLOT_NONE, 0, 0};
        host = plain_alloc();
        ck_assert_int_eq(mpci_settled_init(&table, &host, MODEL_NARROW, MODEL_WIDE), 0);
        for (uint32_t operation = 0; operation < 100000; operation++) {
            unsigned faults = step_model(&r, hash_bits[h]);
            faults += operation % 64 == 0 ? sweep_model() : 0;
            if (faults != 0)
                ck_abort_msg("%u bits, operation %u", hash_bits[h], operation);
        }
        mpci_settled_fini(&table, &host);
        ck_assert_uint_eq(host.bytes, 0);
    }
}
END_TEST

int main(void)
{
    return CHECK_MAIN("settled_model", settled_random_operations_match_model);
}
