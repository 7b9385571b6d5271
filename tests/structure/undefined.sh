# SPDX-License-Identifier: BSD-2-Clause
# The shared object asks nothing of its surroundings but memory.
. "$(dirname "$0")/common.sh"

allowed='
memcpy memmove memset memcmp malloc calloc realloc free
__memcpy_chk __memmove_chk __memset_chk __stack_chk_fail
__cxa_finalize __gmon_start__ _ITM_deregisterTMCloneTable _ITM_registerTMCloneTable'

undefined() {
        $NM -D --undefined-only "$1" | awk '{ sub(/@.*/, "", $NF); print $NF }'
}

# only_allowed: the names on standard input.
only_allowed() {
        bad=0
        while read -r name; do
                case " $(echo $allowed) " in
                *" $name "*) ;;
                *) echo "not allowed: $name"; bad=1 ;;
                esac
        done
        return $bad
}

check_object() {
        $NM -D --defined-only "$1" | grep -q ' mpconn_' ||
                { echo "nothing read from $1"; return 1; }
        undefined "$1" | only_allowed
}

test -z "${MPCONN_SANITIZERS:-}" || skip "a sanitizer adds names of its own"
so=$MPCONN_BUILD/lib/.libs/libmpconn.so
test -e "$so" || skip "the shared object was not built"
holds "the library needs memory and nothing else" check_object "$so"

cat >"$tmp/bad.c" <<'END'
extern int puts(const char *);
int mpconn_bad(void);
int mpconn_bad(void) { return puts("hello"); }
END
$CC -shared -fPIC -o "$tmp/bad.so" "$tmp/bad.c"
refuses "a library that prints" check_object "$tmp/bad.so"
