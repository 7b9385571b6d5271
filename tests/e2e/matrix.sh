# SPDX-License-Identifier: BSD-2-Clause
# make check-matrix: every server by every client by IPv4 and IPv6 by symmetric and asymmetric,
# 1 MiB each way, five times split and five times plain. All bytes have to arrive; the median of
# the five ratios of a cell is judged. BUILD_DIR/matrix.data has a line a connection,
# BUILD_DIR/matrix.txt the table.
. "$(dirname "$0")/matrix-lib.sh"
bed_enter 3600 "$0"

data=$MPCONN_BUILD/matrix.data table=$MPCONN_BUILD/matrix.txt
runs='1 2 3 4 5'

# measure SERVER CLIENT RUN MODE NUMBER: by all ways, the connections numbered on from NUMBER
measure() {
        number=$5
        carry_start "$4"
        for way in symmetric asymmetric; do
                cell_set "$1" "$2" $way
                for family in 4 6; do
                        carry "$(port_of "$4" $number)" $family ||
                                fail "$4 $1 $2 IPv$family $way: $(cat $bed/carried)"
                        echo "$1 $2 IPv$family $way $3 $4 $(cat $bed/carried)"
                        number=$((number + 1))
                done
        done
        pair_stop
}

# judge DATA: the table, and whether it is good enough
judge() {
        sed 's/ ms=/ /' "$1" |
                awk -v settings="$matrix_settings" -f "$MPCONN_SRC/tests/e2e/matrix.awk"
}

# judge_level FACTOR WHAT: as if all had taken the same time, but what is split and matches so many
# times that
judge_level() {
        awk -v factor="$1" -v what="$2" '
                { $9 = "ms=" ($6 == "split" && $0 ~ what ? factor : 1) * 100; print }' \
                $data >$bed/level
        judge $bed/level
}

matrix_begin | tee $table
first=0
: >$data
for server in $matrix_settings; do
        for client in $matrix_settings; do
                for run in $runs; do
                        # in turn, so that a machine that gets busy is so for both
                        for mode in split plain; do
                                measure $server $client $run $mode $first >>$data
                        done
                        first=$number
                done
        done
        echo "$(date +%T) server $server done, load $(cut -d ' ' -f 1 /proc/loadavg)"
done
judge_level 1.2 . >/dev/null || fail "a little slower was judged too slow"
control "all of it slower" judge_level 1.4 .
control "one cell much slower" judge_level 2.1 '^all ecn IPv6 asymmetric'
good=yes
judge $data >>$table || good=no
cat $table
test $good = yes || fail "too slow"
