# SPDX-License-Identifier: BSD-2-Clause
# The demo: as root, as a user, and where nobody may have namespaces. Interrupted
# or not, it leaves no process, no namespace and no file behind.
. "$(dirname "$0")/lib.sh"
bed_enter 60 "$0"

# /run is not the same inside the demo.
place=/mnt
mount -t tmpfs -o mode=1777 none $place
TMPDIR=$place/temp
export TMPDIR

# demo [COMMAND...]: with the signals' usual effect, which a shell takes from
# what it runs in the background
demo() {
        rm -rf $TMPDIR $place/drawing.svg
        mkdir -m 1777 $TMPDIR
        exec env -u MPCONN_IN_BED --default-signal=INT,TERM,HUP "$@" \
                sh "$MPCONN_SRC/examples/demo/demo.sh" "$MPCONN_BUILD" $place/drawing.svg
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
        grep -q '^legs: .*difference [0-9]' $place/output && grep -q '</svg>' $place/drawing.svg
}

# For the demo to wait at: curl, once it is to fetch the file.
stop_at_curl() {
        mkdir -p $place/bin
        cat >$place/bin/curl <<END
#!/bin/sh
case "\$*" in *time_connect*) : >$place/reached; exec tail -f /dev/null ;; esac
exec $(command -v curl) "\$@"
END
        chmod 755 $place/bin/curl
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
shows '64 MiB arrived'
draws || fail "no ladder"
ok "as root"

user="setpriv --reuid=65534 --regid=65534 --clear-groups"
if $user test -x "$member_program" 2>/dev/null && $user unshare -U -r -n true 2>/dev/null; then
        # shellcheck disable=SC2086
        shows '64 MiB arrived' $user
        draws || fail "no ladder"
        ok "as a user"
else
        echo "left out: no other user can do this here"
fi

if unshare -U -r sh -c 'echo 0 >/proc/sys/user/max_net_namespaces' 2>/dev/null; then
        shows '.*without namespaces' unshare -U -r sh -c \
                'echo 0 >/proc/sys/user/max_net_namespaces && exec "$@"' sh
        control "no ladder without namespaces" draws
        ok "without namespaces"
else
        echo "left out: namespaces cannot be forbidden here"
fi

stop_at_curl
for signal in INT TERM HUP; do interrupted $signal; done
ok "interrupted"
