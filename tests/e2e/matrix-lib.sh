# SPDX-License-Identifier: BSD-2-Clause
# Sourced by the tests that carry connections between ends of different settings, each twice:
# split, and by the same two members that split nothing and pass on what comes ("plain"). A path of
# 2 ms each way loses the same segments of both, by their number (examples/host/impair.h). What the
# ratio of the two times says is what the split costs, not what the program does.
bed_shape=two
. "$(dirname "$0")/lib.sh"

: "${MPCONN_SEED:=7}"
matrix_settings='all no-sack no-ts no-ws mss-536 ecn'
matrix_bytes=1048576 matrix_limit=20000 # ms
matrix_wire="data:nth=0.5%,delay=2,seed=$MPCONN_SEED"

# matrix_begin: the server, and ends that start every connection alike.
matrix_begin() {
        offloads off
        for ns in client server; do
                at $ns sh -c 'echo 1 >/proc/sys/net/ipv4/tcp_no_metrics_save'
        done
        : >$bed/served
        run_at server "$tools/exchange" serve 7 $matrix_bytes >$bed/served 2>$bed/exchange.err &
        eventually 10 grep -q listening $bed/served || fail "no server"
        echo "seed $MPCONN_SEED (MPCONN_SEED sets another)"
}

# carry_start MODE: the members, splitting or not
carry_start() {
        case $1 in
        split) pair_start --split always --impair "$matrix_wire" ;;
        plain) pair_start --split never --unknown pass --impair "$matrix_wire" ;;
        esac
}

# port_of MODE NUMBER: the client's. Each connection has its own, and the two that are compared have
# the same last byte: by this they lose the same segments.
port_of() {
        case $1 in split) odd=0 ;; plain) odd=1 ;; esac
        echo $((1024 + $2 / 256 * 512 + odd * 256 + $2 % 256))
}

# end_set NAMESPACE THERE MEMBER SETTING...: all together; the way it sends, and what it negotiates
end_set() {
        end=$1
        sack=1 ts=1 ws=1 ecn=0 mss=
        for setting in $(shift 3 && echo "$@"); do
                case $setting in
                all) ;;
                no-sack) sack=0 ;;
                no-ts) ts=0 ;;
                no-ws) ws=0 ;;
                ecn) ecn=1 ;;
                mss-536) mss='advmss 536' ;;
                *) fail "no such setting: $setting" ;;
                esac
        done
        at "$end" sh -c "cd /proc/sys/net/ipv4
                echo $sack >tcp_sack
                echo $ts >tcp_timestamps
                echo $ws >tcp_window_scaling
                echo $ecn >tcp_ecn"
        # shellcheck disable=SC2086
        way_of "$1" "$2" "$3" $mss
}

# cell_set SERVER CLIENT WAY: settings, joined by commas, and symmetric or asymmetric
cell_set() {
        case $3 in symmetric) back=a ;; asymmetric) back=b ;; esac
        # shellcheck disable=SC2046
        end_set server 1 $back $(echo "$1" | tr ',' ' ')
        # shellcheck disable=SC2046
        end_set client 2 a $(echo "$2" | tr ',' ' ')
}

# carry PORT FAMILY: one connection; its line in $bed/carried. Nobody remembers the last one.
carry() {
        eval "from=\$client$2 to=\$server$2"
        for ns in client server; do
                at $ns sh -c 'ip route flush cache; ip -6 route flush cache'
        done
        at client "$tools/exchange" connect "$from" "$1" "$to" 7 $matrix_bytes $matrix_limit \
                >$bed/carried
}

# figure NAME: of the line in $bed/carried
figure() {
        sed -n "s/.* $1=\([^ ]*\).*/\1/p" $bed/carried
}

# served PORT: what the server said of this connection
served() {
        eventually 5 grep -q "port=$1 " $bed/served && grep "port=$1 " $bed/served
}
