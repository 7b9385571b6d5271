# SPDX-License-Identifier: BSD-2-Clause
# 2,000 short HTTP connections from 50 clients, and not one of them fails.
. "$(dirname "$0")/lib.sh"
bed_enter 60 "$0"

clients=50

# burst CONNECTIONS
burst() {
        at client "$tools/burst" "$1" $clients 192.0.2.101 $server4 /short "$(wc -c <$bed/web/short)"
}

web_start
for i in $(seq 101 $((100 + clients))); do ip -n client address add 192.0.2.$i/24 dev eth0; done
member_start
burst 2000 >$bed/figures || fail "$(cat $bed/figures)"
ok "$(cat $bed/figures)"
test "$(counter .engine.flows_settled)" -eq 2000 || fail "not 2000 flows"
test "$(counter .reasons.SERVER_ANSWERED)" -eq 2000 || fail "not 2000 split"
test "$(ask flows | jq '[.[].delta.seq[1]] | unique | length')" -ge 1999 || fail "offsets repeat"
member_stop

# A member that never reaches the server: every connection fails, and is seen to.
member_start --lose SERVER_SYN_SENT --syn-rto 50 --syn-tries 2
control "no way to the server" burst 50
member_stop
