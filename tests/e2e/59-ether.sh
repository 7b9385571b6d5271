# SPDX-License-Identifier: BSD-2-Clause
# Members whose wire has no IP addresses talk in frames of their own, to one station
# and to all of them, or one like this and the other like that: connections pass, and
# each word comes in once.
bed_shape=two
. "$(dirname "$0")/lib.sh"
bed_enter 60 "$0"

# station MEMBER: the address of its interface to the other one
station() {
        ip -n "$1" -json link show dev y0 | jq -r '.[].address'
}

# says MEMBER GROUP POINT: whether datagrams went out by either
says() {
        test "$(count_of "$1" '.host.group.datagrams_out > 0')" = "$2" &&
                test "$(count_of "$1" '.host.point.datagrams_out > 0')" = "$3"
}

# hears MEMBER GROUP POINT: whether they came in
hears() {
        test "$(count_of "$1" '.host.group.datagrams_in > 0')" = "$2" &&
                test "$(count_of "$1" '.host.point.datagrams_in > 0')" = "$3"
}

transfers() {
        for address in $server4 $server6; do
                download $address small && upload $address small || return 1
        done
}

# channel WHAT A B: both talk like $channel_a and $channel_b say, A and B with "group" or
# "point"
channel() {
        pair_start
        for way in 'a b' 'b a'; do
                # shellcheck disable=SC2086
                ways $way
                transfers || fail "$1, $way"
        done
        case $2 in group) a='true false' ;; point) a='false true' ;; esac
        case $3 in group) b='true false' ;; point) b='false true' ;; esac
        # shellcheck disable=SC2086
        says a $a && says b $b || fail "$1: not said by that channel"
        # shellcheck disable=SC2086
        hears a $b && hears b $a || fail "$1: not heard by that channel"
        test "$(total '[.sync | to_entries[]
                | select(.key | test("TRUNC|BAD|UNKNOWN|OTHER|REPLAYED|MALFORMED|NOT_FOR"))
                | .value] | add')" -eq 0 || fail "$1: frames were refused"
        pair_stop
        ok "$1"
}

# in_record FILTER [OPTION...]: frames of the record of A
in_record() {
        filter=$1
        shift
        tshark "$@" -n -r $bed/a.pcapng -Y "$filter" 2>$bed/tshark.err | grep -c .
}

# shown [OPTION...]: Wireshark reads every frame, in and out
shown() {
        here="eth.src == $station_a" there="eth.src == $station_b"
        for of in "$here" "$there"; do
                all=$(in_record "eth.type == 0x88b6 && $of")
                test "$all" -gt 0 &&
                        test "$(in_record "mpconn && !_ws.malformed && $of" "$@")" -eq "$all" ||
                        return 1
        done
}

# nothing_passes WHAT
nothing_passes() {
        ways a b
        control "$1" at client curl -sf --max-time 1 -o $bed/got "$(url $server4 small)"
        both_heard >$bed/heard && fail "$1: heard"
        pair_stop
}

web_start
random_file small 1
for ns in a b; do ip -n $ns address flush dev y0; done
test -z "$(ip -n a address show dev y0 | grep inet)" || fail "y0 has an address"
station_a=$(station a) station_b=$(station b)
channel_a="--sync ether:y0 --peer 2" channel_b="--sync ether:y0 --peer 1"
channel 'to all stations' group group
channel_a="--sync ether:y0:0x88b6 --peer 2=$station_b"
channel_b="--sync ether:y0:0x88b6 --peer 1=$station_a"
only_a="--pcap $bed/a.pcapng"
channel 'to one station' point point
only_a=
if command -v tshark >/dev/null; then
        shown -X "lua_script:$MPCONN_SRC/doc/mpconn.lua" || fail "not shown: $(cat $bed/tshark.err)"
        control "shown without doc/mpconn.lua" shown -X lua_script:/dev/null
else
        echo "left out: no tshark"
fi
channel_a="--sync ether:y0 --peer 2" channel_b="--sync ether:y0 --peer 1=$station_a"
channel 'to all there, to one back' group point

channel_a="--sync ether:y0 --peer 2" channel_b="--sync ether:y0:0x88b6 --peer 1"
both_start
nothing_passes "two types"
channel_a="--sync ether:y0 --peer 2=02:00:00:00:00:07"
channel_b="--sync ether:y0 --peer 1=02:00:00:00:00:07"
both_start
for ns in a b; do ip -n $ns link set y0 promisc on; done
nothing_passes "to a station that is not there, and seen"
