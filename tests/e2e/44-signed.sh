# SPDX-License-Identifier: BSD-2-Clause
# Connections signed by TCP-MD5 (RFC 2385) pass a member that splits all others, byte by byte: the
# signature covers the very numbers that a split changes. TCP-AO (RFC 5925) goes the same way; this
# kernel need not have it, so tests/test_signed.c shows that.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/exchange-lib.sh"
bed_enter 60 "$0"
need nstat

member_program=$tools/faulty-member
limit=5000 # ms
serve_bytes md5 7
serve_bytes plain 8
offloads off
member_start
all_well || fail "a signed connection"
test "$(counter .reasons.SYN_TRACKED)" -eq 2 && test "$(counter .reasons.TRANSLATED)" -eq 0 ||
        fail "a signed connection was split"
test "$(doubts)" -eq 0 || fail "$(doubts) segments whose signature was wrong"
ok "signed connections pass, IPv4 and IPv6, $bytes bytes each way, and no signature is doubted"

carry plain $client4 $server4 8 || fail "a plain connection beside them"
test "$(counter .reasons.SYN_ANSWERED)" -ge 1 && test "$(counter .reasons.TRANSLATED)" -gt 100 ||
        fail "a plain connection was not split"
ok "a plain one beside them is split"

control "a client without the key" carry plain $client4 $server4 7 1500
test "$(doubts)" -gt 0 || fail "the server asks for no signature"
member_stop

before=$(doubts) limit=1500
MPCONN_FAULT=signature
export MPCONN_FAULT
member_start
control "a member that does not see the signature, and splits" all_well
test "$(counter .reasons.SYN_ANSWERED)" -ge 1 && test "$(doubts)" -gt "$before" ||
        fail "nobody missed the signature"
member_stop
