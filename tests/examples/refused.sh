# SPDX-License-Identifier: BSD-2-Clause
# Sourced by the tests of what a program says to what is wrong: one line on standard error that
# names it, nothing on standard output, and status 2.

set -eu
LC_ALL=C
export LC_ALL
: "${MPCONN_BUILD:=$(pwd)}"
tmp=$(mktemp -d "${TMPDIR:-/tmp}/mpconn-refused.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
key=$tmp/key
printf 'sixteen bytes at' >"$key"

fail() {
        echo "FAILED: $*" >&2
        cat "$tmp/out" "$tmp/err" >&2
        exit 1
}

# of_program NAME: what follows is said by mpconn-NAME
of_program() {
        name=mpconn-$1
        program=$MPCONN_BUILD/examples/$1/$name
}

run() {
        status=0
        timeout -k 1 10 "$program" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null || status=$?
}

# refuses WORDS OPTION...: the line has to contain the words.
refuses() {
        words=$1
        shift
        run "$@"
        test "$status" -eq 2 || fail "status $status: $*"
        test ! -s "$tmp/out" || fail "spoke on standard output: $*"
        test "$(wc -l <"$tmp/err")" -eq 1 || fail "not one line: $*"
        grep -q "^$name: " "$tmp/err" && grep -qF -e "$words" "$tmp/err" ||
                fail "does not say '$words': $*"
}

# says OPTION WORDS: what is right is answered with words, and status 0.
says() {
        run "$1"
        test "$status" -eq 0 && grep -q -e "$2" "$tmp/out" || fail "$1"
}

# would_notice: a program that takes anything.
would_notice() {
        program=true
        if (refuses 'frobnicate' --frobnicate) 2>/dev/null; then fail "negative control passed"; fi
}
