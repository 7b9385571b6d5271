/* SPDX-License-Identifier: BSD-2-Clause */
#include "sync/epoch.h"

#include "check_main.h"

static const uint8_t secret[16] = "a cluster's key";
static const uint8_t other_secret[16] = "another one now";
#define EPOCH (64 * MPCONN_SECOND)

static int same(const mpci_sipkey *a, const mpci_sipkey *b)
{
    return a->k[0] == b->k[0] && a->k[1] == b->k[1];
}

START_TEST(three_keys_of_one_time_are_different)
{
    mpci_epochs e;

    mpci_epochs_init(&e, secret, sizeof(secret), EPOCH, 0);
    ck_assert(!same(&e.key[0], &e.key[1]));
    ck_assert(!same(&e.key[0], &e.key[2]));
    ck_assert(!same(&e.key[1], &e.key[2]));
}
END_TEST

START_TEST(next_epoch_moves_each_key_by_one_place)
{
    mpci_epochs e, before;

    mpci_epochs_init(&e, secret, sizeof(secret), EPOCH, 10 * EPOCH);
    before = e;
    mpci_epochs_advance(&e, EPOCH, 11 * EPOCH - 1);
    ck_assert_uint_eq(e.number, before.number);
    mpci_epochs_advance(&e, EPOCH, 11 * EPOCH);
    ck_assert_uint_eq(e.number, before.number + 1);
    ck_assert(same(&e.key[MPCI_EPOCH_PREVIOUS], &before.key[MPCI_EPOCH_CURRENT]));
    ck_assert(same(&e.key[MPCI_EPOCH_CURRENT], &before.key[MPCI_EPOCH_NEXT]));
}
END_TEST

/* Walking there and being made there end with the same keys, however long the silence. */
START_TEST(advance_over_any_silence_equals_a_fresh_start)
{
    for (uint64_t n = 0; n < 20; n++) {
        mpci_epochs walked, fresh;

        mpci_epochs_init(&walked, secret, sizeof(secret), EPOCH, 5 * EPOCH + 7);
        mpci_epochs_advance(&walked, EPOCH, (5 + n) * EPOCH + 9);
        mpci_epochs_init(&fresh, secret, sizeof(secret), EPOCH, (5 + n) * EPOCH + 9);
        ck_assert_uint_eq(walked.number, fresh.number);
        ck_assert_uint_eq(walked.started, fresh.started);
        for (unsigned i = 0; i < MPCI_EPOCHS; i++)
            ck_assert(same(&walked.key[i], &fresh.key[i]));
    }
}
END_TEST

START_TEST(rekey_keeps_the_present_key_for_one_epoch)
{
    mpci_epochs e, before;

    mpci_epochs_init(&e, secret, sizeof(secret), EPOCH, EPOCH);
    before = e;
    mpci_epochs_rekey(&e, other_secret, sizeof(other_secret), EPOCH + 5);
    ck_assert(same(&e.key[MPCI_EPOCH_PREVIOUS], &before.key[MPCI_EPOCH_CURRENT]));
    ck_assert(!same(&e.key[MPCI_EPOCH_CURRENT], &before.key[MPCI_EPOCH_NEXT]));
    mpci_epochs_advance(&e, EPOCH, 2 * EPOCH + 5);
    for (unsigned i = 0; i < MPCI_EPOCHS; i++)
        ck_assert(!same(&e.key[i], &before.key[MPCI_EPOCH_CURRENT]));
}
END_TEST

START_TEST(epoch_number_of_each_place_is_right)
{
    mpci_epochs e;

    mpci_epochs_init(&e, secret, sizeof(secret), EPOCH, 7 * EPOCH);
    ck_assert_uint_eq(mpci_epochs_number(&e, MPCI_EPOCH_CURRENT), 8);
    ck_assert_uint_eq(mpci_epochs_number(&e, MPCI_EPOCH_PREVIOUS), 7);
    ck_assert_uint_eq(mpci_epochs_number(&e, MPCI_EPOCH_NEXT), 9);
}
END_TEST

int main(void)
{
    return CHECK_MAIN("epoch", three_keys_of_one_time_are_different,
                      next_epoch_moves_each_key_by_one_place,
                      advance_over_any_silence_equals_a_fresh_start,
                      rekey_keeps_the_present_key_for_one_epoch,
                      epoch_number_of_each_place_is_right);
}
