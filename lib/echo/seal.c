/* SPDX-License-Identifier: BSD-2-Clause */
#include "echo/seal.h"

#include "base/byteorder.h"

enum { BLOCK = 16 };

void mpci_echo_keys_init(mpci_echo_keys *k, const mpci_sipkey *root, uint32_t epoch)
{
    k->tag = mpci_sipkey_derive(root, "echo tag", epoch);
    k->stream = mpci_sipkey_derive(root, "echo stream", epoch);
}

static void mask_block(uint8_t *bytes, const uint8_t mask[BLOCK], size_t n)
{
    for (size_t i = 0; i < n; i++)
        bytes[i] ^= mask[i];
}

/* Hides what is plain, and shows what is hidden. */
static void apply_stream(const mpci_echo_keys *k, uint8_t *payload, size_t len)
{
    uint8_t *at = payload + MPCI_ECHO_CLEAR, *end = payload + len;
    uint8_t input[MPCI_ECHO_TAG + 4], mask[BLOCK];

    memcpy(input, end, MPCI_ECHO_TAG);
    for (uint32_t block = 0; at < end; block++) {
        size_t left = (size_t)(end - at), n = left < BLOCK ? left : BLOCK;

        mpci_store32(input + MPCI_ECHO_TAG, block);
        mpci_siphash24_128(&k->stream, input, sizeof input, mask);
        mask_block(at, mask, n);
        at += n;
    }
}

void mpci_echo_seal(const mpci_echo_keys *k, uint8_t *payload, size_t len)
{
    mpci_siphash24_128(&k->tag, payload, len, payload + len);
    apply_stream(k, payload, len);
}

int mpci_echo_open(const mpci_echo_keys *k, uint8_t *payload, size_t len)
{
    uint8_t tag[MPCI_ECHO_TAG];

    apply_stream(k, payload, len);
    mpci_siphash24_128(&k->tag, payload, len, tag);
    if (mpci_echo_tag_fits(payload + len, tag))
        return 1;
    apply_stream(k, payload, len);
    return 0;
}

void mpci_echo_close(const mpci_echo_keys *k, uint8_t *payload, size_t len)
{
    apply_stream(k, payload, len);
}
