/* SPDX-License-Identifier: BSD-2-Clause */
#include <mpconn/rendezvous.h>

const char *mpconn_session_state_name(unsigned state)
{
    static const char *const names[] = {
        [MPCONN_SESSION_IDLE] = "IDLE",
        [MPCONN_SESSION_WAITING] = "WAITING",
        [MPCONN_SESSION_CONFLICT] = "CONFLICT",
        [MPCONN_SESSION_ANSWERED] = "ANSWERED",
        [MPCONN_SESSION_HALF] = "HALF",
        [MPCONN_SESSION_ESTABLISHED] = "ESTABLISHED",
        [MPCONN_SESSION_CLOSING] = "CLOSING",
    };

    return state < sizeof(names) / sizeof(names[0]) ? names[state] : NULL;
}

const char *mpconn_session_event_name(unsigned type)
{
    static const char *const names[] = {
        [MPCONN_SESSION_EVENT_LATCHED] = "LATCHED",
        [MPCONN_SESSION_EVENT_CONFLICT] = "CONFLICT",
        [MPCONN_SESSION_EVENT_ESTABLISHED] = "ESTABLISHED",
        [MPCONN_SESSION_EVENT_RELATCHED] = "RELATCHED",
        [MPCONN_SESSION_EVENT_IDLE] = "IDLE",
        [MPCONN_SESSION_EVENT_CLOSED] = "CLOSED",
        [MPCONN_SESSION_EVENT_REFUSED] = "REFUSED",
    };

    return type < sizeof(names) / sizeof(names[0]) ? names[type] : NULL;
}
