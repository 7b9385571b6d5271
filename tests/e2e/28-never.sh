# SPDX-License-Identifier: BSD-2-Clause
# Connections that are not split, whose answers go through the other member: that one
# knows nothing of the SYN until it is told. All succeed, and the server never repeats
# its SYN|ACK; so do those of members of different modes.
bed_shape=two
. "$(dirname "$0")/lib.sh"
bed_enter 120 "$0"

connections=200

# carried CLIENT SERVER: new connections one after the other, figures in $bed/figures
carried() {
        before=$(repeated)
        at client "$tools/burst" $connections 1 "$1" "$2" /short "$(wc -c <$bed/web/short)" \
                >$bed/figures 2>/dev/null && test "$(repeated)" -eq "$before"
}

repeated() {
        at server nstat -asz TcpExtTCPSynRetrans | awk '/SynRetrans/ { print $2 }'
}

# first_byte LOW HIGH: its median
first_byte() {
        within "$1" "$2" "$(tr ' ' '\n' <$bed/figures | sed -n 's/^first_median_ms=//p')"
}

# split_nothing: not one SYN was answered by a member
split_nothing() {
        test "$(total .reasons.SYN_ANSWERED)" -eq 0
}

both_families() {
        carried $client4 $server4 || fail "$1, IPv4: $(cat $bed/figures)"
        ok "$1, IPv4: $(cat $bed/figures)"
        carried $client6 $server6 || fail "$1, IPv6: $(cat $bed/figures)"
        ok "$1, IPv6: $(cat $bed/figures)"
}

is_refused() {
        outcome refused 0 500 "$(reach limit=500 "$1" 9)"
}

web_start
random_file big 16
for way in 'a b' 'b a'; do
        # shellcheck disable=SC2086
        ways $way
        for mode in never adaptive; do
                pair_start --split $mode --unknown drop --impair sync:delay=5
                both_families "$mode, $way, members 5 ms apart"
                first_byte 5 20 || fail "$way: $(cat $bed/figures)"
                for address in $server4 $server6; do
                        download $address big || fail "$mode, $way: download from $address"
                        upload $address big || fail "$mode, $way: upload to $address"
                        is_refused $address || fail "$mode, $way: $address does not refuse"
                done
                split_nothing || fail "$mode, $way: something was split"
                pair_stop
        done
done

# The delay is what the time goes into.
pair_start --split never --unknown drop
both_families "never, members 0 ms apart"
control "5 ms without the delay" first_byte 5 20
pair_stop

# Modes need not be the same: who passes the SYN on decides.
for modes in 'never always' 'never adaptive' 'always never'; do
        only_a="--split ${modes% *}" only_b="--split ${modes#* }"
        for way in 'a b' 'b a'; do
                # shellcheck disable=SC2086
                ways $way
                pair_start --unknown drop
                both_families "a $modes b, $way"
                case "$modes, $way" in
                'never always, b a' | 'always never, a b')
                        control "nothing split, a $modes b, $way" split_nothing ;;
                *) split_nothing || fail "a $modes b, $way: something was split" ;;
                esac
                pair_stop
        done
done

# Without the channel who sees the answer hears of no SYN.
only_a='' only_b=''
channel_a=none channel_b=none
ways a b
pair_start --split never --unknown drop
before=$(repeated)
for address in $server4 $server6; do
        control "without a channel, $address" at client curl -sf --max-time 2 -o $bed/got \
                "$(url $address short)"
done
control "no repeats without a channel" test "$(repeated)" -eq "$before"
pair_stop
