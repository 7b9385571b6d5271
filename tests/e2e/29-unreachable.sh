# SPDX-License-Identifier: BSD-2-Clause
# A router at the server refuses to forward, and says so by ICMP for each SYN that a member
# sends. Two of those are enough: the client gets its RST after a second, where a server that
# does not answer at all takes half a minute. So it is when the errors come to the other
# member. Errors of what may pass, and a router that says nothing, end nothing.
bed_shape=two
. "$(dirname "$0")/lib.sh"
bed_enter 120 "$0"

# Behind the server's namespace, which is their router
refused4=192.0.2.9 refused6=2001:db8::9
soft4=192.0.2.10 soft6=2001:db8::10
silent4=192.0.2.11 silent6=2001:db8::11

# Linux holds errors back; here each of them counts.
router_start() {
        at server sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward
                echo 0 >/proc/sys/net/ipv4/icmp_ratelimit
                echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
                echo 0 >/proc/sys/net/ipv6/icmp/ratelimit'
        ip -n server route add prohibit $refused4
        ip -n server route add unreachable $soft4
        ip -n server route add blackhole $silent4
        ip -n server -6 route add prohibit $refused6
        ip -n server -6 route add unreachable $soft6
        ip -n server -6 route add blackhole $silent6
}

# told LOW HIGH ADDRESS: by a RST, in between
told() {
        came=$(reach end=wait limit="$2" "$3" 80)
        outcome reset "$1" "$2" "$came"
}

# patient MS ADDRESS: connected all that time, and told nothing
patient() {
        outcome mute "$1" $(($1 + 1000)) "$(reach end=wait limit="$1" "$2" 80)"
}

# all_patient WHAT MS: at the same time
all_patient() {
        waiting=
        for address in $soft4 $soft6 $silent4 $silent6; do
                patient "$2" $address &
                waiting="$waiting $!"
        done
        for each in $waiting; do wait $each || fail "$1: one of them did not take long"; done
        ok "control, $1: errors that may pass, and silence, end nothing"
}

# errors_seen: how many came to the client
errors_seen() {
        at client nstat -asz IcmpInDestUnreachs Icmp6InDestUnreachs |
                awk '/DestUnreachs/ { n += $2 } END { print n }'
}

# both_told WHAT LOW HIGH
both_told() {
        for address in $refused4 $refused6; do
                told "$2" "$3" $address || fail "$1: not told of $address: $came"
        done
        ok "$1: told after $2 to $3 ms"
}

router_start
ways a a
point_a=$channel_a point_b=$channel_b
channel_a=none channel_b=none
pair_start
before=$(errors_seen)
both_told "one member" 900 2500
test "$(count_of a .reasons.OPENING_ERROR)" -eq 4 || fail "not two errors each"
test "$(count_of a .reasons.SERVER_SYN_SENT)" -eq 4 || fail "not two SYNs each"
test "$(count_of a .reasons.SERVER_UNREACHABLE)" -eq 2 || fail "not counted"
test "$(count_of a .engine.handshakes)" -eq 0 || fail "handshakes are left over"
test "$(errors_seen)" -eq "$before" || fail "the client has seen errors about our SYNs"
all_patient "one member" 5000
test "$(count_of a .reasons.SERVER_UNREACHABLE)" -eq 2 || fail "ended what may pass"
test "$(errors_seen)" -gt "$before" || fail "control: the other errors were not passed on"
pair_stop

# The errors come to the member that drives nothing, and the first of each perhaps before it has
# heard of the SYN: those are told, too.
channel_a=$point_a channel_b=$point_b
for way in 'a b' 'b a'; do
        # shellcheck disable=SC2086
        ways $way
        for announce in adaptive early; do
                pair_start --announce $announce
                both_told "$way, $announce" 900 2500
                test "$(count_of "${way#* }" '.reasons | .OPENING_ERROR + .ERROR_NO_FLOW')" -eq 4 &&
                        test "$(count_of "${way% *}" .reasons.SERVER_UNREACHABLE)" -eq 2 ||
                        fail "$way, $announce: not counted"
                pair_stop
        done
        pair_start
        all_patient "$way" 5000
        test "$(total .reasons.SERVER_UNREACHABLE)" -eq 0 || fail "$way: ended what may pass"
        pair_stop
done

channel_a=none channel_b=none
pair_start
control "without a channel nobody is told" told 0 4500 $refused4
pair_stop
