# SPDX-License-Identifier: BSD-2-Clause
# Sourced by the end-to-end tests of hosts with NAT. What clients address is nobody's
# address: their packets go to the server's wire, and its answers to the client's.

seen4=198.51.100.7 seen6=2001:db8:7::7          # what clients address
source4=203.0.113.1 source6=2001:db8:c::1       # what they look like to the server
nat_options="--bind $seen4:8080=$server4:80@$source4 --bind [$seen6]:8080=[$server6]:80@$source6
        --bind $seen4:8081=$server4:81@$source4"
# The same to a server of the other IP version.
nat_other="--bind $seen4:8080=[$server6]:80@$source6 --bind [$seen6]:8080=$server4:80@$source4"

nat_routes() {
        ip -n client route replace $seen4/32 via $server4 dev eth0 congctl cubic
        ip -n client -6 route replace $seen6/128 via $server6 dev eth0 congctl cubic
        ip -n server route replace $source4/32 via $client4 dev eth0 congctl cubic
        ip -n server -6 route replace $source6/128 via $client6 dev eth0 congctl cubic
}

# nat_ways FORTH BACK: the same in the bed of two members
nat_ways() {
        case $1 in a) out=0 ;; b) out=1 ;; esac
        case $2 in a) in=0 ;; b) in=1 ;; esac
        ip -n client route replace $seen4/32 via 10.0.$out.2 dev eth$out src $client4 \
                congctl cubic
        ip -n client -6 route replace $seen6/128 via fd00:$out::2 dev eth$out src $client6 \
                congctl cubic
        ip -n server route replace $source4/32 via 10.0.$in.1 dev eth$in src $server4 \
                congctl cubic
        ip -n server -6 route replace $source6/128 via fd00:$in::1 dev eth$in src $server6 \
                congctl cubic
}

# nat_url ADDRESS PATH
nat_url() {
        case $1 in
        *:*) echo "http://[$1]:8080/$2" ;;
        *) echo "http://$1:8080/$2" ;;
        esac
}

# nat_get ADDRESS FILE, nat_put ADDRESS FILE: and compare
nat_get() {
        rm -f $bed/got
        at client curl -sf --max-time 60 -o $bed/got "$(nat_url "$1" "$2")" || return 1
        test "$(sum $bed/got)" = "$(sum "$bed/web/$2")"
}

nat_put() {
        rm -f "$bed/web/upload/got"
        at client curl -sf --max-time 60 -T "$bed/web/$2" "$(nat_url "$1" upload/got)" || return 1
        test "$(sum $bed/web/upload/got)" = "$(sum "$bed/web/$2")"
}

# capture_end NAME: a capture of a transfer, which tcpdump writes down when it finds the time
capture_end() {
        eventually 10 is_written "$1" || fail "$1: nothing was captured"
        capture_stop "$1"
}

is_written() {
        test "$(capture_text "$1" | wc -l)" -gt 100
}

# shows CAPTURE CLIENT SERVER PORT: there are segments, and all of that IP version are
# between these; of the other one, what an earlier connection left may still say goodbye
shows() {
        capture_text "$1" | awk -v client="$2" -v server="$3.$4" '
                $2 != (index(client, ":") ? "IP6" : "IP") { next }
                function is_client(e) { return index(e, client ".") == 1 }
                { from = $3; to = $5; sub(/:$/, "", to); n++ }
                !(is_client(from) && to == server || from == server && is_client(to)) { bad++ }
                END { exit !(n > 100 && bad == 0) }'
}

# nat_carries WORD CLIENT-VERSION SERVER-VERSION: the file both ways, and each end sees its own
# addresses only: $mine and $seen the client, $source and $there the server
nat_carries() {
        eval "seen=\$seen$2 mine=\$client$2 there=\$server$3 source=\$source$3"
        capture_start client eth0 near
        capture_start server eth0 far
        nat_get "$seen" file || fail "$1: download from $seen"
        nat_put "$seen" file || fail "$1: upload to $seen"
        capture_end near
        capture_end far
        shows near "$mine" "$seen" 8080 || fail "$1: the client saw something else"
        shows far "$source" "$there" 80 || fail "$1: the server saw something else"
}
