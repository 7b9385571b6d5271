/* SPDX-License-Identifier: BSD-2-Clause */
/* SipHash, the keyed hash behind table, cookies and key derivation (Aumasson, Bernstein 2012). */
#ifndef MPCI_BASE_SIPHASH_H
#define MPCI_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

typedef struct mpci_sipkey {
    uint64_t k[2];
} mpci_sipkey;

mpci_sipkey mpci_sipkey_load(const uint8_t bytes[16]);

/* SipHash-2-4: where a forged value must not be found. */
uint64_t mpci_siphash24(const mpci_sipkey *key, const uint8_t *data, size_t len);

/* The same with 16 bytes of output: a tag on what strangers carry. */
void mpci_siphash24_128(const mpci_sipkey *key, const uint8_t *data, size_t len, uint8_t tag[16]);

/* SipHash-1-3: where only collisions matter and nobody sees the value. */
uint64_t mpci_siphash13(const mpci_sipkey *key, const uint8_t *data, size_t len);

/* SipHash-1-3 of 15 bytes given as two words, the same as mpci_siphash13() of their little-endian
 * bytes without the last; the top byte of w1 must be zero. Touches no memory but the key. */
uint64_t mpci_siphash13_15(const mpci_sipkey *key, uint64_t w0, uint64_t w1);

/* Derive a key for one purpose: `label` (16 bytes of it count) and `n` name it. */
mpci_sipkey mpci_sipkey_derive(const mpci_sipkey *from, const char *label, uint64_t n);

/* Fold a secret of 16 to 64 bytes into a key. */
mpci_sipkey mpci_sipkey_fold(const uint8_t *secret, size_t len);

#endif
