/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys made from keys and secrets. Members derive each on its own, so the byte layouts below are
 * part of what a cluster has in common. */
#include "base/byteorder.h"
#include "base/siphash.h"

/* Label, padded with zeros or cut to 16 bytes, n (8), which half of the key (1). */
mpci_sipkey mpci_sipkey_derive(const mpci_sipkey *from, const char *label, uint64_t n)
{
    uint8_t text[25] = {0};
    mpci_sipkey key;

    for (unsigned i = 0; i < 16 && label[i] != '\0'; i++)
        text[i] = (uint8_t)label[i];
    mpci_store64le(text + 16, n);
    for (uint8_t half = 0; half < 2; half++) {
        text[24] = half;
        key.k[half] = mpci_siphash24(from, text, sizeof text);
    }
    return key;
}

/* The first 16 bytes are the first key; each further block, padded with zeros, goes through the
 * keyed hash twice to give the next one: block (16), bytes in it (1), which half (1). A secret of
 * exactly 16 bytes is hashed with an empty block, so that no key is a piece of the secret. */
mpci_sipkey mpci_sipkey_fold(const uint8_t *secret, size_t len)
{
    uint8_t first[16] = {0};
    size_t at = len < sizeof first ? len : sizeof first;
    mpci_sipkey key;

    memcpy(first, secret, at);
    key = mpci_sipkey_load(first);
    do {
        size_t n = len - at < 16 ? len - at : 16;
        uint8_t block[18] = {0};
        mpci_sipkey next;

        memcpy(block, secret + at, n);
        block[16] = (uint8_t)n;
        for (uint8_t half = 0; half < 2; half++) {
            block[17] = half;
            next.k[half] = mpci_siphash24(&key, block, sizeof block);
        }
        key = next;
        at += n;
    } while (at < len);
    return key;
}
