# SPDX-License-Identifier: BSD-2-Clause
# A client that was promised SACK, and a server without it. Segments are lost both ways, by their
# number, and found missing by duplicate acknowledgments as between ends that both have none.
# Control: the same members that put no blocks on the server's duplicates, or let the client's
# window grow with its own (faults.c), and the sender waits for timeouts.
. "$(dirname "$0")/lib.sh"
bed_enter 120 "$0"

member_program=$tools/faulty-member
connections=32 bytes=262144 limit=20000 # ms

# timeouts_of NAMESPACE: retransmission timeouts so far
timeouts_of() {
        at "$1" nstat -asz TcpExtTCPTimeouts | awk '$1 == "TcpExtTCPTimeouts" { print $2 }'
}

# carry FAULT FROM TO: one connection after the other; sets $ms, the sum, $of_client and $of_server,
# timeouts
carry() {
        MPCONN_FAULT=$1
        export MPCONN_FAULT
        forget_metrics
        of_client=$(timeouts_of client) of_server=$(timeouts_of server) ms=0
        member_start --impair data:nth=1%,delay=2,seed=7
        for i in $(seq $connections); do
                at client "$tools/exchange" connect "$2" $((base + i)) "$3" 7 $bytes $limit \
                        >$bed/one || fail "$1: $(cat $bed/one)"
                ms=$((ms + $(sed 's/.* ms=\([0-9]*\).*/\1/' $bed/one)))
        done
        base=$((base + 256))
        of_client=$(($(timeouts_of client) - of_client))
        of_server=$(($(timeouts_of server) - of_server))
        echo "$1: $connections times 256 KiB each way in $ms ms," \
                "timeouts: client $of_client, server $of_server"
        test "$(counter .reasons.DUPLICATE_UNMARKED)" -eq 0 || fail "$1: no room for a block"
        member_stop
}
base=2048

# is_well: no more timeouts than come of what was lost again, or near the end
is_well() {
        test $of_client -le 12 && test $of_server -le 12
}

offloads off
at server sysctl -qw net.ipv4.tcp_sack=0
: >$bed/served
run_at server "$tools/exchange" serve 7 $bytes >$bed/served 2>$bed/exchange.err &
eventually 10 grep -q listening $bed/served || fail "no server"

for ends in "$client4 $server4" "$client6 $server6"; do
        # shellcheck disable=SC2086
        set -- $ends
        carry none "$@"
        is_well || fail "timeouts: client $of_client, server $of_server"
        without=$ms of_server_without=$of_server
        carry blocks "$@"
        control "duplicates without blocks" is_well
        test $of_client -gt 12 || fail "no blocks: timeouts of the server alone"
        test $ms -gt $((3 * without / 2)) || fail "no blocks: $ms ms, with them $without"
        carry windows "$@"
        control "windows that grow with duplicates" \
                test $of_server -le $((of_server_without + 4))
done
ok "a client with SACK, a server without: losses are found by duplicates, both ways"
