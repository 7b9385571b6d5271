# SPDX-License-Identifier: BSD-2-Clause
# doc/mpconn.lua shows in a capture what the library reads in it.
. "$(dirname "$0")/common.sh"

for tool in tshark text2pcap editcap; do
        command -v $tool >/dev/null 2>&1 || skip "$tool is missing: the dissector was not tested"
done
tshark --version 2>/dev/null | grep -q 'with Lua' ||
        skip "tshark has no Lua: the dissector was not tested"

data=$MPCONN_SRC/tests/dissector
print=$MPCONN_BUILD/tests/print_capture
lua=$MPCONN_SRC/doc/mpconn.lua
readable='mpconn && !mpconn.malformed && !mpconn.is_sealed'
readable="$readable && !mpconn.version.unknown && !mpconn.flags.unknown"

# What the user has configured or installed is not seen.
HOME=$tmp XDG_CONFIG_HOME=$tmp XDG_DATA_HOME=$tmp
export HOME XDG_CONFIG_HOME XDG_DATA_HOME

# look CAPTURE OPTION...: only what is said about Lua is a fault, being root is none.
look() {
        look_at=$1
        shift
        tshark -X "lua_script:$lua" -n -r "$look_at" "$@" 2>"$tmp/errors" || {
                cat "$tmp/errors"
                return 1
        }
        if grep -i lua "$tmp/errors"; then return 1; fi
}

# packed TEXT CAPTURE
packed() {
        text2pcap -q -l 101 "$1" "$2" 2>"$tmp/errors" || { cat "$tmp/errors"; return 1; }
}

# lists CAPTURE FILTER OPTION...: numbers of the packets, in one line.
lists() {
        list_of=$1 list_filter=$2
        shift 2
        look "$list_of" -Y "$list_filter" -T fields -e frame.number "$@" | tr '\n' ' '
        echo
}

# part NAME WANTED FIELD...: of $tmp/seen the packets that have one of the wanted fields, and
# these fields of them.
part() {
        echo "-- $1"
        wanted=$2
        shift 2
        awk -F '\t' -v names="$*" -v wanted="$wanted" '
                BEGIN { n = split(names, name, " "); m = split(wanted, any, " ") }
                NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
                { line = $1
                  for (i = 1; i <= n; i++) line = line FS $column[name[i]]
                  for (i = 1; i <= m && $column[any[i]] == ""; i++) {}
                  if (i <= m) print line }' "$tmp/seen"
}

# what_is_seen CAPTURE: what a person sees first, and the fields.
what_is_seen() {
        echo "-- summary"
        look "$1" -Y mpconn -o 'gui.column.format:"No.","%m","Info","%i"' | sed 's/^ *//'
        look "$1" -Y mpconn -T fields -E header=y -e frame.number \
                -e mpconn.version.major -e mpconn.version.minor -e mpconn.flags \
                -e mpconn.sender -e mpconn.destination -e mpconn.cluster -e mpconn.epoch \
                -e mpconn.boot -e mpconn.sequence -e mpconn.tag -e mpconn.sealed \
                -e mpconn.record.hs -e mpconn.record.options -e mpconn.record.life \
                -e mpconn.record.hs.wscale_proxy \
                -e mpconn.record.hs.wscale_client -e mpconn.record.hs.mss \
                -e mpconn.record.options.wscale -e mpconn.record.life.state \
                -e mpconn.session.name \
                -e mpconn.session.local_1 -e mpconn.session.remote_0 -e mpconn.session.confirmed \
                -e mpconn.extension -e mpconn.extension.id \
                -e mpconn.extension.length -e mpconn.extension.bytes \
                -e _ws.expert -e _ws.expert.message >"$tmp/seen"
        part header frame.number mpconn.version.major mpconn.version.minor mpconn.flags \
                mpconn.sender mpconn.destination mpconn.cluster mpconn.epoch \
                mpconn.boot mpconn.sequence mpconn.tag mpconn.sealed
        part "parts of fields" "mpconn.record.hs mpconn.record.options mpconn.record.life" \
                mpconn.record.hs.wscale_proxy \
                mpconn.record.hs.wscale_client mpconn.record.hs.mss \
                mpconn.record.options.wscale mpconn.record.life.state
        part sessions mpconn.session.name mpconn.session.name \
                mpconn.session.local_1 mpconn.session.remote_0 mpconn.session.confirmed
        part extensions mpconn.extension mpconn.extension.id \
                mpconn.extension.length mpconn.extension.bytes
        part "expert information" _ws.expert _ws.expert.message
}

# what_is_found CAPTURE: what filters see.
what_is_found() {
        echo "-- filters"
        for filter in 'udp && !mpconn' mpconn.malformed mpconn.refused mpconn.skipped \
                mpconn.is_sealed \
                'mpconn.record.server.port == 80' 'mpconn.record.client.ipv6 == 2001:db8::f' \
                'mpconn.record.hs.parity == 1' 'mpconn.record.hs.ecn == 1' \
                'mpconn.record.life.loose_fin_server == 1' 'mpconn.session.name == "cc"'; do
                printf '%s: ' "$filter"
                lists "$1" "$filter"
        done
        printf 'mpconn.malformed, the port being known: '
        lists "$1" mpconn.malformed -o mpconn.port:7844
}

# as_expected TEXT: what filters find is looked at where what is seen is right.
as_expected() {
        packed "$1" "$tmp/capture" || return 1
        same_lines what_is_seen '1,/^-- filters$/{/^-- filters$/!p}' &&
                same_lines what_is_found '/^-- filters$/,$p'
}

# same_lines VIEW LINES: a view of the capture, and the lines of what is expected of it
same_lines() {
        sed -n "$2" "$data/expected.txt" >"$tmp/expected"
        "$1" "$tmp/capture" | sed 's/[[:space:]]*$//' >"$tmp/overview"
        diff -u "$tmp/expected" "$tmp/overview"
}

# as_the_library_reads CAPTURE-TEXT [SEED]: every field of every record, and what is malformed.
as_the_library_reads() {
        text=$1
        shift
        packed "$text" "$tmp/capture" || return 1
        "$print" fields "$@" >"$tmp/want" && "$print" malformed "$@" >"$tmp/want.malformed" &&
                test -s "$tmp/want" && test -s "$tmp/want.malformed" || {
                echo "nothing to compare"
                return 1
        }
        columns=$("$print" names | sed 's/^/-e /')
        look "$tmp/capture" -Y "mpconn.malformed || ($readable)" -T fields -e mpconn.malformed \
                -e frame.number $columns >"$tmp/read" || return 1
        sed -n 's/^\t//p' "$tmp/read" >"$tmp/have"
        awk -F '\t' '$1 != "" { print $2 }' "$tmp/read" >"$tmp/have.malformed"
        diff "$tmp/want" "$tmp/have" && diff "$tmp/want.malformed" "$tmp/have.malformed"
}

# cut_is_no_fault: a capture of the beginnings of packets only.
cut_is_no_fault() {
        packed "$data/capture.txt" "$tmp/capture" &&
                editcap -s 90 "$tmp/capture" "$tmp/short" || return 1
        printf '%s\n' "cut: $1 " 'malformed: ' >"$tmp/want"
        { printf 'cut: '
          lists "$tmp/short" 'mpconn.cut && frame.number <= 10'
          printf 'malformed: '
          lists "$tmp/short" 'mpconn.malformed && frame.number <= 10'; } | diff "$tmp/want" -
}

same_capture() {
        "$print" capture >"$tmp/now" && diff -u "$1" "$tmp/now" && return
        echo "print it again: make print-again"
        return 1
}

# doctored FILE SED-COMMAND: a copy with a change.
doctored() {
        sed "$2" "$1" >"$tmp/doctored"
        if cmp -s "$1" "$tmp/doctored"; then fail "control changes nothing: $2"; fi
}

seed=${MPCONN_SEED:-1}
"$print" capture "$seed" >"$tmp/random.txt"
echo "MPCONN_SEED=$seed"

holds "the capture is what the library makes" same_capture "$data/capture.txt"
holds "the capture looks as expected" as_expected "$data/capture.txt"
holds "the capture has what the library reads" as_the_library_reads "$data/capture.txt"
holds "so have random frames" as_the_library_reads "$tmp/random.txt" "$seed"
holds "a capture of beginnings is no fault" cut_is_no_fault "2 3 4 5 6 7 8 9 10"

doctored "$data/capture.txt" '/^# 7:/,/^$/s/ 03 e8/ 03 e9/'
refuses "another sequence number in a record, by what is expected" as_expected "$tmp/doctored"
refuses "and by what the library reads" as_the_library_reads "$tmp/doctored"
refuses "a capture that the library does not make" same_capture "$tmp/doctored"

# without WHAT SED-COMMAND TEXT [SEED]: a dissector that is wrong.
without() {
        what=$1
        doctored "$MPCONN_SRC/doc/mpconn.lua" "$2"
        shift 2
        mv "$tmp/doctored" "$tmp/wrong.lua"
        lua=$tmp/wrong.lua
        refuses "$what" as_the_library_reads "$@"
        lua=$MPCONN_SRC/doc/mpconn.lua
}

without "fields in another order" \
        's/"PROXY_ISN", "CLIENT_TS",/"CLIENT_TS", "PROXY_ISN",/' "$data/capture.txt"
without "a field of another width" \
        's/CLIENT_SCALE = { 2,/CLIENT_SCALE = { 1,/' "$data/capture.txt"
without "a reference to a record too early" \
        's/before = record.name$/before = before or record.name/' "$data/capture.txt"
without "a zero that is not noticed" \
        's/if value:uint() == 0 then/if false then/' "$data/capture.txt"
without "a family that is not noticed" \
        's/(told.ipv6\[side\] and 16 or 4) or width/4 or width/' "$data/capture.txt"
without "an error in Lua" \
        's/local function check_name(name)/&\n    nothing()/' "$data/capture.txt"
without "a longer reference that is not noticed" \
        's/if ref\[key\] ~= wanted then/if false then/' "$tmp/random.txt" "$seed"
