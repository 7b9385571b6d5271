# SPDX-License-Identifier: BSD-2-Clause
# Sourced by the end-to-end tests, and by the demo. Makes a bed:
#
#   namespace client        namespace member          namespace server
#   eth0 ------------------ c0   mpconn-member   s0 ------------------ eth0
#   192.0.2.1, 2001:db8::1      no addresses       192.0.2.2, 2001:db8::2
#
# Everything lives in namespaces of one process: network, mounts (with a /run
# of its own for names and files) and processes. When that process ends, be it
# by a signal that cannot be caught, the kernel takes the rest away. Root is
# not needed where the system lets users have namespaces of their own.
#
# A script that says bed_shape=two gets another one, in which the two directions of
# a connection can go through different members:
#
#                 namespace a
#           eth0 - c0  member 1  s0 - eth0
#   client             y0 |               server
#           eth1 - c0  member 2  s0 - eth1
#                 namespace b
#
# There the addresses above belong to no interface, and routes say which way a
# direction takes.
#
# With bed_shape=bare there is nothing yet.
#
# A script calls bed_enter first: what follows runs inside.

set -eu
LC_ALL=C
export LC_ALL
: "${MPCONN_SRC:=$(cd "$(dirname "$0")/../.." && pwd)}"
: "${MPCONN_BUILD:=$MPCONN_SRC/build}"
export MPCONN_SRC MPCONN_BUILD

client4=192.0.2.1 client6=2001:db8::1
server4=192.0.2.2 server6=2001:db8::2
: "${bed_shape:=one}"
case $bed_shape in two) bed_wires='eth0 eth1' ;; *) bed_wires=eth0 ;; esac
tools=$MPCONN_BUILD/tests/e2e
member_program=$MPCONN_BUILD/examples/member/mpconn-member
bed=/run/mpconn # files of the bed, gone with it

PATH=$PATH:/usr/sbin:/sbin

show_logs() {
        for log in "$bed"/*.err; do
                if test -s "$log"; then
                        echo "-- $(basename "$log")" >&2
                        tail -n 5 "$log" >&2
                fi
        done
}

fail() {
        echo "FAILED: $*" >&2
        show_logs
        exit 1
}

# A test that cannot run is left out, unless all of them were asked for.
skip() {
        test "${MPCONN_REQUIRE_ALL:-}" != 1 || fail "cannot be skipped: $*"
        echo "SKIPPED: $*"
        exit 77
}

ok() {
        echo "ok: $*"
}

need() {
        for tool in "$@"; do
                command -v "$tool" >/dev/null 2>&1 || skip "$tool is missing"
        done
}

# namespace_flags: what unshare needs here; fails where nothing works.
namespace_flags() {
        if test "$(id -u)" -eq 0; then
                set -- -n -m -p -f --kill-child --mount-proc
        else
                set -- -U -r -n -m -p -f --kill-child --mount-proc
        fi
        unshare "$@" mount -t tmpfs none /run 2>/dev/null && printf "%s\n" "$*"
}

# bed_enter SECONDS SCRIPT [ARGUMENT...]: run the script inside, once. SECONDS are ample for a
# machine that does nothing else, and a busy one gets three times as many.
bed_enter() {
        if test "${MPCONN_IN_BED:-}" = yes; then
                bed_make
                return
        fi
        need unshare nsenter ip ethtool jq curl
        test -x "$member_program" || fail "mpconn-member is not built in $MPCONN_BUILD"
        limit=$1
        shift
        flags=$(namespace_flags) || skip "no right to make namespaces"
        MPCONN_IN_BED=yes
        export MPCONN_IN_BED
        # unshare hears no signal but KILL, and then takes everything with it
        # shellcheck disable=SC2086
        exec timeout --foreground -k 0.1 $((limit * 3)) unshare $flags sh "$@" </dev/null
}

# at NAMESPACE COMMAND...
at() {
        where=/run/netns/$1
        shift
        nsenter --net="$where" "$@"
}

# The same in the background: with an & behind it, $! is the command itself.
run_at() {
        where=/run/netns/$1
        shift
        exec nsenter --net="$where" "$@" </dev/null
}

bed_make() {
        trap 'exit 1' HUP INT TERM
        mount -t tmpfs none /run
        mkdir -p "$bed"
        case $bed_shape in
        bare) return ;;
        two)
                two_make
                return
                ;;
        esac
        for ns in client member server; do ip netns add $ns; done
        ip -n member link add c0 type veth peer name eth0 netns client
        ip -n member link add s0 type veth peer name eth0 netns server
        for port in c0 s0; do
                at member sh -c "echo 1 >/proc/sys/net/ipv6/conf/$port/disable_ipv6"
                ip -n member link set $port up
        done
        bed_endpoint client $client4 $client6
        bed_endpoint server $server4 $server6
        wires_ready
        bed_count=0
}

# The kernel looks at a wire that was plugged in when it finds the time, and
# until then it loses what is sent.
wires_ready() {
        eventually 5 wire_works client c0 && eventually 5 wire_works server s0 || fail "no wires"
}

wire_works() {
        ip -n "$1" link show dev eth0 | grep -q 'state UP' &&
                ip -n member link show dev "$2" | grep -q 'state UP'
}

# remembers_paths NAMESPACE: path MTUs learned by IPv6. The kernel's collection, every 30 s, takes
# those away whose gateway has not said that it is a router. Only root may set it.
remembers_paths() {
        at "$1" sh -c 'interval=/proc/sys/net/ipv6/route/gc_interval
                test ! -w $interval || echo 3600 >$interval'
}

# Addresses, and a congestion control that does not depend on the machine.
bed_endpoint() {
        remembers_paths "$1"
        ip -n "$1" link set lo up
        ip -n "$1" link set eth0 up
        ip -n "$1" address add "$2/24" dev eth0 noprefixroute
        ip -n "$1" address add "$3/64" dev eth0 nodad noprefixroute
        bed_routes "$1"
}

# bed_routes NAMESPACE [ATTRIBUTE...]: gone when the interface goes down.
bed_routes() {
        of=$1
        shift
        ip -n "$of" route replace 192.0.2.0/24 dev eth0 congctl cubic "$@"
        ip -n "$of" -6 route replace 2001:db8::/64 dev eth0 congctl cubic "$@"
}

# offloads on|off, at the ends; the member's own interfaces stay as they are.
offloads() {
        for ns in client server; do
                for wire in $bed_wires; do
                        at $ns ethtool -K "$wire" tso "$1" gso "$1" gro "$1" >/dev/null
                done
        done
}

# What one connection taught the kernel does not help the next one.
forget_metrics() {
        for ns in client server; do at $ns ip tcp_metrics flush all >/dev/null 2>&1 || :; done
}

# What both ends have learned about the ways to one another
forget_paths() {
        for ns in client server; do
                at $ns ip route flush cache
                at $ns ip -6 route flush cache
        done
        forget_metrics
}

# path_mtu HOST ADDRESS: what its kernel has learned about the way, or nothing
path_mtu() {
        at "$1" ip route get "$2" | sed -n 's/.* mtu \([0-9]*\).*/\1/p'
}

# eventually SECONDS COMMAND...: try until it succeeds. SECONDS are ample for a machine that does
# nothing else; a busy one gets three times as many, but not where the command has to fail.
patience_times=3
eventually() {
        deadline=$(($(date +%s) + $1 * patience_times))
        shift
        until "$@" >/dev/null 2>&1; do
                test "$(date +%s)" -le "$deadline" || return 1
                sleep 0.02
        done
}

alive() {
        kill -0 "$1" 2>/dev/null
}

# member_start OPTION...: and wait until it forwards.
member_start() {
        bed_count=$((bed_count + 1))
        head -c 32 /dev/urandom >$bed/key
        control_socket=$bed/control.$bed_count
        : >$bed/member.out
        run_at member "$member_program" --id 1 --key $bed/key --client-if c0 --server-if s0 \
                --control $control_socket "$@" >$bed/member.out 2>$bed/member.err &
        member_pid=$!
        eventually 10 member_is_settled && grep -q '^ready$' $bed/member.out ||
                fail "mpconn-member $* does not start"
}

member_is_settled() {
        grep -q '^ready$' $bed/member.out || ! alive "$member_pid"
}

# ask QUESTION...: a JSON document each, in a line of its own.
ask() {
        "$tools/peer" ask "$control_socket" "$@"
}

# counter PATH: one number out of the statistics, such as .reasons.NO_FLOW
counter() {
        ask stats | jq "$1"
}

# member_stop: by SIGTERM, and it must end well.
member_stop() {
        kill -TERM "$member_pid"
        stopped=0
        wait "$member_pid" || stopped=$?
        test $stopped -eq 0 || fail "mpconn-member ended with status $stopped"
        test ! -e "$control_socket" || fail "mpconn-member left its control socket behind"
        test ! -s $bed/member.err || fail "mpconn-member complained"
}

# web_start: nginx in the server's namespace, taking and giving files.
web_start() {
        need nginx
        mkdir -p $bed/web/upload $bed/web/temp
        cat >$bed/web/nginx.conf <<END
user $(test "$(id -u)" -eq 0 && echo root);
daemon off;
worker_processes 1;
pid $bed/web/nginx.pid;
error_log $bed/nginx.err error;
events { worker_connections 1024; }
http {
        access_log off;
        client_body_temp_path $bed/web/temp;
        proxy_temp_path $bed/web/temp;
        fastcgi_temp_path $bed/web/temp;
        uwsgi_temp_path $bed/web/temp;
        scgi_temp_path $bed/web/temp;
        client_max_body_size 0;
        sendfile on;
        server {
                listen 80 backlog=4096;
                listen [::]:80 backlog=4096;
                root $bed/web;
                location /upload/ { dav_methods PUT; }
        }
}
END
        echo 'A short page.' >$bed/web/short
        run_at server nginx -c $bed/web/nginx.conf -p $bed/web >/dev/null 2>$bed/nginx.err &
        web_pid=$!
        eventually 10 at server curl -sf --max-time 2 http://$server4/short ||
                fail "nginx does not start"
        : >$bed/nginx.err
}

# url ADDRESS PATH
url() {
        case $1 in
        *:*) echo "http://[$1]/$2" ;;
        *) echo "http://$1/$2" ;;
        esac
}

sum() {
        sha256sum "$1" | cut -d ' ' -f 1
}

# download ADDRESS FILE: through the bed, and compare.
download() {
        rm -f $bed/got
        at client curl -sf --max-time 60 -o $bed/got "$(url "$1" "$2")" || return 1
        test "$(sum $bed/got)" = "$(sum "$bed/web/$2")"
}

# upload ADDRESS FILE
upload() {
        rm -f "$bed/web/upload/got"
        at client curl -sf --max-time 60 -T "$bed/web/$2" "$(url "$1" upload/got)" || return 1
        test "$(sum $bed/web/upload/got)" = "$(sum "$bed/web/$2")"
}

# random_file NAME MEBIBYTES: on the web server.
random_file() {
        head -c $(($2 * 1048576)) /dev/urandom >"$bed/web/$1"
}

# capture_start NAMESPACE INTERFACE NAME: the headers of all TCP segments.
capture_start() {
        need tcpdump
        rm -f "$bed/$3.pcap" "$bed/$3.tcpdump"
        run_at "$1" tcpdump -Z root -n -U -s 128 -i "$2" -w "$bed/$3.pcap" tcp \
                >/dev/null 2>"$bed/$3.tcpdump" &
        eval "capture_$3=\$!"
        eventually 10 grep -q -e 'listening on' -e "Couldn't change" "$bed/$3.tcpdump" ||
                fail "tcpdump does not start"
        grep -q 'listening on' "$bed/$3.tcpdump" || skip "tcpdump runs in no user namespace"
}

capture_stop() {
        eval "kill -TERM \$capture_$1; wait \$capture_$1" || :
}

# capture_text NAME: a line a segment, absolute numbers.
capture_text() {
        tcpdump -Z root -n -S -tt -r "$bed/$1.pcap" 2>/dev/null
}

# server_isn NAME: the number in the server's SYN|ACK, as this leg shows it.
server_isn() {
        capture_text "$1" | sed -n 's/.*Flags \[S\.[^]]*\], seq \([0-9]*\).*/\1/p' | head -n 1
}

# control NAME COMMAND...: the same with the feature off has to fail.
control() {
        what=$1
        shift
        patience_times=1
        if "$@" >/dev/null 2>&1; then fail "negative control passed: $what"; fi
        patience_times=3
        ok "control: $what"
}

# within LOW HIGH NUMBER
within() {
        awk -v low="$1" -v high="$2" -v n="$3" 'BEGIN { exit !(n >= low && n <= high) }'
}

# outcome WORD LOW HIGH LINE: what peer connect said: in one word, and in
# between so many milliseconds.
outcome() {
        case $4 in
        "$1 "*) within "$2" "$3" "${4##*total_ms=}" ;;
        *) return 1 ;;
        esac
}

# serve MODE PORT: a peer in the server's namespace; its output is in served.PORT.
serve() {
        : >"$bed/served.$2"
        run_at server "$tools/peer" serve "$1" "$2" >>"$bed/served.$2" 2>"$bed/served.$2.err" &
        serve_pid=$!
        eventually 10 grep -q listening "$bed/served.$2" || fail "no server on port $2"
}

# reach [OPTION...] ADDRESS PORT: a peer in the client's namespace.
reach() {
        at client "$tools/peer" connect "$@"
}

# The bed of two members

two_make() {
        for ns in client a b server; do ip netns add $ns; done
        two_wire 0 a
        two_wire 1 b
        ip -n a link add y0 type veth peer name y0 netns b
        for id in 1 2; do
                ns=$(member_of $id)
                ip -n "$ns" address add 10.0.9.$id/24 dev y0
                ip -n "$ns" address add fd00:9::$id/64 dev y0 nodad
                ip -n "$ns" link set lo up
                ip -n "$ns" link set y0 up
        done
        two_addresses client $client4 $client6 1 2
        two_addresses server $server4 $server6 2 1
        for ns in a b; do
                for port in c0 s0 y0; do eventually 5 two_is_up $ns $port || fail "no wires"; done
        done
        ways a a
        for ns in a b; do two_plain $ns; done
        for way in a b; do
                ways $way $way
                for address in $server4 $server6; do
                        eventually 5 two_reaches $address || fail "no way through $way"
                done
        done
        for ns in a b; do two_bare $ns; done
}

member_of() {
        case $1 in 1) echo a ;; 2) echo b ;; esac
}

# two_wire NUMBER MEMBER: from the client to the server through this member
two_wire() {
        ip -n "$2" link add c0 type veth peer name "eth$1" netns client
        ip -n "$2" link add s0 type veth peer name "eth$1" netns server
        for port in c0 s0; do
                at "$2" sh -c "echo 1 >/proc/sys/net/ipv6/conf/$port/disable_ipv6"
                ip -n "$2" link set $port up
        done
}

# two_addresses NAMESPACE IPV4 IPV6 HERE THERE
two_addresses() {
        remembers_paths "$1"
        at "$1" sh -c 'echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter'
        ip -n "$1" link set lo up
        ip -n "$1" address add "$2/32" dev lo
        ip -n "$1" address add "$3/128" dev lo nodad
        for wire in 0 1; do
                at "$1" sh -c "echo 0 >/proc/sys/net/ipv4/conf/eth$wire/rp_filter"
                at "$1" sh -c "echo 0 >/proc/sys/net/ipv6/conf/eth$wire/accept_dad"
                ip -n "$1" link set "eth$wire" up
                ip -n "$1" address add "10.0.$wire.$4/24" dev "eth$wire"
                ip -n "$1" address add "fd00:$wire::$4/64" dev "eth$wire" nodad
        done
}

two_is_up() {
        ip -n "$1" link show dev "$2" | grep -q 'state UP'
}

# two_plain MEMBER: a plain bridge in its place, and two_bare: nothing
two_plain() {
        ip -n "$1" link add br0 type bridge
        for port in c0 s0; do ip -n "$1" link set $port master br0; done
        ip -n "$1" link set br0 up
}

two_bare() {
        ip -n "$1" link del br0
}

# A port where nobody listens: refused at once, when the way works.
two_reaches() {
        outcome refused 0 500 "$(reach limit=500 "$1" 9)"
}

# ways FORTH BACK: the member through which clients' packets go, and servers'
ways() {
        way_of client 2 "$1"
        way_of server 1 "$2"
}

# way_of NAMESPACE THERE MEMBER [ATTRIBUTE...]
way_of() {
        of=$1 there=$2
        eval "here4=\$${1}4 here6=\$${1}6"
        case $3 in a) wire=0 ;; b) wire=1 ;; esac
        shift 3
        ip -n "$of" route replace 192.0.2.0/24 via "10.0.$wire.$there" dev "eth$wire" src "$here4" \
                congctl cubic "$@"
        ip -n "$of" -6 route replace 2001:db8::/64 via "fd00:$wire::$there" dev "eth$wire" \
                src "$here6" congctl cubic "$@"
}

# pair_start OPTION...: both members, and wait until they have heard each other.
# Member 1 also gets the options in $only_a, member 2 those in $only_b. The channel
# is $channel_a and $channel_b: by default point to point, nothing when "none".
pair_start() {
        head -c 32 /dev/urandom >$bed/key
        both_start "$@"
        test "$channel_a" = none || test "$channel_b" = none || eventually 10 both_heard ||
                fail "the members do not hear each other"
}

channel_a='--sync udp:10.0.9.1:5000 --peer 2=10.0.9.2:5000'
channel_b='--sync udp:10.0.9.2:5000 --peer 1=10.0.9.1:5000'
only_a='' only_b=''

both_start() {
        one_start a 1 "$channel_a" $only_a "$@"
        one_start b 2 "$channel_b" $only_b "$@"
}

# one_start NAMESPACE ID CHANNEL OPTION...
one_start() {
        where=$1 id=$2 channel=$3
        shift 3
        test "$channel" != none || channel=
        : >"$bed/$where.out"
        # shellcheck disable=SC2086
        run_at "$where" "$member_program" --id "$id" --key $bed/key --client-if c0 --server-if s0 \
                --control "$bed/control.$where" $channel "$@" \
                >"$bed/$where.out" 2>"$bed/$where.err" &
        eval "pid_$where=\$!"
        eventually 10 one_is_settled "$where" $! && grep -q '^ready$' "$bed/$where.out" ||
                fail "member $id $* does not start"
}

one_is_settled() {
        grep -q '^ready$' "$bed/$1.out" || ! alive "$2"
}

# ask_of MEMBER QUESTION...
ask_of() {
        asked=$1
        shift
        "$tools/peer" ask "$bed/control.$asked" "$@"
}

# count_of MEMBER PATH, total PATH: a number of one of them, or of both
count_of() {
        ask_of "$1" stats | jq "$2"
}

total() {
        echo $(($(count_of a "$1") + $(count_of b "$1")))
}

both_heard() {
        for ns in a b; do
                ask_of $ns members | jq -e 'all(.[] | select(.self | not); .up)' || return 1
        done
}

pair_stop() {
        for ns in a b; do one_stop $ns; done
}

one_stop() {
        eval "leaving=\$pid_$1"
        kill -TERM "$leaving"
        stopped=0
        wait "$leaving" || stopped=$?
        test $stopped -eq 0 || fail "member in $1 ended with status $stopped"
        test ! -s "$bed/$1.err" || fail "member in $1 complained"
}
