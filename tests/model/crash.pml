/* SPDX-License-Identifier: BSD-2-Clause */
/* A member that dies, and may come back. */
inline lose(record)
{
    if
    :: record = 0
    :: skip
    fi
}

inline forget(who)
{
    m[who].state = NONE;
    m[who].suspects = false;
    m[who].answered = false;
    m[who].spoke = false;
    m[who].drives = false;
    m[who].answer = 0;
    m[who].seen = 0;
    m[who].commit = 0;
    m[who].heard = false;
    m[who].held = false;
    m[who].peer_spoke = false;
    m[who].peer_drives = false;
    m[who].peer_answer = 0
}

proctype Fate(byte who)
{
    atomic {
        printf("M%d dies\n", who);
        crashed = true;
        m[who].up = false;
        forget(who);
        /* Of what it has sent some arrives and some does not. */
#ifndef RESTART
        lose(out[who].drive);
        lose(out[who].answer);
        lose(out[who].commit);
        lose(out[who].close);
#else
        if
        :: out[who].drive = false;
           out[who].answer = 0;
           out[who].commit = 0;
           out[who].close = false;
           out[who].replied = false;
           out[who].knows = 0;
           out[who].hears = 0
        :: skip
        fi;
#endif
        lose(ack_in_flight);
        out[who].no = false;
        out[who].query = false;
#ifndef RESTART /* nobody takes them any more */
        out[1 - who].drive = true;
        out[1 - who].no = false;
        out[1 - who].query = false;
        out[1 - who].replied = false;
        out[1 - who].knows = 0;
        out[1 - who].hears = 0;
        out[1 - who].answer = 0;
        out[1 - who].commit = 0;
        out[1 - who].close = false
#endif
    };
#ifdef RESTART
    /* Back, and both have heard of it: before the HELLO of the new boot neither counts what the
     * other says (V19), and until then a member that has just started is as good as dead. Records
     * of the old boot or to it are void; who still needs one says it again. */
    atomic {
        printf("M%d comes back without memory\n", who);
        m[who].up = true;
        m[who].reborn = true;
        out[who].drive = false;
        out[who].answer = 0;
        out[who].commit = 0;
        out[who].close = false;
        out[who].replied = false;
        out[who].knows = 0;
        out[who].hears = 0;
        m[1 - who].suspects = false;
        out[1 - who].drive = false;
        out[1 - who].answer = 0;
        out[1 - who].no = false;
        out[1 - who].query = false;
        out[1 - who].replied = false;
        out[1 - who].knows = 0;
        out[1 - who].hears = 0
    }
#endif
}
