/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_main.h"

#include "base/alloc.h"
#include <stdint.h>
#include <string.h>

/* A host that counts, may refuse, and hands out memory at an odd distance from malloc's. */
typedef struct host {
    unsigned calls, live;
    unsigned fail_at; /* refuse this call, counted from 1 */
    size_t shift;
    size_t bytes;
    size_t last_size;
} host;

static void *host_alloc(void *user, size_t size)
{
    host *h = user;
    uint8_t *raw;

    h->calls++;
    h->last_size = size;
    if (h->calls == h->fail_at)
        return NULL;
    raw = malloc(size + h->shift);
    memset(raw, 0xa5, size + h->shift);
    h->live++;
    h->bytes += size;
    return raw + h->shift;
}

static void host_release(void *user, void *ptr)
{
    host *h = user;

    ck_assert_ptr_nonnull(ptr);
    h->live--;
    free((uint8_t *)ptr - h->shift);
}

static mpci_alloc alloc_with(host *h)
{
    mpconn_allocator given = {host_alloc, host_release, h};
    mpci_alloc a;

    memset(&a, 0xff, sizeof a);
    mpci_alloc_init(&a, &given);
    return a;
}

START_TEST(alloc_array_of_any_alignment_is_aligned_and_zero)
{
    for (size_t align = 1; align <= 4096; align *= 2) {
        host h = {.shift = 16};
        mpci_alloc a = alloc_with(&h);
        uint8_t *p = mpci_alloc_array(&a, 33, 7, align);

        ck_assert_ptr_nonnull(p);
        ck_assert_uint_eq((uintptr_t)p % align, 0);
        for (size_t i = 0; i < 33 * 7; i++)
            ck_assert_uint_eq(p[i], 0);
        memset(p, 0x5a, 33 * 7); /* all of it is ours: the sanitizer says otherwise */
        mpci_alloc_free(&a, p);
        ck_assert_uint_eq(h.live, 0);
    }
}
END_TEST

START_TEST(alloc_array_with_impossible_alignment_is_refused)
{
    static const size_t bad[] = {0, 3, 6, 24, 4097, 8192, SIZE_MAX};
    host h = {0};
    mpci_alloc a = alloc_with(&h);

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_ptr_null(mpci_alloc_array(&a, 1, 1, bad[i]));
    ck_assert_uint_eq(h.calls, 0);
}
END_TEST

START_TEST(alloc_array_that_overflows_is_refused_without_asking)
{
    static const size_t bad[][2] = {
        {SIZE_MAX, 1},         {1, SIZE_MAX},         {SIZE_MAX, SIZE_MAX},
        {SIZE_MAX / 2 + 1, 2}, {SIZE_MAX - 4096, 1},  {SIZE_MAX / 64 + 1, 64},
    };
    host h = {0};
    mpci_alloc a = alloc_with(&h);

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_ptr_null(mpci_alloc_array(&a, bad[i][0], bad[i][1], 4096));
    ck_assert_uint_eq(h.calls, 0);
    ck_assert_uint_eq(a.bytes, 0);
}
END_TEST

START_TEST(alloc_array_of_nothing_is_memory_all_the_same)
{
    host h = {0};
    mpci_alloc a = alloc_with(&h);
    void *p = mpci_alloc_array(&a, 0, 64, 64), *q = mpci_alloc_array(&a, 64, 0, 64);

    ck_assert_ptr_nonnull(p);
    ck_assert_ptr_nonnull(q);
    ck_assert_uint_gt(h.last_size, 0);
    mpci_alloc_free(&a, p);
    mpci_alloc_free(&a, q);
}
END_TEST

START_TEST(E39_alloc_array_refused_at_any_call_changes_nothing)
{
    for (unsigned fail_at = 1; fail_at <= 5; fail_at++) {
        host h = {.fail_at = fail_at};
        mpci_alloc a = alloc_with(&h);
        void *p[5];

        for (unsigned i = 0; i < 5; i++) {
            uint64_t before = a.bytes;

            p[i] = mpci_alloc_array(&a, 10, 10, 64);
            ck_assert_int_eq(p[i] == NULL, i + 1 == fail_at);
            if (p[i] == NULL)
                ck_assert_uint_eq(a.bytes, before);
        }
        for (unsigned i = 0; i < 5; i++)
            mpci_alloc_free(&a, p[i]);
        ck_assert_uint_eq(h.live, 0);
        ck_assert_uint_eq(a.bytes, 0);
    }
}
END_TEST

START_TEST(alloc_bytes_are_what_the_host_was_asked_for)
{
    host h = {0};
    mpci_alloc a = alloc_with(&h);
    void *p = mpci_alloc_array(&a, 100, 64, 64), *q = mpci_alloc_array(&a, 1, 1, 1);
    uint64_t both = a.bytes;

    ck_assert_uint_eq(both, h.bytes);
    ck_assert_uint_ge(both, 6401);
    mpci_alloc_free(&a, p);
    ck_assert_uint_lt(a.bytes, both - 6399);
    mpci_alloc_free(&a, q);
    ck_assert_uint_eq(a.bytes, 0);
}
END_TEST

START_TEST(alloc_free_of_null_does_nothing)
{
    host h = {0};
    mpci_alloc a = alloc_with(&h);

    mpci_alloc_free(&a, NULL);
    ck_assert_uint_eq(a.bytes, 0);
}
END_TEST

START_TEST(alloc_without_a_host_takes_that_of_the_c_library)
{
    const mpconn_allocator empty = {NULL, NULL, NULL};
    const mpconn_allocator *hosts[] = {NULL, &empty};

    for (int i = 0; i < 2; i++) {
        mpci_alloc a;
        void *p;

        mpci_alloc_init(&a, hosts[i]);
        ck_assert(a.host.alloc != NULL && a.host.release != NULL);
        p = mpci_alloc_array(&a, 4, 4, 64);
        ck_assert_ptr_nonnull(p);
        mpci_alloc_free(&a, p);
    }
}
END_TEST

START_TEST(wipe_leaves_zeros_and_no_more)
{
    uint8_t secret[40];

    memset(secret, 0x77, sizeof secret);
    mpci_wipe(secret + 3, 33);
    for (size_t i = 0; i < sizeof secret; i++)
        ck_assert_uint_eq(secret[i], i < 3 || i >= 36 ? 0x77 : 0);
    mpci_wipe(secret, 0);
    ck_assert_uint_eq(secret[0], 0x77);
}
END_TEST

int main(void)
{
    return CHECK_MAIN("alloc", alloc_array_of_any_alignment_is_aligned_and_zero,
                      alloc_array_with_impossible_alignment_is_refused,
                      alloc_array_that_overflows_is_refused_without_asking,
                      alloc_array_of_nothing_is_memory_all_the_same,
                      E39_alloc_array_refused_at_any_call_changes_nothing,
                      alloc_bytes_are_what_the_host_was_asked_for,
                      alloc_free_of_null_does_nothing,
                      alloc_without_a_host_takes_that_of_the_c_library,
                      wipe_leaves_zeros_and_no_more);
}
