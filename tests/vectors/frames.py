#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Prints tests/frame_vectors.h from doc/frames.md, written down a second time.

Nothing of the library is used here: the hash, the keys, the records and the
frames are made as the page says. Run it only when the page changes.
"""

import struct
import sys

sys.dont_write_bytecode = True
from siphash import derive, fold, number, siphash  # noqa: E402

# Type, name, fields as (name, bytes), as in the tables of the page.
W = {"FLAGS": 1, "CODE": 1, "GENERATION": 2, "HS": 2, "OPTIONS": 1, "PROXY_ISN": 4, "SERVER_ISN": 4,
     "SEQ_OFFSET": 4, "TS_OFFSET": 4, "CLIENT_TS": 4, "PROXY_TS": 4, "SERVER_TS": 4,
     "CLIENT_WINDOW": 2, "SERVER_WINDOW": 2, "SERVER_MSS": 2, "CLIENT_END": 4, "SERVER_END": 4,
     "CLIENT_ROOM": 4, "SERVER_ROOM": 4, "CLIENT_SCALE": 2, "SERVER_SCALE": 2, "LIFE": 1,
     "IDLE": 2, "STAMP": 4, "CONTROL": 2, "SEQ": 4, "ACKED": 4, "WINDOW": 2, "MSS": 2, "SCALE": 1,
     "TSVAL": 4, "TSECR": 4}
TYPES = [
    (2, "CLIENT_TS"),
    (3, "FLAGS HS PROXY_ISN CLIENT_TS PROXY_TS CLIENT_WINDOW"),
    (4, "FLAGS OPTIONS SERVER_ISN SERVER_TS SERVER_WINDOW SERVER_MSS"),
    (5, "GENERATION HS OPTIONS SERVER_ISN SEQ_OFFSET TS_OFFSET CLIENT_TS SERVER_TS CLIENT_WINDOW "
        "SERVER_WINDOW SERVER_MSS"),
    (6, "GENERATION"),
    (7, "FLAGS GENERATION HS OPTIONS SEQ_OFFSET TS_OFFSET CLIENT_END SERVER_END CLIENT_ROOM "
        "SERVER_ROOM CLIENT_SCALE SERVER_SCALE LIFE IDLE SERVER_MSS "
        "STAMP"),
    (8, "FLAGS"),
    (9, "CODE"),
    (10, "GENERATION CODE"),
    (11, "SERVER_ISN"),
    (12, "FLAGS"),
    (13, "CODE"),
    (14, "FLAGS HS CLIENT_TS CLIENT_WINDOW"),
    (21, "FLAGS CONTROL SEQ ACKED WINDOW MSS SCALE TSVAL TSECR"),
    (22, "CODE"),
]

# Records about sessions, the same; A0 and A1 are addresses of that side's family.
SIDE = {"LOCAL": "A", "LOCAL_PORT": 2, "EXPECT": "A", "EXPECT_PORT": 2, "PREFIX": 1, "LATCH": 1,
        "REMOTE": "A", "PORT": 2, "ISN": 4, "TSVAL": 4, "WINDOW": 2, "MSS": 2, "SCALE": 1,
        "OPTIONS": 1, "TRIES": 1, "AGE": 4, "GAP": 4}
SESSION_W = {"FAMILIES": 1, "VERSION": 2, "PAIR_GENERATION": 4, "WHY": 2, "SESSION_ZONE": 2,
             "MAX_MSS": 2, "ROLE": 1, "ANSWERS": 1, "STALE_STAMPS": 1, "CANDIDATES": 1,
             "SESSION_FLAGS": 4, "WAIT": 4, "FRESH": 4, "CONFIRM": 4, "RELATCH": 4, "JOINT_MSS": 2,
             "JOINT": 1, "CONFIRMED": 1, "LEVEL": 1, "PLACE": 2}
SUMS = ["SUM_" + letter for letter in "ABCDEFGHIJKLMNOP"]
SESSION_W.update((field, 4) for field in SUMS)
# The field that holds no more than 1 plus the remainder of ...
SESSION_BOUND = {"CONFIRMED": 3, "LEVEL": 2, "PLACE": 15}
SESSION_TYPES = {
    15: "FAMILIES VERSION LOCAL_0 LOCAL_PORT_0 EXPECT_0 EXPECT_PORT_0 PREFIX_0 LATCH_0 LOCAL_1 "
        "LOCAL_PORT_1 EXPECT_1 EXPECT_PORT_1 PREFIX_1 LATCH_1 SESSION_ZONE MAX_MSS ROLE ANSWERS "
        "STALE_STAMPS CANDIDATES SESSION_FLAGS WAIT FRESH CONFIRM RELATCH",
    16: "FAMILIES REMOTE_0 PORT_0 ISN_0 TSVAL_0 WINDOW_0 MSS_0 SCALE_0 OPTIONS_0 TRIES_0 AGE_0 "
        "GAP_0 REMOTE_1 PORT_1 ISN_1 TSVAL_1 WINDOW_1 MSS_1 SCALE_1 OPTIONS_1 TRIES_1 AGE_1 GAP_1 "
        "WHY",
    17: "FAMILIES PAIR_GENERATION JOINT_MSS JOINT CONFIRMED REMOTE_0 PORT_0 ISN_0 TSVAL_0 "
        "WINDOW_0 MSS_0 SCALE_0 REMOTE_1 PORT_1 ISN_1 TSVAL_1 WINDOW_1 MSS_1 SCALE_1 ROLE",
    18: "VERSION PAIR_GENERATION WHY",
    19: "LEVEL PLACE " + " ".join(SUMS),
}


ROOT = fold(bytes(range(16)))
TAG = derive(ROOT, "mpconn frame")
CLUSTER = number(derive(ROOT, "mpconn cluster")[:8]) & 0xffffffff
ORDER = derive(ROOT, "mpconn order")
CHALLENGE = bytes(range(16))


def frame(destination, sequence, records):
    text = struct.pack(">HBBHHIIQQ", 0x4d43, 0x10, 0, 1, destination, CLUSTER, 0x21222324,
                       0x1112131415161719, sequence) + records
    return text + siphash(TAG, text, size=16)


def hello(entries):
    body = b"\0"
    for member, changes, answer in entries:
        challenge = number(siphash(CHALLENGE, struct.pack(">HQ", member, changes))) | 1
        body += struct.pack(">HQQ", member, challenge, answer)
    return bytes([0x81, len(body)]) + body


class Names:
    def __init__(self):
        self.last = None

    def name(self, family, zone, client, cport, server, sport, x):
        now = (family, zone, client, cport, server, sport, x)
        last, self.last = self.last, now
        ref = 1 if family == 6 else 0
        if last == now:
            return bytes([ref | 2])
        same_server = last is not None and (last[0], last[4], last[5]) == (family, server, sport)
        same_client = last is not None and (last[0], last[2]) == (family, client)
        ref |= (4 if same_server else 0) | (8 if same_client else 0) | (16 if zone else 0)
        return (bytes([ref]) + (struct.pack(">H", zone) if zone else b"") +
                (b"" if same_client else client) + struct.pack(">H", cport) +
                (b"" if same_server else server + struct.pack(">H", sport)) +
                struct.pack(">I", x))


def record(names, k, name, wanted, leg=b""):
    kind, fields = TYPES[k]
    fields = fields.split()
    mask, body = 0, b""
    for i, field in enumerate(fields):
        if wanted(i):
            mask |= 1 << i
            value = 0x01020304 * (i + 1) % (1 << 8 * W[field])
            assert value != 0
            body += value.to_bytes(W[field], "big")
    text = names.name(*name) + mask.to_bytes(2 if len(fields) > 8 else 1, "big") + body
    if leg:
        text += bytes([0x81, len(leg)]) + leg
    return bytes([0x80 | kind, len(text)]) + text


def session_value(field, place, families):
    """What a field holds in the vector: 01020304 times its place, as far as it can."""
    if field == "FAMILIES":
        return bytes([families])
    value = 0x01020304 * place
    if field[-2:] not in ("_0", "_1"):
        if field in SESSION_BOUND:
            value = 1 + value % (1 << 32) % SESSION_BOUND[field]
        return (value % (1 << 8 * SESSION_W[field])).to_bytes(SESSION_W[field], "big")
    name, ipv6 = field[:-2], families >> int(field[-1]) & 1
    if SIDE[name] == "A":
        return (bytes.fromhex("20010db8") + bytes(11) if ipv6 else bytes([192, 0, 2])) + bytes(
            [place])
    if name == "PREFIX":
        value = 1 + value % (1 << 32) % (128 if ipv6 else 32)
    if name == "SCALE":
        value = 1 + value % (1 << 32) % 15
    return (value % (1 << 8 * SIDE[name])).to_bytes(SIDE[name], "big")


def session_record(kind, name, families, without):
    fields = SESSION_TYPES[kind].split()
    mask, body = 0, b""
    for i, field in enumerate(fields):
        value = session_value(field, i + 1, families)
        if any(value) and not without(field):
            mask |= 1 << i
            body += value
    text = bytes([len(name)]) + name + mask.to_bytes((len(fields) + 7) // 8, "big") + body
    return bytes([0x80 | kind, len(text)]) + text


def addr(k, side):
    if k is None:
        return bytes([192, 0, 2, 10]) if side == 0 else bytes([198, 51, 100, 20])
    last = (10 if side == 0 else 20) + k
    return bytes.fromhex("20010db8") + bytes(11) + bytes([last])


def server_leg(k):
    client, server = ((bytes([0xfd]) + bytes(14) + bytes([n]) for n in (1, 8)) if k % 2 else
                      (bytes([10, 8, 0, n]) for n in (1, 8)))
    return client + struct.pack(">H", 41000) + server + struct.pack(">H", 8080)


def vectors():
    yield "nothing to say", frame(2, 1, b"")
    yield "greeting of two members", frame(
        0xffff, 2, hello([(2, 0, 0), (3, 7, 0x4142434445464749)]))
    names = Names()
    yield "every record, every field, one connection", frame(2, 3, b"".join(
        record(names, k, (4, 0, addr(None, 0), 40000, addr(None, 1), 80, 0xfffffff0),
               lambda i: True) for k in range(len(TYPES))))
    names, out = Names(), b""
    for k in range(len(TYPES)):
        step = k % 4
        group = k // 4
        out += record(names, k,
                      (6, 5 if k >= 8 else 0, addr(group * 2 + (step > 0), 0),
                       40000 + (step > 1), addr(group, 1), 443, group),
                      lambda i: i % 2 == k % 2)
    yield "every record, every other field, references of all kinds", frame(2, 1 << 32, out)
    names, out = Names(), b""
    for k, kind in enumerate((1, 2, 3, 5)):
        name = ((4, 0, addr(None, 0), 40000, addr(None, 1), 80, 0) if k < 2 else
                (6, 0, addr(0, 0), 40000, addr(0, 1), 443, 0))
        out += record(names, kind, name, lambda i: i % 2 == k % 2, server_leg(k))
    yield "server legs that show something else than the client legs", frame(2, 5, out)
    yield "every record about sessions", session_vector()


def session_vector():
    def of_side(side):
        return lambda field: field.endswith("_%d" % (1 - side))
    return frame(2, 6, b"".join([
        session_record(15, b"a" * 31, 2, lambda field: False),
        session_record(16, b"b", 0, of_side(0)),
        session_record(16, b"cc", 2, of_side(1)),
        session_record(17, b"ddd", 2, lambda field: False),
        session_record(18, b"eeee", 0, lambda field: field == "PAIR_GENERATION"),
        session_record(18, b"f" * 5, 0, lambda field: field == "VERSION"),
        session_record(19, b"", 0, lambda field: False),
    ]))


def registrar(family, zone, client, cport, server, sport, ids):
    text = (struct.pack(">BH", family, zone) + client.ljust(16, b"\0") + server.ljust(16, b"\0") +
            struct.pack(">HH", cport, sport))
    connection = number(siphash(ORDER, text, 1, 3))
    return max(ids, key=lambda m: (number(siphash(ORDER, struct.pack(">QH", connection, m), 1, 3)),
                                   -m))


def quoted(text, width=88):
    for at in range(0, len(text), width):
        yield '     "' + text[at:at + width] + '"'


print("""/* SPDX-License-Identifier: BSD-2-Clause */
/* The vectors of doc/frames.md, made by tests/vectors/frames.py without the library. Cluster key
 * 00 01 .. 0f, which is also the challenge key; sender 1. tests/frame_check.h says what the records
 * hold. */
#ifndef MPCONN_TESTS_FRAME_VECTORS_H
#define MPCONN_TESTS_FRAME_VECTORS_H

typedef struct frame_vector {
    const char *what, *hex;
} frame_vector;

static const frame_vector frame_vectors[] = {""")
for what, text in vectors():
    print('    {"%s",' % what)
    print("\n".join(quoted(text.hex())) + "},")
print("""};

/* Who of members 1 to 8 is registrar of the IPv4 connection of the vectors from port 40000 on. */
static const unsigned char registrar_vectors[] = {""")
ids = [registrar(4, 0, addr(None, 0), 40000 + i, addr(None, 1), 80, range(1, 9)) for i in range(24)]
print("    " + ", ".join(map(str, ids)) + "\n};\n\n#endif")
if "--key" in sys.argv:
    print("cluster %08x tag %s" % (CLUSTER, TAG.hex()), file=sys.stderr)
