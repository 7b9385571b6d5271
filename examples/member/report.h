/* SPDX-License-Identifier: BSD-2-Clause */
/* What a member knows, as JSON documents of one line each. */
#ifndef MEMBER_REPORT_H
#define MEMBER_REPORT_H

#include "member/member.h"

void report_stats(FILE *out, member *m);
void report_flows(FILE *out, member *m);
void report_paths(FILE *out, member *m);
void report_event(FILE *out, const mpconn_event *event, mpconn_time now);

#endif
