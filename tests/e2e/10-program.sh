# SPDX-License-Identifier: BSD-2-Clause
# mpconn-member as a program: what it says to wrong options, how it ends, and
# what its control socket, its record of frames and its impairments do.
. "$(dirname "$0")/lib.sh"
bed_enter 60 "$0"

# says STATUS PATTERN COMMAND...: with this status and one line on standard
# error that matches, and nothing on standard output
says() {
        wanted=$1 pattern=$2 status=0
        shift 2
        "$@" >$bed/said.out 2>$bed/said.err || status=$?
        test $status -eq "$wanted" || return 1
        test ! -s $bed/said.out || return 1
        test "$(wc -l <$bed/said.err)" -eq 1 || return 1
        grep -q "^mpconn-member: .*$pattern" $bed/said.err
}

# refuses PATTERN OPTION...
refuses() {
        pattern=$1
        shift
        says 2 "$pattern" at member "$member_program" "$@" ||
                fail "$* was answered with status $status: $(cat $bed/said.err $bed/said.out)"
        refused=$((refused + 1))
}

wrong_options() {
        refused=0
        refuses '--key FILE is missing'
        refuses '--client-if IFACE is missing' --key $bed/key
        refuses '--server-if IFACE is missing' --key $bed/key --client-if c0
        refuses 'no such interface' --key $bed/key --client-if c0 --server-if s9
        refuses 'same interface twice' --key $bed/key --client-if c0 --server-if c0
        refuses 'No such file' --key $bed/none
        refuses '16 to 64 bytes' --key $bed/key15
        refuses '16 to 64 bytes' --key $bed/key65
        refuses 'cannot be read' --key $bed
        refuses 'unrecognized option' --unheard-of
        refuses 'invalid option' -x
        refuses 'ambiguous' --s never
        refuses 'unexpected argument' --split never more
        for option in id key client-if server-if split unknown control pcap impair lose sync peer \
                defer announce; do
                refuses 'requires an argument' --$option
        done
        for value in '' x -1 65535 1x; do refuses 'expected a number' --id "$value"; done
        for value in '' x ALWAYS; do refuses 'expected always' --split "$value"; done
        refuses 'expected drop or pass' --unknown keep
        refuses 'expected a number' --adaptive-from 0
        refuses 'expected a number' --max-flows 0
        refuses 'expected 1 to' --syn-rto 0
        refuses 'expected a number' --syn-tries 0
        refuses 'expected 64 to' --snap-len 1
        for value in '' both 5=5; do refuses 'expected one or vlan' --zones "$value"; done
        for value in '' 5 5= =5 4096=5 5=65536 5=x x=5 5=5,6=5 000000005=5; do
                refuses 'expected VLAN=ZONE' --zone "$value"
        done
        refuses 'no such reason' --lose LUCK
        refuses 'expected REASON' --lose HELD:x
        for value in '' data loss=1 data: data:loss link:loss=1; do
                refuses 'expected' --impair "$value"
        done
        for value in loss=1.1 loss=-1 dup=x reorder=101% nth=2; do
                refuses 'a probability is' --impair "data:$value"
        done
        refuses 'delay is' --impair data:delay=-1
        refuses 'seed is' --impair data:loss=0.1,seed=x
        refuses 'known are' --impair data:luck=1
        refuses 'a probability is' --impair sync:loss=2
        refuses 'nth counts' --impair sync:nth=1%
        wrong_ways
        ok "$refused wrong uses"
        control "a right one is not refused" says 2 '' "$member_program" --version
}

# wrong_ways: to the other members
wrong_ways() {
        here=udp:127.0.0.1:5000 group=multicast:239.0.0.7:5000@c0
        for value in '' udp 127.0.0.1:5000 tcp:127.0.0.1:5000; do
                refuses 'expected udp:' --sync "$value"
        done
        for value in '' 127.0.0.1 :5000 127.0.0.1: 127.0.0.1:0 127.0.0.1:x 127.0.0.1:65536 \
                ::1:5000 '[127.0.0.1]:5000' name:5000; do
                refuses 'expected ADDR:PORT' --sync "udp:$value"
        done
        for value in 239.0.0.7:5000 x x@c0; do
                refuses 'expected ADDR:PORT' --sync "multicast:$value"
        done
        refuses 'no such interface' --sync multicast:239.0.0.7:5000@s9
        refuses 'not an address of a group' --sync multicast:192.0.2.7:5000@c0
        refuses 'the address of a group' --sync udp:239.0.0.7:5000
        refuses 'only IPv4' --sync 'broadcast:[2001:db8::7]:5000@c0'
        refuses 'at most' --sync $here --sync udp:127.0.0.1:5001
        refuses 'at most' --sync $group --sync broadcast:192.0.2.255:5000@c0
        for value in '' c0: c0:x c0:0x0800; do
                refuses 'expected IFACE' --sync "ether:$value"
        done
        refuses 'no such interface' --sync ether:s9
        refuses 'at most' --sync ether:c0 --sync $here
        refuses 'at most' --sync $group --sync ether:c0
        for value in '' x =127.0.0.1:5000 65535 -1=127.0.0.1:5000; do
                refuses 'expected ID=' --peer "$value"
        done
        refuses 'expected ADDR:PORT' --peer 7=127.0.0.1
        refuses 'same member twice' --peer 7 --peer 7
        refuses 'expected routed or bridge' --mode switched
        for value in '' x 0 1000001 1: 1:x 1:0; do refuses 'expected ALL' --echo-rate "$value"; done
        for value in '' x -1 86401 1s; do refuses 'expected 0 to' --defer "$value"; done
        refuses 'expected adaptive or early' --announce late
        refuses 'expected a number from 0 to 65535' --client-window 65536
        set -- --key $bed/key --client-if c0 --server-if s0 --id 1
        refuses 'peer ID=ADDR:PORT is missing' "$@" --sync $here
        refuses 'that is this member' "$@" --sync $here --peer 1=127.0.0.1:5001
        refuses 'there is no group' "$@" --sync $here --peer 2
        refuses 'sync udp: or ether: is missing' "$@" --sync $group --peer 2=127.0.0.1:5001
        refuses 'not an address of the same kind' "$@" --sync $here --peer '2=[::1]:5001'
        refuses 'not an address of the same kind' "$@" --sync $here --peer 2=02:00:00:00:00:01
        refuses 'not an address of the same kind' "$@" --sync ether:c0 --peer 2=127.0.0.1:5001
}

head -c 15 /dev/urandom >$bed/key15
head -c 32 /dev/urandom >$bed/key
head -c 65 /dev/urandom >$bed/key65
wrong_options
"$member_program" --version | grep -qx 'mpconn-member (libmpconn) [0-9]*\.[0-9]*\.[0-9]*' ||
        fail "--version"
"$member_program" --help >$bed/help || fail "--help"
for option in id key client-if server-if mode split control impair pcap sync peer defer \
        announce help version; do
        grep -q "^  --$option " $bed/help || fail "--help does not tell of --$option"
done
says 1 'packet socket: Operation not permitted' at member setpriv --bounding-set=-net_raw \
        --inh-caps=-net_raw "$member_program" --key $bed/key --client-if c0 --server-if s0 ||
        fail "without the right: $(cat $bed/said.err)"
ok "help, version, and what is missing without the right to packet sockets"

# document QUESTION FILTER: one line, one JSON document, of which this is true
document() {
        ask "$1" >$bed/answer || return 1
        test "$(wc -l <$bed/answer)" -eq 1 || return 1
        test "$(jq -s length $bed/answer)" = 1 && jq -e "$2" $bed/answer >/dev/null
}

# ended STATUS: of the member, by itself or by a signal just sent
ended() {
        status=0
        wait $member_pid || status=$?
        test $status -eq "$1" || fail "ended with status $status"
}

member_start --id 0x1f
document stats '.member == 31 and .engine.flows == 0 and (.host.ports | length) == 2' ||
        fail "stats"
document flows '. == []' || fail "flows"
document members '. == [{ id: 31, self: true }]' || fail "members"
for question in '' nonsense STATS 'stats ' "$(head -c 5000 /dev/zero | tr '\0' x)"; do
        document "$question" '.error' || fail "answer to '$question'"
done
document "$(printf 'members\r')" 'length == 1' || fail "a line that ends in CR LF"
test "$(ask stats x members flows | jq -r type | tr '\n' ' ')" = 'object object array array ' ||
        fail "four questions at once"
control "an answer that is none of these" document nonsense .member
says 1 'Address already in use' at member "$member_program" --key $bed/key --client-if c0 \
        --server-if s0 --control $control_socket || fail "two members, one socket"
document members 'length == 1' || fail "the other one took the socket away"
ip -n member link set lo up # without any address all are taken for our own
says 1 '--sync udp:192.0.2.77:5000: bind: ' at member "$member_program" --key $bed/key \
        --client-if c0 --server-if s0 --id 2 --sync udp:192.0.2.77:5000 --peer 1=127.0.0.1:5000 ||
        fail "a channel of another machine: $(cat $bed/said.err)"
document quit '.ok' || fail "quit"
ended 0
test ! -e $control_socket || fail "a control socket is left over"
ok "control socket"

for signal in TERM INT HUP; do
        member_start
        kill -$signal $member_pid
        ended 0
        test ! -e $control_socket || fail "SIG$signal: a control socket is left over"
        test ! -s $bed/member.err || fail "SIG$signal: complaints"
done
member_start
kill -KILL $member_pid
ended 137
test -S $control_socket || fail "SIGKILL: where is the control socket?"
bed_count=$((bed_count - 1))
member_start
document stats '.member == 1' || fail "the socket that was left over was not taken"
member_stop
ok "ended by signals"

# connect_ms SERVER_PORT
connect_ms() {
        reach expect=220 $server4 "$1" | sed -n 's/^ok connect_ms=\([0-9.]*\) .*/\1/p'
}

# two_legs: whether the record shows the server's numbers in two ways
two_legs() {
        "$MPCONN_BUILD/examples/demo/ladder" $bed/record >$bed/ladder || fail "no ladder"
        grep '^legs: ' $bed/ladder | grep -qv ': difference 0$'
}

# A SYN is delayed once, and without the split its answer is delayed as well.
serve greet 25
member_start --pcap $bed/record --impair data:delay=100
within 100 5000 "$(connect_ms 25)" || fail "the delay is not as long as asked for"
member_stop
two_legs || fail "the record does not show two legs: $(cat $bed/ladder)"
member_start --split never --pcap $bed/record --impair data:delay=200
within 400 5000 "$(connect_ms 25)" || fail "the delay without split"
member_stop
control "two legs without split" two_legs
grep -q '^legs: ' $bed/ladder || fail "the record does not show the connection: $(cat $bed/ladder)"
member_start
control "without delay" within 100 5000 "$(connect_ms 25)"
member_stop
says 1 '--pcap /none/record: No such file' at member "$member_program" --key $bed/key \
        --client-if c0 --server-if s0 --pcap /none/record || fail "a record without a folder"
member_start --pcap /dev/full
kill -TERM $member_pid
ended 1
grep -qx 'mpconn-member: --pcap /dev/full: not all of it could be written' $bed/member.err ||
        fail "a record without room"
ok "delay, and a record of the frames of both legs"
