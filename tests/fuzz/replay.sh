# SPDX-License-Identifier: BSD-2-Clause
# Every fuzz target with its corpus. A corpus without entries fails.
set -eu
: "${MPCONN_SRC:=.}" "${MPCONN_BUILD:=.}" "${MPCONN_EMULATOR=}"

found=0
for corpus in "$MPCONN_SRC"/tests/fuzz/fuzz_*.corpus; do
        target=$MPCONN_BUILD/tests/fuzz/$(basename "$corpus" .corpus)
        test -f "$corpus" || break
        printf '%s: ' "$(basename "$target")"
        $MPCONN_EMULATOR "$target" "$corpus" || {
                echo "FAILED; entry by entry:"
                $MPCONN_EMULATOR "$target" -v "$corpus" 2>&1 | tail -n 5
                exit 1
        }
        found=$((found + 1))
done
test $found -gt 0 || { echo "no corpus: nothing was tested"; exit 1; }
