# SPDX-License-Identifier: BSD-2-Clause
# Sourced by the end-to-end tests in which exchange.c makes connections of a kind of their own.

bytes=262144 client_port=3000 # each way; the client's last port

# serve_bytes KIND PORT
serve_bytes() {
        : >"$bed/bytes.$2"
        run_at server "$tools/exchange" "$1" serve "$2" $bytes >"$bed/bytes.$2" \
                2>"$bed/exchange.err" &
        eventually 10 grep -q -e listening "$bed/bytes.$2" || skip "$(cat $bed/exchange.err)"
}

# carry KIND CLIENT SERVER PORT [LIMIT]: every byte comes, and once, and both ends say so; $line is
# what the client's says
carry() {
        client_port=$((client_port + 1))
        line=$(at client "$tools/exchange" "$1" connect "$2" $client_port "$3" "$4" $bytes \
                "${5:-5000}") &&
                eventually 5 grep -q "^ok port=$client_port " "$bed/bytes.$4"
}

# figure NAMESPACE COUNTER: of its kernel
figure() {
        at "$1" nstat -asz "$2" | awk -v name="$2" '$1 == name { print $2 }'
}

# doubts: signed segments that an end found wrong, unsigned or not expected to be signed
doubts() {
        n=0
        for ns in client server; do
                for name in NotFound Unexpected Failure; do
                        n=$((n + $(figure $ns TcpExtTCPMD5$name)))
                done
        done
        echo $n
}

# all_well: signed connections to port 7, over IPv4 and IPv6, within $limit ms
all_well() {
        for pair in "$client4 $server4" "$client6 $server6"; do
                # shellcheck disable=SC2086
                carry md5 $pair 7 $limit || return 1
        done
}
