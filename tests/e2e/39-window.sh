# SPDX-License-Identifier: BSD-2-Clause
# The first window of a client. All that comes to the member takes a while, so round trips can be
# counted: a client that speaks first gets its answer after three to the member and two to the
# server where its window is closed, and after two and two where it may send at once, as without a
# split. What it sends waits for a slow server, within bounds.
. "$(dirname "$0")/lib.sh"
bed_enter 90 "$0"

trip=80 # ms; of the client to the member and back, and of the member to the server
policies='closed=0 small=2920 open=65535'

# An HTTP request of so many bytes and some more.
request() {
        printf 'GET /short HTTP/1.0\r\nX-Long: %*s\r\n\r\n.' "$1" x
}

# first_word ADDRESS LENGTH: the time to the first byte of the answer, the least of three
first_word() {
        text=$(request "$2")
        best=$(for i in 1 2 3; do
                line=$(reach send="${text%.}" expect=HTTP/1.1 "$1" 80)
                case $line in "ok "*) echo "${line##*total_ms=}" ;; *) echo "$line" >&2 ;; esac
        done | sort -n | head -n 1)
        test -n "$best"
}

# trips N: so many, and not one more
trips() {
        within $((trip * $1)) $((trip * $1 + trip - 10)) "$best"
}

# takes N ADDRESS LENGTH WHAT
takes() {
        first_word "$2" "$3" || fail "$4: no answer"
        trips "$1" || fail "$4: the first byte after $best ms, not $1 times $trip"
        ok "$4: the first byte after $best ms, $1 times $trip"
}

# count REASON
count() {
        counter ".reasons.$1"
}

web_start
for policy in $policies; do
        member_start --client-window "${policy#*=}" --impair data:delay=$trip
        short=4 long=4
        case $policy in closed*) short=5 long=5 ;; small*) long=5 ;; esac
        for address in $server4 $server6; do
                takes $short $address 10 "${policy%=*}, $address, a short request"
                takes $long $address 5000 "${policy%=*}, $address, one of 5,000 bytes"
        done
        case $policy in
        closed*) test "$(count HELD)" -eq 0 || fail "held where nothing may be sent" ;;
        *) test "$(count HELD)" -ge 12 || fail "$(count HELD) segments of 12 connections held" ;;
        esac
        case $policy in closed*) control "four trips with a closed window" trips 4 ;; esac
        member_stop
done
member_start --split never --unknown pass --impair data:delay=$trip
takes 4 $server4 10 "without a split, $server4"
member_stop

# held WINDOW ADDRESS: 64 KiB each way while the first SYN to the server is lost; what was counted
held() {
        member_start --client-window "$1" --lose SERVER_SYN_SENT:1
        case $2 in *:*) from=$client6 ;; *) from=$client4 ;; esac
        port=$((port + 1))
        line=$(at client "$tools/exchange" connect $from $port "$2" 7 65536 5000)
        case $line in "ok "*) ;; *) fail "$2: $line" ;; esac
        held=$(count HELD) over=$(count HOLD_FULL) waits=$(count CLIENT_WAITS)
        test "$(counter .engine.held_packets)" -eq 0 || fail "something is held for good"
        member_stop
}

# A server leg that takes a second: the client repeats itself, and may begin with more than is held.
offloads off
port=2000
: >$bed/served
run_at server "$tools/exchange" serve 7 65536 >$bed/served 2>$bed/exchange.err &
eventually 10 grep -q listening $bed/served || fail "no server"
for burst in 10 40; do
        bed_routes client initcwnd $burst
        for address in $server4 $server6; do
                held 65535 $address
                case $burst in
                10) within 10 16 "$held" && test "$over" -eq 0 ;; # and probes with new data
                40) test "$held" -eq 16 && test "$over" -gt 0 ;;
                esac || fail "$address: $held of a burst of $burst held, $over dropped"
                test "$waits" -gt 0 || fail "$address: the client did not repeat itself"
                ok "$address: a burst of $burst: $held held, $over dropped, $waits repeats absorbed"
        done
done
held 0 $server4
test "$held" -eq 0 || fail "$held segments held behind a closed window"
ok "control: behind a closed window nothing is held"
