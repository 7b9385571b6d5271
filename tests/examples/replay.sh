# SPDX-License-Identifier: BSD-2-Clause
# The command line of mpconn-replay: what it says, and with which status.

set -eu
LC_ALL=C
export LC_ALL
: "${MPCONN_BUILD:=$(pwd)}"
program=$MPCONN_BUILD/examples/replay/mpconn-replay
tmp=$(mktemp -d "${TMPDIR:-/tmp}/mpconn-replay.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
"$MPCONN_BUILD/tests/trace_golden" --write "$tmp/trace"
head -c 4000 "$tmp/trace" >"$tmp/short"
# The last byte but one of the last entry but one: of the deadline after the last call.
cp "$tmp/trace" "$tmp/other"
size=$(wc -c <"$tmp/trace")
printf '\0' | dd of="$tmp/other" bs=1 seek=$((size - 15)) conv=notrunc 2>/dev/null

fail() {
        echo "FAILED: $*" >&2
        cat "$tmp/out" "$tmp/err" >&2
        exit 1
}

# says STATUS WORD ARGUMENT...: the word stands in what it prints
says() {
        expected=$1 word=$2
        shift 2
        status=0
        timeout -k 1 10 "$program" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null || status=$?
        test "$status" -eq "$expected" || fail "status $status: $*"
        cat "$tmp/out" "$tmp/err" | grep -q -e "$word" || fail "does not say '$word': $*"
}

says 0 'bytes: same$' "$tmp/trace"
says 0 'bytes: same$' "$tmp/trace" "$tmp/trace"
says 1 'first difference in call' "$tmp/other"
says 2 'cut off at byte 4000' "$tmp/short"
says 2 'short: cut off at byte 4000' --print "$tmp/short"
says 2 'cannot be read' "$tmp"
says 2 'No such file' "$tmp/none"
says 2 'which trace' --print
says 2 '^mpconn-replay: unrecognized option' --frobnicate "$tmp/trace"
says 2 'expected a number of MiB' --memory x "$tmp/trace"
says 2 'expected a number of MiB' --memory 0 "$tmp/trace"
says 0 'bytes: same$' --memory 16 "$tmp/trace"
says 0 'Usage' --help
says 0 'libmpconn' --version
# the worst of several
says 2 'bytes: same$' "$tmp/short" "$tmp/trace" "$tmp/other"
says 1 'bytes: same$' "$tmp/other" "$tmp/trace"

# Nobody takes a full disk for the end of a list.
if test -c /dev/full; then
        for option in --print --memory=16; do
                status=0
                "$program" $option "$tmp/trace" >/dev/full 2>"$tmp/err" || status=$?
                test "$status" -eq 2 && grep -q 'could be written' "$tmp/err" ||
                        fail "full: $option"
        done
fi

# Every entry is listed, and the key is not.
says 0 '^@[0-9]* END' --print "$tmp/trace"
test "$(grep -c '^@.* INPUT: packets' "$tmp/out")" -gt 10 || fail "not every entry is listed"
grep -q 'key_len  *32' "$tmp/out" || fail "the length of the key is not listed"
key='74 68 69 72 74 79' # thirty
od -An -v -tx1 "$tmp/trace" | tr '\n' ' ' | tr -s ' ' | grep -q "$key" ||
        fail "the key is not in the trace"
grep -q "$key" "$tmp/out" && fail "the key is listed"

# The test would notice a program that takes anything.
program=true
(says 2 'No such file' "$tmp/none") 2>/dev/null && fail "negative control passed"
echo "ok: mpconn-replay says what it finds"
