# SPDX-License-Identifier: BSD-2-Clause
# Includes point down: a file sees its own layer and the ones below it.
. "$(dirname "$0")/common.sh"

# check_tree LIB: report every include that breaks the order.
check_tree() {
        (cd "$1" && find . -type f \( -name '*.[ch]' -o -name '*.def' \) | sort) >"$tmp/files"
        test -s "$tmp/files" || { echo "no file in $1"; return 1; }
        while read -r file; do
                sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*//p' "$1/$file" |
                        sed "s|^|${file#./} |"
        done <"$tmp/files" | awk '
        BEGIN {
                rank["base"] = 1; rank["packet"] = 2; rank["conn"] = 3; rank["table"] = 4
                rank["sync"] = 5; rank["echo"] = 6; rank["split"] = 7
                rank["rendezvous"] = 8; rank["engine"] = 9
                n = split("stddef.h stdint.h stdbool.h stdalign.h limits.h string.h stdlib.h", h)
                for (i = 1; i <= n; i++) plain["<" h[i] ">"] = 1
        }
        function bad(why) { print "lib/" $1 ": " $2 ": " why; failed = 1 }
        {
                split($1, at, "/"); layer = at[1]
                if (!(layer in rank)) { bad("file is in no layer"); next }
                if ($2 ~ /^<mpconn\/[a-z0-9_]+\.h>$/ || $2 in plain) next
                if ($2 !~ /^"[a-z0-9_]+\/[a-z0-9_]+\.(h|def)"$/) {
                        bad("neither \"layer/file.h\" nor <mpconn/file.h> nor one of the language")
                        next
                }
                split(substr($2, 2), to, "/"); target = to[1]
                if (!(target in rank)) bad("no such layer")
                else if (target != layer && rank[target] >= rank[layer])
                        bad("points up or sideways")
        }
        END { exit failed }'
}

holds "includes point down" check_tree "$MPCONN_SRC/lib"

# control NAME FILE INCLUDE: a tree with one bad line.
control() {
        rm -rf "$tmp/lib"
        mkdir -p "$tmp/lib/base" "$tmp/lib/packet" "$tmp/lib/echo" "$tmp/lib/split" "$tmp/lib/misc"
        echo '#include "base/seq.h"' >"$tmp/lib/packet/view.c"
        echo '#include "echo/echo.h"' >"$tmp/lib/split/split.c"
        check_tree "$tmp/lib" || fail "a tree in order was refused"
        echo "#include $3" >"$tmp/lib/$2"
        refuses "$1" check_tree "$tmp/lib"
}

control "an include that points up" base/seq.c '"packet/view.h"'
control "an include of a user by what it uses" echo/carrier.c '"split/machine.h"'
control "an include without its layer" packet/ip.h '"view.h"'
control "a system header" base/clock.c '<time.h>'
control "a layer nobody knows" misc/util.c '<stdint.h>'
