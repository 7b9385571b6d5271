/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes the frames of doc/frames.md's vectors with the library and compares, without any test
 * library: other byte orders run this, too. */
#ifndef MPCONN_TESTS_FRAME_CHECK_H
#define MPCONN_TESTS_FRAME_CHECK_H

#include <stdio.h>

#include "frame_vectors.h"
#include "record_support.h"
#include "session_record_support.h"
#include "sync/frame.h"
#include "sync/hello.h"

enum {
    FRAME_VECTORS = sizeof(frame_vectors) / sizeof(frame_vectors[0]),
    FRAME_VECTOR_MOST = 1024
};

static inline mpci_sipkey frame_vector_root(void)
{
    static const uint8_t secret[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

    return mpci_sipkey_fold(secret, sizeof secret);
}

static inline size_t frame_unhex(uint8_t *bytes, const char *text)
{
    size_t n = 0;
    unsigned byte;

    for (; sscanf(text, "%2x", &byte) == 1; text += 2)
        bytes[n++] = (uint8_t)byte;
    return n;
}

static inline mpconn_tuple frame_vector_tuple(unsigned vector, unsigned k)
{
    unsigned group = k / 4, step = k % 4;
    mpconn_tuple t;

    memset(&t, 0, sizeof t);
    if (vector == 2) {
        t.family = MPCONN_FAMILY_IPV4;
        memcpy(t.client.bytes, "\xc0\x00\x02\x0a", 4);
        memcpy(t.server.bytes, "\xc6\x33\x64\x14", 4);
        t.client_port = 40000;
        t.server_port = 80;
        return t;
    }
    t.family = MPCONN_FAMILY_IPV6;
    memcpy(t.client.bytes, "\x20\x01\x0d\xb8", 4);
    memcpy(t.server.bytes, "\x20\x01\x0d\xb8", 4);
    t.client.bytes[15] = (uint8_t)(10 + group * 2 + (step > 0));
    t.server.bytes[15] = (uint8_t)(20 + group);
    t.client_port = (uint16_t)(40000 + (step > 1));
    t.server_port = 443;
    t.zone = k >= 8 ? 5 : 0;
    return t;
}

/* What server legs show: of IPv4 and IPv6 by turns. */
static inline mpconn_tuple frame_vector_leg(unsigned k)
{
    mpconn_tuple t;

    memset(&t, 0, sizeof t);
    t.family = k % 2 ? MPCONN_FAMILY_IPV6 : MPCONN_FAMILY_IPV4;
    memcpy(t.client.bytes, k % 2 ? "\xfd" : "\x0a\x08\0\x01", k % 2 ? 1 : 4);
    memcpy(t.server.bytes, k % 2 ? "\xfd" : "\x0a\x08\0\x08", k % 2 ? 1 : 4);
    t.client.bytes[15] = k % 2 ? 1 : 0;
    t.server.bytes[15] = k % 2 ? 8 : 0;
    t.client_port = 41000;
    t.server_port = 8080;
    return t;
}

enum { FRAME_VECTOR_LEGS = 4, FRAME_VECTOR_SESSIONS = 5 };

static inline unsigned frame_vector_n_records(unsigned vector)
{
    if (vector == FRAME_VECTOR_SESSIONS)
        return SESSION_VECTOR_RECORDS;
    return vector < 2 ? 0 : vector == FRAME_VECTOR_LEGS ? 4 : RECORD_TYPES;
}

/* The k-th record of a vector: fields count 01020304 times their place, from 1. */
static inline mpci_record frame_vector_record(unsigned vector, unsigned k)
{
    static const unsigned with_leg[] = {1, 2, 3, 5}; /* DRIVE, ANSWER, COMMIT, DELTA */
    int legs = vector == FRAME_VECTOR_LEGS;
    const record_type *t = &record_types[legs ? with_leg[k] : k];
    mpci_record r;

    if (vector == FRAME_VECTOR_SESSIONS)
        return session_vector_record(k);
    memset(&r, 0, sizeof r);
    r.type = (uint8_t)t->number;
    r.tuple = frame_vector_tuple(legs ? 2 + (k > 1) : vector, legs ? 0 : k);
    r.client_isn = vector == 2 ? 0xfffffff0 : k / 4;
    if (legs)
        r.server_leg = frame_vector_leg(k);
    for (unsigned i = 0; i < t->n_fields; i++)
        if (vector == 2 || i % 2 == k % 2)
            record_set(&r, t->fields[i], 0x01020304 * (i + 1));
    return r;
}

static inline int frame_vector_records(mpci_writer *w, unsigned vector)
{
    mpci_record_context c = {0};
    mpci_member list[2] = {{0}, {0}};
    mpci_members m = {0};

    if (vector == 0)
        return 1;
    if (vector == 1) {
        list[0].id = 2;
        list[1].id = 3;
        list[1].changes = 7;
        list[1].heard_challenge = UINT64_C(0x4142434445464749);
        m.challenge_key = (mpci_sipkey){{UINT64_C(0x0706050403020100),
                                         UINT64_C(0x0f0e0d0c0b0a0908)}};
        return mpci_hello_encode(w, &m, 0, list, 2);
    }
    for (unsigned k = 0; k < frame_vector_n_records(vector); k++) {
        mpci_record r = frame_vector_record(vector, k);

        if (!mpci_record_encode(w, &c, &r))
            return 0;
    }
    return 1;
}

/* Bytes of a vector as the library makes it. */
static inline size_t frame_vector_make(uint8_t *bytes, unsigned vector)
{
    static const uint64_t sequences[] = {1, 2, 3, UINT64_C(1) << 32, 5, 6};
    mpci_sipkey root = frame_vector_root();
    mpci_writer w = mpci_writer_of(bytes + MPCI_FRAME_HEADER, FRAME_VECTOR_MOST - 64);
    mpci_frame_key key;
    mpci_frame f = {0};

    mpci_frame_key_init(&key, &root);
    f.sender = 1;
    f.destination = vector == 1 ? 0xffff : 2;
    f.cluster = key.cluster;
    f.epoch = 0x21222324;
    f.boot = UINT64_C(0x1112131415161719);
    f.sequence = sequences[vector];
    mpci_frame_write(&f, bytes);
    if (!frame_vector_records(&w, vector))
        return 0;
    mpci_frame_tag(&key, bytes, (size_t)(w.at - bytes), w.at);
    return (size_t)(w.at - bytes) + MPCI_FRAME_TAG;
}

/* What is made is what the page says, and what the page says is read back. */
static inline int frame_vector_holds(unsigned vector)
{
    uint8_t made[FRAME_VECTOR_MOST], known[FRAME_VECTOR_MOST];
    size_t len = frame_unhex(known, frame_vectors[vector].hex);
    mpci_record_context c = {0};
    mpci_reader r, body;

    if (frame_vector_make(made, vector) != len || memcmp(made, known, len) != 0)
        return 0;
    r = mpci_reader_of(known + MPCI_FRAME_HEADER, len - MPCI_FRAME_HEADER - MPCI_FRAME_TAG);
    for (unsigned k = 0; k < frame_vector_n_records(vector); k++) {
        mpci_record got, want = frame_vector_record(vector, k);

        if (mpci_record_decode(&r, &c, &got, &body) != MPCI_RECORD_OK ||
            !(mpci_record_is_about_session(want.type) ? session_record_same(&got, &want)
                                                      : record_same(&got, &want)))
            return 0;
    }
    return vector == 1 || mpci_reader_left(&r) == 0;
}

/* Members 1 to 8, all up: the same registrar whichever of them asks. */
static inline int registrar_vector_holds(unsigned i)
{
    mpconn_tuple t = frame_vector_tuple(2, 0);
    mpci_sipkey root = frame_vector_root();

    t.client_port = (uint16_t)(40000 + i);
    for (uint16_t self = 1; self <= 8; self++) {
        mpci_member list[7] = {{0}};
        mpci_members m = {.list = list, .n = 7, .self = self};

        m.order_key = mpci_sipkey_derive(&root, "mpconn order", 0);
        for (uint16_t k = 0; k < 7; k++) {
            list[k].id = (uint16_t)(k + 1 + (k + 1 >= self));
            list[k].up = 1;
        }
        if (mpci_members_registrar(&m, &t) != registrar_vectors[i])
            return 0;
    }
    return 1;
}

#endif
