# SPDX-License-Identifier: BSD-2-Clause
# Members as bridges, without an address: whatever is no TCP passes as through a plain
# wire, both ways and in the same order, and the switches beside them see every station
# where it is.
bed_shape=bare
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/bridge-lib.sh"
bed_enter 120 "$0"
need arping traceroute
bridge_bed

from_client=02:00:00:00:be:01 from_server=02:00:00:00:be:02
limit=20 patience=10 # seconds, on a busy machine, for what has to arrive

# times and figures that differ between any two runs
untimed() {
        sed -e 's/ time[= ].*//' -e '/^rtt/d' -e 's/ *[0-9.]* *ms$//' -e 's/  [0-9.]* ms//g'
}

# The looks: each prints what a user sees.

look_ping() {
        for address in $server4 $server6; do
                at client ping -n -c 3 -i 0.02 -W $patience $address
                at client ping -n -c 3 -i 0.02 -W $patience -s 1400 $address
        done
}

look_fragments() {
        for address in $server4 $server6; do
                at client ping -n -c 2 -i 0.02 -W $patience -s 4000 $address
        done
}

look_jumbo() {
        for address in 10.0.1.2 10.0.2.2 fd00:1::2 fd00:2::2; do
                at r1 ping -n -c 2 -i 0.02 -W $patience -M 'do' -s 8900 $address
        done
}

look_traceroute() {
        for address in $server4 $server6; do
                at client traceroute -n -q 2 -w $patience -m 5 $address
                at client traceroute -n -q 2 -w $patience -m 5 -I $address
        done
}

look_arping() {
        at r1 arping -c 1 -w $patience -I x 10.0.1.2
        at r2 arping -c 1 -w $patience -I y 10.0.2.1
}

# Neighbours forget each other, and find each other again.
look_neighbours() {
        for ns in r1 r2; do ip -n $ns neighbour flush nud all >/dev/null; done
        for address in 10.0.1.2 10.0.2.2 fd00:1::2 fd00:2::2; do
                at r1 ping -n -c 1 -W $patience $address
        done
        ip -n r1 neighbour show | grep -e '^10' -e '^fd00' | cut -d ' ' -f 1-5 | sort
}

# Every kind of frame, both ways through both members.
look_frames() {
        for segment in x y; do
                frames_pass ${segment}1m ${segment}2m $from_client kinds
                frames_pass ${segment}2m ${segment}1m $from_server kinds
        done
}

# frames_pass PORT PORT SOURCE KINDS: from the member's port of one switch to that of the other;
# none comes back
frames_pass() {
        $4 "$3" >$bed/sent
        rm -f $bed/heard $bed/returned
        run_at lan "$tools/frames" hear "$2" "$3" >$bed/heard 2>$bed/frames.err &
        hearer=$!
        run_at lan "$tools/frames" hear "$1" "$3" >$bed/returned 2>$bed/frames.err &
        returner=$!
        for who in heard returned; do
                eventually 5 grep -q listening $bed/$who || fail "frames hear"
        done
        at lan "$tools/frames" send "$1" <$bed/sent || fail "frames send"
        eventually $limit heard_last || :
        kill $hearer $returner
        wait $hearer $returner 2>/dev/null || :
        cat $bed/heard $bed/returned
}

heard_last() {
        test "$(tail -n 1 $bed/heard)" = "$(tail -n 1 $bed/sent)"
}

# repeat TEXT TIMES
repeat() {
        awk -v text="$1" -v n="$2" 'BEGIN { while (n-- > 0) printf "%s", text }'
}

# kind DESTINATION REST: a frame
kind() {
        echo "$1$source$2"
}

# kinds SOURCE: a frame each, the last one of a kind of its own
kinds() {
        source=$(echo "$1" | tr -d :)
        all=ffffffffffff some=020000000007 udp=4500001d00070000401164c70a0001010a000102
        udp=${udp}004400430009000078
        kind 0180c2000000 0026424203000000000000$(repeat 00 32) # STP
        kind 01000ccccccd 0032aaaa0300000c010b$(repeat 00 42)   # PVST
        kind 0180c2000002 88090101$(repeat 00 108)              # LACP
        kind 0180c2000003 888e01010000                          # 802.1X
        kind 0180c200000e 88cc0207040200000000010403057831060200780000 # LLDP
        kind $all 0806000108000604000102000000be010a00010100000000000a000102$(repeat 00 18) # ARP
        kind $all 88b7$(repeat 5a 300)     # for local use
        kind $some 0600$(repeat 12 46)     # XNS
        kind $some 9000000001$(repeat 00 41)
        kind $some 8137ffff$(repeat 34 44) # IPX
        kind $some 0003f0f07f$(repeat 00 43) # LLC
        kind $some 886411000001000200210000 # PPPoE
        kind $some 884700001140$udp        # MPLS
        kind 01005e000016 08004600002800070000010239b20a000101e000001694040000$(echo \
                2200e8f90000000104000000ef010203) # IGMP
        kind 333300000016 86dd6000000000240001fe800000000000000000000000000001$(echo \
                ff0200000000000000000000000000163a000502000001008f005dd300000001$(echo \
                04000000ff050000000000000000000000001234)) # MLD
        ends=20010db800000000000000000000000120010db8000000000000000000000002 tail=0044004300081234
        kind $some 86dd6000000000202b40${ends}1102040100000000$(repeat 5a 16)$tail # SRv6
        kind $some 86dd6000000000503c40$ends$(repeat 3c00010400000000 8)1100010400000000$tail
        kind $some 86dd60000000000c3a40${ends}6400000000000000deadbeef # ICMPv6, private
        kind $some 0800$udp
        kind $some 0800$udp$(repeat a5 17) # with padding
        kind $all 0800$udp
        kind $some 08004500001c000700b94011640f0a0001010a000102667261676d656e74 # a fragment
        kind $some 080045000024000700004084644d0a0001010a000102$(repeat 00 16)  # SCTP
        kind 01005e000005 080045000040000700000159ce580a000101e0000005$(repeat 00 44) # OSPF
        kind $some 81000005$(echo 0800$udp)     # a VLAN
        kind $some 8100a0050800$udp             # with a priority
        kind $some 8100e0000800$udp             # with nothing but that
        kind $all 81000ffe88b7$(repeat 5a 300)
        kind $some 88a80007810000050800$udp     # QinQ
        kind $some 81000007810000050800$udp
        kind $some 88a8000781000005810000060800$udp
        kind $some 910000050800$udp             # an older tag
        kind $some 08004500001d0007000040119bc70a0001010a000102004400430009000078 # damaged
        kind $some 88b7$(repeat 5a 9000)        # as long as it can be
        kind $all 8100000588b7$(repeat 5a 9000)
        kind $some 88b7ffffffff                 # the last one
}

# Frames that say they hold IP and do not: a firewall passes none of what it cannot read.
unreadable() {
        source=$(echo $from_client | tr -d :)
        kind 020000000007 08004500001d
        kind 020000000007 0800$(repeat 5a 46)
        kind 020000000007 86dd$(repeat 00 46)
        kind 020000000007 88b7ffffffff
}

only_readable() {
        frames_pass x1m x2m $from_client unreadable >$bed/passed
        test "$(wc -l <$bed/heard)" -eq 2 && heard_last
}

looks='ping fragments jumbo traceroute arping neighbours frames'

# look AT: all of them, each to a file
look() {
        for what in $looks; do look_$what 2>&1 | untimed >"$bed/$1.$what"; done
}

# same WHAT: with members as with a wire
same() {
        diff "$bed/wire.$1" "$bed/member.$1" >"$bed/$1.err"
}

# places: where the switches have seen the routers
places() {
        bridge -n lan fdb show | grep -v -e permanent -e oob -e 02:00:00:00:0b -e 02:00:00:00:be |
                sort
}

web_start
random_file big 4
for member in $bridge_members; do wire_in $member; done
look wire
for what in $looks; do test -s $bed/wire.$what || fail "nothing seen: $what"; done
heard_last || fail "not every frame passes a wire"
control "a wire takes no offence" only_readable
test "$(grep -c ' 0% packet loss' $bed/wire.ping)" -eq 4 || fail "a wire loses"

for member in $bridge_members; do wire_out $member; done
nameless || fail "a member has an address"
bridges_start --mode bridge
before=$(places)
monitor_start
look member
for what in $looks; do same $what || fail "$what: not as with a wire"; done
ok "as with a wire: $looks"
only_readable || fail "frames that cannot be read pass"
ok "what says it is IP, and is not, does not pass"
for address in $server4 $server6; do download $address big || fail "no way to $address"; done
moved && fail "a station moved: $(cat $bed/fdb)"
test "$(places)" = "$before" || fail "stations are elsewhere: $before; $(places)"
ok "every station stays where it is"
nameless || fail "a member has an address by now"
for member in $bridge_members; do
        test "$(count_of $member .host.no_way)" -eq 0 || fail "$member: nowhere to send"
done

# Not the doing of a member: the other router seems to be on this side.
frame_of "$(station r2 x)" | at r1 "$tools/frames" send x
eventually 5 moved || fail "bridge monitor does not see a station move"
ok "control: a station that moves is seen"
monitor_stop

bridges_stop
limit=1 patience=0.2
for what in ping arping frames; do
        look_$what 2>&1 | untimed >$bed/member.$what
        control "$what without members" same $what
done
