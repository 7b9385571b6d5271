/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The size of every public struct, frozen. The file is compiled with padding
 * as an error: a hole in a struct would be read as data by a later release.
 * The second size is that of 32-bit machines which align 64-bit numbers to 4.
 */
#include <mpconn/mpconn.h>

struct number {
    uint64_t n;
};
#define ALIGN_64 _Alignof(struct number)

#define SIZE(type, lp64, ilp32)                                                         \
    _Static_assert(sizeof(type) == (lp64) || sizeof(void *) != 8,                       \
                   "the size of " #type " changed");                                    \
    _Static_assert(sizeof(type) == (ilp32) || sizeof(void *) != 4 || ALIGN_64 != 4,     \
                   "the size of " #type " changed")

SIZE(mpconn_addr, 16, 16);
SIZE(mpconn_tuple, 40, 40);
SIZE(mpconn_allocator, 24, 12);
SIZE(mpconn_pkt_ext, 24, 20);
SIZE(mpconn_pkt, 64, 52);
SIZE(mpconn_leg, 72, 72);
SIZE(mpconn_delta, 120, 120);
SIZE(mpconn_timeouts, 96, 92);
SIZE(mpconn_engine_config, 160, 128);
SIZE(mpconn_admit_request, 72, 64);
SIZE(mpconn_event, 96, 80);
SIZE(mpconn_callbacks, 104, 52);
SIZE(mpconn_flow, 208, 204);
SIZE(mpconn_flow_cursor, 8, 8);
SIZE(mpconn_flow_filter, 64, 60);
SIZE(mpconn_stats, 176, 172);
SIZE(mpconn_member, 32, 28);
SIZE(mpconn_termination, 44, 44);
SIZE(mpconn_session_config, 160, 156);
SIZE(mpconn_termination_stats, 32, 32);
SIZE(mpconn_session_cursor, 8, 8);
SIZE(mpconn_session, 288, 280);
SIZE(mpconn_session_event, 120, 112);
SIZE(mpconn_echo, 128, 124);
SIZE(mpconn_echo_key, 16, 16);
SIZE(mpconn_return_path, 72, 68);
SIZE(mpconn_return_path_cursor, 8, 8);
SIZE(mpconn_return_request, 104, 96);

int main(void)
{
    return 0;
}
