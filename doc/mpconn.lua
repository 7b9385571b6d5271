-- SPDX-License-Identifier: BSD-2-Clause
--
-- Wireshark and tshark: shows the frames that members exchange, as doc/frames.md has them. Put it
-- into the folder of personal Lua plugins (Help, About, Folders), or
--
--     tshark -X lua_script:mpconn.lua -r capture
--
-- Frames in UDP are known by their beginning, whatever the port; shorter ones only where a frame
-- was before, on the port of the preference mpconn.port, or by Decode As. A carrier of another
-- kind can call Dissector.get("mpconn").
--
-- Fields are mpconn.* of a frame and mpconn.record.* of a record. What a record takes from the one
-- before it is there, too, in brackets, so filters see every record with its whole name. Tags are
-- not checked and sealed frames not opened: that takes the key.
--
-- Echoes that carry session packets (doc/echo.md) are known by their magic; fields are
-- mpconn_echo.*. Of them, too, only what is in the clear is shown.

-- Made by tests/print_dissector; do not edit from here
local MAGIC, MAJOR, HEADER, TAG = 0x4d43, 1, 32, 16
local SEALED, MUST_KNOW = 0x01, 0xf0
local EVERYBODY = 65535
local ECHO_MAGIC, ECHO_VERSION, ECHO_SHORT = 0x4d504543, 1, 0x01
local ECHO_CLEAR, ECHO_TAG = 10, 16
local CRITICAL, HELLO, HELLO_ENTRY = 0x80, 1, 18

-- what the server leg shows, and types that can say so
local BINDING = 0x81
local HAS_LEG = { [3] = true, [4] = true, [5] = true, [7] = true, }

-- bytes and meaning of each field
local FIELDS = {
    FLAGS = { 1, "flags of the record type, see below" },
    CODE = { 1, "REPLY, ACK, PATH: see below; CLOSE: why, an mpconn_reason" },
    GENERATION = { 2, "orders the incarnations of a connection (rule R3)" },
    HS = { 2, "what client and cluster agreed to: the handshake word" },
    OPTIONS = { 1, "what the server's SYN|ACK agreed to" },
    PROXY_ISN = { 4, "y: number shown to the client" },
    SERVER_ISN = { 4, "z: number of the server" },
    SEQ_OFFSET = { 4, "D = z - y" },
    TS_OFFSET = { 4, "T: server's timestamp minus ours" },
    CLIENT_TS = { 4, "latest timestamp of the client" },
    PROXY_TS = { 4, "timestamp of our SYN|ACK" },
    SERVER_TS = { 4, "timestamp of the server's SYN|ACK" },
    CLIENT_WINDOW = { 2, "window of the client's proof, unscaled" },
    SERVER_WINDOW = { 2, "window of the server's SYN|ACK" },
    SERVER_MSS = { 2, "MSS of the server's SYN|ACK; DELTA: if clients exceed it" },
    CLIENT_END = { 4, "next sequence number of the client" },
    SERVER_END = { 4, "next sequence number of the server, in its own numbers" },
    CLIENT_ROOM = { 4, "bytes beyond CLIENT_END that the server allowed" },
    SERVER_ROOM = { 4, "bytes beyond SERVER_END that the client allowed" },
    CLIENT_SCALE = { 2, "greatest window granted to the client, in 16 KiB" },
    SERVER_SCALE = { 2, "greatest window granted to the server, in 16 KiB" },
    LIFE = { 1, "state and life bits of the flow" },
    IDLE = { 2, "seconds since the sender saw a segment of it, rounded down" },
    STAMP = { 4, "timestamp that the sender would put on a segment of the server now" },
    CONTROL = { 2, "control bits of a TCP segment" },
    SEQ = { 4, "its sequence number" },
    ACKED = { 4, "its acknowledgment number" },
    WINDOW = { 2, "its window" },
    MSS = { 2, "its MSS option, 0: none" },
    SCALE = { 1, "its window scale option and 1, 0: none" },
    TSVAL = { 4, "its timestamp" },
    TSECR = { 4, "the timestamp that it echoes" },
}

-- name and meaning of each type that names a connection, and its fields by the bits of the mask
local TYPES = {
    [2] = { "SHARE", "a client's SYN was answered here", {
        "CLIENT_TS",
    } },
    [3] = { "DRIVE", "the client proved itself here; the server leg is being opened", {
        "FLAGS", "HS", "PROXY_ISN", "CLIENT_TS", "PROXY_TS",
        "CLIENT_WINDOW",
    } },
    [4] = { "ANSWER", "the server's SYN|ACK came here", {
        "FLAGS", "OPTIONS", "SERVER_ISN", "SERVER_TS", "SERVER_WINDOW",
        "SERVER_MSS",
    } },
    [5] = { "COMMIT", "the registrar decided the difference", {
        "GENERATION", "HS", "OPTIONS", "SERVER_ISN", "SEQ_OFFSET",
        "TS_OFFSET", "CLIENT_TS", "SERVER_TS", "CLIENT_WINDOW", "SERVER_WINDOW",
        "SERVER_MSS",
    } },
    [6] = { "STALE", "another incarnation stands in the way", {
        "GENERATION",
    } },
    [7] = { "DELTA", "a settled flow", {
        "FLAGS", "GENERATION", "HS", "OPTIONS", "SEQ_OFFSET",
        "TS_OFFSET", "CLIENT_END", "SERVER_END", "CLIENT_ROOM", "SERVER_ROOM",
        "CLIENT_SCALE", "SERVER_SCALE", "LIFE", "IDLE", "SERVER_MSS",
        "STAMP",
    } },
    [8] = { "QUERY", "who knows this connection?", {
        "FLAGS",
    } },
    [9] = { "REPLY", "what the sender does not know, or knows to be dead", {
        "CODE",
    } },
    [10] = { "CLOSE", "the incarnation is over", {
        "GENERATION", "CODE",
    } },
    [11] = { "REACK", "the server repeats its SYN|ACK", {
        "SERVER_ISN",
    } },
    [12] = { "RST_SEEN", "the server refused, or our SYN does not get there", {
        "FLAGS",
    } },
    [13] = { "ACK", "a record was taken", {
        "CODE",
    } },
    [14] = { "PLAIN", "a SYN was passed on here: its connection is not split", {
        "FLAGS", "HS", "CLIENT_TS", "CLIENT_WINDOW",
    } },
    [21] = { "SAY", "a segment without data, or an error, that is to leave elsewhere", {
        "FLAGS", "CONTROL", "SEQ", "ACKED", "WINDOW",
        "MSS", "SCALE", "TSVAL", "TSECR",
    } },
    [22] = { "PATH", "whether what the server says to this client comes here", {
        "CODE",
    } },
}

-- the same about sessions; "A0", "A1": an address of that side's IP version
local SESSION_FIELDS = {
    FAMILIES = { 1, "bit 0, bit 1: addresses of side 0, 1 are of IPv6" },
    VERSION = { 2, "of the configuration: grows with each change" },
    PAIR_GENERATION = { 4, "which pair of the session, from 1" },
    WHY = { 2, "an mpconn_reason; REQUEST: what the client says that was called" },
    LOCAL_0 = { "A0", "address that client 0 calls" },
    LOCAL_1 = { "A1", "address that client 1 calls" },
    LOCAL_PORT_0 = { 2, "port that client 0 calls" },
    LOCAL_PORT_1 = { 2, "port that client 1 calls" },
    EXPECT_0 = { "A0", "where client 0 is expected to call from" },
    EXPECT_1 = { "A1", "where client 1 is expected to call from" },
    EXPECT_PORT_0 = { 2, "the same, its port" },
    EXPECT_PORT_1 = { 2, "the same, its port" },
    PREFIX_0 = { 1, "bits of EXPECT_0 that count" },
    PREFIX_1 = { 1, "bits of EXPECT_1 that count" },
    LATCH_0 = { 1, "an mpconn_latch" },
    LATCH_1 = { 1, "an mpconn_latch" },
    SESSION_ZONE = { 2, "zone of its packets" },
    MAX_MSS = { 2, "MSS told to either client at most" },
    ROLE = { 1, "an mpconn_role; PAIR: by which one client was called" },
    ANSWERS = { 1, "an mpconn_answer" },
    STALE_STAMPS = { 1, "an mpconn_stale" },
    CANDIDATES = { 1, "sources that are kept for a termination" },
    SESSION_FLAGS = { 4, "MPCONN_SESSION_F_*" },
    WAIT = { 4, "how long a SYN counts at most, in ms" },
    FRESH = { 4, "age from which a SYN is stale, in ms" },
    CONFIRM = { 4, "time to acknowledge, in ms" },
    RELATCH = { 4, "silence before a new source counts, in ms" },
    REMOTE_0 = { "A0", "where client 0 calls from" },
    REMOTE_1 = { "A1", "where client 1 calls from" },
    PORT_0 = { 2, "the same, its port" },
    PORT_1 = { 2, "the same, its port" },
    ISN_0 = { 4, "initial sequence number of client 0" },
    ISN_1 = { 4, "initial sequence number of client 1" },
    TSVAL_0 = { 4, "timestamp of client 0's latest SYN" },
    TSVAL_1 = { 4, "timestamp of client 1's latest SYN" },
    WINDOW_0 = { 2, "window of client 0's SYN" },
    WINDOW_1 = { 2, "window of client 1's SYN" },
    MSS_0 = { 2, "MSS of client 0's SYN" },
    MSS_1 = { 2, "MSS of client 1's SYN" },
    SCALE_0 = { 1, "window scale of client 0, 15: none; PAIR: as it is in use" },
    SCALE_1 = { 1, "window scale of client 1, 15: none; PAIR: as it is in use" },
    OPTIONS_0 = { 1, "options of client 0's SYN" },
    OPTIONS_1 = { 1, "options of client 1's SYN" },
    TRIES_0 = { 1, "SYNs of client 0 with this number" },
    TRIES_1 = { 1, "SYNs of client 1 with this number" },
    AGE_0 = { 4, "time since client 0's latest SYN, in ms" },
    AGE_1 = { 4, "time since client 1's latest SYN, in ms" },
    GAP_0 = { 4, "time between its last two, in ms" },
    GAP_1 = { 4, "time between its last two, in ms" },
    JOINT_MSS = { 2, "MSS told to both" },
    JOINT = { 1, "options that both have" },
    CONFIRMED = { 1, "bit 0, bit 1: client 0, 1 has acknowledged" },
    LEVEL = { 1, "of the sums, from 0" },
    PLACE = { 2, "above the sums, on its level" },
    SUM_A = { 4, "sum of the sessions of place 0 of these" },
    SUM_B = { 4, "sum of the sessions of place 1 of these" },
    SUM_C = { 4, "sum of the sessions of place 2 of these" },
    SUM_D = { 4, "sum of the sessions of place 3 of these" },
    SUM_E = { 4, "sum of the sessions of place 4 of these" },
    SUM_F = { 4, "sum of the sessions of place 5 of these" },
    SUM_G = { 4, "sum of the sessions of place 6 of these" },
    SUM_H = { 4, "sum of the sessions of place 7 of these" },
    SUM_I = { 4, "sum of the sessions of place 8 of these" },
    SUM_J = { 4, "sum of the sessions of place 9 of these" },
    SUM_K = { 4, "sum of the sessions of place 10 of these" },
    SUM_L = { 4, "sum of the sessions of place 11 of these" },
    SUM_M = { 4, "sum of the sessions of place 12 of these" },
    SUM_N = { 4, "sum of the sessions of place 13 of these" },
    SUM_O = { 4, "sum of the sessions of place 14 of these" },
    SUM_P = { 4, "sum of the sessions of place 15 of these" },
}
local SESSION_TYPES = {
    [15] = { "SESSION", "the configuration of a session", {
        "FAMILIES", "VERSION", "LOCAL_0", "LOCAL_PORT_0", "EXPECT_0",
        "EXPECT_PORT_0", "PREFIX_0", "LATCH_0", "LOCAL_1", "LOCAL_PORT_1",
        "EXPECT_1", "EXPECT_PORT_1", "PREFIX_1", "LATCH_1", "SESSION_ZONE",
        "MAX_MSS", "ROLE", "ANSWERS", "STALE_STAMPS", "CANDIDATES",
        "SESSION_FLAGS", "WAIT", "FRESH", "CONFIRM", "RELATCH",
    } },
    [16] = { "REQUEST", "a client of one side called, or answers that it was called", {
        "FAMILIES", "REMOTE_0", "PORT_0", "ISN_0", "TSVAL_0",
        "WINDOW_0", "MSS_0", "SCALE_0", "OPTIONS_0", "TRIES_0",
        "AGE_0", "GAP_0", "REMOTE_1", "PORT_1", "ISN_1",
        "TSVAL_1", "WINDOW_1", "MSS_1", "SCALE_1", "OPTIONS_1",
        "TRIES_1", "AGE_1", "GAP_1", "WHY",
    } },
    [17] = { "PAIR", "the registrar joined two clients; and who of them has acknowledged", {
        "FAMILIES", "PAIR_GENERATION", "JOINT_MSS", "JOINT", "CONFIRMED",
        "REMOTE_0", "PORT_0", "ISN_0", "TSVAL_0", "WINDOW_0",
        "MSS_0", "SCALE_0", "REMOTE_1", "PORT_1", "ISN_1",
        "TSVAL_1", "WINDOW_1", "MSS_1", "SCALE_1", "ROLE",
    } },
    [18] = { "SESSION_END", "VERSION: the session is removed; PAIR_GENERATION: pairs up to that are over", {
        "VERSION", "PAIR_GENERATION", "WHY",
    } },
    [19] = { "SESSION_SUMS", "what sessions the sender has; no name", {
        "LEVEL", "PLACE", "SUM_A", "SUM_B", "SUM_C",
        "SUM_D", "SUM_E", "SUM_F", "SUM_G", "SUM_H",
        "SUM_I", "SUM_J", "SUM_K", "SUM_L", "SUM_M",
        "SUM_N", "SUM_O", "SUM_P",
    } },
}

-- bits of FLAGS and values of CODE
local CODES = {
    { 1, "DRIVE", "FLAGS", "does anybody know a commit of it?" },
    { 1, "ANSWER", "FLAGS", "nothing is known here of who drives" },
    { 1, "DELTA", "FLAGS", "the flow is split, not only tracked" },
    { 2, "DELTA", "FLAGS", "the server opened it" },
    { 4, "DELTA", "FLAGS", "the server was heard: its number is certain" },
    { 8, "DELTA", "FLAGS", "somebody spoke after its RST, which counts for nobody" },
    { 16, "DELTA", "FLAGS", "the server's segments may not become longer" },
    { 32, "DELTA", "FLAGS", "both endpoints called" },
    { 64, "DELTA", "FLAGS", "one of those comes from elsewhere: an answer is awaited" },
    { 1, "QUERY", "FLAGS", "the segment comes from the server" },
    { 1, "REPLY", "CODE", "nothing is known" },
    { 2, "REPLY", "CODE", "the number is over" },
    { 3, "REPLY", "CODE", "somebody drives it; a commit will follow" },
    { 1, "RST_SEEN", "FLAGS", "it was an ICMP error: it takes more than one" },
    { 1, "PLAIN", "FLAGS", "the server opened it" },
    { 1, "SAY", "FLAGS", "it goes to the server" },
    { 2, "SAY", "FLAGS", "with SACK-permitted" },
    { 4, "SAY", "FLAGS", "with timestamps" },
    { 8, "SAY", "FLAGS", "who sends it says so (PATH)" },
    { 16, "SAY", "FLAGS", "no segment: what its receiver sent with SEQ, WINDOW bytes long, is above an MTU of MSS" },
    { 32, "SAY", "FLAGS", "nobody else was asked: who cannot send it says so (PATH)" },
    { 1, "PATH", "CODE", "an echo came back here" },
    { 2, "PATH", "CODE", "an echo of the short form came back here" },
    { 3, "PATH", "CODE", "what was asked for (SAY) was sent" },
    { 4, "PATH", "CODE", "no way to the client is known here" },
    { 5, "PATH", "CODE", "no way to the server is known here" },
    { 1, "ACK", "CODE", "the commit was taken" },
    { 2, "ACK", "CODE", "the server was heard after the commit" },
}

-- fields that are made of several numbers: bits, name and meaning of each
local PARTS = {
    { "HS", 0x8000, "PARITY", "parity of the epoch of the cookie that the client accepted" },
    { "HS", 0x4000, "TIMESTAMPS", "timestamps" },
    { "HS", 0x2000, "ECN", "ECN" },
    { "HS", 0x1000, "SACK", "SACK" },
    { "HS", 0x0f00, "WSCALE_PROXY", "window scale told to the client, 15: none" },
    { "HS", 0x00f0, "WSCALE_CLIENT", "window scale of the client, 15: none" },
    { "HS", 0x000e, "MSS", "MSS of the client, rounded down, as index" },
    { "OPTIONS", 0x40, "ECN", "ECN" },
    { "OPTIONS", 0x20, "TIMESTAMPS", "timestamps" },
    { "OPTIONS", 0x10, "SACK", "SACK" },
    { "OPTIONS", 0x0f, "WSCALE", "window scale of the server, 15: none" },
    { "LIFE", 0x03, "STATE", "state" },
    { "LIFE", 0x04, "RST_OF_SERVER", "with RST: the server sent it, otherwise the client" },
    { "LIFE", 0x08, "FIN_CLIENT", "FIN of the client seen" },
    { "LIFE", 0x10, "FIN_SERVER", "FIN of the server seen" },
    { "LIFE", 0x20, "RST", "exact RST seen, nobody spoke since" },
    { "LIFE", 0x40, "LOOSE_FIN_CLIENT", "FIN of the client beyond a gap" },
    { "LIFE", 0x80, "LOOSE_FIN_SERVER", "FIN of the server beyond a gap" },
}

local MSS = { [0] = "536", "1024", "1220", "1300", "1380", "1440", "1460", "8960" }
local STATE = { [0] = "OPEN", "CLIENT_DONE", "SERVER_DONE", "CLOSED" }
-- to here.

local proto = Proto("mpconn", "Members of one connection")
local f = {}

-- Fields ---------------------------------------------------------------------------------------

local function field(key, kind, ...)
    f[key] = ProtoField[kind]("mpconn." .. key, ...)
end

local function pick(of, n)
    local chosen = {}
    for key, entry in pairs(of) do
        chosen[key] = entry[n]
    end
    return chosen
end

local names = pick(TYPES, 1)
names[HELLO] = "HELLO"
for number, layout in pairs(SESSION_TYPES) do
    names[number] = layout[1]
end
local shown_types = {}
for number, name in pairs(names) do
    shown_types[bit.bor(number, CRITICAL)] = name
end

field("magic", "uint16", "Magic", base.HEX)
field("version.major", "uint8", "Major version", base.DEC, nil, 0xf0)
field("version.minor", "uint8", "Minor version", base.DEC, nil, 0x0f)
field("flags", "uint8", "Flags", base.HEX)
field("flags.sealed", "bool", "Records are encrypted", 8, nil, SEALED)
field("flags.must_know", "uint8", "To be known or refused", base.HEX, nil, MUST_KNOW)
field("sender", "uint16", "Sender", base.DEC)
field("destination", "uint16", "Destination", base.DEC)
field("cluster", "uint32", "Cluster", base.HEX)
field("epoch", "uint32", "Epoch", base.DEC)
field("boot", "uint64", "Boot", base.HEX)
field("sequence", "uint64", "Sequence", base.DEC)
field("sealed", "bytes", "Sealed records and tag")
field("tag", "bytes", "Tag")

field("record", "none", "Record")
field("record.type", "uint8", "Type", base.HEX, shown_types)
field("record.length", "uint8", "Length", base.DEC)
field("record.body", "bytes", "Body")
field("record.reference", "uint8", "Reference", base.HEX)
field("record.reference.ipv6", "bool", "IPv6", 8, nil, 0x01)
field("record.reference.all", "bool", "All as before", 8, nil, 0x02)
field("record.reference.server", "bool", "Server as before", 8, nil, 0x04)
field("record.reference.client", "bool", "Client's address as before", 8, nil, 0x08)
field("record.reference.zone", "bool", "Zone follows", 8, nil, 0x10)
field("record.zone", "uint16", "Zone", base.DEC)
field("record.client.ipv4", "ipv4", "Client")
field("record.client.ipv6", "ipv6", "Client")
field("record.client.port", "uint16", "Client's port", base.DEC)
field("record.server.ipv4", "ipv4", "Server")
field("record.server.ipv6", "ipv6", "Server")
field("record.server.port", "uint16", "Server's port", base.DEC)
field("record.x", "uint32", "x", base.DEC, nil, nil, "the client's initial sequence number")
field("record.mask", "uint16", "Mask", base.HEX)

field("hello.mark", "uint8", "Mark of the profile", base.HEX)
field("hello.entry", "none", "Entry")
field("hello.member", "uint16", "Member", base.DEC)
field("hello.challenge", "uint64", "Challenge", base.HEX)
field("hello.answer", "uint64", "Answer", base.HEX)

field("extension", "none", "Extension")
field("extension.id", "uint8", "Id", base.HEX)
field("extension.length", "uint8", "Length", base.DEC)
field("extension.bytes", "bytes", "Bytes")
field("binding.client.ipv4", "ipv4", "Client on the server leg")
field("binding.client.ipv6", "ipv6", "Client on the server leg")
field("binding.client.port", "uint16", "Client's port on the server leg", base.DEC)
field("binding.server.ipv4", "ipv4", "Server on the server leg")
field("binding.server.ipv6", "ipv6", "Server on the server leg")
field("binding.server.port", "uint16", "Server's port on the server leg", base.DEC)

-- A byte is rather a set of bits or a code than a number; HS is made of parts.
for name, entry in pairs(FIELDS) do
    field("record." .. name:lower(), "uint" .. 8 * entry[1], name,
          (entry[1] == 1 or name == "HS") and base.HEX or base.DEC, nil, nil, entry[2])
end

-- An address is of IPv4 or of IPv6, and text as it is printed: it comes as a field of either kind.
field("session.name", "string", "Session")
field("session.name.bytes", "bytes", "Name of the session")
field("session.mask", "uint32", "Mask", base.HEX)
for name, entry in pairs(SESSION_FIELDS) do
    local key = "session." .. name:lower()
    if type(entry[1]) == "string" then
        field(key, "string", name, entry[2])
    else
        field(key, "uint" .. 8 * entry[1], name, entry[1] == 1 and base.HEX or base.DEC, nil, nil,
              entry[2])
    end
end

local values = { MSS = MSS, STATE = STATE }
local parts = {}
for _, part in ipairs(PARTS) do
    local of, mask, name, meaning = part[1], part[2], part[3], part[4]
    local key = ("record." .. of .. "." .. name):lower()
    local width = FIELDS[of][1] * 8
    local lowest = bit.band(mask, -mask)
    if mask == lowest then
        field(key, "bool", name, width, nil, mask, meaning)
    else
        field(key, "uint" .. width, name, base.DEC, values[name], mask, meaning)
    end
    parts[of] = parts[of] or {}
    table.insert(parts[of], key)
end
proto.fields = f

local expert = {
    malformed = ProtoExpert.new("mpconn.malformed", "Malformed: nothing of the frame counts",
                                expert.group.MALFORMED, expert.severity.ERROR),
    version = ProtoExpert.new("mpconn.version.unknown", "Another major version: not read",
                              expert.group.UNDECODED, expert.severity.WARN),
    flags = ProtoExpert.new("mpconn.flags.unknown", "Flag not known: the frame is refused",
                            expert.group.UNDECODED, expert.severity.WARN),
    refused = ProtoExpert.new("mpconn.refused", "Not known, and had to be: the record is refused",
                              expert.group.UNDECODED, expert.severity.WARN),
    skipped = ProtoExpert.new("mpconn.skipped", "Not known, and need not be: skipped",
                              expert.group.UNDECODED, expert.severity.NOTE),
    sealed = ProtoExpert.new("mpconn.is_sealed", "Sealed by the host's cipher",
                             expert.group.DECRYPTION, expert.severity.CHAT),
    cut = ProtoExpert.new("mpconn.cut", "The capture has not all of this frame",
                          expert.group.UNDECODED, expert.severity.NOTE),
}
proto.experts = expert

-- Reading --------------------------------------------------------------------------------------

-- What ends the reading of a record: a table, so that it cannot be taken for a bug in here.
local function malformed(why)
    error({ why = why, is_malformed = true })
end

local function cut()
    error({ why = "cut short by the capture" })
end

-- The next n bytes of a reader { tvb, at, stop }: not there is malformed, not captured is cut.
local function take(r, n)
    if r.stop - r.at < n then
        malformed("ends too early")
    elseif r.at + n > r.tvb:len() then
        cut()
    end
    r.at = r.at + n
    return r.tvb(r.at - n, n)
end

local function same(a, b)
    return a:bytes():tohex() == b:bytes():tohex()
end

-- What is left of a reader and was captured, nil when nothing is.
local function rest(r)
    local n = math.min(r.stop, r.tvb:len()) - r.at
    return n > 0 and r.tvb(r.at, n) or nil
end

-- Runs read(...); says at `item` what was wrong, and returns that.
local function guarded(item, read, ...)
    local fine, problem = pcall(read, ...)
    if fine then
        return nil
    elseif type(problem) ~= "table" then
        error(problem, 0)
    end
    if problem.is_malformed then
        item:add_proto_expert_info(expert.malformed, problem.why)
    end
    return problem.why, problem.is_malformed
end

-- Names ----------------------------------------------------------------------------------------

local NAME = { "zone", "client", "client.port", "server", "server.port", "x" }

local function zero(range)
    return range:bytes():tohex():find("[^0]") == nil
end

-- No segment comes from there or goes there.
local function is_bad_address(range, ipv6)
    local b = range:bytes()
    if not ipv6 then
        local first = b:get_index(0)
        return first == 127 or first >= 224 and first < 240 or zero(range) or
               b:tohex():find("[^F]") == nil
    end
    local hex = b:tohex()
    return hex:sub(1, 2) == "FF" or hex:sub(1, 24) == ("0"):rep(20) .. "FFFF" or
           hex == ("0"):rep(32) or hex == ("0"):rep(31) .. "1"
end

local function check_name(name)
    if zero(name["client.port"]) or zero(name["server.port"]) then
        malformed("port 0")
    elseif is_bad_address(name.client, name.ipv6) or is_bad_address(name.server, name.ipv6) then
        malformed("an address that no segment can have")
    elseif same(name.client, name.server) and same(name["client.port"], name["server.port"]) then
        malformed("the two endpoints are one")
    elseif name.zone and zero(name.zone) then
        malformed("zone 0 is written")
    end
end

-- The reference that had to be used: flags by name.
local function shortest(name, before)
    local related = before and before.ipv6 == name.ipv6
    local server = related and same(before.server, name.server) and
                   same(before["server.port"], name["server.port"]) or false
    local client = related and same(before.client, name.client) or false
    local zone = before and (before.zone and before.zone:uint() or 0) ==
                            (name.zone and name.zone:uint() or 0)
    if server and client and zone and same(before["client.port"], name["client.port"]) and
       same(before.x, name.x) then
        return { all = true, server = false, client = false, zone = false }
    end
    return { all = false, server = server, client = client, zone = name.zone ~= nil }
end

-- Marked as not being where the record is: the bytes are those of the record it refers to.
local function show_name(tree, name, here)
    for _, key in ipairs(NAME) do
        local range = name[key]
        if range then
            local suffix = (key == "client" or key == "server") and
                           (name.ipv6 and ".ipv6" or ".ipv4") or ""
            local item = tree:add(f["record." .. key .. suffix], range)
            if not here[key] then
                item:set_generated()
            end
        end
    end
end

local function read_reference(r, tree)
    local range = take(r, 1)
    local ref = range:uint()
    local sub = tree:add(f["record.reference"], range)
    local flags = {}
    for i, key in ipairs({ "ipv6", "all", "server", "client", "zone" }) do
        sub:add(f["record.reference." .. key], range)
        flags[key] = bit.band(ref, bit.lshift(1, i - 1)) ~= 0
    end
    if bit.band(ref, 0xe0) ~= 0 then
        malformed("reference with a bit that does not exist")
    end
    return flags
end

local function endpoint(name)
    local function side(key)
        local range = name[key]
        local address = name.ipv6 and "[" .. tostring(range:ipv6()) .. "]" or tostring(range:ipv4())
        return address .. ":" .. name[key .. ".port"]:uint()
    end
    return side("client") .. " > " .. side("server") .. " x=" .. name.x:uint() ..
           (name.zone and " zone=" .. name.zone:uint() or "")
end

-- Fills record.name as far as it can be shown, right or not.
local function read_name(r, tree, record, before)
    local ref = read_reference(r, tree)
    if (ref.all or ref.server or ref.client) and not before then
        malformed("refers to a record, and there is none before it")
    elseif (ref.all or ref.server or ref.client) and before.ipv6 ~= ref.ipv6 then
        malformed("refers to a record of the other family")
    end
    local name, here, length = { ipv6 = ref.ipv6 }, {}, ref.ipv6 and 16 or 4
    local function part(key, n, as_before)
        if as_before then
            name[key] = before[key]
        else
            name[key], here[key] = take(r, n), true
        end
    end
    if ref.all or ref.zone then
        part("zone", 2, ref.all)
    end
    part("client", length, ref.all or ref.client)
    part("client.port", 2, ref.all)
    part("server", length, ref.all or ref.server)
    part("server.port", 2, ref.all or ref.server)
    part("x", 4, ref.all)
    show_name(tree, name, here)
    name.text = endpoint(name)
    record.name = name
    check_name(name)
    for key, wanted in pairs(shortest(name, before)) do
        if ref[key] ~= wanted then
            malformed("not the shortest reference")
        end
    end
end

-- Records --------------------------------------------------------------------------------------

local function explain(type_name, name, item, value)
    for _, code in ipairs(CODES) do
        local number, of, field_name, meaning = code[1], code[2], code[3], code[4]
        if of == type_name and field_name == name and
           (name == "FLAGS" and bit.band(value, number) ~= 0 or value == number) then
            item:append_text(" (" .. meaning .. ")")
        end
    end
end

local function read_fields(r, tree, layout)
    local fields = layout[3]
    local range = take(r, #fields > 8 and 2 or 1)
    local mask = range:uint()
    tree:add(f["record.mask"], range)
    if bit.rshift(mask, #fields) ~= 0 then
        malformed("mask with a bit beyond the fields")
    end
    for i, name in ipairs(fields) do
        if bit.band(mask, bit.lshift(1, i - 1)) ~= 0 then
            local value = take(r, FIELDS[name][1])
            local item = tree:add(f["record." .. name:lower()], value)
            explain(layout[1], name, item, value:uint())
            for _, part in ipairs(parts[name] or {}) do
                item:add(f[part], value)
            end
            if value:uint() == 0 then
                malformed(name .. " is there and zero")
            end
        end
    end
end

local function unknown(item, number)
    local critical = bit.band(number, CRITICAL) ~= 0
    item:add_proto_expert_info(critical and expert.refused or expert.skipped)
    return critical and "refused" or "skipped"
end

local LEG = { "client", "client.port", "server", "server.port" }

-- It shows something else than the name.
local function read_leg(bytes, item, record)
    local name, leg, at, is_name = record.name, { ipv6 = false }, 0, true
    local length = bytes and bytes:len() or 0
    if not HAS_LEG[bit.band(record.type, 0x7f)] then
        malformed("server leg of a type that has none")
    elseif length ~= 12 and length ~= 36 then
        malformed("server leg of no family")
    end
    leg.ipv6 = length == 36
    for _, key in ipairs(LEG) do
        local is_port = key:find("port") ~= nil
        local n = is_port and 2 or leg.ipv6 and 16 or 4
        leg[key] = bytes(at, n)
        at = at + n
        item:add(f["binding." .. key .. (is_port and "" or leg.ipv6 and ".ipv6" or ".ipv4")],
                 leg[key])
        is_name = is_name and leg.ipv6 == name.ipv6 and same(leg[key], name[key])
    end
    check_name(leg)
    if is_name then
        malformed("server leg that is the name")
    end
end

-- All of them are well formed, or the frame is not.
local function read_extensions(r, tree, record)
    local is_first = true
    while r.at < r.stop do
        local from = r.at
        local id, length = take(r, 1), take(r, 1)
        local bytes = length:uint() > 0 and take(r, length:uint()) or nil
        local item = tree:add(f.extension, r.tvb(from, r.at - from))
        item:add(f["extension.id"], id)
        item:add(f["extension.length"], length)
        if bytes then
            item:add(f["extension.bytes"], bytes)
        end
        if id:uint() == BINDING and not is_first then
            malformed("server leg behind another extension")
        elseif id:uint() == BINDING then
            read_leg(bytes, item, record)
        elseif unknown(item, id:uint()) == "refused" then
            record.note = "refused"
        end
        is_first = false
    end
end

local function read_hello(r, tree, record)
    local members = {}
    tree:add(f["hello.mark"], take(r, 1))
    record.text = "HELLO"
    while r.at < r.stop do
        local range = take(r, HELLO_ENTRY)
        local entry = tree:add(f["hello.entry"], range)
        entry:add(f["hello.member"], range(0, 2))
        entry:add(f["hello.challenge"], range(2, 8))
        entry:add(f["hello.answer"], range(10, 8))
        entry:append_text(" for " .. range(0, 2):uint())
        table.insert(members, range(0, 2):uint())
        record.text = "HELLO to " .. table.concat(members, ", ")
    end
end

-- Sessions -------------------------------------------------------------------------------------

-- What was told: ranges by name, and `ipv6` by side.
local function told_number(told, name)
    return told[name] and told[name]:uint() or 0
end

local function is_caller(told, side, address, port)
    local range = told[address .. side]
    return range and not is_bad_address(range, told.ipv6[side]) and
           told_number(told, port .. side) ~= 0
end

local function says_nothing_of(told, side)
    for name in pairs(told) do
        local answered = told.WHY and (name == "ISN_" .. side or name == "TSVAL_" .. side)
        if name:sub(-2) == "_" .. side and not answered then
            return false
        end
    end
    return not told.ipv6[side]
end

local function check_configuration(told)
    for side = 0, 1 do
        if not is_caller(told, side, "LOCAL_", "LOCAL_PORT_") then
            malformed("an address or a port that nobody can call")
        elseif told_number(told, "PREFIX_" .. side) > (told.ipv6[side] and 128 or 32) then
            malformed("more bits than an address has")
        end
    end
    if not told.VERSION then
        malformed("no version")
    end
end

local function check_session(kind, told)
    local calls = {}
    if told_number(told, "FAMILIES") > 3 or told_number(told, "CONFIRMED") > 3 then
        malformed("a third client")
    end
    for side = 0, 1 do
        calls[side] = is_caller(told, side, "REMOTE_", "PORT_") and
                      told_number(told, "SCALE_" .. side) <= 15
    end
    if kind == "SESSION" then
        check_configuration(told)
    elseif kind == "REQUEST" then
        if not (calls[0] and says_nothing_of(told, 1)) and
           not (calls[1] and says_nothing_of(told, 0)) then
            malformed("not one client that called")
        end
    elseif kind == "PAIR" then
        if not (calls[0] and calls[1] and told.PAIR_GENERATION) then
            malformed("not two clients that called, and their number")
        end
    elseif kind == "SESSION_SUMS" then
        local level = told_number(told, "LEVEL")
        if level > 2 or bit.rshift(told_number(told, "PLACE"), 4 * level) ~= 0 then
            malformed("sums of no place")
        end
    elseif (told.VERSION == nil) == (told.PAIR_GENERATION == nil) then
        malformed("not one thing that ended")
    end
end

local function read_session_name(r, tree, record, kind)
    local length = take(r, 1):uint()
    if (length == 0) ~= (kind == "SESSION_SUMS") or length > 31 then
        malformed("a name that no session has")
    end
    if length == 0 then
        return
    end
    local name = take(r, length)
    tree:add(f["session.name"], name)
    tree:add(f["session.name.bytes"], name)
    for i = 0, length - 1 do
        if name(i, 1):uint() == 0 then
            malformed("a name with a zero in it")
        end
    end
    record.name = { text = '"' .. name:string():gsub("%c", "?") .. '"' }
end

local function read_session(r, tree, record, layout)
    local fields, told = layout[3], { ipv6 = {} }
    read_session_name(r, tree, record, layout[1])
    local range = take(r, math.floor((#fields + 7) / 8))
    local mask = range:uint()
    tree:add(f["session.mask"], range, mask)
    if bit.rshift(mask, #fields) ~= 0 then
        malformed("mask with a bit beyond the fields")
    end
    for i, name in ipairs(fields) do
        if bit.band(mask, bit.lshift(1, i - 1)) ~= 0 then
            local width, side = SESSION_FIELDS[name][1], tonumber(name:sub(-1))
            local is_address = type(width) == "string"
            local value = take(r, is_address and (told.ipv6[side] and 16 or 4) or width)
            if is_address then
                tree:add(f["session." .. name:lower()], value,
                         tostring(told.ipv6[side] and value:ipv6() or value:ipv4()))
            else
                tree:add(f["session." .. name:lower()], value)
            end
            if zero(value) then
                malformed(name .. " is there and zero")
            end
            told[name] = value
            if name == "FAMILIES" then
                told.ipv6 = { [0] = bit.band(value:uint(), 1) ~= 0,
                              [1] = bit.band(value:uint(), 2) ~= 0 }
            end
        end
    end
    check_session(layout[1], told)
end

local function read_body(r, tree, record, before)
    local number = bit.band(record.type, 0x7f)
    if not names[number] then
        record.note = unknown(tree, record.type)
        if rest(r) then
            tree:add(f["record.body"], rest(r))
        end
    elseif bit.band(record.type, CRITICAL) == 0 then
        malformed("type that must have bit 7")
    elseif number == HELLO then
        read_hello(r, tree, record)
    elseif SESSION_TYPES[number] then
        read_session(r, tree, record, SESSION_TYPES[number])
        read_extensions(r, tree, record)
    else
        read_name(r, tree, record, before)
        read_fields(r, tree, TYPES[number])
        record.counts = true
        read_extensions(r, tree, record)
    end
end

-- One record: what it is for the summary, and where the next one begins.
local function read_record(frame, tree, before)
    local tvb, at = frame.tvb, frame.at
    local item = tree:add(f.record, rest(frame))
    local record = { text = "record", is_last = true } -- until its end is known
    record.problem, record.is_malformed = guarded(item, function()
        local kind, length = take(frame, 1), take(frame, 1)
        record.type = kind:uint()
        record.text = names[bit.band(record.type, 0x7f)] or
                      string.format("type %02x", record.type)
        item:add(f["record.type"], kind)
        item:add(f["record.length"], length)
        local stop = frame.at + length:uint()
        if stop > frame.stop then
            malformed("longer than the frame")
        end
        record.is_last = false
        local body = { tvb = tvb, at = frame.at, stop = stop }
        frame.at = stop
        item:set_len(math.min(stop, tvb:len()) - at)
        read_body(body, item, record, before)
    end)
    item:set_text("Record: " .. record.text .. (record.name and " " .. record.name.text or "") ..
                  (record.note and " [" .. record.note .. "]" or ""))
    return record
end

-- Frames ---------------------------------------------------------------------------------------

-- "A, B name; C other name": records of one connection that follow each other are named once.
local function summary(records)
    local out, list, name, start = {}, {}, nil, ""
    local function flush()
        if #list > 0 then
            table.insert(out, table.concat(list, ", ") .. (name and " " .. name or ""))
        end
        list = {}
    end
    for _, record in ipairs(records) do
        local now = record.name and record.name.text
        if now ~= name or not now then
            flush()
        end
        name = now
        start = record.is_malformed and "malformed: " or start
        table.insert(list, record.text .. (record.note and " [" .. record.note .. "]" or "") ..
                           (record.problem and " [" .. record.problem .. "]" or ""))
    end
    flush()
    return #out > 0 and start .. table.concat(out, "; ") or "no records"
end

-- Nothing of a malformed frame counts, but what stands in it may help: only a record whose end is
-- not known ends the reading.
local function read_records(frame, tree)
    local records, before = {}, nil
    while frame.at < frame.stop do
        if frame.at >= frame.tvb:len() then
            table.insert(records, { text = "...", problem = "cut short by the capture" })
            break
        end
        local record = read_record(frame, tree, before)
        table.insert(records, record)
        if record.counts then
            before = record.name
        end
        if record.is_last then
            break
        end
    end
    return summary(records)
end

local function read_header(r, tree)
    tree:add(f.magic, take(r, 2))
    local version = take(r, 1)
    tree:add(f["version.major"], version)
    tree:add(f["version.minor"], version)
    if bit.rshift(version:uint(), 4) ~= MAJOR then
        tree:add_proto_expert_info(expert.version)
        return "version " .. bit.rshift(version:uint(), 4)
    end
    if r.stop < HEADER + TAG then
        malformed("shorter than a frame can be")
    end
    local flags = take(r, 1)
    local item = tree:add(f.flags, flags)
    item:add(f["flags.sealed"], flags)
    item:add(f["flags.must_know"], flags)
    if bit.band(flags:uint(), MUST_KNOW) ~= 0 then
        item:add_proto_expert_info(expert.flags)
        return "flags not known"
    end
    for _, part in ipairs({ { "sender", 2 }, { "destination", 2 }, { "cluster", 4 }, { "epoch", 4 },
                            { "boot", 8 }, { "sequence", 8 } }) do
        local range = take(r, part[2])
        item = tree:add(f[part[1]], range)
        if part[1] == "destination" and range:uint() == EVERYBODY then
            item:append_text(" (all)")
        elseif part[2] == 8 and zero(range) then
            malformed(part[1] .. " is 0")
        end
    end
    return nil, bit.band(flags:uint(), SEALED) ~= 0
end

local function read_frame(tvb, tree, shown)
    local r = { tvb = tvb, at = 0, stop = tvb:reported_len() }
    local why, sealed = read_header(r, tree)
    if why then
        shown.info = why
    elseif sealed then
        shown.info = "sealed, " .. r.stop - r.at .. " bytes"
        tree:add_proto_expert_info(expert.sealed)
        if rest(r) then
            tree:add(f.sealed, rest(r))
        end
    else
        r.stop = r.stop - TAG
        shown.info = read_records(r, tree)
        r.at, r.stop = r.stop, r.stop + TAG
        if r.stop <= tvb:len() then
            tree:add(f.tag, take(r, TAG))
        end
    end
end

local function begins_as_frame(tvb)
    return tvb:len() >= 3 and tvb(0, 2):uint() == MAGIC
end

function proto.dissector(tvb, pinfo, root)
    if not begins_as_frame(tvb) then
        return 0
    end
    local tree = root:add(proto, tvb())
    local shown = {}
    pinfo.cols.protocol = "MPCONN"
    if tvb:len() < tvb:reported_len() then
        tree:add_proto_expert_info(expert.cut)
    end
    local why, is_malformed = guarded(tree, read_frame, tvb, tree, shown)
    if why then
        shown.info = (is_malformed and "malformed: " or "") .. why
    end
    pinfo.cols.info = shown.info
    tree:append_text(": " .. shown.info)
    return tvb:len()
end

-- Two and a half bytes and a length; where one frame is, others are, shorter ones, too.
local function guess(tvb, pinfo, root)
    if not begins_as_frame(tvb) or tvb:reported_len() < HEADER + TAG or
       bit.rshift(tvb(2, 1):uint(), 4) ~= MAJOR then
        return false
    end
    pinfo.conversation = proto
    proto.dissector(tvb, pinfo, root)
    return true
end

proto:register_heuristic("udp", guess)
DissectorTable.get("udp.port"):add_for_decode_as(proto)

proto.prefs.port = Pref.uint("UDP port", 0, "where frames are, short ones, too; 0: none")
local port = 0
function proto.prefs_changed()
    local ports = DissectorTable.get("udp.port")
    if port ~= 0 then
        ports:remove(port, proto)
    end
    port = proto.prefs.port
    if port ~= 0 then
        ports:add(port, proto)
    end
end

-- Echoes ---------------------------------------------------------------------------------------

local echo = Proto("mpconn_echo", "Session packet in an echo")
local e = {
    magic = ProtoField.uint32("mpconn_echo.magic", "Magic", base.HEX),
    version = ProtoField.uint8("mpconn_echo.version", "Version", base.DEC),
    form = ProtoField.uint8("mpconn_echo.form", "Form", base.HEX),
    short = ProtoField.bool("mpconn_echo.short", "Short", 8, nil, ECHO_SHORT),
    epoch = ProtoField.uint8("mpconn_echo.epoch", "Epoch, low 8 bits", base.DEC),
    reserved = ProtoField.uint8("mpconn_echo.reserved", "Reserved", base.HEX),
    length = ProtoField.uint16("mpconn_echo.length", "Length of what is sealed", base.DEC),
    sealed = ProtoField.bytes("mpconn_echo.sealed", "Sealed"),
    tag = ProtoField.bytes("mpconn_echo.tag", "Tag"),
}
echo.fields = e
local kinds = _G.expert -- what hides behind the table of the same name
local echo_unknown = ProtoExpert.new("mpconn_echo.unknown", "Another version or form: not read",
                                     kinds.group.UNDECODED, kinds.severity.WARN)
local echo_malformed = ProtoExpert.new("mpconn_echo.malformed", "The length is another",
                                       kinds.group.MALFORMED, kinds.severity.ERROR)
echo.experts = { echo_unknown, echo_malformed }

local function read_echo(tvb, tree)
    tree:add(e.magic, tvb(0, 4))
    tree:add(e.version, tvb(4, 1))
    tree:add(e.form, tvb(5, 1)):add(e.short, tvb(5, 1))
    tree:add(e.epoch, tvb(6, 1))
    tree:add(e.reserved, tvb(7, 1))
    if tvb(4, 1):uint() ~= ECHO_VERSION or tvb(7, 1):uint() ~= 0 or
       bit.band(tvb(5, 1):uint(), bit.bnot(ECHO_SHORT)) ~= 0 then
        tree:add_proto_expert_info(echo_unknown)
        return "another version or form"
    end
    local length = tvb(8, 2):uint()
    local item = tree:add(e.length, tvb(8, 2))
    if ECHO_CLEAR + length + ECHO_TAG ~= tvb:reported_len() then
        item:add_proto_expert_info(echo_malformed)
        return "malformed: the length is another"
    end
    if tvb:len() == tvb:reported_len() then
        tree:add(e.sealed, tvb(ECHO_CLEAR, length))
        tree:add(e.tag, tvb(ECHO_CLEAR + length, ECHO_TAG))
    end
    return (tvb(5, 1):uint() == 0 and "whole, " or "short, ") .. length .. " bytes sealed"
end

local function guess_echo(tvb, pinfo, root)
    if tvb:len() < ECHO_CLEAR or tvb:reported_len() < ECHO_CLEAR + ECHO_TAG or
       tvb(0, 4):uint() ~= ECHO_MAGIC then
        return false
    end
    local tree = root:add(echo, tvb())
    local info = read_echo(tvb, tree)
    pinfo.cols.protocol = "MPCONN-ECHO"
    pinfo.cols.info:append(" session packet, " .. info)
    tree:append_text(": " .. info)
    return true
end

echo:register_heuristic("icmp", guess_echo)
echo:register_heuristic("icmpv6", guess_echo)

-- Frames without IP ----------------------------------------------------------------------------

-- What mpconn-member sends by ether:INTERFACE: how long a frame is, the frame, and padding.
local ether = Proto("mpconn_ether", "Frame of a member without IP")
function ether.dissector(tvb, pinfo, root)
    if tvb:len() < 3 then
        return 0
    end
    local length = tvb(0, 2):uint()
    if 2 + length > tvb:len() or not begins_as_frame(tvb(2):tvb()) then
        return 0
    end
    proto.dissector(tvb(2, length):tvb(), pinfo, root)
    return 2 + length
end

for _, local_use in ipairs({ 0x88b5, 0x88b6 }) do
    DissectorTable.get("ethertype"):add(local_use, ether)
end
