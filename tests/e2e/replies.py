#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A server that answers pings in its own way, where the kernel does not: replies.py HOW

    plain      as it should be          modified   with one byte of the payload changed
    doubled    twice                    cut        the payload ends after 40 bytes
    late       after ten seconds        fragments  in two
    again      the first reply of its IP version, and nothing else, to whatever comes
    forged     and then, once, ten thousand a second for two seconds in which the number of the
               echo (doc/echo.md) is another; says how many there were, and in how many milliseconds

Ends when it is killed."""
import select
import socket
import struct
import sys
import threading
import time

from strangers import total

how = sys.argv[1]
first = {}


class Version4:
    request, reply = 8, 0
    receiver = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    sender = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)

    def receive(self):
        got = self.receiver.recv(65536)
        return got[12:16], got[16:20], got[20:]

    @staticmethod
    def pseudo(src, dst, body):
        return b""

    @staticmethod
    def packet(src, dst, body, offset=0, more=0):
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 4711, more << 13 | offset // 8,
                           64, 1, 0) + src + dst
        return head[:10] + struct.pack("!H", total(head)) + head[12:] + body

    def send(self, packet):
        self.sender.sendto(packet, (socket.inet_ntoa(packet[16:20]), 0))


class Version6:
    request, reply = 128, 129
    receiver = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    sender = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)

    def __init__(self):
        self.receiver.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)

    def receive(self):
        got, extra, _, peer = self.receiver.recvmsg(65536, 256)
        return socket.inet_pton(socket.AF_INET6, peer[0].split("%")[0]), extra[0][2][:16], got

    @staticmethod
    def pseudo(src, dst, body):
        return src + dst + struct.pack("!II", len(body), 58)

    @staticmethod
    def packet(src, dst, body, offset=0, more=0):
        kind = 58
        if offset or more:
            kind, body = 44, struct.pack("!BBHI", 58, 0, offset | more, 4711) + body
        return struct.pack("!IHBB", 6 << 28, len(body), kind, 64) + src + dst + body

    def send(self, packet):
        self.sender.sendto(packet, (socket.inet_ntop(socket.AF_INET6, packet[24:40]), 0))


def message(ip, src, dst, rest):
    body = struct.pack("!BBH", ip.reply, 0, 0) + rest
    return body[:2] + struct.pack("!H", total(ip.pseudo(src, dst, body) + body)) + body[4:]


FORGED, AT_ONCE, A_SECOND = 20000, 100, 10000


def forge(ip, src, dst, rest):
    """By the clock: what a busy machine delays is made up for."""
    packets = []
    for n in range(1, 2001):
        number = struct.unpack("!I", rest[28:32])[0] ^ n << 8
        other = rest[:28] + struct.pack("!I", number) + rest[32:]
        packets.append(ip.packet(src, dst, message(ip, src, dst, other)))
    began = time.monotonic()
    for sent in range(0, FORGED, AT_ONCE):
        time.sleep(max(0, began + sent / A_SECOND - time.monotonic()))
        for i in range(sent, sent + AT_ONCE):
            ip.send(packets[i % len(packets)])
    print("sent", FORGED, int((time.monotonic() - began) * 1000), flush=True)


def answer(ip, src, dst, rest):
    if how == "modified":
        rest = rest[:60] + bytes((rest[60] ^ 1,)) + rest[61:]
    if how == "cut":
        rest = rest[:44]
    body = message(ip, src, dst, rest)
    packet = ip.packet(src, dst, body)
    if how == "again":
        packet = first.setdefault(ip, packet)
    if how == "fragments":
        ip.send(ip.packet(src, dst, body[:48], 0, 1))
        ip.send(ip.packet(src, dst, body[48:], 48))
    elif how == "late":
        threading.Timer(10, ip.send, (packet,)).start()
    else:
        for _ in range(2 if how == "doubled" else 1):
            ip.send(packet)
    if how == "forged" and not first:
        first[ip] = packet
        threading.Thread(target=forge, args=(ip, src, dst, rest), daemon=True).start()


versions = {v.receiver: v for v in (Version4(), Version6())}
print("listening", flush=True)
while True:
    for ready in select.select(versions, (), ())[0]:
        client, server, icmp = versions[ready].receive()
        if icmp[0] == versions[ready].request:
            answer(versions[ready], server, client, icmp[4:])
