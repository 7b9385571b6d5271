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

# forget END...: these ends lose their connections without a word
forget() {
        for end in "$@"; do
                ip -n "$end" link set eth0 down
                at "$end" ss -K -tn state connected exclude time-wait >/dev/null
                test -z "$(at "$end" ss -Htn state connected exclude time-wait)" ||
                        skip "this kernel cannot forget a connection"
                ip -n "$end" link set eth0 up
                bed_routes "$end"
        done
        wires_ready
}

# idle_connection: one that waits, known to both ends and the member
idle_connection() {
        settled=$(counter .engine.flows_settled)
        (reach expect=220 hold=$bed/gate from=$client4 port=40001 $server4 25 >/dev/null) &
        eventually 3 more_than "$settled" || fail "no connection"
}

more_than() {
        test "$(counter .engine.flows_settled)" -gt "$1"
}

# speaks_late LIMIT COMMAND...: what a client is answered that said nothing meanwhile
speaks_late() {
        settled=$(counter .engine.flows_settled)
        (reach expect=220 hold=$bed/late late=hello limit="$1" from=$client4 port=40002 \
                $server4 25 >$bed/outcome) &
        speaker=$!
        eventually 3 more_than "$settled" || fail "no connection"
        shift
        "$@"
        : >$bed/late
        wait $speaker
}

# begins_anew LIMIT: from the same port
begins_anew() {
        reach expect=220 limit="$1" from=$client4 port=40001 $server4 25 >$bed/anew
        outcome ok 0 "$1" "$(cat $bed/anew)" && eventually 3 all_closed
}

# The last words of a connection need the member that knows it.
all_closed() {
        for end in client server; do
                test -z "$(at $end ss -Htn state fin-wait-1 state fin-wait-2 state closing \
                        state close-wait state last-ack '( sport = :40001 or dport = :40001 )')" ||
                        return 1
        done
}

# Only the member remembers: the client's second SYN is the first of a new life.
mkfifo $bed/gate
member_start
idle_connection
forget client server
begins_anew 3000 || fail "both ends forgot"
test "$(counter .reasons.SERVER_STALE)" -eq 1 || fail "the server was not found to have forgotten"
idle_connection
forget client
begins_anew 3000 || fail "the client forgot"
ok "new lives after both ends, and after the client forgot the old one"
member_stop

# Only the server forgot: the client is told as soon as it speaks.
mkfifo $bed/late
member_start
speaks_late 3000 forget server
outcome reset 0 500 "$(cat $bed/outcome)" ||
        fail "not told that the server forgot: $(cat $bed/outcome)"
ok "told that the server forgot"
speaks_late 300 true
control "a server that remembers" outcome reset 0 500 "$(cat $bed/outcome)"
member_stop

# Only the member forgot: it lets nothing through that it does not know.
restart() {
        member_stop
        member_start "$@"
}
member_start
speaks_late 300 restart
outcome mute 300 3000 "$(cat $bed/outcome)" || fail "unknown and answered: $(cat $bed/outcome)"
test "$(counter .reasons.COOKIE_REFUSED)" -gt 0 || fail "not counted"
forget client server
ok "nothing passes a member that forgot"

# The member and the client forgot: the server hears that its connection is over.
idle_connection
restart
forget client
begins_anew 3000 || fail "the member and the client forgot"
test "$(counter .reasons.SERVER_STALE)" -eq 1 || fail "the server was not found to remember"
ok "a new life after all but the server forgot"
idle_connection
restart --lose RST_TO_SERVER
forget client
control "without the RST to the server" begins_anew 1500
forget client server
member_stop

member_start --split never --trace $bed/trace
reuse wait $client4 $server4 7 || fail "without split: $(cat $bed/outcomes)"
control "without split no numbers of their own" incarnations $times $times
idle_connection
forget client server
begins_anew 900 || fail "without split the first SYN is enough"
member_stop
