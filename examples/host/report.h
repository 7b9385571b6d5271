/* SPDX-License-Identifier: BSD-2-Clause */
/* What every host program reports, as pieces of JSON documents. */
#ifndef HOST_REPORT_H
#define HOST_REPORT_H

#include "host/channel.h"
#include "host/impair.h"
#include "host/json.h"
#include "host/port.h"
#include "host/recorder.h"

/* One line is one document, and is there at once. */
void report_end(json *j);

/* An address, and a port if `name` has one: an object. */
void report_endpoint(json *j, const char *name, uint8_t family, const mpconn_addr *addr,
                     uint16_t number);
/* Two values by mpconn_side. */
void report_pair(json *j, const char *name, uint64_t first, uint64_t second);

/* Members "engine", "reasons" and "sync" of an object. */
void report_engine(json *j, recorder *engine);
void report_channel(json *j, const char *name, const channel *c);
void report_impaired(json *j, const char *name, const impair *im);
/* The counters of a port, within its object. */
void report_port(json *j, port *p);

/* This member and all others: a document. */
void report_members(FILE *out, recorder *engine, uint32_t self);

#endif
