# SPDX-License-Identifier: BSD-2-Clause
# A link of 1280 bytes behind a router, at either side. The sender on the other side learns of
# it by the router's ICMP errors, and only if these quote its segments as it sent them. So
# 8 MiB get over it in both directions, through one member, and through two of which each
# sees one direction; then the error comes to the member that has not seen the segment.
bed_shape=two
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pmtu.sh"
bed_enter 180 "$0"

# everything WHAT: over the small link in both directions, at both sides
everything() {
        learns client $far4 1280 put client $far4 20 &&
                learns client $far6 1280 put client $far6 20 ||
                fail "$1: client to the host behind the server's router"
        get client $far4 20 && get client $far6 20 || fail "$1: and back"
        learns server $near4 1280 get near $server4 20 &&
                learns server $near6 1280 get near $server6 20 ||
                fail "$1: server to the host behind the client's router"
        put near $server4 20 && put near $server6 20 || fail "$1: and back"
        ok "$1: 8 MiB each way, the senders learn the path's MTU"
}

host_behind client near $near4 $near6
host_behind server far $far4 $far6
web_start
random_file file 8
far_web

ways a a
point_a=$channel_a point_b=$channel_b
channel_a=none channel_b=none
pair_start
everything "one member"
test "$(count_of a .reasons.ERROR_TRANSLATED)" -ge 4 || fail "one member: not counted"
pair_stop
pair_start --split never
everything "one member, nothing split"
test "$(count_of a .reasons.ERROR_TRACKED)" -ge 4 || fail "nothing split: not counted"
pair_stop

channel_a=$point_a channel_b=$point_b
for way in 'a b' 'b a'; do
        # shellcheck disable=SC2086
        ways $way
        pair_start
        everything "two members, $way"
        for ns in a b; do
                test "$(count_of $ns .reasons.ERROR_TRANSLATED)" -ge 2 ||
                        fail "$way: no errors came to member $ns"
        done
        pair_stop
done

# The client's numbers are the same on both legs: for these it takes a member that swallows the
# errors. The server's are not.
ways a a
channel_a=none channel_b=none
member_program=$tools/faulty-member
MPCONN_FAULT=quote
export MPCONN_FAULT
pair_start
for address in $near4 $near6; do
        case $address in *:*) from=$server6 ;; *) from=$server4 ;; esac
        control "without translation of the quote, to $address" \
                learns server $address 1280 get near $from 4
        test -z "$(path_mtu server $address)" || fail "the server learned from a wrong quote"
        test "$(ignored server)" -gt "$before" || fail "the server got no errors"
done
pair_stop
MPCONN_FAULT=error
pair_start
for address in $far4 $far6; do
        control "without the errors, to $address" \
                learns client $address 1280 put client $address 4
done
pair_stop
