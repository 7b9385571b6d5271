#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/bench/instructions.sh PROGRAM [--update]
#
# Counts instructions a packet and compares them with instructions.txt: a time
# means nothing on a machine that others use, too, a count does. The figures
# belong to the compiler named there; with another one they are only printed.
# What was counted stays in callgrind.ROW for callgrind_annotate.

set -eu
LC_ALL=C
export LC_ALL
: "${MPCONN_SRC:=$(cd "$(dirname "$0")/../.." && pwd)}" "${MPCONN_BUILD:=.}"
: "${CC:=cc}" "${CFLAGS=-g -O2}" "${LIBTOOL=}"
program=$1
update=${2:-}
figures=$MPCONN_SRC/tests/bench/instructions.txt
out=$MPCONN_BUILD/tests/bench

# per cent that a figure may go up before somebody has to say why, and down
# before the file has to follow
up=3
down=10

command -v valgrind >/dev/null 2>&1 || {
        echo "NO INSTRUCTION WAS COUNTED: valgrind is missing"
        exit 77
}

# This compiler, in the words of instructions.txt. What it tells debuggers changes no instruction.
toolchain() {
        case $($CC --version | head -n 1) in
        *clang*) name=clang ;;
        *) name=gcc ;;
        esac
        echo "$name $($CC -dumpversion | cut -d. -f1) $($CC -dumpmachine | cut -d- -f1) $CFLAGS" |
                sed 's/ -g[0-9]*//g' | tr -s ' ' | sed 's/ *$//'
}

# count ROW: instructions a packet, with one decimal.
count() {
        packets=$($LIBTOOL valgrind --tool=callgrind --collect-atstart=no \
                --toggle-collect=measure --callgrind-out-file="$out/callgrind.$1" \
                "$program" "$1" 2>"$out/callgrind.log") || {
                cat "$out/callgrind.log" >&2
                return 1
        }
        awk -v packets="$packets" '/^summary:/ { n = $2 }
                END { if (n > 0) printf "%.1f\n", n / packets; else exit 1 }' "$out/callgrind.$1"
}

mkdir -p "$out"
mine=$(toolchain)
theirs=$(sed -n 's/^# toolchain: //p' "$figures")
rows=$(sed -n 's/^\([a-z0-9_]*\) .*/\1/p' "$figures")
test -n "$rows" || { echo "no row in $figures"; exit 1; }

echo "instructions a packet ($mine)"
failed=0
for row in $rows; do
        n=$(count "$row") || { echo "$row: cannot be counted"; exit 1; }
        was=$(awk -v row="$row" '$1 == row { print $2 }' "$figures")
        verdict=$(awk -v n="$n" -v was="$was" -v up=$up -v down=$down 'BEGIN {
                if (was <= 0 || n > was * (1 + up / 100)) print "MORE"
                else if (n < was * (1 - down / 100)) print "LESS"
                else print "ok" }')
        printf '%-16s %8s   (%s)  %s\n' "$row" "$n" "$was" "$verdict"
        test "$verdict" = ok || failed=1
        echo "$row $n" >>"$out/instructions.new.$$"
done
mv "$out/instructions.new.$$" "$out/instructions.new"

if test "$update" = --update; then
        {
                sed -n '/^# toolchain:/q;/^#/p' "$figures"
                echo "# toolchain: $mine"
                cat "$out/instructions.new"
        } >"$out/instructions.txt"
        mv "$out/instructions.txt" "$figures"
        echo "written to $figures"
elif test "$mine" != "$theirs"; then
        echo "NOT COMPARED: the figures in brackets belong to another toolchain ($theirs)"
elif test $failed = 1; then
        echo "FAILED: MORE is over $up per cent up: find out why, or say why it must be."
        echo "LESS is over $down per cent down: good, and make update-instructions."
        exit 1
fi
