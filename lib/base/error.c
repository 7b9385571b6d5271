/* SPDX-License-Identifier: BSD-2-Clause */
#include <mpconn/error.h>

const char *mpconn_strerror(int err)
{
    switch (err) {
    case MPCONN_OK:
        return "done";
    case MPCONN_ERR_INVAL:
        return "argument outside its range";
    case MPCONN_ERR_VERSION:
        return "struct of an unknown version";
    case MPCONN_ERR_NOMEM:
        return "out of memory";
    case MPCONN_ERR_REENTRANT:
        return "called from inside a callback";
    case MPCONN_ERR_NOSPACE:
        return "output buffer too small";
    case MPCONN_ERR_LIMIT:
        return "configured capacity used up";
    case MPCONN_ERR_STATE:
        return "not possible in this state";
    case MPCONN_ERR_CALLBACK:
        return "callback failed";
    case MPCONN_ERR_NOTFOUND:
        return "no such object";
    case MPCONN_ERR_CONFLICT:
        return "facts contradict each other";
    case MPCONN_ERR_EXISTS:
        return "another one has it already";
    case MPCONN_ERR_EXPECT:
        return "not known whom to call";
    case MPCONN_ERR_HELLO:
        return "a link-layer member has to greet once a second";
    case MPCONN_ERR_TRUNCATED:
        return "input ends before its headers do";
    case MPCONN_ERR_MALFORMED:
        return "input contradicts itself";
    case MPCONN_ERR_UNSUPPORTED:
        return "valid, but not handled here";
    case MPCONN_ERR_CHECKSUM:
        return "wrong checksum";
    case MPCONN_ERR_CONGESTED:
        return "marked CE for a leg without ECN";
    case MPCONN_ERR_NOT_MINE:
        return "nothing this library sent";
    case MPCONN_ERR_REFLECTED:
        return "own message come back";
    case MPCONN_ERR_FRAGMENT:
        return "fragment of what counts as a whole";
    case MPCONN_ERR_FORGED:
        return "not authentic";
    case MPCONN_ERR_REWRITTEN:
        return "addresses changed on the way";
    case MPCONN_ERR_EXPIRED:
        return "authentic, but of another time";
    default:
        return "unknown error";
    }
}
