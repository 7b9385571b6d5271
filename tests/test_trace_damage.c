/* SPDX-License-Identifier: BSD-2-Clause */
/* A trace is input like any other: cut off at every byte and with every byte changed it is refused
 * or found to differ, in words, and nothing else happens. */
#include "replay/replay.h"

#include "check_main.h"
#include "packets.h"
#include "trace_golden.h"

/* More than the engine of the trace takes, and little enough that no changed capacity is slow. */
#define MEMORY (UINT64_C(1) << 20)

typedef struct outcome {
    replay_status status;
    char text[4096];
} outcome;

static outcome replay_bytes(const uint8_t *bytes, size_t len)
{
    outcome o = {.status = REPLAY_UNUSABLE};
    FILE *file = fmemopen((void *)(uintptr_t)bytes, len, "rb");
    FILE *report = fmemopen(o.text, sizeof o.text - 1, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_ptr_nonnull(report);
    o.status = replay_run(file, MEMORY, report);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(fclose(report), 0);
    return o;
}

START_TEST(whole_trace_is_the_same)
{
    outcome o = replay_bytes(trace_golden, sizeof trace_golden);

    ck_assert_msg(o.status == REPLAY_SAME, "%s", o.text);
    ck_assert_ptr_nonnull(strstr(o.text, "bytes: same\n"));
}
END_TEST

START_TEST(trace_cut_at_any_byte_is_refused_and_says_where)
{
    for (size_t len = 1; len < sizeof trace_golden; len++) {
        /* of just this size, so that a sanitizer sees what is read behind it */
        uint8_t *bytes = malloc(len);
        outcome o;

        HOLDS(bytes != NULL);
        memcpy(bytes, trace_golden, len);
        o = replay_bytes(bytes, len);
        free(bytes);
        if (o.status != REPLAY_UNUSABLE ||
            (strstr(o.text, "cut off") == NULL && strstr(o.text, "too short") == NULL))
            ck_abort_msg("cut at %zu: status %d, %s", len, (int)o.status, o.text);
    }
}
END_TEST

/* For each byte the type of the entry it is in; 0 in the header. */
static void map_types(uint8_t types[sizeof trace_golden])
{
    FILE *file = fmemopen((void *)(uintptr_t)trace_golden, sizeof trace_golden, "rb");
    reader in;

    memset(types, 0, sizeof trace_golden);
    reader_start(&in, file);
    for (; in.state == READER_ENTRY; reader_next(&in))
        memset(types + in.at, in.type, (size_t)(in.next - in.at));
    ck_assert_int_eq(in.state, READER_END);
    memset(types + in.at, TRACE_END, (size_t)(in.next - in.at));
    reader_stop(&in);
    fclose(file);
}

/* What the engine said; an argument may be another without anything coming of it. */
static int is_output(uint8_t type)
{
    return type >= TRACE_END || type == TRACE_STATS || type == TRACE_NEXT_EXPIRY ||
           type == TRACE_EVENT || type == TRACE_RELEASE || type == TRACE_SEND_FRAME;
}

/* Change each byte in turn; returns how often nobody noticed. */
static unsigned change_all(uint8_t by)
{
    static uint8_t bytes[sizeof trace_golden], types[sizeof trace_golden];
    unsigned unnoticed = 0;

    memcpy(bytes, trace_golden, sizeof bytes);
    map_types(types);
    for (size_t at = 0; at < sizeof bytes; at++) {
        outcome o;

        bytes[at] ^= by;
        o = replay_bytes(bytes, sizeof bytes);
        bytes[at] ^= by;
        if (o.text[0] == '\0')
            ck_abort_msg("not a word about byte %zu", at);
        if (o.status != REPLAY_SAME)
            continue;
        unnoticed++;
        /* the answer of send_frame closes its entry */
        if (is_output(types[at]) && !(types[at] == TRACE_SEND_FRAME && types[at + 4] != types[at]))
            ck_abort_msg("byte %zu ^ %u of the %s was not noticed", at, by,
                         trace_type_name(types[at]));
    }
    return unnoticed;
}

START_TEST(changed_byte_of_an_output_is_noticed)
{
    static const uint8_t by[] = {0x01, 0xff};
    unsigned unnoticed = change_all(by[_i]);

    /* times, capacities, marks of packets that are dropped, answers nobody asks about again */
    ck_assert_msg(unnoticed < sizeof trace_golden / 5, "%u bytes do not matter", unnoticed);
}
END_TEST

START_TEST(engine_that_wants_too_much_memory_is_refused)
{
    FILE *file = fmemopen((void *)(uintptr_t)trace_golden, sizeof trace_golden, "rb");
    outcome o = {.status = REPLAY_SAME};
    FILE *report = fmemopen(o.text, sizeof o.text - 1, "w");

    o.status = replay_run(file, 5000, report);
    fclose(file);
    fclose(report);
    ck_assert_int_eq(o.status, REPLAY_UNUSABLE);
    ck_assert_ptr_nonnull(strstr(o.text, "--memory"));
}
END_TEST

/* Replace the first `from` bytes of an entry's body by others. */
static outcome replay_with(uint8_t type, size_t offset, const char *with, size_t len)
{
    static uint8_t bytes[sizeof trace_golden], types[sizeof trace_golden];
    size_t at = 0;

    memcpy(bytes, trace_golden, sizeof bytes);
    map_types(types);
    while (at < sizeof bytes && types[at] != type)
        at++;
    ck_assert_uint_lt(at + TRACE_ENTRY_HEADER + offset + len, sizeof bytes);
    memcpy(bytes + at + TRACE_ENTRY_HEADER + offset, with, len);
    return replay_bytes(bytes, sizeof bytes);
}

START_TEST(impossible_lengths_are_named)
{
    /* behind time, list, number and flow, side, link, zone, mark, flags: len, cap, headroom */
    const size_t len_at = 13 + 1 + 8 + 1 + 4 * 4;
    outcome o = replay_with(TRACE_INPUT, len_at, "\xff\xff\xff\x00\xff\xff\xff\xff", 8);

    ck_assert_int_eq(o.status, REPLAY_UNUSABLE);
    ck_assert_ptr_nonnull(strstr(o.text, "impossible lengths"));
    o = replay_with(TRACE_INPUT, len_at + 8, "\xff\xff\xff\xff", 4);
    ck_assert_int_eq(o.status, REPLAY_UNUSABLE);
    ck_assert_ptr_nonnull(strstr(o.text, "impossible lengths"));
    /* number of packets */
    o = replay_with(TRACE_INPUT, 9, "\xff\xff\xff\xff", 4);
    ck_assert_int_eq(o.status, REPLAY_UNUSABLE);
    ck_assert_ptr_nonnull(strstr(o.text, "INPUT contradicts itself"));
}
END_TEST

START_TEST(configuration_that_is_refused_here_is_named)
{
    uint8_t bytes[sizeof trace_golden], types[sizeof trace_golden];
    size_t at = 0;
    outcome o;

    /* the first two engines are not made: change the member id of the third to that of its peer */
    memcpy(bytes, trace_golden, sizeof bytes);
    map_types(types);
    for (unsigned n = 0; n < 3; n++) {
        while (types[at] == TRACE_NEW)
            at++;
        while (types[at] != TRACE_NEW)
            at++;
    }
    for (; types[at] == TRACE_NEW; at++)
        if (memcmp(bytes + at, "\0\0\0\x07", 4) == 0)
            memcpy(bytes + at, "\0\0\1\x2c", 4);
    o = replay_bytes(bytes, sizeof bytes);
    ck_assert_int_eq(o.status, REPLAY_UNUSABLE);
    ck_assert_msg(strstr(o.text, "the configuration is refused here") != NULL, "%s", o.text);
}
END_TEST

/* A few bytes of a trace can ask for much room around a packet. */
START_TEST(packets_that_want_too_much_room_are_refused)
{
    enum { PACKETS = 20 }; /* of 128 KiB each */
    /* its header, then one call on an engine that was never made */
    const size_t head = strlen(TRACE_MAGIC) + 3 + trace_golden[strlen(TRACE_MAGIC) + 2];
    trace_buffer b = {0};
    trace_walk w = {.out = &b};
    outcome o;

    trace_buffer_add(&b, trace_golden, head);
    (void)trace_number(&w, "type", 1, TRACE_INPUT, NULL);
    (void)trace_number(&w, "body", 4, 0, NULL);
    (void)trace_number(&w, "now", 8, 5, NULL);
    (void)trace_number(&w, "list given", 1, TRACE_GIVEN, NULL);
    (void)trace_number(&w, "number", 4, PACKETS, NULL);
    for (unsigned i = 0; i < PACKETS; i++) {
        static const uint8_t byte;
        trace_packet t = {.given = TRACE_GIVEN, .data_given = TRACE_GIVEN, .bytes = &byte,
                          .n_bytes = 1, .pkt = {.len = 1, .cap = 1 + TRACE_ROOM_MAX,
                                                .headroom = TRACE_ROOM_MAX}};
        trace_walk_packet(&w, &t);
    }
    poke32(b.bytes + head + 1, (uint32_t)(b.len - head - TRACE_ENTRY_HEADER));
    o = replay_bytes(b.bytes, b.len);
    trace_buffer_free(&b);
    ck_assert_int_eq(o.status, REPLAY_UNUSABLE);
    ck_assert_msg(strstr(o.text, "--memory") != NULL, "%s", o.text);
}
END_TEST

START_TEST(entry_for_which_there_is_no_memory_is_not_read)
{
    FILE *file = fmemopen((void *)(uintptr_t)trace_golden, sizeof trace_golden, "rb");
    reader in;

    reader_start(&in, file);
    ck_assert_int_eq(in.state, READER_ENTRY);
    trace_buffer_free(&in.bytes);
    in.bytes.failed = true;
    reader_next(&in);
    ck_assert_int_eq(in.state, READER_BAD);
    ck_assert_msg(strstr(in.problem, "out of memory") != NULL, "%s", in.problem);
    reader_stop(&in);
    fclose(file);
}
END_TEST

/* Else it would wait for the next entry for ever. */
START_TEST(replay_ends_when_its_recorder_gives_up)
{
    outcome o = {.status = REPLAY_SAME};
    replay p = {.report = fmemopen(o.text, sizeof o.text - 1, "w"), .memory_limit = MEMORY};
    FILE *file = fmemopen((void *)(uintptr_t)trace_golden, sizeof trace_golden, "rb");

    reader_start(&p.in, file);
    p.rec.failed = true;
    replay_perform(&p);
    ck_assert_int_eq(p.status, REPLAY_UNUSABLE);
    reader_stop(&p.in);
    fclose(file);
    fclose(p.report);
    ck_assert_ptr_nonnull(strstr(o.text, "out of memory"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trace damage");
    TCase *tc = tcase_create("trace damage");

    tcase_add_test(tc, whole_trace_is_the_same);
    tcase_add_test(tc, trace_cut_at_any_byte_is_refused_and_says_where);
    tcase_add_loop_test(tc, changed_byte_of_an_output_is_noticed, 0, 2);
    tcase_add_test(tc, engine_that_wants_too_much_memory_is_refused);
    tcase_add_test(tc, impossible_lengths_are_named);
    tcase_add_test(tc, configuration_that_is_refused_here_is_named);
    tcase_add_test(tc, packets_that_want_too_much_room_are_refused);
    tcase_add_test(tc, entry_for_which_there_is_no_memory_is_not_read);
    tcase_add_test(tc, replay_ends_when_its_recorder_gives_up);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
