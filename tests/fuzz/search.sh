# SPDX-License-Identifier: BSD-2-Clause
# Search with every target for FUZZ_SECONDS, starting from its corpus. What is
# found on the way stays in the build directory; a crash is kept there as hex
# text, ready for the corpus.
set -eu
: "${MPCONN_SRC:=.}" "${MPCONN_BUILD:=.}"
seconds=${FUZZ_SECONDS:-60}
UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export UBSAN_OPTIONS

# hex NAME FILE: an entry of a corpus.
hex() {
        echo "= $1"
        od -An -v -tx1 -w40 "$2" | tr -d ' '
}

for corpus in "$MPCONN_SRC"/tests/fuzz/fuzz_*.corpus; do
        name=$(basename "$corpus" .corpus)
        dir=$MPCONN_BUILD/tests/fuzz/$name.found
        mkdir -p "$dir/start" "$dir/corpus"
        "$MPCONN_BUILD/tests/fuzz/$name" --unpack "$dir/start" "$corpus"
        "$MPCONN_BUILD/tests/fuzz/${name}_search" -max_total_time="$seconds" -max_len=1024 \
                -rss_limit_mb=1024 -timeout=10 -print_final_stats=1 -artifact_prefix="$dir/" \
                "$dir/corpus" "$dir/start" || {
                for crash in "$dir"/crash-* "$dir"/timeout-* "$dir"/oom-* "$dir"/leak-*; do
                        test ! -f "$crash" || hex "$(basename "$crash" | cut -c1-20)" "$crash"
                done
                exit 1
        }
done
