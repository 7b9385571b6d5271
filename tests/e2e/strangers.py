#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Frames of strangers, a line each in hexadecimal, for `frames send`.

    strangers.py DST SRC SERVER COUNT    SYNs from as many networks

DST and SRC are stations, SERVER is an IPv4 address. What is random comes from MPCONN_SEED."""
import os
import random
import socket
import struct
import sys


def total(data):
    if len(data) % 2:
        data += b"\0"
    s = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while s >> 16:
        s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff


def packet(src, dst, protocol, body):
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0x4000, 60, protocol, 0) + src + dst
    return head[:10] + struct.pack("!H", total(head)) + head[12:] + body


def syn(src, dst, port):
    body = struct.pack("!HHIIBBHHH", port, 80, random.getrandbits(32), 0, 0x60, 2, 64240, 0, 0)
    body += bytes((2, 4, 5, 0xb4))
    sums = src + dst + struct.pack("!HH", 6, len(body)) + body
    return packet(src, dst, 6, body[:16] + struct.pack("!H", total(sums)) + body[18:])


def main():
    random.seed(int(os.environ.get("MPCONN_SEED", "1")))
    ether = bytes.fromhex((sys.argv[1] + sys.argv[2]).replace(":", "")) + b"\x08\0"
    server = socket.inet_aton(sys.argv[3])
    for i in range(int(sys.argv[4])):
        network = bytes((100, 64 + (i >> 8), i & 255))
        print((ether + syn(network + b"\7", server, 1024 + i)).hex())


if __name__ == "__main__":
    main()
