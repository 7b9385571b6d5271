/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames: header, tag, and the vectors of doc/frames.md. */
#include "sync/frame.h"

#include "check_main.h"
#include "frame_check.h"

static const mpci_frame some = {
    .flags = 0x0e,
    .sender = 0x0102,
    .destination = 0x0304,
    .cluster = 0x05060708,
    .epoch = 0x090a0b0c,
    .boot = UINT64_C(0x0d0e0f1011121314),
    .sequence = UINT64_C(0x15161718191a1b1c),
};

static const uint8_t golden[MPCI_FRAME_HEADER] = {
    'M',  'C',  0x10, 0x0e, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07,
    0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12,
    0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c,
};

enum { SMALLEST = MPCI_FRAME_HEADER + MPCI_FRAME_TAG };

/* Bytes get a buffer of just their size, so that reading past it is seen. */
static unsigned parse(mpci_frame *f, const uint8_t *bytes, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);
    unsigned reason;

    memcpy(copy, bytes, len);
    reason = mpci_frame_parse(f, copy, len);
    free(copy);
    return reason;
}

START_TEST(frames_are_those_of_the_specification)
{
    ck_assert_msg(frame_vector_holds((unsigned)_i), "%s", frame_vectors[_i].what);
}
END_TEST

START_TEST(registrars_are_those_of_the_specification)
{
    for (unsigned i = 0; i < sizeof registrar_vectors; i++)
        ck_assert_msg(registrar_vector_holds(i), "port %u", 40000 + i);
}
END_TEST

START_TEST(header_is_written_and_read_as_specified)
{
    uint8_t bytes[SMALLEST] = {0};
    mpci_frame f;

    mpci_frame_write(&some, bytes);
    ck_assert_mem_eq(bytes, golden, sizeof golden);
    ck_assert_uint_eq(parse(&f, bytes, SMALLEST), MPCONN_SYNC_TAKEN);
    ck_assert_uint_eq(f.flags, some.flags);
    ck_assert_uint_eq(f.sender, some.sender);
    ck_assert_uint_eq(f.destination, some.destination);
    ck_assert_uint_eq(f.cluster, some.cluster);
    ck_assert_uint_eq(f.epoch, some.epoch);
    ck_assert_uint_eq(f.boot, some.boot);
    ck_assert_uint_eq(f.sequence, some.sequence);
}
END_TEST

START_TEST(S01_bytes_too_few_for_header_and_tag_are_truncated)
{
    uint8_t bytes[SMALLEST] = {0};
    mpci_frame f;

    mpci_frame_write(&some, bytes);
    for (size_t len = 0; len < SMALLEST; len++)
        ck_assert_uint_eq(parse(&f, bytes, len), MPCONN_SYNC_TRUNCATED);
    ck_assert_uint_eq(mpci_frame_parse(&f, NULL, 0), MPCONN_SYNC_TRUNCATED);
}
END_TEST

START_TEST(S02_other_magic_or_major_version_is_refused)
{
    uint8_t bytes[SMALLEST] = {0};
    mpci_frame f;

    for (unsigned bit = 0; bit < 16; bit++) {
        mpci_frame_write(&some, bytes);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        ck_assert_uint_eq(parse(&f, bytes, SMALLEST), MPCONN_SYNC_BAD_MAGIC);
    }
    mpci_frame_write(&some, bytes);
    for (unsigned version = 0; version < 256; version++) {
        bytes[2] = (uint8_t)version;
        ck_assert_uint_eq(parse(&f, bytes, SMALLEST),
                          version >> 4 == 1 ? MPCONN_SYNC_TAKEN : MPCONN_SYNC_BAD_VERSION);
    }
}
END_TEST

/* Flags a later version may set: half of them ask for more than we can. */
START_TEST(S03_unknown_flag_is_refused_or_ignored_as_it_says)
{
    uint8_t bytes[SMALLEST] = {0};
    mpci_frame f;

    mpci_frame_write(&some, bytes);
    for (unsigned flags = 0; flags < 256; flags++) {
        bytes[3] = (uint8_t)flags;
        ck_assert_uint_eq(parse(&f, bytes, SMALLEST),
                          flags >> 4 == 0 ? MPCONN_SYNC_TAKEN : MPCONN_SYNC_BAD_FLAGS);
    }
}
END_TEST

START_TEST(boot_or_sequence_of_zero_is_refused)
{
    uint8_t bytes[SMALLEST] = {0};
    mpci_frame f = some;

    f.boot = 0;
    mpci_frame_write(&f, bytes);
    ck_assert_uint_eq(parse(&f, bytes, SMALLEST), MPCONN_SYNC_MALFORMED);
    f = some;
    f.sequence = 0;
    mpci_frame_write(&f, bytes);
    ck_assert_uint_eq(parse(&f, bytes, SMALLEST), MPCONN_SYNC_MALFORMED);
}
END_TEST

START_TEST(S18_tag_fits_no_frame_with_a_bit_changed)
{
    uint8_t bytes[FRAME_VECTOR_MOST];
    size_t len = frame_unhex(bytes, frame_vectors[_i].hex) - MPCI_FRAME_TAG;
    mpci_sipkey root = frame_vector_root();
    mpci_frame_key key;

    mpci_frame_key_init(&key, &root);
    ck_assert(mpci_frame_tag_fits(&key, bytes, len));
    for (size_t bit = 0; bit < 8 * (len + MPCI_FRAME_TAG); bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        HOLDS(!mpci_frame_tag_fits(&key, bytes, len));
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t cut = 1; cut <= len; cut++) /* nor a piece of it (S16: truncated tag) */
        HOLDS(!mpci_frame_tag_fits(&key, bytes, len - cut));
    key.tag.k[1] ^= 1;
    ck_assert(!mpci_frame_tag_fits(&key, bytes, len));
}
END_TEST

START_TEST(clusters_of_other_keys_have_other_tags_and_numbers)
{
    mpci_sipkey root = frame_vector_root();
    mpci_frame_key a, b;

    mpci_frame_key_init(&a, &root);
    for (unsigned bit = 0; bit < 128; bit++) {
        mpci_sipkey other = root;

        other.k[bit / 64] ^= UINT64_C(1) << bit % 64;
        mpci_frame_key_init(&b, &other);
        ck_assert_uint_ne(a.cluster, b.cluster);
        ck_assert(a.tag.k[0] != b.tag.k[0] && a.tag.k[1] != b.tag.k[1]);
    }
    ck_assert(a.tag.k[0] != root.k[0] && a.tag.k[1] != root.k[1]);
    ck_assert_uint_ne(a.cluster, (uint32_t)a.tag.k[0]);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("frame");
    TCase *tc = tcase_create("frame");

    tcase_add_loop_test(tc, frames_are_those_of_the_specification, 0, FRAME_VECTORS);
    tcase_add_test(tc, registrars_are_those_of_the_specification);
    tcase_add_test(tc, header_is_written_and_read_as_specified);
    tcase_add_test(tc, S01_bytes_too_few_for_header_and_tag_are_truncated);
    tcase_add_test(tc, S02_other_magic_or_major_version_is_refused);
    tcase_add_test(tc, S03_unknown_flag_is_refused_or_ignored_as_it_says);
    tcase_add_test(tc, boot_or_sequence_of_zero_is_refused);
    tcase_add_loop_test(tc, S18_tag_fits_no_frame_with_a_bit_changed, 0, FRAME_VECTORS);
    tcase_add_test(tc, clusters_of_other_keys_have_other_tags_and_numbers);
    suite_add_tcase(s, tc);
    return check_run(s);
}
