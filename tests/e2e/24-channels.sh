# SPDX-License-Identifier: BSD-2-Clause
# Members talk point to point, by multicast or by broadcast, or one way like this and
# the other like that: the same connections pass, and no channel is used but that.
bed_shape=two
. "$(dirname "$0")/lib.sh"
bed_enter 90 "$0"

point_a='--sync udp:10.0.9.1:5000' point_b='--sync udp:10.0.9.2:5000'
multicast='--sync multicast:239.255.0.7:5007@y0'
multicast6='--sync multicast:[ff02::1:7]:5007@y0'
broadcast='--sync broadcast:10.0.9.255:5008@y0'

# uses MEMBER GROUP POINT: datagrams out by either
uses() {
        test "$(count_of "$1" '.host.group.datagrams_out > 0')" = "$2" &&
                test "$(count_of "$1" '.host.point.datagrams_out > 0')" = "$3"
}

transfers() {
        for address in $server4 $server6; do
                download $address small && upload $address small || return 1
        done
}

# channel NAME: both ways round, as $channel_a and $channel_b say
channel() {
        for way in 'a b' 'b a'; do
                # shellcheck disable=SC2086
                ways $way
                pair_start
                transfers || fail "$1, $way"
                uses a "$2" "$3" && uses b "$4" "$5" || fail "$1: not by that channel"
                test "$(total '[.sync | to_entries[]
                        | select(.key | test("BAD|REFUSED|UNKNOWN|OTHER"))
                        | .value] | add')" -eq 0 || fail "$1: frames were refused"
                pair_stop
        done
        ok "$1"
}

heard_by_name() {
        ask_of a members | jq -e 'any(.[]; .id == 2 and .up)' &&
                ask_of b members | jq -e 'any(.[]; .id == 1 and .up)'
}

web_start
random_file small 1
channel_a="$multicast --peer 2" channel_b="$multicast --peer 1"
channel multicast true false true false
channel_a="$multicast6 --peer 2" channel_b="$multicast6 --peer 1"
channel 'multicast over IPv6' true false true false
channel_a="$broadcast --peer 2" channel_b="$broadcast --peer 1"
channel broadcast true false true false
channel_a="$point_a $multicast --peer 2=10.0.9.2:5000" channel_b="$point_b $multicast --peer 1"
channel 'point to point there, multicast back' false true true false
channel_a="$point_a $broadcast --peer 2" channel_b="$point_b $broadcast --peer 1=10.0.9.1:5000"
channel 'broadcast there, point to point back' true false false true

# A third member that does not exist is reached by the group.
channel_a="$point_a $multicast --peer 2=10.0.9.2:5000 --peer 3"
channel_b="$point_b $multicast --peer 1=10.0.9.1:5000 --peer 3"
both_start
eventually 10 heard_by_name || fail "the members do not hear each other"
ways a b
transfers || fail "mixed"
uses a true true && uses b true true || fail "not mixed"
ok "mixed: greetings by both, what concerns one by its own"
pair_stop

# Members in two groups do not hear each other.
channel_a="$multicast --peer 2" channel_b="$broadcast --peer 1"
both_start
ways a b
control "two groups" at client curl -sf --max-time 2 -o $bed/got "$(url $server4 small)"
both_heard && fail "heard across two groups"
pair_stop
