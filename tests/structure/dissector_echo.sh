# SPDX-License-Identifier: BSD-2-Clause
# doc/mpconn.lua shows of an echo what stands in the clear in the vectors of doc/echo.md.
. "$(dirname "$0")/common.sh"

for tool in tshark text2pcap; do
        command -v $tool >/dev/null 2>&1 || skip "$tool is missing: the dissector was not tested"
done
tshark --version 2>/dev/null | grep -q 'with Lua' ||
        skip "tshark has no Lua: the dissector was not tested"

HOME=$tmp XDG_CONFIG_HOME=$tmp XDG_DATA_HOME=$tmp
export HOME XDG_CONFIG_HOME XDG_DATA_HOME

# requests: those of the page, one a line
requests() {
        awk '/^(packet|request)$/ { wanted = $0 == "request" }
             /^[0-9a-f]+$/ && wanted { text = text $0 }
             !/^[0-9a-f]+$/ && text != "" { print text; text = "" }
             END { if (text != "") print text }' "$MPCONN_SRC/doc/echo.md"
}

# capture: of lines of hexadecimal, raw IP
capture() {
        sed 's/../ &/g; s/^/000000/' >"$tmp/text"
        text2pcap -q -l 101 "$tmp/text" "$tmp/capture" 2>"$tmp/errors" || cat "$tmp/errors"
}

fields='magic version form short epoch length sealed tag unknown malformed'

# seen LUA: fields of all echoes
seen() {
        columns=
        for field in $fields; do columns="$columns -e mpconn_echo.$field"; done
        tshark -X "lua_script:$1" -n -r "$tmp/capture" -Y mpconn_echo -T fields -E separator=/s \
                -e frame.number $columns 2>"$tmp/errors"
        grep -i lua "$tmp/errors" || :
}

# as_on_the_page LUA: what the page says stands where, cut out of the same bytes
as_on_the_page() {
        requests | capture
        seen "$1" | tr -s ' ' | sed 's/ *$//' >"$tmp/have"
        requests | awk '{
                at = substr($0, 1, 1) == 4 ? 57 : 97
                p = substr($0, at)
                n = length(p)
                form = substr(p, 11, 2)
                printf "%d 0x%s 1 0x%s %d %d %d %s %s\n", NR, substr(p, 1, 8), form, form == "01",
                       36, n / 2 - 26, substr(p, 21, n - 52), substr(p, n - 31)
        }' >"$tmp/want"
        test -s "$tmp/want" && diff "$tmp/want" "$tmp/have"
}

# told FIELD SED LUA: a changed echo of IPv4 has this field
told() {
        requests | head -n 1 | sed "$2" | capture
        echo "$(seen "$3" | wc -l) echoes"
        tshark -X "lua_script:$3" -n -r "$tmp/capture" -Y "mpconn_echo.$1" 2>/dev/null |
                grep -q .
}

lua=$MPCONN_SRC/doc/mpconn.lua
holds "echoes are shown as on the page" as_on_the_page "$lua"
holds "another version is told" told unknown 's/4d50454301/4d50454302/' "$lua"
holds "another length is told" told malformed 's/\(4d50454301002400\)..../\1ffff/' "$lua"
refuses "a ping of somebody else for an echo" told magic 's/4d504543/4d504544/' "$lua"

sed 's/tvb(6, 1))/tvb(7, 1))/' "$lua" >"$tmp/wrong.lua"
if cmp -s "$lua" "$tmp/wrong.lua"; then fail "nothing to change in $lua"; fi
refuses "a dissector that reads another byte" as_on_the_page "$tmp/wrong.lua"
