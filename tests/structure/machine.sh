# SPDX-License-Identifier: BSD-2-Clause
# The page about the handshake machine is what the machine's own table prints.
. "$(dirname "$0")/common.sh"

"$MPCONN_BUILD/tests/print_machine" >"$tmp/now" || fail "tests/print_machine did not run"

# same PAGE
same() {
        diff -u "$1" "$tmp/now" && return
        echo "write it again with: tests/print_machine >doc/handshake.md"
        return 1
}

holds "doc/handshake.md is what the table prints" same "$MPCONN_SRC/doc/handshake.md"
sed 's/SYN_ACK_OTHER | stale/SYN_ACK_OTHER | commit/' "$MPCONN_SRC/doc/handshake.md" >"$tmp/doctored"
refuses "a page with another cell" same "$tmp/doctored"
