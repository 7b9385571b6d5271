/* SPDX-License-Identifier: BSD-2-Clause */
/* What a later version may add to records, and what of it is skipped or refused here. */
#include "check_main.h"
#include "record_bytes.h"

START_TEST(S03_unknown_uncritical_record_is_skipped_and_the_others_count)
{
    static const by_hand same = {2, -1, NULL, -1, NULL, -1, 0};

    for (unsigned type = 0; type < 128; type++) {
        outcome o;
        char head[2] = {(char)type, 5};

        if (mpci_record_name(type) != NULL)
            continue;
        frame_len = 0;
        append_by_hand(&first);
        append_bytes(head, 2);
        append_bytes("what?", 5);
        append_by_hand(&same); /* refers to the last that was known: a skipped one leaves none */
        o = decode_frame();
        ck_assert_uint_eq(o.n[MPCI_RECORD_OK], 2);
        ck_assert_uint_eq(o.n[MPCI_RECORD_SKIPPED], 1);
        ck_assert_uint_eq(o.last.tuple.client_port, 40000);
    }
}
END_TEST

START_TEST(S04_unknown_critical_record_is_refused_and_the_others_count)
{
    static const by_hand same = {2, -1, NULL, -1, NULL, -1, 0};

    for (unsigned type = 0; type < 128; type++) {
        outcome o;
        char head[2] = {(char)(type | 0x80), 0};

        if (mpci_record_name(type) != NULL)
            continue;
        frame_len = 0;
        append_by_hand(&first);
        append_bytes(head, 2);
        append_by_hand(&same);
        o = decode_frame();
        ck_assert_uint_eq(o.n[MPCI_RECORD_OK], 2);
        ck_assert_uint_eq(o.n[MPCI_RECORD_REFUSED], 1);
    }
}
END_TEST

static outcome with_extension(const char *bytes, size_t n)
{
    static const by_hand same = {2, -1, NULL, -1, NULL, -1, 0};

    frame_len = 0;
    append_by_hand(&first);
    append_bytes(bytes, n);
    frame[1] = (uint8_t)(frame[1] + n);
    append_by_hand(&same);
    return decode_frame();
}

START_TEST(S03_unknown_extension_is_skipped)
{
    ck_assert_uint_eq(with_extension("\x00\x00", 2).n[MPCI_RECORD_OK], 2);
    ck_assert_uint_eq(with_extension("\x7f\x03xyz", 5).n[MPCI_RECORD_OK], 2);
    ck_assert_uint_eq(with_extension("\x01\x01x\x02\x00\x03\x02yz", 9).n[MPCI_RECORD_OK], 2);
}
END_TEST

START_TEST(S04_record_with_an_unknown_critical_extension_is_refused_alone)
{
    static const char *const all[] = {"\x80\x02xy\x01\x00", "\x01\x00\xff\x02xy"};

    for (unsigned i = 0; i < 2; i++) {
        outcome o = with_extension(all[i], 6);

        ck_assert_uint_eq(o.n[MPCI_RECORD_REFUSED], 1);
        ck_assert_uint_eq(o.n[MPCI_RECORD_OK], 1);
        /* its name is what the next one refers to all the same: so its sender meant it */
        ck_assert_uint_eq(o.last.tuple.server_port, 80);
    }
}
END_TEST

START_TEST(S05_extension_past_the_end_of_its_record_is_refused)
{
    static const struct {
        const char *bytes;
        size_t n;
    } all[] = {{"\x01", 1}, {"\x01\x01", 2}, {"\x01\xff", 2}, {"\x01\x00\x02", 3},
               {"\x80\x02x", 3}, {"\x80\x00\x01\x05xy", 6}};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        ck_assert_uint_eq(with_extension(all[i].bytes, all[i].n).n[MPCI_RECORD_MALFORMED], 1);
}
END_TEST

int main(void)
{
    return CHECK_MAIN("record_later", S03_unknown_uncritical_record_is_skipped_and_the_others_count,
                      S04_unknown_critical_record_is_refused_and_the_others_count,
                      S03_unknown_extension_is_skipped,
                      S04_record_with_an_unknown_critical_extension_is_refused_alone,
                      S05_extension_past_the_end_of_its_record_is_refused);
}
