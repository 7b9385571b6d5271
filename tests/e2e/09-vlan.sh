# SPDX-License-Identifier: BSD-2-Clause
# Frames with one tag and with two. The kernel takes the outer one off before it
# hands a frame over, offloads or not; the member puts it back, and keeps the
# connections of one VLAN apart from those of another.
. "$(dirname "$0")/lib.sh"
test "${MPCONN_IN_BED:-}" = yes || test "$(id -u)" -eq 0 || skip "only root may load eBPF"
need clang tc
bed_enter 60 "$0"

# tag HOW: what both ends send from now on
tag() {
        for ns in client server; do
                at $ns tc qdisc del dev eth0 clsact 2>/dev/null || :
                at $ns tc qdisc add dev eth0 clsact
                for way in egress ingress; do
                        at $ns tc filter add dev eth0 $way bpf da obj $bed/vlan.o sec "${way}_$1" ||
                                skip "eBPF does not load"
                done
        done
}

# room MTU: for frames; packets stay as they are
room() {
        for port in c0 s0; do ip -n member link set $port mtu "$1"; done
        for ns in client server; do
                ip -n $ns link set eth0 mtu "$1"
                bed_routes $ns mtu 1500
        done
}

# zones: those of all flows
zones() {
        ask flows | jq -c '[.[].zone] | unique'
}

# carries WHAT ZONES
carries() {
        member_start
        for address in $server4 $server6; do
                download $address big || fail "$1: download from $address"
                upload $address big || fail "$1: upload to $address"
        done
        test "$(counter '[.host.ports[].super_segments_in] | min')" -gt 10 ||
                fail "no super-segments"
        test "$(zones)" = "$2" || fail "$1: flows in zones $(zones)"
        test "$(counter '[.host.ports[] | .too_long_out + .failed_out] | add')" -eq 0 ||
                fail "$1: frames could not be sent"
        ok "$1: 16 MiB down and up, zones $2"
        member_stop
}

# eBPF with the kernel's headers, wherever the distribution keeps those of the machine
clang -O2 -target bpf -I"/usr/include/$(uname -m)-linux-gnu" -c "$MPCONN_SRC/tests/e2e/vlan.bpf.c" \
        -o $bed/vlan.o || fail "clang"
web_start
random_file big 16
carries 'no tag' '[0]'
tag one
carries 'one tag' '[5]'
member_start
control "another VLAN is another zone" test "$(download $server4 big && zones)" = '[0]'
member_stop

# Two tags need room in the MTU of every interface on the way. An upload, as the segments of the
# server leave room for timestamps that it might not have.
tag two
offloads off
member_start
control "two tags without room" \
        at client curl -sf --max-time 1 -T $bed/web/big "$(url $server4 upload/got)"
test "$(counter '[.host.ports[].too_long_out] | add')" -gt 0 ||
        fail "too long frames were not counted"
member_stop
offloads on
room 1508
carries 'two tags' '[7]'
