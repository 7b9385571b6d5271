/* SPDX-License-Identifier: BSD-2-Clause */
/* What a broker knows, as JSON documents of one line each. */
#ifndef RENDEZVOUS_REPORT_H
#define RENDEZVOUS_REPORT_H

#include "host/report.h"
#include "rendezvous/broker.h"

/* `name` is NULL when it is about no session. */
void report_done(FILE *out, const char *name);
void report_error(FILE *out, const char *wrong);
void report_list(FILE *out, broker *b);
void report_stats(FILE *out, broker *b);
/* The first document of a stream of events. */
void report_begin(FILE *out, broker *b);
void report_event(FILE *out, const mpconn_session_event *event, mpconn_time now);

#endif
