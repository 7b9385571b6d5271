# SPDX-License-Identifier: BSD-2-Clause
# The second client calls 0.1 s, 3 s, 10 s and 20 s after the first one. That one must not take the
# time it waited for the time a round trip takes: what it believes is in its retransmission timeout.
bed_shape=bare
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/rendezvous-lib.sh"
bed_enter 120 "$0"
rendezvous_bed
# What one connection measured must not help the next one.
at c1 sh -c 'echo 1 >/proc/sys/net/ipv4/tcp_no_metrics_save'

# state_of VERSION PORT: the first client's timeout in ms, and how many bytes are acknowledged. Of a
# client that has measured nothing ss does not say the timeout: it is 3 s (RFC 6298 5.7).
state_of() {
        at c1 ss -Htin state established "dst $(with_port "$(calls 1 "$1")" "$2")" | awk '
                function figure(name) {
                        return match($0, name ":[0-9.]+") ? substr($0, RSTART + length(name) + 1,
                                RLENGTH - length(name) - 1) : ""
                }
                /bytes_acked:/ {
                        rto = figure(" rto")
                        print rto == "" ? 3000 : rto, figure("bytes_acked")
                        exit
                }'
}

# has_called VERSION PORT, has_connected VERSION PORT, has_acknowledged VERSION PORT BYTES
has_called() {
        at c1 ss -Htn state syn-sent "dst $(with_port "$(calls 1 "$1")" "$2")" | grep -q .
}

has_connected() {
        test -n "$(state_of "$1" "$2")"
}

has_acknowledged() {
        state_of "$1" "$2" | awk -v more="$3" '{ exit !($2 > more) }'
}

# late VERSION SECONDS PORT: leaves both timeouts in late.PORT
late() {
        mkfifo "$bed/say1.$3" "$bed/say2.$3"
        for n in 1 2; do
                if test $n = 2; then
                        eventually 5 has_called "$1" "$3" || return 1
                        sleep "$2" # that is what it is about
                fi
                run_at c$n socat -t 10 "OPEN:$bed/say$n.$3,rdonly!!CREATE:$bed/heard$n.$3" \
                        "TCP:$(with_port "$(calls $n "$1")" "$3"),connect-timeout=40" \
                        2>"$bed/late$n.$3.err" 3>&- &
                eval "late_$n=\$!"
                eval "exec $((n + 2))>$bed/say$n.$3"
        done
        eventually 10 has_connected "$1" "$3"
        state=$(state_of "$1" "$3")
        echo "${state% *}" >"$bed/late.$3"
        printf x >&3
        eventually 10 has_acknowledged "$1" "$3" "${state#* }" &&
                state_of "$1" "$3" | sed 's/ .*//' >>"$bed/late.$3"
        exec 3>&- 4>&-
        wait $late_1 && wait $late_2 && test "$(cat "$bed/heard2.$3")" = x
}

# The cases, one line each: IP version, seconds, what becomes of old timestamps.
cat >$bed/cases <<END
4 0.1 wait
4 3 wait
4 10 wait
4 20 wait
6 0.1 wait
6 3 wait
6 10 wait
6 20 wait
4 10 pass
END
port=7000
while read -r version seconds stale; do
        port=$((port + 1))
        printf '{"session":"%s","stale":"%s","a":{"local":"%s"},"b":{"local":"%s"}}\n' \
                $port "$stale" "$(with_port "$(calls 1 "$version")" $port)" \
                "$(with_port "$(calls 2 "$version")" $port)"
done <$bed/cases >$bed/sessions
broker_start b1 --sessions $bed/sessions

# All at a time, for they wait for most of theirs.
port=7000 running=
while read -r version seconds stale; do
        port=$((port + 1))
        late "$version" "$seconds" $port &
        running="$running $!"
done <$bed/cases
for number in $running; do wait "$number" || fail "not joined: $(cat $bed/late*.err)"; done

# timeouts PORT: both are there
timeouts() {
        at_once='' later=''
        { read -r at_once && read -r later; } <"$bed/late.$1" || fail "no timeouts on port $1"
}

port=7000
while read -r version seconds stale; do
        port=$((port + 1))
        timeouts $port
        said="IPv$version, $seconds s: timeout $at_once ms when connected, $later ms after a byte"
        if test "$stale" = pass; then
                control "with timestamps all the same ($said)" within 0 3000 "$at_once"
                continue
        fi
        test "$seconds" != 0.1 || within 0 999 "$at_once" || fail "$said"
        within 0 3000 "$at_once" || fail "$said"
        within 0 499 "$later" || fail "$said"
        ok "$said"
done <$bed/cases
broker_stop b1
