# SPDX-License-Identifier: BSD-2-Clause
# Connections signed by TCP-MD5 (RFC 2385) whose directions go through a member each.
bed_shape=two
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/exchange-lib.sh"
bed_enter 60 "$0"
need nstat

member_program=$tools/faulty-member

limit=5000 # ms
serve_bytes md5 7
offloads off
for way in 'a b' 'b a'; do
        # shellcheck disable=SC2086
        ways $way
        pair_start
        all_well || fail "$way: a signed connection"
        test "$(total .reasons.TRANSLATED)" -eq 0 || fail "$way: a signed connection was split"
        for ns in a b; do
                test "$(count_of $ns .reasons.TRACKED)" -gt 50 || fail "$way: nothing went by $ns"
        done
        test "$(doubts)" -eq 0 || fail "$way: $(doubts) segments whose signature was wrong"
        ok "forth and back through $way: signed connections pass, and no signature is doubted"
        pair_stop
done

limit=1500
MPCONN_FAULT=signature
export MPCONN_FAULT
pair_start
control "members that do not see the signature, and split" all_well
test "$(doubts)" -gt 0 || fail "nobody missed the signature"
pair_stop
