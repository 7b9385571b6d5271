# SPDX-License-Identifier: BSD-2-Clause
"""SipHash and the keys made with it, from the paper and the pages, for the printers of vectors."""

import struct

M = (1 << 64) - 1


def rotate(x, n):
    return (x << n | x >> (64 - n)) & M


def rounds(v, n):
    for _ in range(n):
        v[0] = (v[0] + v[1]) & M
        v[1] = rotate(v[1], 13) ^ v[0]
        v[0] = rotate(v[0], 32)
        v[2] = (v[2] + v[3]) & M
        v[3] = rotate(v[3], 16) ^ v[2]
        v[0] = (v[0] + v[3]) & M
        v[3] = rotate(v[3], 21) ^ v[0]
        v[2] = (v[2] + v[1]) & M
        v[1] = rotate(v[1], 17) ^ v[2]
        v[2] = rotate(v[2], 32)


def siphash(key, data, c=2, d=4, size=8):
    k = struct.unpack("<QQ", key)
    v = [k[0] ^ 0x736f6d6570736575, k[1] ^ 0x646f72616e646f6d,
         k[0] ^ 0x6c7967656e657261, k[1] ^ 0x7465646279746573]
    if size == 16:
        v[1] ^= 0xee
    padded = data + bytes(-(len(data) + 1) % 8) + bytes([len(data) & 255])
    for (word,) in struct.iter_unpack("<Q", padded):
        v[3] ^= word
        rounds(v, c)
        v[0] ^= word
    v[2] ^= 0xee if size == 16 else 0xff
    rounds(v, d)
    out = struct.pack("<Q", v[0] ^ v[1] ^ v[2] ^ v[3])
    if size == 16:
        v[1] ^= 0xdd
        rounds(v, d)
        out += struct.pack("<Q", v[0] ^ v[1] ^ v[2] ^ v[3])
    return out


def number(eight):
    return struct.unpack("<Q", eight)[0]


def derive(key, label, n=0):
    text = label.encode().ljust(16, b"\0") + struct.pack("<Q", n)
    return siphash(key, text + b"\0") + siphash(key, text + b"\1")


def fold(secret):
    assert len(secret) == 16
    return siphash(secret, bytes(17) + b"\0") + siphash(secret, bytes(17) + b"\1")
