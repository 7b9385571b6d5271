#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Prints tests/echo_vectors.h from doc/echo.md, written down a second time, or
with --page the vectors as they stand on that page.

Nothing of the library is used here. Run it only when the page changes.
"""

import struct
import sys

sys.dont_write_bytecode = True
from siphash import derive, fold, siphash  # noqa: E402

EPOCH = 0x21222324
ROOT = fold(bytes(range(16)))
OPTIONS = bytes.fromhex("020405b40402080a010203040000000001030307")
LINK = bytes.fromhex("02000000000202000000000108000304")
LABEL = 0xa5b6c  # of the client, in the session packet and in the echo
VLAN = bytes.fromhex("020000000002020000000001810000078a")


def total(data):
    data += bytes(len(data) % 2)
    s = sum(struct.unpack(">%dH" % (len(data) // 2), data))
    while s >> 16:
        s = (s & 0xffff) + (s >> 16)
    return s ^ 0xffff


def addresses(family):
    if family == 4:
        return bytes([192, 0, 2, 1]), bytes([198, 51, 100, 2])
    return (bytes.fromhex("20010db8000%d0000000000000000%s" % (i, last))
            for i, last in ((1, "0011"), (2, "0022")))


def ip(family, proto, body, extra=b"", sum_at=None):
    """A packet from client to server; `extra` is options or extension headers."""
    src, dst = addresses(family)
    if sum_at is not None:
        pseudo = src + dst + struct.pack(">II", len(body), proto if proto != 1 else 0)
        text = body if proto == 1 else pseudo + body
        body = body[:sum_at] + struct.pack(">H", total(text)) + body[sum_at + 2:]
    if family == 6:
        first = 0 if extra else proto
        head = struct.pack(">IHBB", 6 << 28 | LABEL, len(extra + body), first, 64) + src + dst
        return head + extra + body
    head = struct.pack(">BBHHHBBH", 0x45 + len(extra) // 4, 0, 20 + len(extra) + len(body), 0,
                       0x4000, 64, proto, 0) + src + dst + extra
    return head[:10] + struct.pack(">H", total(head)) + head[12:] + body


def tcp(family, flags, options=b"", text=b"", extra=b""):
    ack = 0 if flags == 2 else 0xa0b0c0d0
    body = struct.pack(">HHIIBBHHH", 40000, 443, 0x01020304, ack, (20 + len(options)) * 4, flags,
                       512, 0, 0) + options + text
    return ip(family, 6, body, extra, 16)


def hide(tag, plain):
    key, out = derive(ROOT, "echo stream", EPOCH), b""
    for at in range(0, len(plain), 16):
        block = siphash(key, tag + struct.pack(">I", at // 16), size=16)
        out += bytes(a ^ b for a, b in zip(plain[at:at + 16], block))
    return out


def echo(family, kind, link, packet, short=0):
    """`short` is what is carried of the packet, 0 for all."""
    plain = struct.pack(">BBHHIII", kind, len(link), 0x0102, 0x0304, 0x11121314, 0x15161718,
                        0x191a1b1c)
    if short:
        plain += struct.pack(">HII", len(packet), 0x31323334, 0x41424344) + packet[:short]
    else:
        plain += link + packet
    clear = struct.pack(">4sBBBBH", b"MPEC", 1, 1 if short else 0, EPOCH & 255, 0, len(plain))
    tag = siphash(derive(ROOT, "echo tag", EPOCH), clear + plain, size=16)
    icmp = struct.pack(">BBHHH", 8 if family == 4 else 128, 0, 0, 0x0506, 0x0708)
    return ip(family, 1 if family == 4 else 58, icmp + clear + hide(tag, plain) + tag, b"", 2)


def vectors():
    syn = tcp(4, 2, OPTIONS)
    yield "SYN, IPv4", syn, echo(4, 1, LINK, syn)
    syn = tcp(6, 2, OPTIONS, extra=bytes.fromhex("0600010400000000"))
    yield "SYN with an extension header, IPv6, tagged", syn, echo(6, 2, VLAN, syn)
    syn = tcp(4, 2, OPTIONS)
    yield "SYN, IPv4, short", syn, echo(4, 1, b"", syn, 40)
    data = tcp(4, 0x18, b"", b"odd", bytes.fromhex("94040000"))
    yield "data with an IP option, no link-layer header", data, echo(4, 3, b"", data)


def quoted(text, width=88):
    return "\n".join('     "%s"' % text[at:at + width] for at in range(0, len(text), width))


def print_page():
    print("<!-- Made by tests/vectors/echo.py; do not edit from here to the end. -->")
    for what, packet, request in vectors():
        print("\n%s:\n" % what)
        for name, text in (("packet", packet.hex()), ("request", request.hex())):
            print("%s\n\n```" % name)
            for at in range(0, len(text), 96):
                print(text[at:at + 96])
            print("```\n" if name == "packet" else "```")


def print_header():
    print("""/* SPDX-License-Identifier: BSD-2-Clause */
/* The vectors of doc/echo.md, made by tests/vectors/echo.py without the library. */
#ifndef MPCONN_TESTS_ECHO_VECTORS_H
#define MPCONN_TESTS_ECHO_VECTORS_H

typedef struct echo_vector {
    const char *what, *packet, *request;
} echo_vector;

static const echo_vector echo_vectors[] = {""")
    for what, packet, request in vectors():
        print('    {"%s",\n%s,\n%s},' % (what, quoted(packet.hex()), quoted(request.hex())))
    print("};\n\n#endif")


if "--page" in sys.argv:
    print_page()
else:
    print_header()
