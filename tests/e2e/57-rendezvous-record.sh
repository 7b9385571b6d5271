# SPDX-License-Identifier: BSD-2-Clause
# Two brokers are recorded while their controllers add, change, list and remove sessions, clients
# are joined, and one is told of what is not there; what they recorded replays byte for byte, and
# what was changed in it is found.
bed_shape=bare
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/rendezvous-lib.sh"
bed_enter 120 "$0"
rendezvous_bed
replay=$MPCONN_BUILD/examples/replay/mpconn-replay

replays() {
        "$replay" "$bed/trace.$1" >"$bed/replayed.$1" 2>&1
}

# changed NAME AWK: that byte of broker 1's trace is another, and it does not replay
changed() {
        at=$("$replay" --print $bed/trace.b1 | awk "$2")
        test -n "$at" || fail "$1: not in the trace"
        cp $bed/trace.b1 $bed/trace.changed
        byte=$(od -An -tu1 -j "$at" -N 1 $bed/trace.b1)
        printf "\\$(printf %03o $((byte ^ 1)))" |
                dd of=$bed/trace.changed bs=1 seek="$at" conv=notrunc 2>/dev/null
        status=0
        replays changed || status=$?
        test $status -eq 1 && grep -q "first difference in call .*$3" $bed/replayed.changed ||
                fail "$1: status $status, $(head -n 5 $bed/replayed.changed)"
        ok "control: $1: $(sed -n '1s/.*first/first/p' $bed/replayed.changed)"
}

for n in 1 2; do
        head -c 1048576 /dev/urandom >$bed/big$n
done
ip -n net route replace "$(calls 2 4)/32" via 203.0.113.6
broker_start b1 --record $bed/trace.b1 --sync udp:203.0.113.2:5000 --peer 2=203.0.113.6:5000
broker_start b2 --record $bed/trace.b2 --sync udp:203.0.113.6:5000 --peer 1=203.0.113.2:5000
tell b1 "add $(session one 4 4)"
tell b1 "modify $(session one 4 4 '"expect":"192.0.2.0/24"')"
tell b1 "add $(session two 6 6)"
eventually 10 listed b2 'true' || fail "b2 was not told of the session"
call 1 4 $bed/big1 $bed/heard1
call 2 4 $bed/big2 $bed/heard2
called 1 && called 2 && cmp -s $bed/heard1 $bed/big2 && cmp -s $bed/heard2 $bed/big1 ||
        fail "$(cat $bed/call?.err)"
ask_of b1 stats >/dev/null
tell b1 "remove two"
ask_of b1 "remove three" | jq -e .error >/dev/null || fail "removed what is not there"
for n in 1 2; do
        broker_stop b$n
        test "$(stat -c %a $bed/trace.b$n)" = 600 || fail "others can read the key"
        replays b$n && grep -q 'calls, .* bytes: same' $bed/replayed.b$n ||
                fail "$(cat $bed/replayed.b$n)"
        ok "broker $(sed 's|.*/trace||' $bed/replayed.b$n)"
done

# The address that a client is to call; what became of a packet; what the controller was told.
changed "a termination" '/^@.* SESSION_ADD:/ { print substr($1, 2) + 5 + 1 + 32 + 3; exit }' ''
changed "a verdict" '/^@.* INPUT, return/ { print substr($1, 2) + 5 + 8; exit }' INPUT
changed "an event" '/^@.* SESSION_EVENT:/ { print substr($1, 2) + 5 + 3; exit }' SESSION_EVENT
