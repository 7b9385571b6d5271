# SPDX-License-Identifier: BSD-2-Clause
# 2,000 short HTTP connections from 50 clients, and not one of them fails; over
# IPv4, and over IPv6.
. "$(dirname "$0")/lib.sh"
bed_enter 60 "$0"

clients=50

# burst CONNECTIONS FIRST_ADDRESS SERVER
burst() {
        at client "$tools/burst" "$1" $clients "$2" "$3" /short "$(wc -c <$bed/web/short)"
}

# passes FIRST_ADDRESS SERVER
passes() {
        member_start
        burst 2000 "$1" "$2" >$bed/figures || fail "$(cat $bed/figures)"
        ok "$2: $(cat $bed/figures)"
        test "$(counter .engine.flows_settled)" -eq 2000 || fail "$2: not 2000 flows"
        test "$(counter .reasons.SERVER_ANSWERED)" -eq 2000 || fail "$2: not 2000 split"
        ask flows >$bed/flows
        # a client whose port comes up again takes the place of its former flow
        flows=$(jq length $bed/flows)
        test $((flows + $(counter .reasons.FLOW_REPLACED))) -eq 2000 ||
                fail "$2: $flows flows and $(counter .reasons.FLOW_REPLACED) replaced ones"
        offsets=$(jq '[.[].delta.seq[1]] | unique | length' $bed/flows)
        test $((offsets + 1)) -ge "$flows" || fail "$2: only $offsets offsets in $flows flows"
        test "$(jq '[.[].client.address] | unique | length' $bed/flows)" -eq $clients ||
                fail "$2: not $clients clients"
        member_stop
}

web_start
for i in $(seq 101 $((100 + clients))); do ip -n client address add 192.0.2.$i/32 dev eth0; done
for i in $(seq 1 $clients); do
        ip -n client address add "$(printf '2001:db8::1:%x' "$i")/128" dev eth0 nodad
done
passes 192.0.2.101 $server4
passes 2001:db8::1:1 $server6

# A member that never reaches the server: every connection fails, and is seen to.
member_start --lose SERVER_SYN_SENT --syn-rto 50 --syn-tries 2
control "no way to the server, IPv4" burst 50 192.0.2.101 $server4
control "no way to the server, IPv6" burst 50 2001:db8::1:1 $server6
member_stop
