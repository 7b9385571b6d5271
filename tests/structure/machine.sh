# SPDX-License-Identifier: BSD-2-Clause
# The page about a machine is what the machine's own table prints.
. "$(dirname "$0")/common.sh"
doc=$MPCONN_SRC/doc

# same PAGE PROGRAM [LINES]: what stands in the page, or in those lines of it.
same() {
        sed -n "${3:-1,\$} p" "$1" >"$tmp/part"
        "$MPCONN_BUILD/tests/$2" >"$tmp/now" || { echo "tests/$2 did not run"; return 1; }
        diff -u "$tmp/part" "$tmp/now" && return
        echo "print it again: make print-again"
        return 1
}

holds "doc/handshake.md is what the table prints" same "$doc/handshake.md" print_machine
sed 's/SYN_ACK_OTHER | stale/SYN_ACK_OTHER | commit/' "$doc/handshake.md" >"$tmp/doctored"
refuses "a page with another cell" same "$tmp/doctored" print_machine

holds "doc/life.md is what the table prints" same "$doc/life.md" print_life
sed 's/EXACT_RST | CLOSED |/EXACT_RST | RESET |/' "$doc/life.md" >"$tmp/doctored"
refuses "a page with another life" same "$tmp/doctored" print_life

lines='/^<!-- Made by tests.print_records;/,$'
holds "doc/frames.md ends with what the lists print" same "$doc/frames.md" print_records "$lines"
sed 's/0 GENERATION, 1 CODE/0 CODE, 1 GENERATION/' "$doc/frames.md" >"$tmp/doctored"
refuses "a page with fields in another order" same "$tmp/doctored" print_records "$lines"

lines='/^<!-- Made by tests.print_session/,$'
holds "doc/rendezvous.md ends with what the table prints" same "$doc/rendezvous.md" print_session \
        "$lines"
sed 's/| HALF | PROOF | establish/| HALF | PROOF | prove/' "$doc/rendezvous.md" >"$tmp/doctored"
refuses "a page with another cell of a session" same "$tmp/doctored" print_session "$lines"

lines='/^-- Made by tests.print_dissector;/,/^-- to here/'
holds "doc/mpconn.lua has what the lists print" same "$doc/mpconn.lua" print_dissector "$lines"
sed 's/"GENERATION", "CODE"/"CODE", "GENERATION"/' "$doc/mpconn.lua" >"$tmp/doctored"
refuses "a dissector with fields in another order" same "$tmp/doctored" print_dissector "$lines"

states() {
        sh "$MPCONN_SRC/tests/model/run.sh" --names "$1"
}
holds "the model's states are the table's" states "$MPCONN_SRC/lib/split/machine.def"
sed '/X(CONFIRMING,/d' "$MPCONN_SRC/lib/split/machine.def" >"$tmp/doctored"
refuses "a table without a state of the model" states "$tmp/doctored"
