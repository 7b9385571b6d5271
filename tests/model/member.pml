/* SPDX-License-Identifier: BSD-2-Clause */
/* What a member does: its rules, and the process that follows them. */
#define me_up m[me].up
#define OTHER (1 - me)
#define AHEAD (HAS(forward, me) || !m[OTHER].up)
#define BEHIND (HAS(back, me) || !m[OTHER].up)

#ifdef TWO_REGISTERS
#define REGISTRAR true
#else
#define REGISTRAR (me == 0 || m[me].suspects)
#endif

/* Who may fill the register. */
#ifdef FORGET_ON_TAKEOVER
#define SURE_OF_PEER (m[me].answered || m[me].peer_spoke || m[me].suspects || m[me].reborn)
#else
#ifdef REGISTRAR_DOES_NOT_ASK
#define SURE_OF_PEER true
#else
#define SURE_OF_PEER                                                                        \
    ((m[me].answered && !m[me].reborn) || m[me].peer_spoke || m[me].suspects)
#endif
#endif

#ifdef LONE_ANY
#define LONE (m[me].state == OPENING && !m[me].peer_drives)
#define MAY_DECIDE (REGISTRAR || LONE)
#else
#ifdef LONE_ANSWERED
#define LONE (m[me].state == OPENING && m[me].answered && !m[me].peer_drives)
#define MAY_DECIDE (REGISTRAR || LONE)
#else
#ifdef LONE_REGISTRAR
#define LONE false
#define MAY_DECIDE (REGISTRAR && (!m[me].reborn || SURE_OF_PEER))
#else
#ifdef KEEP_RIGHT
#define LONE (m[me].state == OPENING && m[me].answered && !m[me].reborn)
#else
#define LONE (m[me].state == OPENING && m[me].answered && !m[me].reborn && !m[me].spoke)
#endif
#define MAY_DECIDE ((REGISTRAR && SURE_OF_PEER) || LONE)
#endif
#endif
#endif

#ifdef COMMIT_WITHOUT_DRIVE
#define DRIVE_KNOWN true
#else
#define DRIVE_KNOWN (m[me].state == OPENING || m[me].peer_drives)
#endif

#define SERVER_IS_KNOWN                                                                     \
    (HAS(m[me].seen, server) || HAS(out[OTHER].knows, server) || HAS(out[OTHER].commit, server))
#define KNOWN_HERE (m[me].seen | (NUMBER(m[me].commit) -> BIT(m[me].commit) : 0))

/* A number that a held segment of the server contradicts is not committed. */
#define FITS(z) (!m[me].held || server == (z))

/* With the register filled much no longer matters; equal states shall look equal. */
inline fill(z)
{
    m[me].commit = z;
    m[me].spoke = true;
    m[me].answered = false;
    m[me].peer_spoke = true;
    m[me].peer_drives = m[me].peer_drives || m[me].peer_answer != 0;
    m[me].peer_answer = 0;
    m[me].answer = 0
}

/* P2. */
inline decide(z)
{
    printf("M%d DECIDES %d\n", me, z);
    decided = decided | BIT(z);
#ifndef S_DECIDES
    assert(decided == BIT(z));
#endif
#ifdef LIVING_AGREE
    assert(!m[OTHER].up || !NUMBER(m[OTHER].commit) || m[OTHER].commit == z ||
           (m[me].held && server == z));
#endif
    if
    :: z == OVER -> m[me].state = DEAD; client_reset = true
    :: else -> m[me].state = CONFIRMING
    fi;
    fill(z) /* the last: it clears what z may be written as */
}

inline tell_commit()
{
    printf("M%d tells COMMIT %d\n", me, m[me].commit);
#ifdef COMMIT_SAID_ONCE
    out[me].commit = out[me].commit | (said[me] -> 0 : BIT(m[me].commit));
    said[me] = true;
#else
    out[me].commit = out[me].commit | BIT(m[me].commit);
#endif
    m[me].spoke = true
}

inline adopt(z)
{
    printf("M%d adopts %d\n", me, z);
    fill(z);
    if
    :: z == OVER -> m[me].state = DEAD
    :: else -> m[me].state = CONFIRMING
    fi
}

/* Exact RSTs to both endpoints, tombstone, CLOSE to the other (here: OVER in the register). */
inline reset_both()
{
    printf("M%d resets both endpoints\n", me);
    m[me].commit = OVER;
    m[me].state = DEAD;
    m[me].held = false;
    m[me].heard = false;
    out[me].commit = out[me].commit | BIT(OVER);
    client_reset = true;
    if
    :: NUMBER(server) -> server = OVER
    :: else -> skip
    fi
}

/* P4. */
inline start_driving()
{
    printf("M%d drives: SYN (#5)\n", me);
    assert(!buried);
    m[me].state = OPENING;
    m[me].drives = true;
    syn_sent = true
}

inline claim()
{
    printf("M%d claims: DRIVE\n", me);
    m[me].state = CLAIMING;
    m[me].spoke = true;
    out[me].drive = true
}

inline syn_ack(z)
{
    printf("M%d has SYN|ACK z=%d\n", me, z);
    m[me].seen = m[me].seen | BIT(z);
    if
    :: m[me].commit == 0 && m[me].answer == 0 -> m[me].answer = z
    :: else -> skip
    fi;
    react()
}

/* R1d: who knows of a driver that is dead drives itself. */
inline suspect()
{
    printf("M%d takes the other for dead\n", me);
    m[me].suspects = true;
    if
    :: m[me].commit == 0 &&
       (m[me].state == CLAIMING || (m[me].peer_drives && m[me].state != OPENING)) ->
#ifndef NO_TAKEOVER_OF_DRIVE
        start_driving()
#else
        skip
#endif
    :: else -> skip
    fi;
    react()
}

/* A record was taken: the other lives, and this member no longer decides alone. */
inline taken()
{
    m[me].spoke = true;
    m[me].suspects = false;
    m[me].peer_spoke = true
}

/* P3: whatever passes is translated with the server's own number. */
inline translate(z)
{
    assert(!NUMBER(server) || server == (z))
}

inline server_gets_ack(z)
{
    assert(HAS(decided, z)); /* P1 */
    printf("server gets an ACK of %d, has %d\n", z, server);
    if
    :: server == 0 -> server = z
    :: server == 0 -> server = z; server_speaks = true /* speaks first, or to a late #5 */
    :: NUMBER(server) && server != (z) -> server_speaks = true
    :: else -> skip
    fi
}

/* What a member does by itself as soon as it can: it follows every event in the same step. */
inline react()
{
    d_step {
    if
    :: m[me].commit == 0 && MAY_DECIDE && DRIVE_KNOWN && m[me].answer != 0 &&
       FITS(m[me].answer) ->
        decide(m[me].answer)
    :: m[me].commit == 0 && MAY_DECIDE && DRIVE_KNOWN && REGISTRAR &&
       (m[me].answer == 0 || !FITS(m[me].answer)) && m[me].peer_answer != 0 &&
       FITS(m[me].peer_answer) ->
        decide(m[me].peer_answer)
    :: else -> skip
    fi;
    if
    :: m[me].commit == 0 && m[me].answer != 0 && !HAS(out[me].answer, m[me].answer) ->
        printf("M%d tells ANSWER %d\n", me, m[me].answer);
        out[me].answer = out[me].answer | BIT(m[me].answer);
        m[me].spoke = true
    :: else -> skip
    fi;
    if
    :: m[me].commit == 0 && m[me].state == OPENING && m[me].spoke -> out[me].drive = true
    :: else -> skip
    fi;
    if
    :: m[me].commit != 0 && m[me].peer_drives -> tell_commit()
    :: else -> skip
    fi;
    if
    :: NUMBER(m[me].commit) && (m[me].drives || m[me].suspects) -> /* #8 */
        ack_in_flight = ack_in_flight | BIT(m[me].commit)
    :: else -> skip
    fi;
#ifdef NO_WAIT_FOR_COMMIT
    if
    :: m[me].commit == 0 && m[me].drives && m[me].answer != 0 ->
        ack_in_flight = ack_in_flight | BIT(m[me].answer)
    :: else -> skip
    fi;
#endif
    if
    :: m[me].held && (server == OVER || m[me].commit == server) -> m[me].held = false
    :: m[me].held && server != OVER && m[me].commit != server ->
        out[me].query = true;
        m[me].spoke = true
    :: else -> skip
    fi
    }
}

inline server_decides()
{
    printf("M%d takes the server's number %d\n", me, server);
    m[me].commit = server;
    m[me].heard = true;
    m[me].held = false
}

proctype Member(byte me)
{
    byte z;

end:
    do
    /* --- the client ------------------------------------------------------------------------- */
    :: atomic { me_up && AHEAD && m[me].state == NONE && syns < SYNS && m[me].commit == 0 ->
        syns++;
        printf("M%d answers the SYN\n", me);
        if
        :: m[me].state = ANSWERED; m[me].answered = true
        :: skip /* under pressure no entry is kept */
        fi }

    :: atomic { me_up && AHEAD && syns > 0 && m[me].commit == 0 &&
                (m[me].state == NONE || m[me].state == ANSWERED) -> /* PROOF */
        if
#ifdef CLAIM_WITHOUT_WAITING
        :: true -> start_driving()
#else
#ifdef FORGET_ON_TAKEOVER
        :: m[me].answered || m[me].suspects || m[me].reborn -> start_driving()
        :: !m[me].answered && !m[me].suspects && !m[me].reborn -> claim()
#else
#ifdef LONE_ANY /* the claimant asks the registrar, and that is itself */
        :: m[me].answered || REGISTRAR || m[me].suspects -> start_driving()
        :: !m[me].answered && !REGISTRAR && !m[me].suspects -> claim()
#else
        :: m[me].answered || m[me].suspects -> start_driving()
        :: !m[me].answered && !m[me].suspects -> claim()
#endif
#endif
#endif
        fi;
        react() }

    /* --- driving: #5 is on its way; the record at once, or when no answer comes -------------- */
    :: atomic { me_up && !out[me].drive &&
                (m[me].state == OPENING || m[me].state == CLAIMING) ->
        printf("M%d tells DRIVE\n", me);
        out[me].drive = true;
        m[me].spoke = true;
        react() }

#ifdef GIVE_UP
    :: atomic { me_up && m[me].state == OPENING && m[me].commit == 0 && !out[me].close ->
        if /* EXHAUSTED */
#ifdef GIVE_UP_ALONE
        :: true -> m[me].commit = OVER; m[me].state = DEAD; client_reset = true
#else
        :: MAY_DECIDE -> decide(OVER)
        :: !MAY_DECIDE -> out[me].close = true; m[me].spoke = true
#endif
        fi;
        react() }

    :: atomic { me_up && out[OTHER].close && m[me].commit == 0 && REGISTRAR ->
        taken();
        m[me].peer_drives = true;
        decide(OVER);
        react() }
#endif

    /* --- the server's SYN|ACK --------------------------------------------------------------- */
    :: atomic { me_up && syn_sent && !HAS(m[me].seen, 1) && (HAS(reach_1, me) || !m[OTHER].up) ->
        syn_ack(1) }
    :: atomic { me_up && syn_sent && !HAS(m[me].seen, 2) && (HAS(reach_2, me)) ->
        syn_ack(2) }

#ifdef LATER_ANSWER_OVERWRITES
    :: atomic { me_up && REGISTRAR && HAS(out[OTHER].answer, 1) && m[me].commit == 2 ->
        decide(1);
        react() }
    :: atomic { me_up && REGISTRAR && HAS(out[OTHER].answer, 2) && m[me].commit == 1 ->
        decide(2);
        react() }
#endif

#ifdef RESTART
    :: atomic { me_up && m[me].commit == 0 && m[me].answer != 0 &&
                !HAS(out[me].answer, m[me].answer) && !LONE -> /* said again to a new boot */
        react() }
    :: atomic { me_up && m[me].held && !out[me].query ->
        react() }
#endif
#ifdef COMMIT_SAID_ONCE
    :: atomic { me_up && out[me].commit != 0 && m[OTHER].commit == 0 -> out[me].commit = 0 }
#endif

    /* --- records taken ---------------------------------------------------------------------- */
    :: atomic { me_up && out[OTHER].drive &&
                (!m[me].peer_drives || (m[me].commit == 0 && !out[me].no)) -> /* DRIVE */
        printf("M%d takes DRIVE\n", me);
        taken();
        m[me].peer_drives = true;
        if
        :: m[me].commit == 0 -> out[me].no = true
        :: else -> skip
        fi;
        react() }

    :: atomic { me_up && out[OTHER].no && m[me].commit == 0 &&
                (m[me].state == CLAIMING || !m[me].peer_spoke) -> /* REPLY: no */
        printf("M%d takes REPLY no\n", me);
        taken();
        if
        :: m[me].state == CLAIMING -> start_driving()
        :: else -> skip
        fi;
        react() }

    :: atomic { me_up && out[OTHER].answer != 0 &&
                ((m[me].commit == 0 && m[me].peer_answer == 0) ||
                 (m[me].commit != 0 && !m[me].peer_drives)) -> /* ANSWER */
        printf("M%d takes ANSWER\n", me);
        taken();
        if
        :: m[me].commit == 0 && HAS(out[OTHER].answer, 1) -> m[me].peer_answer = 1
        :: m[me].commit == 0 && HAS(out[OTHER].answer, 2) -> m[me].peer_answer = 2
        :: m[me].commit != 0 -> m[me].peer_drives = true
        fi;
        react() }

    :: atomic { me_up && m[me].commit == 0 && (out[OTHER].commit & (BIT(1) | BIT(2))) != 0 ->
        taken(); /* COMMIT */
        if
        :: HAS(out[OTHER].commit, 1) -> z = 1
        :: HAS(out[OTHER].commit, 2) -> z = 2
        fi;
        if
#ifdef LOSER_KEEPS_OWN
        :: m[me].state == OPENING && m[me].answer != 0 -> z = m[me].answer; adopt(z)
        :: !(m[me].state == OPENING && m[me].answer != 0) -> adopt(z)
#else
        :: FITS(z) -> adopt(z)
        :: !FITS(z) && HAS(m[me].seen, server) -> adopt(server); m[me].heard = true
        :: !FITS(z) && !HAS(m[me].seen, server) -> reset_both()
#endif
        fi;
        z = 0;
        react() }

    :: atomic { me_up && m[me].commit != OVER && HAS(out[OTHER].commit, OVER) ->
#ifndef S_DECIDES
        assert(m[me].commit == 0);
#endif
        taken(); /* STALE, CLOSE */
#ifdef DRIVE_DEAD
        if
        :: m[me].state == CLAIMING -> start_driving()
        :: else -> adopt(OVER)
        fi;
#else
        adopt(OVER);
        if
        :: NUMBER(server) -> server = OVER
        :: else -> skip
        fi;
#endif
        react() }

    /* --- after the commit: #9, then data of the client, then of the server -------------------- */
    :: atomic { me_up && NUMBER(m[me].commit) && (m[me].seen != 0 || BEHIND) && !client_open ->
        printf("M%d opens the client's window (#9)\n", me);
        client_open = true }

    :: atomic { me_up && NUMBER(m[me].commit) && client_open && !client_reset && AHEAD &&
                (server == 0 || (NUMBER(server) && (!server_speaks || STRICT))) ->
        printf("M%d translates data of the client with %d, server has %d\n", me, m[me].commit,
               server);
#ifndef S_DECIDES
        translate(m[me].commit);
#endif
        server_gets_ack(m[me].commit);
        server_speaks = true }

    :: atomic { me_up && BEHIND && NUMBER(server) && server_speaks && !m[me].heard &&
                (m[me].commit == server || !m[me].held) ->
        printf("M%d has a segment of the server that names %d\n", me, server);
        if
        :: m[me].commit == 0 -> m[me].held = true
        :: m[me].commit == OVER -> server = OVER /* late: RST (V6) */
        :: m[me].commit == server -> m[me].heard = true
        :: NUMBER(m[me].commit) && m[me].commit != server ->
#if defined(TRANSLATE_UNHEARD) || !defined(S_DECIDES)
            translate(m[me].commit);
#endif
            if
            :: HAS(m[me].seen, server) -> server_decides()
            :: !HAS(m[me].seen, server) -> m[me].held = true
            fi
        fi;
        react() }

    /* --- asking ----------------------------------------------------------------------------- */
#ifdef S_DECIDES
    :: atomic { me_up && !out[me].query && NUMBER(m[me].commit) && !m[me].heard && !BEHIND ->
        out[me].query = true;
        m[me].spoke = true }
#endif

    :: atomic { me_up && out[OTHER].query &&
                (!out[me].replied || out[me].knows != KNOWN_HERE ||
                 (m[me].heard && out[me].hears == 0) ||
                 (m[me].commit != 0 && !HAS(out[me].commit, m[me].commit))) ->
        printf("M%d takes QUERY\n", me);
        taken();
        out[me].replied = true;
        out[me].knows = KNOWN_HERE;
        if
        :: m[me].heard -> out[me].hears = m[me].commit
        :: else -> skip
        fi;
        if
        :: m[me].commit != 0 -> tell_commit()
        :: else -> skip
        fi;
        react() }

#ifndef NO_QUESTION_UNHEARD
    :: atomic { me_up && out[OTHER].hears != 0 && NUMBER(m[me].commit) && !m[me].heard &&
                m[me].commit != out[OTHER].hears -> /* REPLY */
        printf("M%d is told that the server named %d\n", me, out[OTHER].hears);
#ifndef S_DECIDES
        assert(false);
#endif
        m[me].commit = out[OTHER].hears;
        m[me].heard = true;
        m[me].held = false;
        react() }
#endif
    /* The server has decided. */
    :: atomic { me_up && m[me].commit == 0 && MAY_DECIDE && DRIVE_KNOWN && m[me].held &&
                NUMBER(server) && SERVER_IS_KNOWN ->
        decide(server);
        react() }
    :: atomic { me_up && m[me].held && NUMBER(m[me].commit) && NUMBER(server) &&
                m[me].commit != server && SERVER_IS_KNOWN ->
        server_decides();
        react() }
    /* Nobody alive knows the options of the server's own number. */
    :: atomic { me_up && m[me].held && m[me].commit != server && m[me].commit != OVER &&
                NUMBER(server) && !SERVER_IS_KNOWN && (m[me].suspects || out[OTHER].replied) &&
                (out[OTHER].commit == 0 || m[me].commit != 0) ->
        reset_both();
        react() }

    /* --- the other member ------------------------------------------------------------------- */
    :: atomic { me_up && crashed && !m[OTHER].up && !m[me].suspects -> suspect() }
#ifdef PARTITION
    :: atomic { me_up && m[OTHER].up && !m[me].suspects && !suspected ->
        suspected = true;
        suspect() }
#endif
    od
}
