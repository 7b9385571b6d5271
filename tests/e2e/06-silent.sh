# SPDX-License-Identifier: BSD-2-Clause
# A server that does not answer at all: the member tries as often as it was told
# to, and then tells the client.
. "$(dirname "$0")/lib.sh"
bed_enter 60 "$0"

# addresses that lead to the server's interface and that nobody has
silent4=192.0.2.9 silent6=2001:db8::9

gives_up() {
        outcome reset "$2" "$3" "$(reach end=wait limit="$3" "$1" 80)"
}

mac=$(ip -n server -j link show dev eth0 | jq -r '.[0].address')
ip -n client neigh add $silent4 lladdr "$mac" dev eth0
ip -n client neigh add $silent6 lladdr "$mac" dev eth0

# SYNs after 0, 100 and 300 ms, the end after 700
member_start --syn-rto 100 --syn-tries 3
for address in $silent4 $silent6; do
        gives_up $address 650 1500 || fail "not told that $address is silent"
        ok "told that $address is silent"
done
test "$(counter .reasons.SERVER_SYN_SENT)" -eq 6 || fail "not three SYNs each"
test "$(counter .reasons.SERVER_SILENT)" -eq 2 || fail "not counted"
test "$(counter .engine.unproved)" -eq 0 || fail "handshakes are left over"
member_stop

member_start
control "the usual patience is longer" gives_up $silent4 0 1500
member_stop
member_start --split never
outcome silent 1400 3000 "$(reach limit=1500 $silent4 80)" || fail "connected to nobody"
control "without split nobody tells" gives_up $silent4 0 1500
member_stop
