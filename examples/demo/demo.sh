#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# examples/demo/demo.sh BUILD_DIR [DRAWING]
#
# curl fetches 64 MiB from nginx through a member, all in namespaces of their
# own; then what each leg of the connection saw is drawn as a ladder. Where the
# system allows no namespaces, the first example program is run instead. The
# last line begins "demo: OK" or "demo: FAILED". The ladder is also drawn as SVG,
# in BUILD_DIR/demo.svg if nothing else is said.

MPCONN_SRC=$(cd "$(dirname "$0")/../.." && pwd)
MPCONN_BUILD=$(cd "${1:-build}" && pwd) || exit 1
drawing=${2:-$MPCONN_BUILD/demo.svg}
. "$MPCONN_SRC/tests/e2e/lib.sh"

# Inside the namespaces.
show() {
        web_start
        random_file big 64
        member_start --split always --pcap $bed/demo.pcapng --snap-len 128 --trace $bed/trace
        echo "curl fetches 64 MiB from nginx at $server4, through mpconn-member:"
        figures=$(at client curl -sf --max-time 60 -o $bed/got \
                -w 'connected after %{time_connect} s, done after %{time_total} s' \
                "$(url $server4 big)") || fail "the transfer failed"
        member_stop
        echo "$figures"
        echo "SHA-256 at the server $(sum $bed/web/big)"
        echo "SHA-256 at the client $(sum $bed/got)"
        echo
        "$MPCONN_BUILD/examples/demo/ladder" $bed/demo.pcapng "$drawing" >$bed/ladder ||
                fail "no ladder"
        cat $bed/ladder
        judge
}

judge() {
        delta=$(jq -r 'select(.event == "settled") | .delta.seq[1]' $bed/trace)
        clock=$(jq -r 'select(.event == "settled") | .delta.ts[1]' $bed/trace)
        echo "delta in the member: server's numbers + $delta, its timestamps + $clock"
        echo "drawing: $drawing"
        test "$(sum $bed/got)" = "$(sum $bed/web/big)" || fail "the bytes differ"
        test "$delta" -ne 0 || fail "the connection was not split"
        grep -q "difference $delta\$" $bed/ladder || fail "the legs differ by something else"
}

# Without namespaces.
show_in_process() {
        echo "No namespaces here ($1), so an engine with a wire in the same process:"
        echo
        "$MPCONN_BUILD/examples/01-split"
}

missing_tool() {
        for tool in unshare nsenter timeout ip ethtool jq curl nginx; do
                command -v $tool >/dev/null 2>&1 || { echo "$tool is missing"; return; }
        done
        test -x "$member_program" || { echo "mpconn-member is not built"; return; }
        namespace_flags >/dev/null || echo "neither root nor allowed to users"
}

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
        (bed_enter 60 "$0" "$MPCONN_BUILD" "$drawing") &
        good="64 MiB arrived unchanged over a split connection"
fi
child=$!
if wait $child; then
        echo "demo: OK: $good"
else
        echo "demo: FAILED"
        exit 1
fi
