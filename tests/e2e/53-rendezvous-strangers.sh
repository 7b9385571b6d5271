# SPDX-License-Identifier: BSD-2-Clause
# A stranger calls the termination of client 1, before it and after it. Where the controller said
# who is expected it never gets the session; where it did not, nobody is answered when two call.
# What became of every call is counted.
bed_shape=bare
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/rendezvous-lib.sh"
bed_enter 180 "$0"
rendezvous_bed
rounds=3

# strange VERSION PORT MS: the outcome of a stranger's call, in one word
strange() {
        at x "$tools/peer" connect limit="$3" expect=you "$(calls 1 "$1")" "$2" | sed 's/ .*//'
}

# right NUMBER VERSION PORT MS: a client that says who it is and hears the other one
right() {
        case $1 in 1) says=me hears=you ;; 2) says=you hears=me ;; esac
        at "c$1" "$tools/peer" connect send=$says expect=$hears end=close limit="$4" \
                "$(calls "$1" "$2")" "$3" >"$bed/right$1.$3"
}

# both_right VERSION PORT MS
both_right() {
        right 1 "$1" "$2" "$3" &
        right_1=$!
        right 2 "$1" "$2" "$3" &
        wait $! && wait $right_1 && outcome ok 0 "$3" "$(cat "$bed/right1.$2")" &&
                outcome ok 0 "$3" "$(cat "$bed/right2.$2")"
}

# offer NAME PORT VERSION [MEMBERS-OF-A]: a session on ports of its own
offer() {
        tell b1 "add $(printf '{"session":"%s","a":{"local":"%s"%s},"b":{"local":"%s"}}' "$1" \
                "$(with_port "$(calls 1 "$3")" "$2")" "${4:+,$4}" \
                "$(with_port "$(calls 2 "$3")" "$2")")"
}

# of_session NAME FILTER: a number of one session
of_session() {
        ask_of b1 list | jq ".[] | select(.session == \"$1\") | $2"
}

# tally OUTCOME...: how often each
tally() {
        printf '%s\n' "$@" | sort | uniq -c | awk '{ printf "%s%s %s", sep, $1, $2; sep = ", " }'
}

broker_start b1
port=7000
for version in 4 6; do
        address=$(outside 1 $version)
        case $version in 4) prefix=192.0.2.0/30 ;; 6) prefix=2001:db8:1::/64 ;; esac
        for expect in "$address" "$prefix"; do
                outcomes=
                for round in $(seq $rounds); do
                        port=$((port + 1))
                        offer "e$port" $port $version "\"expect\":\"$expect\""
                        outcomes="$outcomes $(strange $version $port 500)"
                        both_right $version $port 5000 ||
                                fail "expected $expect: $(cat $bed/right?.$port)"
                        outcomes="$outcomes $(strange $version $port 500)"
                        test "$(of_session "e$port" .a.refused)" -ge 2 ||
                                fail "the stranger's SYNs were not counted: $(ask_of b1 list)"
                        test "$(of_session "e$port" .pairs)" -eq 1 || fail "not one pair"
                done
                test "$(tally $outcomes)" = "$((2 * rounds)) silent" ||
                        fail "expected $expect: a stranger was $(tally $outcomes)"
                ok "expected $expect: clients joined $rounds times, stranger: $(tally $outcomes)"
        done
done
test "$(ask_of b1 stats | jq .reasons.SESSION_STRANGER)" -ge $((4 * 2 * rounds)) ||
        fail "strangers are not counted"

# Nobody said who is expected, and two call: nobody is answered.
quarrel() {
        port=$((port + 1)) name=q$port
        offer $name $port "$1"
        right 1 "$1" $port 6000 &
        right_1=$!
        strange "$1" $port 4000 >$bed/stranger &
        stranger=$!
        eventually 2 test_conflict || fail "no conflict: $(cat $bed/events.b1)"
        right 2 "$1" $port 6000 &
        right_2=$!
        eventually 2 has_called $name b || fail "client 2 was not heard"
}

test_conflict() {
        happened b1 ".event == \"conflict\" and .session == \"$name\" and .termination == \"a\""
}

has_called() {
        test "$(of_session "$1" ".$2.syns")" -ge 1
}

for version in 4 6; do
        quarrel $version
        wait $stranger $right_1 $right_2 || :
        said="$(cat $bed/stranger) $(sed 's/ .*//' $bed/right1.$port $bed/right2.$port)"
        # shellcheck disable=SC2086
        test "$(tally $said)" = "3 silent" || fail "two call and somebody was answered: $said"
        test "$(of_session $name '.a.answers + .b.answers')" -eq 0 || fail "an answer was sent"
        ok "IPv$version: two call, conflict is told, and $(tally $said)"

        quarrel $version
        tell b1 "modify $(printf '{"session":"%s","a":{"local":"%s","expect":"%s"},
                "b":{"local":"%s"}}' $name "$(with_port "$(calls 1 $version)" $port)" \
                "$(outside 1 $version)" "$(with_port "$(calls 2 $version)" $port)" | tr -d '\n')"
        wait $right_1 && wait $right_2 || fail "decided, and not joined: $(cat $bed/right?.$port)"
        wait $stranger || :
        outcome ok 0 6000 "$(cat $bed/right1.$port)" || fail "decided, and not joined"
        test "$(cat $bed/stranger)" = silent || fail "the stranger was $(cat $bed/stranger)"
        ok "IPv$version: two call, the controller decides, the right one is joined"

        # Alone, and nobody said who is expected: the stranger is as good as anybody.
        port=$((port + 1))
        offer "a$port" $port $version
        right 2 $version $port 4000 &
        right_2=$!
        control "IPv$version: without expect a lone stranger does not get it" \
                test "$(strange $version $port 3000)" != ok
        wait $right_2 || :
done
broker_stop b1
