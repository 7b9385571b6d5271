# SPDX-License-Identifier: BSD-2-Clause
# tests/e2e/compare.sh: connect time and throughput through mpconn-member with
# and without split, beside a plain Linux bridge in its place. Connect time is
# that of 400 short connections, one after the other, with and without the
# request; throughput the best of three transfers of 256 MiB.
. "$(dirname "$0")/lib.sh"
bed_enter 300 "$0"

connections=400 mebibytes=256

# measure NAME: a row of the table
measure() {
        burst=$(at client "$tools/burst" $connections 1 $client4 $server4 /short \
                "$(wc -c <$bed/web/short)") || fail "$1: a connection failed"
        down=0
        for try in 1 2 3; do
                forget_metrics
                speed=$(at client curl -sf --max-time 60 -o /dev/null -w '%{speed_download}' \
                        "$(url $server4 big)") || fail "$1: the transfer failed"
                down=$(awk -v a="$down" -v b="$speed" 'BEGIN { print (a > b ? a : b) }')
        done
        echo "$burst" | tr ' ' '\n' | awk -F = -v name="$1" -v down="$down" '
                { v[$1] = $2 }
                END { printf "%-28s %10.3f %10.3f %10.3f %10.3f %10.2f\n", name,
                        v["connect_median_ms"], v["connect_p99_ms"],
                        v["total_median_ms"], v["total_p99_ms"], down * 8 / 1e9 }'
}

bridge_start() {
        ip -n member link add br0 type bridge
        for port in c0 s0; do ip -n member link set $port master br0; done
        ip -n member link set br0 up
        eventually 5 at client curl -sf --max-time 1 "$(url $server4 short)" || fail "no bridge"
}

bridge_stop() {
        ip -n member link del br0
}

table() {
        printf '%-28s %10s %10s %10s %10s %10s\n' "$1" connect '' 'first to last' '' throughput
        printf '%-28s %10s %10s %10s %10s %10s\n' '' 'median ms' 'p99 ms' 'median ms' 'p99 ms' \
                'Gbit/s'
        bridge_start
        measure 'Linux bridge'
        bridge_stop
        for mode in never always; do
                member_start --split $mode
                measure "mpconn-member --split $mode"
                member_stop
        done
        echo
}

web_start
random_file big $mebibytes
table 'offloads on'
offloads off
table 'offloads off'
