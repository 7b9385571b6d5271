# SPDX-License-Identifier: BSD-2-Clause
# A server without timestamps, a client that was promised them, and a link of 1280 bytes behind
# the client's router. What the router quotes are segments that became longer on their way, and
# the server has to leave room for that; one of IPv6 cannot, as nobody may tell it less than
# 1280. Its longest segments are divided then, so that the client gets nothing without
# timestamps. It refuses what has none here, as RFC 7323 3.2 would have it.
bed_shape=two
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/nat.sh"
. "$(dirname "$0")/pmtu.sh"
bed_enter 180 "$0"
need nft tcpdump

insist_on_timestamps() {
        at near nft -f - <<END
table inet strict {
        chain in {
                type filter hook input priority 0;
                iifname eth0 tcp flags & (syn | rst) == 0 tcp option timestamp missing counter drop
        }
}
END
}

# refused: segments without timestamps
refused() {
        at near nft -j list table inet strict | jq '[.. | .counter? | .packets?] | add'
}

# quoted_options: errors that the server got about segments with timestamps, up to now. These begin
# behind two NOPs: 8 bytes of ICMP, 20 of the quoted IP header and 20 of TCP before them
quoted_options() {
        at server tcpdump -Z root -n -r $bed/errors.pcap 'icmp[50] = 8' 2>/dev/null | wc -l
}

errors_start() {
        rm -f $bed/errors.pcap
        : >$bed/errors.tcpdump
        run_at server tcpdump -Z root -n -U -i any -w $bed/errors.pcap \
                'icmp[0] = 3 and icmp[1] = 4' 2>$bed/errors.tcpdump &
        errors_pid=$!
        eventually 10 grep -q 'listening on' $bed/errors.tcpdump || skip "tcpdump does not run"
}

errors_stop() {
        eventually 5 some_quoted || fail "$1: no error about a segment with timestamps came"
        kill -TERM $errors_pid
        wait $errors_pid || :
}

some_quoted() {
        test "$(quoted_options)" -gt 0
}

# everything WHAT MEMBER: that carries what the server says
everything() {
        errors_start
        learns server $near4 1268 get near $server4 20 || fail "$1: IPv4"
        errors_stop "$1"
        ok "$1: IPv4, the server takes an error that quotes timestamps it did not send"
        learns server $near6 1280 get near $server6 20 || fail "$1: IPv6"
        put near $server4 20 && put near $server6 20 || fail "$1: and back"
        test "$(count_of "$2" .reasons.SEGMENT_UNSTAMPED)" -eq 0 || fail "$1: without timestamps"
        test "$(refused)" -eq 0 || fail "$1: the client refused $(refused) segments"
        ok "$1: IPv6, whatever the client gets has timestamps and fits"
}

host_behind client near $near4 $near6
web_start
random_file file 8
at server sysctl -qw net.ipv4.tcp_timestamps=0
insist_on_timestamps

ways a a
point_a=$channel_a point_b=$channel_b
channel_a=none channel_b=none
pair_start
everything "super-segments" a
pair_stop
offloads off
pair_start
everything "single segments" a
test "$(count_of a .reasons.SEGMENT_DIVIDED)" -gt 100 || fail "nothing was divided"
pair_stop

channel_a=$point_a channel_b=$point_b
ways a b
pair_start
everything "two members" b
test "$(count_of b .reasons.ERROR_TRANSLATED)" -eq 0 || fail "errors came to member b"
test "$(count_of b .reasons.SEGMENT_DIVIDED)" -gt 100 || fail "two members: nothing was divided"
pair_stop

# Without: the quote as it is; timestamps, but no room for them, so that they are left off.
ways a a
channel_a=none channel_b=none
member_program=$tools/faulty-member
MPCONN_FAULT=quote
export MPCONN_FAULT
pair_start
control "untranslated, IPv4" learns server $near4 1268 get near $server4 4
pair_stop
MPCONN_FAULT=divide
pair_start
control "undivided, IPv6, a client that insists" learns server $near6 1280 get near $server6 4
test "$(refused)" -gt 0 || fail "it insists on nothing"
at near nft delete table inet strict
learns server $near6 1280 get near $server6 20 || fail "undivided: Linux"
ok "undivided, IPv6: Linux alone takes segments without timestamps"
pair_stop
unset MPCONN_FAULT
member_program=$MPCONN_BUILD/examples/member/mpconn-member
insist_on_timestamps

# Where the server's header is shorter than that of the link there is room; where it is longer
# there is none as soon as the link takes 1271 bytes or less.
nat_ways a a
to_url=nat_url
# shellcheck disable=SC2086
pair_start $nat_other
learns server $source4 1248 get near $seen6 20 || fail "IPv6 from IPv4"
learns server $source6 1288 get near $seen4 20 || fail "IPv4 from IPv6"
test "$(count_of a .reasons.SEGMENT_DIVIDED)" -eq 0 || fail "divided for nothing"
ip -n client link set small mtu 1000
learns server $source6 1280 get near $seen4 20 || fail "IPv4 from IPv6, 1000 bytes"
test "$(count_of a .reasons.SEGMENT_DIVIDED)" -gt 100 || fail "1000 bytes: nothing was divided"
test "$(refused)" -eq 0 || fail "the client refused $(refused) segments"
ok "an IPv4 client of an IPv6 server, an IPv6 client of an IPv4 server"
pair_stop
