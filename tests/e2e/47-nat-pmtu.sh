# SPDX-License-Identifier: BSD-2-Clause
# A link of 1280 bytes behind a host with NAT, at either side. The errors of its router are about
# segments that the sender sent to somebody else, and under another address: they have to come
# back as if the router had seen what the sender sent. Over IPv4, over IPv6 and between them;
# through one member, and through two of which each sees one direction.
bed_shape=two
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/nat.sh"
. "$(dirname "$0")/pmtu.sh"
bed_enter 180 "$0"

to_url=nat_url
# What clients address to get to the server behind the other router.
low4=198.51.100.8 low6=2001:db8:7::8
same="$nat_options
        --bind $low4:8080=$far4:80@$source4 --bind [$low6]:8080=[$far6]:80@$source6"
other="$nat_other
        --bind $low4:8080=[$far6]:80@$source6 --bind [$low6]:8080=$far4:80@$source4"

# low_route VERSION ADDRESS OTHER: clients get there the way they get to the other one
low_route() {
        # shellcheck disable=SC2046
        ip -n client "-$1" route replace "$2" \
                $(ip -n client "-$1" route show "$3" | sed 's/^[^ ]* //')
}

# both_ways FORTH BACK: those of the server, and of the one behind the other router
both_ways() {
        ways "$1" "$2"
        nat_ways "$1" "$2"
        low_route 4 $low4/32 $seen4
        low_route 6 $low6/128 $seen6
}

# down CLIENT-VERSION SERVER-VERSION MTU: to the server behind the link, and back
down() {
        eval "there=\$low$1"
        learns client "$there" "$3" put client "$there" 20 || fail "IPv$1 to IPv$2: up"
        get client "$there" 20 || fail "IPv$1 to IPv$2: and back"
}

# up CLIENT-VERSION SERVER-VERSION MTU: to the client behind the link, and back
up() {
        eval "there=\$seen$1 source=\$source$2"
        learns server "$source" "$3" get near "$there" 20 || fail "IPv$1 from IPv$2: down"
        put near "$there" 20 || fail "IPv$1 from IPv$2: and back"
}

# everything WHAT: what a sender learns is 20 bytes less or more where its header is shorter or
# longer than that of the link
everything() {
        word=$1
        shift
        for how in same other; do
                eval "pair_start \$$how"
                case $how in
                same) down 4 4 1280 && up 4 4 1280 && down 6 6 1280 && up 6 6 1280 ;;
                other) down 4 6 1260 && up 6 4 1260 && down 6 4 1300 && up 4 6 1300 ;;
                esac
                for ns in "$@"; do
                        test "$(count_of "$ns" .reasons.ERROR_TRANSLATED)" -gt 0 ||
                                fail "$word, $how: no errors came to member $ns"
                done
                pair_stop
        done
        ok "$word: 8 MiB each way, the senders learn the path's MTU, IPv4, IPv6 and between them"
}

host_behind client near $near4 $near6
host_behind server far $far4 $far6
web_start
random_file file 8
far_web

both_ways a a
point_a=$channel_a point_b=$channel_b
channel_a=none channel_b=none
everything "one member" a

# What the router says is carried over as it is.
member_program=$tools/faulty-member
MPCONN_FAULT=quote
export MPCONN_FAULT
for how in same other; do
        eval "pair_start \$$how"
        for ip in 4 6; do
                eval "there=\$low$ip"
                forget_paths
                control "untranslated, $how version, $there" put client $there 4
        done
        test "$(count_of a .reasons.ERROR_TRANSLATED)" -gt 0 || fail "$how: there were no errors"
        pair_stop
done
unset MPCONN_FAULT
member_program=$MPCONN_BUILD/examples/member/mpconn-member

channel_a=$point_a channel_b=$point_b
both_ways a b
everything "two members" a b
