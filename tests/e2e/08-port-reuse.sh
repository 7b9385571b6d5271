# SPDX-License-Identifier: BSD-2-Clause
# A client uses a port again as soon as it can: after a close, with the server in
# TIME-WAIT, and after an abort. Each time is a new incarnation with numbers of
# its own, and none has to wait.
. "$(dirname "$0")/lib.sh"
bed_enter 60 "$0"

times=20

# reuse END ADDRESS SERVER SERVER_PORT: always from the same port
reuse() {
        reach expect=220 end="$1" from="$2" port=40000 times=$times "$3" "$4" >$bed/outcomes
        test "$(wc -l <$bed/outcomes)" -eq $times || return 1
        while read -r line; do outcome ok 0 500 "$line" || return 1; done <$bed/outcomes
}

# incarnations COUNT OFFSETS: settled so far, and different offsets among them
incarnations() {
        test "$(counter .engine.flows_settled)" -eq "$1" || return 1
        test "$(jq -s '[.[] | select(.event == "settled") | .delta.seq[1]] | unique | length' \
                $bed/trace)" -eq "$2"
}

serve close 7
serve greet 25
member_start --trace $bed/trace
reuse wait $client4 $server4 7 || fail "after a close, IPv4: $(cat $bed/outcomes)"
reuse wait $client6 $server6 7 || fail "after a close, IPv6: $(cat $bed/outcomes)"
ok "after a close, $times times"
reuse abort $client4 $server4 25 || fail "after an abort, IPv4: $(cat $bed/outcomes)"
reuse abort $client6 $server6 25 || fail "after an abort, IPv6: $(cat $bed/outcomes)"
ok "after an abort, $times times"
incarnations $((4 * times)) $((4 * times)) || fail "not $((4 * times)) incarnations"
test "$(counter .engine.flows)" -eq 2 || fail "more than one IPv4 flow for a port"
member_stop

member_start --split never --trace $bed/trace
reuse wait $client4 $server4 7 || fail "without split: $(cat $bed/outcomes)"
control "without split no numbers of their own" incarnations $times $times
member_stop
