# SPDX-License-Identifier: BSD-2-Clause
# Members as bridges, each on one way only, and nothing comes back by the other: the SYN goes to
# the server inside an echo request, and the member that sees the reply answers the client (claims
# A13 to A20). Of the request the members say nothing to each other before that. curl fetches
# 64 MiB over IPv4 and IPv6, without a tag and with one.
bed_shape=bare
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/bridge-lib.sh"
test "${MPCONN_IN_BED:-}" = yes || test "$(id -u)" -eq 0 || skip "only root may load eBPF"
need clang tc nft tcpdump
bed_enter 120 "$0"
one_way_bed
random_file big 64

# echoes FAMILY: requests with our mark that the server got from the client
echoes() {
        case $1 in
        4) in_capture echo "src $client4 and icmp[0] = 8 and icmp[8:4] = 0x4d504543" ;;
        6) in_capture echo "src $client6 and ip6[40] = 128 and ip6[48:4] = 0x4d504543" ;;
        esac
}

# segments CAPTURE [FLAGS]: with a tag or without; those with just these flags
segments() {
        tcpdump -Z root -n -r "$bed/$1.pcap" 'tcp or (vlan and tcp)' 2>/dev/null |
                grep -c "Flags \[${2:-.*}\]" || :
}

taps_start() {
        wire_tap server eth0 echo in 'icmp or icmp6'
        wire_tap b c0 left out "$syn_ack or (vlan and $syn_ack)"
        wire_tap a c0 back out
}

taps_stop() {
        for name in echo left back; do tap_stop $name; done
}

echo_seen() {
        test "$(echoes $family)" -ge 1
}

answer_seen() {
        test "$(segments left 'S\.')" -ge 1
}

path_is_known() {
        test "$(ask_of b paths | jq '[.[] | select(.origin == 1 and .proved)] | length')" -eq 2
}

# carries WHAT: both families, each with its echo
carries() {
        bridges_start --mode bridge
        nameless || fail "a member has an address"
        for family in 4 6; do
                eval "address=\$server$family"
                taps_start
                download $address big || fail "$1: download from $address"
                eventually 2 echo_seen || fail "$1: the server got no echo from $address"
                eventually 2 answer_seen || fail "$1: nobody answered for $address at b"
                taps_stop
                test "$(segments left 'S\.')" -eq 1 ||
                        fail "$1: $(segments left 'S\.') SYN|ACKs left at b"
                test "$(segments back)" -eq 0 || fail "$1: a sent $(segments back) segments back"
                ok "$1, IPv$family: 64 MiB; the server saw the echo, b sent the SYN|ACK"
        done
        test "$(reason a ECHO_SENT)" -ge 2 || fail "$1: a sent $(reason a ECHO_SENT) echoes"
        test "$(reason b ECHO_ANSWERED)" -ge 2 || fail "$1: b answered none"
        ok "$1: b made the replies into the answers"
        path_is_known || fail "$1: b does not know the path: $(ask_of b paths)"
        family=4
        taps_start
        download $server4 short || fail "$1: no second download"
        eventually 2 answer_seen || fail "$1: no second SYN|ACK from b"
        taps_stop
        control "$1: an echo where the path is known" echo_seen
        bridges_stop
}

# only_syns: nothing else of the client's leaves it, until only_syns_end
only_syns() {
        at client nft -f - <<END
table inet mute {
        chain out {
                type filter hook output priority 0;
                tcp flags & syn == 0 drop;
        }
}
END
}

only_syns_end() {
        at client nft delete table inet mute
}

# told MEMBER: how many records it has sent to the other one, but for the answers to be sent again
told() {
        count_of "$1" '.engine.records_out - .reasons.RETURN_SAID'
}

# says_nothing COMMAND...: while that goes on a tells b nothing at all
says_nothing() {
        had=$(told a)
        "$@" || :
        test "$(told a)" -eq "$had"
}

# is_answered ADDRESS: a client that is not heard again is
is_answered() {
        wire_tap b c0 left out "$syn_ack"
        at client curl -sf --max-time 1 -o $bed/got "$(url "$1" short)" || :
        eventually 2 answer_seen || fail "nobody answered for $1 at b"
        tap_stop left
}

# Nothing is said of a request before it is answered; what is said of the connection then goes to
# the other member, and to nobody else.
bridges_start --mode bridge
only_syns
for address in $server4 $server6; do
        says_nothing is_answered $address || fail "a announced a request to $address"
        ok "$address: the SYN|ACK left at b, and a had said nothing of the request"
done
only_syns_end
wire_tap a y0 told
for address in $server4 $server6; do
        control "a connection is not announced, $address" says_nothing download $address short
done
tap_stop told
test "$(in_capture told "ether dst $(station a y0)")" -ge 1 || fail "a was told nothing"
test "$(in_capture told "ether dst $(station b y0)")" -ge 1 || fail "b was told nothing"
test "$(in_capture told 'ether multicast')" -eq 0 || fail "everybody was told"
ok "members tell each other, and nobody else"
bridges_stop
wire_tap a y0 told
one_start a 1 '--sync ether:y0 --peer 2' --mode bridge
one_start b 2 '--sync ether:y0 --peer 1' --mode bridge
eventually 10 bridges_heard || fail "the members do not hear each other"
tap_stop told
control "members that tell a group" test "$(in_capture told 'ether multicast')" -eq 0
bridges_stop

monitor_start
carries 'no tag'
tagged one || skip "eBPF does not load"
carries 'one tag'
tagged no
moved && fail "a station moved: $(cat $bed/fdb)"
monitor_stop
ok "every station stays where it is"

# A member that answers back where the SYN came from is not heard.
bridges_start --mode routed
for address in $server4 $server6; do
        control "members that send back, $address" \
                at client curl -sf --max-time 3 -o $bed/got "$(url $address short)"
done
bridges_stop
