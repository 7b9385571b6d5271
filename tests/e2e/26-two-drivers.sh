# SPDX-License-Identifier: BSD-2-Clause
# Two drivers of one connection, and a server with two numbers for it. Both members get
# the client's SYN and its ACKs, so both answer, both see the proof, and both send the SYN
# to the server, some time apart. The server answers with SYN cookies, which are others
# after its count of minutes has moved, and each of its answers goes through one of the
# members by chance: each may decide for itself, and the server takes the first final ACK.
# Connections are opened without a pause until the count has moved.
bed_shape=two
. "$(dirname "$0")/lib.sh"
bed_enter 150 "$0"
need nft

per_second=100 bytes=3000 wanted=50

# What a member receives is late. So both SYNs are at the server, 1600 and 2250 ms after
# the client's, before an answer of it is at a member, 2400 ms after; no member repeats
# its own before that, and what it tells the other comes too late for both.
delay_a=800 delay_b=1450 apart='--syn-rto 2000 --impair sync:delay=700'

# rules NAMESPACE: read from standard input
rules() {
        at "$1" nft -f - 2>$bed/nft.err || skip "no such rules here: $(head -n 1 $bed/nft.err)"
        : >$bed/nft.err
}

# spray_client FAMILY MEMBER_A: until the handshake is over, what goes to B goes to A, too
spray_client() {
        rules client <<END
add table $1 spray
add set $1 spray young { type inet_service; flags dynamic, timeout; timeout 3s; }
add chain $1 spray out { type filter hook output priority 0; tcp dport != 7 accept; }
add rule $1 spray out tcp flags syn update @young { tcp sport }
add rule $1 spray out tcp sport @young tcp flags & (fin | psh | rst) == 0 dup to $2 device eth0
END
}

# spray_server FAMILY MEMBER_B NETWORK: answers to SYNs go to A, or to B instead
spray_server() {
        ip -n server "$4" rule add fwmark 1 table 26
        ip -n server "$4" route add "$3" via "$2" dev eth1 table 26
        rules server <<END
add table $1 spray
add chain $1 spray out { type route hook output priority 0; oif lo accept; tcp sport != 7 accept; }
add rule $1 spray out tcp flags & (syn | ack) == (syn | ack) meta mark set numgen random mod 2
END
}

# patient NAMESPACE: nothing is sent again, and nobody asked for, because the way is long
patient() {
        ip -n "$1" neigh show | while read -r address dev wire lladdr mac _; do
                ip -n "$1" neigh replace "$address" "$dev" "$wire" "$lladdr" "$mac" nud permanent
        done
        at "$1" sh -c 'echo 0 >/proc/sys/net/ipv4/tcp_early_retrans'
        # shellcheck disable=SC2046
        ip -n "$1" route change $(ip -n "$1" route show 192.0.2.0/24) rto_min 4s
        # shellcheck disable=SC2046
        ip -n "$1" -6 route change $(ip -n "$1" -6 route show 2001:db8::/64) rto_min 4s
}

# talk COUNT LIMIT: figures in $bed/figures
talk() {
        run_at client "$tools/echo" connect $per_second $bytes "$1" "$2" 7 $server4 $server6 \
                >$bed/figures 2>$bed/echo.err
}

# answers: a line for each answer of the server: when, to which SYN, with which number
answers() {
        numbers='seq ([0-9]*), ack ([0-9]*)'
        for wire in eth0 eth1; do capture_text $wire; done |
                sed -nE "s/^([0-9.]*) .* > ([^ ]*): Flags \[S\.[^]]*\], $numbers.*/\1 \2-\4 \3/p"
}

# answered COUNT: the server has, so often
answered() {
        answers >$bed/answers
        test "$(wc -l <$bed/answers)" -ge "$1"
}

# two_numbers UNTIL COUNT: so many SYNs at least had two different answers by then
two_numbers() {
        crossed=$(awk -v until="$1" '$1 < until && !seen[$2 $3]++ && ++numbers[$2] == 2 { n++ }
                END { print n + 0 }' $bed/answers)
        test "$crossed" -ge "$2"
}

# decided_apart: connections for which the members decided for different numbers at first
decided_apart() {
        jq -r 'select(.event == "settled")
                | "\(.client.address)-\(.client.port) \(.delta.seq[1])"' \
                $bed/trace.a $bed/trace.b |
                awk '!seen[$0]++ && ++numbers[$1] == 2 { n++ } END { print n + 0 }'
}

spray_client ip 10.0.0.2
spray_client ip6 fd00:0::2
spray_server ip 10.0.1.1 192.0.2.0/24 -4
spray_server ip6 fd00:1::1 2001:db8::/64 -6
ways b a
for ns in client server; do patient $ns; done
at server sh -c 'echo 2 >/proc/sys/net/ipv4/tcp_syncookies'
: >$bed/served
run_at server "$tools/echo" serve 7 >$bed/served 2>$bed/served.err &
eventually 10 grep -q listening $bed/served || fail "no server"

only_a="--impair data:delay=$delay_a --trace $bed/trace.a"
only_b="--impair data:delay=$delay_b --trace $bed/trace.b"
# shellcheck disable=SC2086
pair_start $apart
for wire in eth0 eth1; do capture_start server $wire $wire; done
talk 0 20 &
talker=$!
# The count may move at any moment: only when SYNs of both members are under way all the time the
# next move of it is waited for.
eventually 10 answered 400 || fail "only $(wc -l <$bed/answers) answers"
at server "$tools/tick" 7 >$bed/tick || fail "the server's cookies stay the same"
ticked=$(date +%s)
kill -TERM $talker
wait $talker || fail "$(cat $bed/figures)"
for wire in eth0 eth1; do capture_stop $wire; done
answers >$bed/answers
two_numbers 9999999999 $wanted || fail "only $crossed SYNs had two different answers"
different=$(decided_apart)
test "$different" -ge 3 || fail "the members decided apart for $different connections only"
ok "$(cat $bed/figures)"
ok "two numbers for $crossed of them; decided apart at first for $different"
control "two numbers while the count does not move" two_numbers $((ticked - 1)) $wanted
pair_stop

# Members that cannot talk cannot agree: A needs an answer of the server to acknowledge what the
# client says there, and B one to translate what comes there. Of the two answers both go to the
# same member every other time, so that about half fail; that none of 50 does has a chance of one
# in 2^50.
channel_a=none channel_b=none
# shellcheck disable=SC2086
pair_start $apart
talk_to_the_end() {
        talk $wanted 10 &
        wait $!
}
control "the same without a channel" talk_to_the_end
pair_stop
