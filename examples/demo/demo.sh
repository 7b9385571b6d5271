#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# examples/demo/demo.sh [--one] BUILD_DIR [RESULTS_DIR]
#
# curl fetches 64 MiB from nginx, all in namespaces of their own. What the client
# says goes through member A, what the server says through member B; with --one
# there is one member for both. Then what each leg of the connection saw, and what
# the members said to one another, is drawn as a ladder. Where the system allows no
# namespaces, an example program is run instead. The last line begins "demo: OK" or
# "demo: FAILED". The ladder as SVG and what the members recorded (pcapng, for
# Wireshark with doc/mpconn.lua) are left in RESULTS_DIR, or else in BUILD_DIR.

bed_shape=two
if test "${1:-}" = --one; then
        bed_shape=one
        shift
fi
MPCONN_SRC=$(cd "$(dirname "$0")/../.." && pwd)
MPCONN_BUILD=$(cd "${1:-build}" && pwd) || exit 1
results=$(cd "${2:-$MPCONN_BUILD}" && pwd) || exit 1
. "$MPCONN_SRC/tests/e2e/lib.sh"

# Inside the namespaces. What is wrong is said last, and by this status nobody
# needs to say it again.
said=3
fail() {
        show_logs 2>&1
        echo "demo: FAILED: $*"
        exit $said
}

show() {
        web_start
        random_file big 64
        show_$bed_shape
        there=$(sum $bed/web/big) here=$(sum $bed/got)
        echo "SHA-256 at the server $there"
        echo "SHA-256 at the client $here"
        test "$here" = "$there" || fail "the bytes differ"
}

show_two() {
        ways a b
        only_a="--pcap $results/demo-a.pcapng --trace $bed/trace.a"
        only_b="--pcap $results/demo-b.pcapng --trace $bed/trace.b"
        pair_start --split always --snap-len 256
        echo "curl fetches 64 MiB from nginx at $server4: to the server through member A, back" \
                "through B."
        fetch
        test -n "$trouble" || eventually 5 none_open ||
                fail "the members do not know that the connection is over"
        pair_stop
        draw "$results/demo-a.pcapng" "$results/demo-b.pcapng"
        grep -q '^ways: .*server: A [1-9][0-9]*, B 0; .*client: A 0, B [1-9]' $bed/ladder ||
                fail "not each direction through its own member"
        tell_delta a "member A"
        tell_delta b "member B"
        cmp -s $bed/delta.a $bed/delta.b || fail "the members hold two deltas"
}

show_one() {
        member_start --split always --pcap "$results/demo.pcapng" --snap-len 128 \
                --trace $bed/trace.a
        echo "curl fetches 64 MiB from nginx at $server4, through mpconn-member:"
        fetch
        member_stop
        draw "$results/demo.pcapng"
        tell_delta a "the member"
}

# Given up when nothing comes; then $trouble says why.
fetch() {
        trouble=
        times='SYN|ACK after %{time_connect} s, first byte %{time_starttransfer} s'
        at client curl -sSf --speed-limit 1 --speed-time 3 --max-time 60 -o $bed/got \
                -w "$times, last %{time_total} s" "$(url $server4 big)" \
                >$bed/figures 2>$bed/curl.said || trouble=$(cat $bed/curl.said)
}

none_open() {
        for ns in a b; do
                ask_of $ns flows | jq -e 'all(.[]; .state == "CLOSED")' || return 1
        done
}

# draw RECORD...: also of a connection that failed
draw() {
        echo "x, y, z: initial numbers of the client, of the server as the client sees it, and of" \
                "the server"
        echo
        "$MPCONN_BUILD/examples/demo/ladder" -s "$results/demo.svg" "$@" >$bed/ladder ||
                fail "no ladder${trouble:+; the transfer failed: $trouble}"
        cat $bed/ladder
        echo "drawn in $results/demo.svg, recorded in $*"
        cost=$(sed -n 's/^between \(.*\);/between \1/p' $bed/ladder)
        test -z "$trouble" || fail "the transfer failed: $trouble${cost:+; $cost}"
        cat $bed/figures
        echo
}

# tell_delta MEMBER NAME
tell_delta() {
        jq -r 'select(.event == "settled") | .delta | "\(.seq[1]) \(.ts[1])"' \
                $bed/trace."$1" >"$bed/delta.$1"
        read -r delta clock <"$bed/delta.$1" || fail "$2 has no delta"
        echo "delta in $2: server's numbers + $delta, its timestamps + $clock"
        test "$delta" -ne 0 || fail "the connection was not split"
        grep -q "^legs: .*: difference $delta\$" $bed/ladder ||
                fail "the legs differ by something else"
}

# Without namespaces.
show_in_process() {
        case $bed_shape in
        one) example=01-split ;;
        *) example=02-two-members ;;
        esac
        echo "No namespaces here ($1), so engines with a wire in the same process:"
        echo
        "$MPCONN_BUILD/examples/$example"
}

missing_tool() {
        for tool in unshare nsenter timeout ip ethtool jq curl nginx; do
                command -v $tool >/dev/null 2>&1 || { echo "$tool is missing"; return; }
        done
        test -x "$member_program" || { echo "mpconn-member is not built"; return; }
        test -x "$tools/peer" || { echo "the end-to-end tools are not built"; return; }
        namespace_flags >/dev/null || echo "neither root nor allowed to users"
}

if test $bed_shape = one; then
        set -- --one "$MPCONN_BUILD" "$results"
        good="64 MiB arrived unchanged over a split connection"
else
        set -- "$MPCONN_BUILD" "$results"
        good="64 MiB arrived unchanged, each direction through a member of its own"
fi

if test "${MPCONN_IN_BED:-}" = yes; then
        bed_enter 60 "$0"
        show
        exit
fi

child=
give_up() {
        test -z "$child" || kill -TERM "$child" 2>/dev/null || :
        wait
        echo "demo: FAILED: interrupted"
        exit 130
}
trap give_up HUP INT TERM

why=$(missing_tool)
if test -n "$why"; then
        show_in_process "$why" &
        good="the numbers of both legs fit; without namespaces, in one process"
else
        (bed_enter 60 "$0" "$@") &
fi
child=$!
status=0
wait $child || status=$?
case $status in
0) echo "demo: OK: $good" ;;
$said) exit 1 ;;
*)
        echo "demo: FAILED"
        exit 1
        ;;
esac
