# SPDX-License-Identifier: BSD-2-Clause
# A server without timestamps, and a client that was promised them: every segment it
# gets has them, and they never go back.
. "$(dirname "$0")/lib.sh"
bed_enter 120 "$0"

seed=${MPCONN_SEED:-7}
trouble=data:loss=0.02,dup=0.01,reorder=0.05,seed=$seed

server_timestamps() {
        at server sysctl -qw net.ipv4.tcp_timestamps="$1"
}

# to_client NAME: what the client got but for SYNs and RSTs, a line a segment
to_client() {
        capture_text "$1" | grep -F -e "> $client4." -e "> $client6." | grep -v 'Flags \[[^]]*[SR]'
}

# captured NAME: tcpdump has come to look at it
captured() {
        test "$(to_client "$1" | wc -l)" -gt 20
}

# all_stamped NAME: and there were some
all_stamped() {
        test "$(to_client "$1" | grep -c 'TS val')" -gt 20 && ! to_client "$1" | grep -qv 'TS val'
}

# none_goes_back NAME [ORDER]: TSvals of a connection, as they came
none_goes_back() {
        to_client "$1" | ${2:-cat} | sed -n 's/.*> \([^ ]*\): .*TS val \([0-9]*\).*/\1 \2/p' |
                awk '$1 in last && ($2 - last[$1] + turn) % turn >= turn / 2 { exit 1 }
                        { last[$1] = $2 }' turn=4294967296 -
}

# both_ways NAME: IPv4 and IPv6, what the client gets is captured
both_ways() {
        forget_metrics
        capture_start client eth0 "$1"
        for address in $server4 $server6; do
                download $address file && upload $address file || fail "$1: transfer with $address"
        done
        eventually 10 captured "$1" || fail "$1: nothing was captured"
        capture_stop "$1"
}

# unbroken NAME: nothing that a server with timestamps would not have done
unbroken() {
        both_ways "$1"
        all_stamped "$1" || fail "$1: $(to_client "$1" | grep -v 'TS val' | head -n 2)"
        none_goes_back "$1" || fail "$1: timestamps go back"
        test "$(counter .reasons.SEGMENT_UNSTAMPED)" -eq 0 || fail "$1: no room in a segment"
        ok "$1: every segment has timestamps, 8 MiB both ways, IPv4 and IPv6"
}

web_start
random_file file 8
server_timestamps 0

member_start
unbroken offloads
member_stop

# The server's segments as they are show what the test looks at.
capture_start server eth0 bare
member_start
download $server4 file || fail "transfer"
eventually 10 captured bare || fail "nothing was captured"
capture_stop bare
control "timestamps read backwards" none_goes_back offloads tac
capture_text bare | grep -F "> $client4." | grep -q 'TS val' && fail "the server has timestamps"
control "the server's own segments" all_stamped bare
member_stop

offloads off
member_start
unbroken single
member_stop
member_start --impair $trouble
both_ways lossy
all_stamped lossy || fail "lossy: without timestamps"
test "$(counter .host.impaired.lost)" -gt 0 || fail "nothing was lost (seed $seed)"
ok "through loss, duplication and reordering (seed $seed)"
member_stop

# No line is left for the client's timestamps: it is served without.
member_start --max-flows 1
both_ways full
test "$(counter .reasons.SECOND_LINE_FULL)" -gt 0 || fail "there was a line left"
control "without a second line" all_stamped full
member_stop

# echo_age NAME: of an upload at a steady rate, how many milliseconds the oldest reading of its
# clock was behind the latest when the client got it back (RFC 7323 4.1 measures by that)
echo_age() {
        capture_text "$1" | awk -v client="$client4." '
                !match($0, /TS val [0-9]+ ecr [0-9]+/) { next }
                { split(substr($0, RSTART, RLENGTH), ts, " ") }
                index($3, client) == 1 { latest = ts[3] }
                index($3, client) != 1 && ts[5] > 0 && latest - ts[5] > oldest {
                        oldest = latest - ts[5]
                }
                END { print oldest + 0 }'
}

# uploads NAME: four seconds
uploads() {
        member_start
        capture_start client eth0 "$1"
        upload $server4 file || fail "$1: upload"
        eventually 10 captured "$1" || fail "$1: nothing was captured"
        capture_stop "$1"
        member_stop
        age=$(echo_age "$1")
        echo "$1: the client's timestamps come back after $age ms at most"
}

is_young() {
        test "$age" -gt 0 && test "$age" -lt 1000
}

at client tc qdisc add dev eth0 root tbf rate 17mbit burst 32kb latency 50ms ||
        skip "this kernel shapes nothing"
uploads steady
is_young || fail "echoes of $age ms"
ok "a client that sends all the time measures its round trip"
member_program=$tools/faulty-member
MPCONN_FAULT=echo
export MPCONN_FAULT
uploads frozen
control "the first reading for ever" is_young
