# SPDX-License-Identifier: BSD-2-Clause
# A server that refuses: by then the client holds a connection that the member
# gave it, so it has to be told, with exactly the number it expects.
. "$(dirname "$0")/lib.sh"
bed_enter 60 "$0"

# told ADDRESS: within a second
told() {
        outcome reset 0 1000 "$(reach end=wait limit=3000 "$1" 81)"
}

web_start
member_start
for address in $server4 $server6; do
        told $address || fail "not told that $address refuses"
        ok "told that $address refuses"
        at client curl -s --max-time 3 "$(url $address short)" >/dev/null ||
                fail "$address does not serve another port"
done
test "$(counter .reasons.SERVER_REFUSED)" -eq 2 || fail "not counted"
test "$(counter .engine.unproved)" -eq 0 || fail "handshakes are left over"
member_stop

member_start --lose SERVER_REFUSED --lose RST_TO_CLIENT
control "refusal without the RST" told $server4
member_stop

# What the split changes: without it the client's connect itself is refused.
member_start --split never
outcome refused 0 1000 "$(reach end=wait $server4 81)" || fail "refusal without split"
control "no connection, no reset" told $server4
member_stop
