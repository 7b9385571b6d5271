/* SPDX-License-Identifier: BSD-2-Clause */
/* The recorder: what it must not change for the host it records. */
#include "check_main.h"
#include "host/recorder.h"

static const uint8_t key[16] = "not that secret";

static int send_packets(void *user, const mpconn_pkt *const *pkts, size_t n)
{
    (void)user;
    (void)pkts;
    return (int)n;
}

/* Says for whom it was asked. */
static int fill_random(void *user, uint8_t *dst, size_t len)
{
    *(void **)user = user;
    memset(dst, 4, len);
    return 0;
}

/* The hooks of a host that was compiled with headers of a later release. */
typedef struct later_callbacks {
    mpconn_callbacks known;
    void *later[2];
} later_callbacks;

START_TEST(hooks_of_any_size_are_called_with_the_host_s_user)
{
    const size_t sizes[] = {sizeof(mpconn_callbacks), sizeof(later_callbacks)};
    later_callbacks h = {.known = {.struct_size = sizes[_i], .send_packets = send_packets,
                                   .random = fill_random}};
    mpconn_engine_config c;
    void *asked_for = NULL;
    char *bytes = NULL;
    size_t len = 0;
    recorder r;

    MPCONN_STRUCT_INIT(&c);
    c.key = key;
    c.key_len = sizeof key;
    c.max_flows = c.max_handshakes = 16;
    recorder_attach(&r, open_memstream(&bytes, &len));
    ck_assert_int_eq(recorder_new(&r, &c, &h.known, &asked_for, MPCONN_SECOND), MPCONN_OK);
    ck_assert_ptr_eq(asked_for, &asked_for);
    ck_assert_int_eq(recorder_del(&r), MPCONN_OK);
    ck_assert(recorder_close(&r));
    ck_assert_uint_gt(len, 100);
    free(bytes);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("recorder");
    TCase *tc = tcase_create("recorder");

    tcase_add_loop_test(tc, hooks_of_any_size_are_called_with_the_host_s_user, 0, 2);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
