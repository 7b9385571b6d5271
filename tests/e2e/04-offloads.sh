# SPDX-License-Identifier: BSD-2-Clause
# With offloads on, super-segments and unfinished checksums cross the member as
# they are. With offloads off there is loss, duplication and reordering, always
# the same for a seed: what arrives is right, and TCP repairs about as cheaply
# as it does without the split.
. "$(dirname "$0")/lib.sh"
bed_enter 90 "$0"

seed=${MPCONN_SEED:-7}
trouble=data:loss=0.02,dup=0.01,reorder=0.05,seed=$seed

# everything FILE: down and up over IPv4 and IPv6
everything() {
        for address in $server4 $server6; do
                download $address "$1" && upload $address "$1" || return 1
        done
}

# repairs: what both kernels sent again
repairs() {
        for ns in client server; do
                at $ns nstat -asz TcpRetransSegs | awk '/TcpRetrans/ { print $2 }'
        done | awk '{ n += $1 } END { print n }'
}

# lossy MODE: transfers through trouble; leaves the number of repairs in $repaired
lossy() {
        forget_metrics
        member_start --split "$1" --impair $trouble
        repaired=$(repairs)
        everything small || fail "$1: transfer through loss (seed $seed)"
        repaired=$(($(repairs) - repaired))
        for what in lost doubled reordered; do
                test "$(counter .host.impaired.$what)" -gt 0 || fail "nothing was $what"
        done
        ok "$1: through loss, duplication and reordering, $repaired repairs"
        member_stop
}

web_start
random_file big 64
random_file small 8

member_start
everything big || fail "transfer with offloads"
test "$(counter '[.host.ports[].super_segments_in] | min')" -gt 100 || fail "no super-segments"
ok "64 MiB in super-segments, both ways"
member_stop
member_start --no-vnet-hdr
control "offloads without PACKET_VNET_HDR" at client curl -sf --max-time 2 -o $bed/got \
        "$(url $server4 small)"
member_stop
member_start --impair data:loss=0.002,seed=$seed
everything small || fail "super-segments with loss (seed $seed)"
test "$(counter .host.impaired.lost)" -gt 0 || fail "no super-segment was lost"
ok "some super-segments lost"
member_stop

offloads off
member_start
before=$(repairs)
everything small || fail "transfer without offloads"
clean=$(($(repairs) - before))
test "$(counter '.host.impaired | add')" -eq 0 || fail "impaired without being asked"
test "$(counter '[.host.ports[].super_segments_in] | add')" -eq 0 || fail "super-segments"
ok "without offloads: no loss, $clean repairs"
member_stop
lossy never
without=$repaired
# A busy machine may repeat a segment or two without need; loss shows all the same.
test "$without" -gt $((100 + 10 * clean)) || fail "loss made no difference"
lossy always
within 0 $((2 * without + 100)) "$repaired" || fail "$repaired repairs, $without without split"
