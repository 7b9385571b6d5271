# SPDX-License-Identifier: BSD-2-Clause
# Either end aborts: the other end is told at once, and the flow becomes a
# tombstone. A client that aborts before the server answered leaves nothing.
. "$(dirname "$0")/lib.sh"
bed_enter 60 "$0"

# served PORT WORD COUNT: how often the server saw such an end
served() {
        test "$(grep -cx "$2" "$bed/served.$1")" -eq "$3"
}

resets() {
        ask flows | jq -e --argjson n "$1" '[.[] | select(.state == "RESET")] | length == $n'
}

# client_aborts ADDRESS TIMES: the server is told
client_aborts() {
        outcome ok 0 3000 "$(reach expect=220 end=abort "$1" 25)" || fail "no greeting"
        eventually "${3:-1}" served 25 reset "$2"
}

server_aborts() {
        outcome reset 0 1500 "$(reach send=x end=wait limit=1500 "$1" 26)"
}

aborted() {
        test "$(counter .reasons.CLIENT_ABORTED)" -eq "$1"
}

settled() {
        test "$(counter .engine.flows_settled)" -eq "$1"
}

serve greet 25
serve abort 26
member_start
client_aborts $server4 1 || fail "the server was not told, IPv4"
client_aborts $server6 2 || fail "the server was not told, IPv6"
ok "clients abort"
eventually 1 resets 2 || fail "no tombstones"
server_aborts $server4 || fail "the client was not told, IPv4"
server_aborts $server6 || fail "the client was not told, IPv6"
ok "servers abort"
eventually 1 resets 4 || fail "no tombstones"

mac=$(ip -n server -j link show dev eth0 | jq -r '.[0].address')
ip -n client neigh add 192.0.2.9 lladdr "$mac" dev eth0
outcome ok 0 3000 "$(reach end=abort 192.0.2.9 80)" || fail "no connection"
eventually 1 aborted 1 || fail "not counted"
ok "a client aborts before the server answered"
test "$(counter .engine.flows)" -eq 2 || fail "that left a flow"
member_stop

# An end that says good-bye is no abort, and is not taken for one.
member_start
outcome ok 0 3000 "$(reach expect=220 $server4 25)" || fail "no greeting"
eventually 1 served 25 eof 1 || fail "no FIN"
control "a FIN is not an abort" served 25 reset 3
control "a FIN leaves no tombstone" resets 1
member_stop

# While the member stands still, nobody is told.
member_start
mkfifo $bed/gate
(reach expect=220 end=abort hold=$bed/gate $server4 25 >$bed/outcome) &
eventually 2 settled 1 || fail "no connection"
kill -STOP $member_pid
: >$bed/gate
wait $!
outcome ok 0 60000 "$(cat $bed/outcome)" || fail "no greeting"
control "an abort through a member that stands still" eventually 1 served 25 reset 3
kill -CONT $member_pid
eventually 1 served 25 reset 3 || fail "the server was not told afterwards"
member_stop
