/* SPDX-License-Identifier: BSD-2-Clause */
#include <mpconn/reason.h>

#define NAME_OF(number, name, text) [number] = #name,
#define TEXT_OF(number, name, text) [number] = text,

const char *mpconn_reason_name(unsigned reason)
{
    static const char *const names[MPCONN_REASON_LIMIT] = {MPCONN_REASON_MAP(NAME_OF)};

    return reason < MPCONN_REASON_LIMIT ? names[reason] : NULL;
}

const char *mpconn_reason_text(unsigned reason)
{
    static const char *const texts[MPCONN_REASON_LIMIT] = {MPCONN_REASON_MAP(TEXT_OF)};

    return reason < MPCONN_REASON_LIMIT ? texts[reason] : NULL;
}
