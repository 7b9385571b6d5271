# SPDX-License-Identifier: BSD-2-Clause
# The demo: two members and one, as root, as a user, and where nobody may have
# namespaces; and that it says what is wrong when something is. Interrupted or not, it
# leaves no process, no namespace and no file behind but its results.
. "$(dirname "$0")/lib.sh"
bed_enter 240 "$0"

# /run is not the same inside the demo.
place=/mnt
mount -t tmpfs -o mode=1777 none $place
TMPDIR=$place/temp
export TMPDIR

results=$place/results
which= # --one, or nothing

# demo [COMMAND...]: with the signals' usual effect, which a shell takes from
# what it runs in the background
demo() {
        rm -rf $TMPDIR $results
        mkdir -m 1777 $TMPDIR $results
        exec env -u MPCONN_IN_BED --default-signal=INT,TERM,HUP "$@" \
                sh "$MPCONN_SRC/examples/demo/demo.sh" $which "$MPCONN_BUILD" $results
}

nothing_left() {
        test -z "$(ls -A $TMPDIR)" && test "$(grep -c nsfs /proc/self/mountinfo)" -eq $mounts &&
                ! cat /proc/[0-9]*/comm | grep -qx -e timeout -e unshare -e nginx -e mpconn-member \
                        -e curl -e tail
}

last_line() {
        tail -n 1 $place/output
}

# shows PATTERN [COMMAND...]
shows() {
        pattern=$1
        shift
        (demo "$@") >$place/output 2>&1 || fail "$*: $(cat $place/output)"
        last_line | grep -q "^demo: OK: $pattern" || fail "$*: $(last_line)"
        eventually 2 nothing_left || fail "$*: something is left over"
}

# draws: the ladder as text and as a picture
draws() {
        grep -q '^legs: .*difference [0-9]' $place/output && grep -q '</svg>' $results/demo.svg &&
                grep -q "^drawn in $results/demo.svg, recorded in $results/" $place/output
}

# draws_two: the same, and what the members said to one another
draws_two() {
        draws && grep -q '^between the members: [1-9][0-9]* datagrams with [1-9]' $place/output &&
                grep -q -- '-.*COMMIT[A-Z_ ]* [1-9][0-9]* B -' $place/output &&
                grep -q 'COMMIT[A-Z_ ]* [1-9][0-9]* B</text>' $results/demo.svg
}

# agrees: both members are said to hold the same
agrees() {
        test "$(sed -n 's/^delta in member .: //p' $place/output | sort -u | wc -l)" -eq 1
}

# spoil PROGRAM PATTERN COMMAND: from now on the demo's calls of the program with such
# arguments run the shell command instead, with the real program as $real.
spoil() {
        mkdir -p $place/bin
        cat >"$place/bin/$1" <<END
#!/bin/sh
real=$(command -v "$1")
case "\$*" in
*$2*) $3 ;;
*) exec \$real "\$@" ;;
esac
END
        chmod 755 "$place/bin/$1"
}

# complains PATTERN: the spoilt demo fails, and says why in its last line
complains() {
        status=0
        (demo env PATH="$place/bin:$PATH") >$place/output 2>&1 || status=$?
        rm -f $place/bin/*
        test $status -eq 1 || fail "status $status, wanted: $1"
        last_line | grep -q "^demo: FAILED: $1" || fail "wanted: $1; said: $(cat $place/output)"
        eventually 2 nothing_left || fail "$1: something is left over"
        ok "says: $(last_line | cut -c 1-100)"
}

# interrupted SIGNAL
interrupted() {
        rm -f $place/reached
        (demo env PATH="$place/bin:$PATH") >$place/output 2>&1 &
        demo_pid=$!
        eventually 10 test -e $place/reached || fail "SIG$1: the demo did not come to curl"
        control "it runs until SIG$1" nothing_left
        kill -"$1" $demo_pid
        status=0
        wait $demo_pid || status=$?
        test $status -eq 130 || fail "SIG$1: status $status"
        test "$(last_line)" = 'demo: FAILED: interrupted' || fail "SIG$1: $(cat $place/output)"
        eventually 2 nothing_left || fail "SIG$1: something is left over"
}

mounts=$(grep -c nsfs /proc/self/mountinfo)
shows '64 MiB arrived unchanged, each direction'
draws_two || fail "no ladder of two members: $(cat $place/output)"
agrees || fail "two deltas"
cp $results/demo-?.pcapng $place
which=--one
shows '64 MiB arrived unchanged over'
draws || fail "no ladder of one member: $(cat $place/output)"
control "two members with --one" draws_two
cp $results/demo.pcapng $place
which=
ok "as root"

user="setpriv --reuid=65534 --regid=65534 --clear-groups"
if $user test -x "$member_program" 2>/dev/null && $user unshare -U -r -n true 2>/dev/null; then
        # shellcheck disable=SC2086
        shows '64 MiB arrived' $user
        draws_two || fail "no ladder"
        ok "as a user"
else
        echo "left out: no other user can do this here"
fi

if unshare -U -r sh -c 'echo 0 >/proc/sys/user/max_net_namespaces' 2>/dev/null; then
        for which in '' --one; do
                shows '.*without namespaces' unshare -U -r sh -c \
                        'echo 0 >/proc/sys/user/max_net_namespaces && exec "$@"' sh
                control "no ladder without namespaces" draws
        done
        which=
        ok "without namespaces"
else
        echo "left out: namespaces cannot be forbidden here"
fi

# What can be wrong is put wrong where curl fetches the file.
at_the_transfer='time_connect'
spoil curl $at_the_transfer 'ip -n a link set y0 down; exec $real "$@"'
complains 'the transfer failed: curl: .*; between the members: .* [1-9][0-9]* of them lost'
grep -q ' B lost ' $place/output || fail "the ladder shows no lost frame: $(cat $place/output)"
spoil curl $at_the_transfer '$real "$@"; echo x | dd of=/run/mpconn/got bs=1 seek=4711 \
        conv=notrunc 2>/dev/null'
complains 'the bytes differ'
spoil curl $at_the_transfer 'ip -n server route replace 192.0.2.0/24 via 10.0.0.1 dev eth0
        exec $real "$@"'
complains 'not each direction through its own member'
spoil jq trace.b 'exec $real "$@" | sed s/^/1/'
complains 'the legs differ by something else'
spoil jq trace.b 'exec $real "$@" | sed s/\$/1/'
complains 'the members hold two deltas'
control "two deltas" agrees

# ladder FILE...: ends well or says in one line what is wrong, whatever is in them
ladder() {
        status=0
        timeout 5 "$MPCONN_BUILD/examples/demo/ladder" "$@" >$place/drawn 2>$place/said || status=$?
        case $status in
        0) test ! -s $place/said && test -s $place/drawn ;;
        1) test "$(wc -l <$place/said)" -eq 1 ;;
        *) return 1 ;;
        esac
}

refuses() {
        ladder "$@" && test $status -eq 1
}

: >$place/nothing
head -c 40000 $place/demo-a.pcapng | tail -c 39000 >$place/headless
for records in nothing headless none 'demo-a.pcapng nothing' demo-b.pcapng; do
        # the last one has no SYN of the client
        # shellcheck disable=SC2086
        (cd $place && refuses $records) || fail "ladder took $records"
done
for bytes in 27 29 100 250 251 252 253 254 300 400 1000 1234 2345 4567; do
        head -c $bytes $place/demo-a.pcapng >$place/cut
        ladder $place/cut && ladder $place/cut $place/demo-b.pcapng ||
                fail "cut off after $bytes: status $status: $(cat $place/said)"
done
ladder $place/demo-a.pcapng $place/demo-b.pcapng && test $status -eq 0 || fail "no ladder of two"
ladder $place/demo.pcapng && test $status -eq 0 || fail "no ladder of one"
control "a good record" refuses $place/demo.pcapng
ok "records that are cut off, empty or none"

spoil curl $at_the_transfer ": >$place/reached; exec tail -f /dev/null"
for signal in INT TERM HUP; do interrupted $signal; done
ok "interrupted"
