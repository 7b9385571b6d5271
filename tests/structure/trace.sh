# SPDX-License-Identifier: BSD-2-Clause
# doc/trace.md has the entries of a trace under their numbers, and every value of
# an entry under its name.
. "$(dirname "$0")/common.sh"

# entries_agree PAGE: numbers and names of calls, queries and hooks.
entries_agree() {
        sed -nE 's/^ *X\(([0-9]+), ([A-Z_]+),.*/\1 \2/p' \
                "$MPCONN_SRC/examples/host/trace_entry.h" | sort >"$tmp/code"
        sed -nE 's/^ {0,2}([0-9]+) ([A-Z_]+)( .*)?$/\1 \2/p' "$1" | awk '$1 < 128' |
                sort >"$tmp/page"
        test -s "$tmp/code" && diff "$tmp/code" "$tmp/page"
}

# returns_agree PAGE: the return of a call is its number + 128.
returns_agree() {
        sed -nE 's/^([0-9]+) ([A-Z_]+) .*/\1 \2/p' "$1" | awk '$1 > 128 { print $1 - 128, $2 }' \
                >"$tmp/page"
        test -s "$tmp/page" && ! grep -vxFf "$tmp/code" "$tmp/page"
}

# The values of a trace that has every entry, as mpconn-replay names them, without the
# groups they are in.
"$MPCONN_BUILD/tests/trace_golden" --write "$tmp/trace"
"$MPCONN_BUILD/examples/replay/mpconn-replay" --print "$tmp/trace" | sed -nE '
        s/^    (.{28}) .*/\1/; t name
        d
        :name
        s/ +$//
        s/^(packet [0-9]+|delta (client|server) leg|delta|(client|server) leg|termination [01]) //
        s/ (client|server|[01])$//
        p' | sort -u >"$tmp/names"

values_named() {
        tr '\n' ' ' <"$1" | tr -s ' ' >"$tmp/text"
        while read -r name; do
                grep -qwF -e "$name" "$tmp/text" || echo "$1: no $name"
        done <"$tmp/names" >"$tmp/missing"
        cat "$tmp/missing"
        test "$(wc -l <"$tmp/names")" -gt 100 && test ! -s "$tmp/missing"
}

page=$MPCONN_SRC/doc/trace.md
holds "doc/trace.md has every entry under its number" entries_agree "$page"
holds "and the returns" returns_agree "$page"
holds "and every value under its name" values_named "$page"
sed 's/^ 66 ADMIT/ 74 ADMIT/' "$page" >"$tmp/doctored"
refuses "an entry with another number" entries_agree "$tmp/doctored"
sed 's/^133 SYNC_INPUT/134 SYNC_INPUT/' "$page" >"$tmp/doctored"
refuses "a return with another number" returns_agree "$tmp/doctored"
sed 's/sync_mtu (4)//' "$page" >"$tmp/doctored"
refuses "a value that is not told" values_named "$tmp/doctored"
