# SPDX-License-Identifier: BSD-2-Clause
# 1 MiB each way between ends that differ in SACK, timestamps, window scaling, MSS and ECN, over
# IPv4 and IPv6, symmetric and asymmetric, with loss: 16 of the many combinations, in which any two
# of these twelve switches stand in all four ways. Judged is that every byte arrives, split and
# plain, and that the server's leg has what both ends have. Times are printed; make check-matrix
# judges them.
. "$(dirname "$0")/matrix-lib.sh"
bed_enter 150 "$0"

# An orthogonal array: the switch of a mask is on in the rows that have an odd number of bits in
# common with it. Of two different masks, each of the four cases is there in four rows.
is_on() {
        common=$(($1 & $2))
        test $(((common ^ common >> 1 ^ common >> 2 ^ common >> 3) & 1)) -eq 1
}

# settings_of ROW SACK TS WS MSS ECN: by these masks
settings_of() {
        row=$1 settings=all
        shift
        for setting in no-sack no-ts no-ws mss-536 ecn; do
                if is_on "$row" "$1"; then settings=$settings,$setting; fi
                shift
        done
        echo "$settings"
}

# row_set ROW: all twelve
row_set() {
        server=$(settings_of "$1" 1 2 4 8 3) client=$(settings_of "$1" 5 6 9 10 12)
        family=4 way=symmetric
        if is_on "$1" 7; then family=6; fi
        if is_on "$1" 11; then way=asymmetric; fi
        cell_set "$server" "$client" $way
}

# in_common SERVER CLIENT MODE: the options both have, as exchange writes them. A split client
# without timestamps has no ECN either: the cookie has no room for it.
in_common() {
        for option in sack ts ws; do
                case ,$1,$2, in *,no-$option,*) ;; *) printf %s, $option ;; esac
        done
        case $3,$1,-,$2, in
        split,*,-,*,no-ts,*) ;;
        *,ecn,-,*,ecn,) printf ecn, ;;
        esac
}

# agreed PORT SERVER CLIENT MODE: the server's leg has these and no others
agreed() {
        served "$1" >$bed/carried || return 1
        test "$(figure options)" = "$(in_common "$2" "$3" "$4")"
}

rows='0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15'

# all_rows MODE: its times in $bed/MODE, a line a row
all_rows() {
        carry_start "$1"
        for row in $rows; do
                row_set "$row"
                port=$(port_of "$1" "$row")
                carry "$port" $family ||
                        fail "$1 $server $client IPv$family $way: $(cat $bed/carried)"
                figure ms
                agreed "$port" "$server" "$client" "$1" ||
                        fail "$1 $server $client IPv$family $way: $(cat $bed/carried)"
        done >"$bed/$1"
        lost=$(total .host.impaired.lost)
        test "$lost" -gt 50 || fail "$1: only $lost segments were lost"
        test "$(total .reasons.CLOCK_BACKWARDS)" -eq 0 || fail "$1: time went back"
        ok "$1: 16 combinations, 1 MiB each way, $lost segments lost"
}

matrix_begin
all_rows split
row_set 0
carry "$(port_of split 16)" 4 || fail "once more: $(cat $bed/carried)"
control "a server without SACK" agreed "$(port_of split 16)" all,no-sack all split
control "ECN at both ends" agreed "$(port_of split 16)" all,ecn all,ecn split
control "bytes of another connection" carry 0 4
grep -q '^garbled' $bed/served || fail "the server took the bytes of another connection"
pair_stop
all_rows plain
pair_stop

echo "ratio split plain (ms) of one run each, not judged"
for row in $rows; do
        row_set "$row"
        awk -v row="$row" -v what="server $server, client $client, IPv$family $way" \
                'FNR == row + 1 { t[++n] = $1 } END { printf "%5.2f %5d %5d  %s\n",
                        t[1] / t[2], t[1], t[2], what }' $bed/split $bed/plain
done

matrix_wire=data:delay=2
carry_start split
row_set 0
carry "$(port_of split 17)" 4 || fail "without loss: $(cat $bed/carried)"
control "nothing is lost where nothing shall be" test "$(total .host.impaired.lost)" -gt 0
pair_stop
