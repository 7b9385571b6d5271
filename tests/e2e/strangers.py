#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Frames of strangers, a line each in hexadecimal, for `frames send`.

    strangers.py DST SRC SERVER COUNT    SYNs from as many networks
    strangers.py DST tcp SERVER COUNT    the same segment from as many stations
    strangers.py DST udp SERVER COUNT    the same datagram from as many stations

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


def syn(src, dst, port, flags=2):
    body = struct.pack("!HHIIBBHHH", port, 80, random.getrandbits(32), 0, 0x60, flags, 64240, 0, 0)
    body += bytes((2, 4, 5, 0xb4))
    sums = src + dst + struct.pack("!HH", 6, len(body)) + body
    return packet(src, dst, 6, body[:16] + struct.pack("!H", total(sums)) + body[18:])


def of_stations(dst, protocol, server, count):
    stranger = bytes((100, 64, 0, 7))
    if protocol == "tcp":
        ip = syn(stranger, server, 1024, flags=4)  # a RST
    else:
        ip = packet(stranger, server, 17, struct.pack("!HHHH", 1024, 9, 8, 0))
    for i in range(count):
        print((dst + struct.pack("!HI", 0x0200, i) + b"\x08\0" + ip).hex())


def main():
    random.seed(int(os.environ.get("MPCONN_SEED", "1")))
    if sys.argv[2] in ("tcp", "udp"):
        of_stations(bytes.fromhex(sys.argv[1].replace(":", "")), sys.argv[2],
                    socket.inet_aton(sys.argv[3]), int(sys.argv[4]))
        return
    ether = bytes.fromhex((sys.argv[1] + sys.argv[2]).replace(":", "")) + b"\x08\0"
    server = socket.inet_aton(sys.argv[3])
    for i in range(int(sys.argv[4])):
        network = bytes((100, 64 + (i >> 8), i & 255))
        print((ether + syn(network + b"\7", server, 1024 + i)).hex())


if __name__ == "__main__":
    main()
