#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Write translate.hex: segments before and after they cross from one leg to the other.

    python3 tests/vectors/translate.py >tests/vectors/translate.hex

Both sides of a vector are built from numbers, with checksums summed over the
whole packet: nothing here is an incremental update or a walk over options. The
vectors called "design" are not built but given; they were checked against two
kernels' stacks.
"""
import struct

FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
NOP = b"\x01"
C4, S4 = bytes([192, 0, 2, 10]), bytes([198, 51, 100, 20])
C6 = bytes.fromhex("20010db8000100000000000000000011")
S6 = bytes.fromhex("20010db8000200000000000000000022")


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(">%dH" % (len(data) // 2), data)) % 0xFFFF
    # All that is summed here is more than zero, whose other form is 0xffff.
    return 0xFFFF - (total or 0xFFFF)


def ts(val, ecr):
    return struct.pack(">BBII", 8, 10, val % 2**32, ecr % 2**32)


def sack(*edges):
    return struct.pack(">BB%dI" % len(edges), 5, 2 + 4 * len(edges), *(e % 2**32 for e in edges))


def packet(src, dst, sport, dport, seq, ack, flags, win, opts=b"", data=b"", urg=0, ext=b"",
           partial=False, add=0):
    assert len(opts) % 4 == 0
    tcp = struct.pack(">HHIIHHHH", sport, dport, seq % 2**32, ack % 2**32,
                      (5 + len(opts) // 4) << 12 | flags, win, 0, urg) + opts + data
    pseudo = src + dst + struct.pack(">II", len(tcp), 6)
    total = 0xFFFF - checksum(pseudo) if partial else checksum(pseudo + tcp)
    total = (total + add) % 0xFFFF
    tcp = tcp[:16] + struct.pack(">H", total) + tcp[18:]
    if len(src) == 16:
        first = 60 if ext else 6
        return struct.pack(">IHBB", 6 << 28, len(ext) + len(tcp), first, 64) + src + dst + ext + tcp
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0x4000, 64, 6, 0) + src + dst
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + tcp


def emit(name, sender, before, after, seq=(0, 0), tsd=(0, 0), win=(0, 0, 0, 0), flags=0, pkt=0,
         tuples=None):
    print("name %s" % name)
    print("seq %x %x" % tuple(x % 2**32 for x in seq))
    print("ts %x %x" % tuple(x % 2**32 for x in tsd))
    print("win %x %x %x %x" % win)
    print("flags %x" % flags)
    print("pkt %x" % pkt)
    for leg, (ca, cp, sa, sp) in zip(("client", "server"), tuples or ()):
        print("leg %s %s %x %s %x" % (leg, ca.hex(), cp, sa.hex(), sp))
    print("from %s" % sender)
    print("in  %s" % before.hex())
    print("out %s" % after.hex())
    print("end")


def c2s(seq, ack, flags, win, v6=False, ends=None, **more):
    ca, cp, sa, sp = ends or ((C6, 40000, S6, 443) if v6 else (C4, 40000, S4, 80))
    return packet(ca, sa, cp, sp, seq, ack, flags, win, **more)


def s2c(seq, ack, flags, win, v6=False, ends=None, **more):
    ca, cp, sa, sp = ends or ((C6, 40000, S6, 443) if v6 else (C4, 40000, S4, 80))
    return packet(sa, ca, sp, cp, seq, ack, flags, win, **more)


def design():
    d, t = (0, 0x20), (0, 0x7FFF2000)
    emit("design S>C", "server", bytes.fromhex(
        "450000360000400040064e70c6336414c000020a00509c400000001111111112801001f6af1d0000"
        "0101080a80001005222200006869"), bytes.fromhex(
        "450000360000400040064e70c6336414c000020a00509c40fffffff111111112801001f64f3c0000"
        "0101080a0000f005222200006869"), d, t)
    emit("design C>S", "client", bytes.fromhex(
        "450000400000400040064e66c000020ac63364149c4000501111" "1112fffffff3b010003f83380000"
        "0101080a222200070000f0050101050afffffff500000010"), bytes.fromhex(
        "450000400000400040064e66c000020ac63364149c40005011111112" "00000013b010003fe2da0000"
        "0101080a22220007800010050101050a0000001500000030"), d, t)


def offsets():
    """Every offset that arithmetic could get wrong, both ways, both families."""
    for d in (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x12345678):
        for v6 in (False, True):
            t = (d * 3 + 1) % 2**32 if d else 0
            x, y = 0x7FFFFFF0, 0xFFFFFFFE
            blocks = (y + 1, y + 9, y + 20, y + 30)
            emit("E18 offset %x C>S %s" % (d, "v6" if v6 else "v4"), "client",
                 c2s(x, y, ACK | PSH, 500, v6, opts=ts(7, 9) + NOP * 4 + sack(*blocks),
                     data=b"odd"),
                 c2s(x, y + d, ACK | PSH, 500, v6,
                     opts=ts(7, 9 + t) + NOP * 4 + sack(*(b + d for b in blocks)), data=b"odd"),
                 (0, d), (0, t))
            emit("E18 offset %x S>C %s" % (d, "v6" if v6 else "v4"), "server",
                 s2c(y + d, x, ACK, 500, v6, opts=NOP * 2 + ts(9 + t, 7), data=b"even"),
                 s2c(y, x, ACK, 500, v6, opts=NOP * 2 + ts(9, 7), data=b"even"), (0, d), (0, t))


def general():
    """Both endpoints' numbers move."""
    seq, t = (0x11, 0x2200), (0x330000, 0x44000000)
    emit("both streams C>S", "client",
         c2s(100, 200, ACK, 9, opts=NOP * 2 + ts(300, 400) + NOP * 2 + sack(500, 600)),
         c2s(100 + 0x11, 200 + 0x2200, ACK, 9, opts=NOP * 2 + ts(300 + 0x330000, 400 + 0x44000000)
             + NOP * 2 + sack(500 + 0x2200, 600 + 0x2200)), seq, t)
    emit("both streams S>C", "server",
         s2c(100, 200, ACK, 9, opts=NOP * 2 + ts(300, 400) + NOP * 2 + sack(500, 600)),
         s2c(100 - 0x2200, 200 - 0x11, ACK, 9, opts=NOP * 2 + ts(300 - 0x44000000, 400 - 0x330000)
             + NOP * 2 + sack(500 - 0x11, 600 - 0x11)), seq, t)


def options():
    d, t = (0, 0xDEADBEEF), (0, 0xCAFEBABF)
    D, T = d[1], t[1]
    four = tuple(range(1000, 9000, 1000))
    moved = tuple(e + D for e in four)
    emit("four SACK blocks", "client", c2s(5, 6, ACK, 7, opts=NOP * 2 + sack(*four)),
         c2s(5, 6 + D, ACK, 7, opts=NOP * 2 + sack(*moved)), d, t)
    emit("four SACK blocks at an odd offset", "client",
         c2s(5, 6, ACK, 7, opts=NOP + sack(*four) + NOP),
         c2s(5, 6 + D, ACK, 7, opts=NOP + sack(*moved) + NOP), d, t)
    emit("D-SACK below the acknowledgment", "client",
         c2s(5, 5000, ACK, 7, opts=NOP * 2 + ts(1, 2) + NOP * 2 + sack(1000, 2000, 4000, 9000)),
         c2s(5, 5000 + D, ACK, 7, opts=NOP * 2 + ts(1, 2 + T) + NOP * 2
             + sack(1000 + D, 2000 + D, 4000 + D, 9000 + D)), d, t)
    emit("SACK edges from the server stay", "server",
         s2c(5, 6, ACK, 7, opts=NOP * 2 + sack(*four)),
         s2c(5 - D, 6, ACK, 7, opts=NOP * 2 + sack(*four)), d, t)
    for pad in range(4):
        name = "timestamps after %d NOPs" % pad
        fill = NOP * ((2 - pad) % 4)
        emit(name + " C>S", "client",
             c2s(5, 6, ACK, 7, opts=NOP * pad + ts(1, 2) + fill, data=b"x"),
             c2s(5, 6 + D, ACK, 7, opts=NOP * pad + ts(1, 2 + T) + fill, data=b"x"), d, t)
        emit(name + " S>C", "server", s2c(5, 6, ACK, 7, v6=True, opts=NOP * pad + ts(1, 2) + fill),
             s2c(5 - D, 6, ACK, 7, v6=True, opts=NOP * pad + ts(1 - T, 2) + fill), d, t)
    emit("E33 TSecr of zero in an ACK", "client", c2s(5, 6, ACK, 7, opts=NOP * 2 + ts(1, 0)),
         c2s(5, 6 + D, ACK, 7, opts=NOP * 2 + ts(1, T)), d, t)
    emit("E33 TSval goes round", "server", s2c(5, 6, ACK, 7, opts=NOP * 2 + ts(T - 1, 0)),
         s2c(5 - D, 6, ACK, 7, opts=NOP * 2 + ts(0xFFFFFFFF, 0)), d, t)
    emit("E33 no timestamps in mid-flow", "server", s2c(5, 6, ACK, 7), s2c(5 - D, 6, ACK, 7), d, t)
    emit("SACK of odd length is ignored", "client",
         c2s(5, 6, ACK, 7, opts=NOP + bytes([5, 11]) + b"\0" * 9),
         c2s(5, 6 + D, ACK, 7, opts=NOP + bytes([5, 11]) + b"\0" * 9), d, t)
    emit("SACK of six bytes is ignored", "client",
         c2s(5, 6, ACK, 7, opts=NOP * 2 + bytes([5, 6]) + b"\1\2\3\4"),
         c2s(5, 6 + D, ACK, 7, opts=NOP * 2 + bytes([5, 6]) + b"\1\2\3\4"), d, t)
    emit("options up to a fault count", "client",
         c2s(5, 6, ACK, 7, opts=ts(1, 2) + bytes([5, 30])),
         c2s(5, 6 + D, ACK, 7, opts=ts(1, 2 + T) + bytes([5, 30])), d, t)


def control():
    d, t = (0, 0x01020304), (0, 0x05060708)
    D, T = d[1], t[1]
    emit("RST without ACK, C>S: nothing moves", "client",
         c2s(5, 6, RST, 0, opts=NOP * 2 + ts(1, 2)),
         c2s(5, 6, RST, 0, opts=NOP * 2 + ts(1, 2)), d, t)
    emit("RST without ACK, S>C: SEQ and TSval alone", "server",
         s2c(5, 6, RST, 0, opts=NOP * 2 + ts(1, 2)),
         s2c(5 - D, 6, RST, 0, opts=NOP * 2 + ts(1 - T, 2)), d, t)
    emit("RST|ACK", "client", c2s(5, 6, RST | ACK, 0), c2s(5, 6 + D, RST | ACK, 0), d, t)
    emit("FIN", "server", s2c(5, 6, FIN | ACK, 3, v6=True, opts=NOP * 2 + ts(1, 2)),
         s2c(5 - D, 6, FIN | ACK, 3, v6=True, opts=NOP * 2 + ts(1 - T, 2)), d, t)
    emit("SYN without ACK", "client", c2s(5, 0, SYN, 9, opts=NOP * 2 + ts(1, 0)),
         c2s(5, 0, SYN, 9, opts=NOP * 2 + ts(1, 0)), d, t, (7, 7, 2, 2))
    emit("SYN|ACK: its window is not scaled", "server",
         s2c(5, 6, SYN | ACK, 65535, opts=NOP * 2 + ts(1, 2)),
         s2c(5 - D, 6, SYN | ACK, 65535, opts=NOP * 2 + ts(1 - T, 2)), d, t, (7, 7, 2, 2))
    emit("urgent pointer is relative", "server",
         s2c(5, 6, ACK | URG, 3, urg=77, data=b"abc"),
         s2c(5 - D, 6, ACK | URG, 3, urg=77, data=b"abc"), d, t)
    emit("IPv6 behind destination options", "server",
         s2c(5, 6, ACK, 3, v6=True, ext=bytes([6, 0, 1, 4, 0, 0, 0, 0]), data=b"abc"),
         s2c(5 - D, 6, ACK, 3, v6=True, ext=bytes([6, 0, 1, 4, 0, 0, 0, 0]), data=b"abc"), d, t)


def windows():
    rows = [("clipped", 0x4000, 7, 4, 0xFFFF), ("widened", 0x0101, 7, 4, 0x0808),
            ("narrowed", 0x0808, 4, 7, 0x0101), ("rounded down", 0x080F, 4, 7, 0x0101),
            ("kept open", 3, 0, 14, 1), ("closed", 0, 0, 14, 0),
            ("greatest", 0xFFFF, 14, 14, 0xFFFF),
            ("unscaled for a server without", 63, 10, 0, 64512)]
    for name, before, shift_in, shift_out, after in rows:
        emit("window %s C>S" % name, "client", c2s(5, 6, ACK, before), c2s(5, 6, ACK, after),
             win=(shift_in, 0, shift_out, 0))
        emit("window %s S>C" % name, "server", s2c(5, 6, ACK, before, v6=True),
             s2c(5, 6, ACK, after, v6=True), win=(0, shift_in, 0, shift_out))


def strips():
    d, t = (0, 0x20), (0, 0)
    blocks = sack(1, 2, 3, 4)
    for odd in (0, 1):
        lead, tail = NOP * (2 - odd), NOP * odd
        emit("SACK blanked toward the server, %d" % odd, "client",
             c2s(5, 6, ACK, 7, opts=lead + blocks + tail),
             c2s(5, 6 + 0x20, ACK, 7, opts=NOP * 20), d, t, flags=1)
        emit("SACK blanked toward the client, %d" % odd, "server",
             s2c(5, 6, ACK, 7, opts=lead + blocks + tail),
             s2c(5 - 0x20, 6, ACK, 7, opts=NOP * 20), d, t, flags=2)
        emit("timestamps blanked toward the server, %d" % odd, "client",
             c2s(5, 6, ACK, 7, opts=lead + ts(8, 9) + tail, data=b"y"),
             c2s(5, 6 + 0x20, ACK, 7, opts=NOP * 12, data=b"y"), d, t, flags=4)
        emit("timestamps blanked toward the client, %d" % odd, "server",
             s2c(5, 6, ACK, 7, v6=True, opts=lead + ts(8, 9) + tail),
             s2c(5 - 0x20, 6, ACK, 7, v6=True, opts=NOP * 12), d, t, flags=8)
    emit("blanked one way only", "server", s2c(5, 6, ACK, 7, opts=NOP * 2 + ts(8, 9)),
         s2c(5 - 0x20, 6, ACK, 7, opts=NOP * 2 + ts(8, 9)), d, t, flags=5)


def addresses():
    legs4 = ((C4, 40000, bytes([10, 0, 0, 1]), 8080), (bytes([10, 9, 8, 7]), 1025, S4, 80))
    legs6 = ((C6, 40000, bytes.fromhex("fd" + "ab" * 15), 8080),
             (bytes.fromhex("fc" + "7e" * 15), 1025, S6, 443))
    for name, legs in (("IPv4", legs4), ("IPv6", legs6)):
        opts = NOP * 2 + ts(1, 2)
        emit("addresses %s C>S" % name, "client",
             c2s(5, 6, ACK, 7, ends=legs[0], opts=opts, data=b"z"),
             c2s(5, 6 + 0x20, ACK, 7, ends=legs[1], opts=opts, data=b"z"), (0, 0x20), flags=16,
             tuples=legs)
        emit("addresses %s S>C" % name, "server",
             s2c(5, 6, ACK, 7, ends=legs[1], opts=opts), s2c(5 - 0x20, 6, ACK, 7, ends=legs[0],
             opts=opts), (0, 0x20), flags=16, tuples=legs)
        emit("addresses %s C>S, partial checksum" % name, "client",
             c2s(5, 6, ACK, 7, ends=legs[0], data=b"z", partial=True),
             c2s(5, 6 + 0x20, ACK, 7, ends=legs[1], data=b"z", partial=True), (0, 0x20), flags=16,
             pkt=4, tuples=legs)


def checksums():
    d, t = (0, 0x20), (0, 0x1234)
    opts, moved = NOP + ts(1, 2) + NOP, NOP + ts(1 - 0x1234, 2) + NOP
    emit("partial checksum", "server", s2c(5, 6, ACK, 7, opts=opts, data=b"abc", partial=True),
         s2c(5 - 0x20, 6, ACK, 7, opts=moved, data=b"abc", partial=True), d, t, pkt=4)
    for add in (1, 0x100, 0x7FFF):
        emit("E30 wrong checksum stays as wrong, %x" % add, "server",
             s2c(5, 6, ACK, 7, opts=opts, data=b"abc", add=add),
             s2c(5 - 0x20, 6, ACK, 7, opts=moved, data=b"abc", add=add), d, t)


print("""\
# Written by translate.py. All numbers are hexadecimal. Offsets are server leg minus client leg,
# first the client's numbers, then the server's; win is wscale_in of the client's and the server's
# windows, then wscale_out; flags are MPCONN_DELTA_F_*, pkt MPCONN_PKT_F_*.""")
for part in (design, offsets, general, options, control, windows, strips, addresses, checksums):
    part()
