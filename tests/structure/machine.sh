# SPDX-License-Identifier: BSD-2-Clause
# The page about a machine is what the machine's own table prints.
. "$(dirname "$0")/common.sh"

# same PAGE PROGRAM
same() {
        "$MPCONN_BUILD/tests/$2" >"$tmp/now" || { echo "tests/$2 did not run"; return 1; }
        diff -u "$1" "$tmp/now" && return
        echo "write it again with: tests/$2 >doc/$(basename "$1")"
        return 1
}

holds "doc/handshake.md is what the table prints" same "$MPCONN_SRC/doc/handshake.md" print_machine
sed 's/SYN_ACK_OTHER | stale/SYN_ACK_OTHER | commit/' "$MPCONN_SRC/doc/handshake.md" >"$tmp/doctored"
refuses "a page with another cell" same "$tmp/doctored" print_machine

holds "doc/life.md is what the table prints" same "$MPCONN_SRC/doc/life.md" print_life
sed 's/EXACT_RST | CLOSED |/EXACT_RST | RESET |/' "$MPCONN_SRC/doc/life.md" >"$tmp/doctored"
refuses "a page with another life" same "$tmp/doctored" print_life

# same_end PAGE PROGRAM: the page ends with what the program prints.
same_end() {
        sed -n "/^<!-- Made by tests\/$2;/,\$p" "$1" >"$tmp/end"
        "$MPCONN_BUILD/tests/$2" >"$tmp/now" || { echo "tests/$2 did not run"; return 1; }
        diff -u "$tmp/end" "$tmp/now" && return
        echo "write the end of doc/$(basename "$1") again with: tests/$2"
        return 1
}

holds "doc/frames.md ends with what the lists print" same_end "$MPCONN_SRC/doc/frames.md" print_records
sed 's/0 GENERATION, 1 CODE/0 CODE, 1 GENERATION/' "$MPCONN_SRC/doc/frames.md" >"$tmp/doctored"
refuses "a page with fields in another order" same_end "$tmp/doctored" print_records

# same_part FILE PROGRAM: what stands in the file between two marks.
same_part() {
        sed -n "/^-- Made by tests\/$2;/,/^-- to here/p" "$1" >"$tmp/part"
        "$MPCONN_BUILD/tests/$2" >"$tmp/now" || { echo "tests/$2 did not run"; return 1; }
        diff -u "$tmp/part" "$tmp/now" && return
        echo "write that part of doc/$(basename "$1") again with: tests/$2"
        return 1
}

holds "doc/mpconn.lua has what the lists print" same_part "$MPCONN_SRC/doc/mpconn.lua" print_dissector
sed 's/"GENERATION", "CODE"/"CODE", "GENERATION"/' "$MPCONN_SRC/doc/mpconn.lua" >"$tmp/doctored"
refuses "a dissector with fields in another order" same_part "$tmp/doctored" print_dissector
