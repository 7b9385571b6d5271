# SPDX-License-Identifier: BSD-2-Clause
# What parts of the translation are good for: each is left out in turn (faults.c), and the figure
# that it is there for gets worse. Connections over a path of 2 ms each way that loses segments by
# their number, the same of all.
. "$(dirname "$0")/lib.sh"
bed_enter 90 "$0"

member_program=$tools/faulty-member
connections='1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16' bytes=262144 limit=3000 # ms

# grown NAMESPACE COUNTER: sets $COUNTER to what it grew by since the last call
grown() {
        now=$(at "$1" nstat -asz "$2" | awk -v name="$2" '$1 == name { print $2 }')
        eval "$2=\$((now - \${before_$2:-0})) before_$2=$now"
}

# figures_of FAULT: all connections at once, $bed/FAULT has a line of each
figures_of() {
        MPCONN_FAULT=$1
        export MPCONN_FAULT
        forget_metrics
        member_start --impair data:nth=1%,delay=2,seed=7
        for i in $connections; do
                : >"$bed/one.$i"
                run_at client "$tools/exchange" connect $client4 $((base + i)) $server4 7 \
                        $bytes $limit >"$bed/one.$i" &
        done
        for i in $connections; do
                eventually 5 grep -q repeats= "$bed/one.$i" || fail "connection $i never ends"
        done
        cat $bed/one.* >"$bed/$1"
        base=$((base + 256))
        grown client TcpExtPAWSEstab
        for name in TcpExtTCPSACKDiscard TcpRetransSegs TcpExtTCPTimeouts; do
                grown server $name
        done
        finished=$(grep -c '^ok' "$bed/$1" || :)
        slowest=$(sed 's/.* ms=\([0-9]*\).*/\1/' "$bed/$1" | sort -n | tail -n 1)
        echo "$1: $finished of 16 complete, the last after $slowest ms;" \
                "server: $TcpRetransSegs repeats, $TcpExtTCPTimeouts timeouts," \
                "$TcpExtTCPSACKDiscard SACK blocks refused;" \
                "client: $TcpExtPAWSEstab segments refused by PAWS"
        member_stop
}
base=2048

# What a fault does to the last 16 connections
makes_timeouts() {
        test "$TcpExtTCPSACKDiscard" -gt 0 && test "$TcpExtTCPTimeouts" -gt "$timeouts_without"
}

makes_stalls() {
        test "$TcpExtPAWSEstab" -gt 0 && test "$finished" -lt 16
}

all_is_well() {
        test "$finished" -eq 16 && test "$TcpExtTCPSACKDiscard" -eq 0 &&
                test "$TcpExtPAWSEstab" -eq 0
}

offloads off
: >$bed/served
run_at server "$tools/exchange" serve 7 $bytes >$bed/served 2>$bed/exchange.err &
eventually 10 grep -q listening $bed/served || fail "no server"

figures_of none
all_is_well || fail "without a fault: $(cat $bed/none)"
timeouts_without=$TcpExtTCPTimeouts
control "timeouts without a fault" makes_timeouts
control "stalls without a fault" makes_stalls

figures_of sack
makes_timeouts || fail "SACK blocks may as well stay as they are"
control "SACK blocks not carried over" all_is_well
ok "SACK blocks not carried over: the server refuses them, and waits for timeouts"

# Whether the numbers of a server's clock are old to a client is even chances.
figures_of timestamps
makes_stalls || fail "timestamps may as well stay as they are"
control "timestamps not carried over" all_is_well
ok "timestamps not carried over: clients refuse segments as old, and connections stall"
