# SPDX-License-Identifier: BSD-2-Clause
# --split adaptive: in peace connections are tracked, under many handshakes that
# prove nothing the next ones are split.
. "$(dirname "$0")/lib.sh"
bed_enter 60 "$0"

silent4=192.0.2.9
unproved=32

# split_last: whether the flow that began last is split
split_last() {
        jq -es '[.[] | select(.event == "settled")] | last | .delta.seq[1] != 0' \
                $bed/trace >/dev/null
}

# speaks ADDRESS: and is answered
speaks() {
        outcome ok 0 3000 "$(reach expect=220 "$1" 25)" || fail "no greeting from $1"
}

# pressure: clients of a server that does not answer
pressure() {
        for i in $(seq $unproved); do reach limit=20000 $silent4 80 >/dev/null & done
        eventually 5 under_pressure || fail "no $unproved handshakes"
}

under_pressure() {
        test "$(counter .engine.unproved)" -ge $unproved
}

mac=$(ip -n server -j link show dev eth0 | jq -r '.[0].address')
ip -n client neigh add $silent4 lladdr "$mac" dev eth0
serve greet 25
member_start --split adaptive --adaptive-from $unproved --trace $bed/trace
for address in $server4 $server6; do
        speaks $address
        control "split in peace, $address" split_last
done
test "$(counter .reasons.SYN_ANSWERED)" -eq 0 || fail "a SYN was answered in peace"
pressure
for address in $server4 $server6; do
        speaks $address
        split_last || fail "not split under pressure, $address"
done
test "$(counter .reasons.SYN_ANSWERED)" -eq 2 || fail "not two SYNs answered"
ok "tracked in peace, split under pressure"
member_stop
