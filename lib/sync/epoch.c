/* SPDX-License-Identifier: BSD-2-Clause */
#include "sync/epoch.h"

/* The wire carries the low half of the number, so the key has no more of it. */
static mpci_sipkey key_of(const mpci_epochs *e, uint64_t number)
{
    return mpci_sipkey_derive(&e->root, "mpconn cookie", (uint32_t)number);
}

void mpci_epochs_init(mpci_epochs *e, const uint8_t *secret, size_t len, uint64_t epoch_ns,
                      mpconn_time now)
{
    e->root = mpci_sipkey_fold(secret, len);
    e->number = now / epoch_ns + 1; /* so that there is one before */
    e->age = e->number;
    e->started = now - now % epoch_ns;
    e->key[MPCI_EPOCH_PREVIOUS] = key_of(e, e->number - 1);
    e->key[MPCI_EPOCH_CURRENT] = key_of(e, e->number);
    e->key[MPCI_EPOCH_NEXT] = key_of(e, e->number + 1);
}

static void step(mpci_epochs *e)
{
    e->number++;
    e->age++;
    e->key[MPCI_EPOCH_PREVIOUS] = e->key[MPCI_EPOCH_CURRENT];
    e->key[MPCI_EPOCH_CURRENT] = e->key[MPCI_EPOCH_NEXT];
    e->key[MPCI_EPOCH_NEXT] = key_of(e, e->number + 1);
}

void mpci_epochs_advance(mpci_epochs *e, uint64_t epoch_ns, mpconn_time now)
{
    uint64_t passed = (now - e->started) / epoch_ns;

    if (passed == 0)
        return;
    e->started += passed * epoch_ns;
    /* After three steps nothing of the old keys is left: a long silence costs no more. */
    if (passed > MPCI_EPOCHS) {
        e->number += passed - MPCI_EPOCHS;
        e->age += passed - MPCI_EPOCHS;
        e->key[MPCI_EPOCH_NEXT] = key_of(e, e->number + 1);
        passed = MPCI_EPOCHS;
    }
    while (passed-- > 0)
        step(e);
}

void mpci_epochs_adopt(mpci_epochs *e, uint32_t number, mpconn_time now)
{
    uint32_t ahead = number - (uint32_t)e->number;

    if (ahead == 0 || ahead > UINT32_MAX / 2)
        return;
    e->started = now;
    if (ahead == 1) {
        step(e);
        return;
    }
    e->number += ahead;
    e->age++;
    e->key[MPCI_EPOCH_PREVIOUS] = e->key[MPCI_EPOCH_CURRENT];
    e->key[MPCI_EPOCH_CURRENT] = key_of(e, e->number);
    e->key[MPCI_EPOCH_NEXT] = key_of(e, e->number + 1);
}

void mpci_epochs_rekey(mpci_epochs *e, const uint8_t *secret, size_t len, mpconn_time now)
{
    e->root = mpci_sipkey_fold(secret, len);
    e->number++;
    e->age++;
    e->key[MPCI_EPOCH_PREVIOUS] = e->key[MPCI_EPOCH_CURRENT];
    e->key[MPCI_EPOCH_CURRENT] = key_of(e, e->number);
    e->key[MPCI_EPOCH_NEXT] = key_of(e, e->number + 1);
    e->started = now;
}

void mpci_epochs_restart(mpci_epochs *e, mpconn_time now)
{
    e->started = now;
}
