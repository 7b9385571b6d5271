/* SPDX-License-Identifier: BSD-2-Clause */
/* Two members, one connection (key), two incarnations of it: rule R3. x1 was settled at one member
 * or both; the server comes to forget it, which some of them see; then the client uses the port
 * again, with x2, and one member decides about that. doc/model.md says what is modelled, and what
 * (I1) to (I4) are; the rules are those of lib/split/incarnation.c, and of told.c, copy.c and
 * commit.c there.
 *
 * Records come in any order and late; LOSSES of them never come. A commit is repeated until it is
 * answered; everything else is said once. Late copies of what was said of x1 come on top.
 *
 * Switches: what the world does
 *   AHEAD=n       generation of x1, where it is known (1)
 *   ONE_FORGOT    M1 does not know x1: it counts from 1 again
 *   ALONE         x2 may be decided alone: others are told of it when its handshake is forgotten
 *   X1_WAITS      x1's own handshake may still wait to be confirmed, its COMMIT be on its way
 *   BOTH_WAIT     and waits on when x2 is decided, of which its member knows nothing
 *   X1_OVER       x1 was over, as M0 knows and has told, before x2
 *   LOSSES=n      records that are lost (0)
 *   LATE=n        copies of what was said of x1 that come on top (2)
 *   RESTART       one member forgets all at any point, unless nobody else knows what the server has
 *   ONLY_I3       nothing is asked but that members stop talking
 * and one wrong rule each: run.sh has the list.
 */

#define NONE 0
#define CONFIRMING 1
#define UNTOLD 2

#define NOBODY 2

#ifndef AHEAD
#define AHEAD 1
#endif
#ifndef LOSSES
#define LOSSES 0
#endif
#ifndef LATE
#define LATE 2
#endif
#define TRIES 2             /* commits that nobody answers, beyond those that are lost */
#define LAST_GENERATION (AHEAD + 5) /* nobody needs more: who gets there talks for ever (I3) */

#define BIT(x) (1 << (x))
#define HAS(set, x) (((set) & BIT(x)) != 0)

mtype = {COMMIT, DELTA, STALE, DEAD, CLOSE, ACK};

typedef member {
    byte x;         /* the incarnation that stands here: 1, 2, or 0 */
    byte generation;
    bool over;
    byte state;     /* of its handshake; NONE: forgotten */
    bool owes;      /* COMMIT was not answered yet */
    bool sure;      /* its segments were seen here in the last ten seconds */
    byte tombstones;/* set of x */
    bool shared;
    bool told_1;    /* of x1, to the other, which may get copies of that late, */
    bool committed_1; /* and of its COMMIT */
    bool opened;    /* this handshake has opened a generation already */
    bool had_2;
    byte tries;
};

member m[2];
/* To each member: type, x, generation, over, not seen for long. */
chan to[2] = [10] of { mtype, byte, byte, bool, bool };

byte server;        /* the incarnation it has */
bool x1_greater;
byte decider;       /* member that decided about x2 */
byte losses;
byte late;
bool restarted;

#define OTHER (1 - me)
#define ALIVE(i) (m[i].x != 0 && !m[i].over)
#define GREATER(a, b) ((a) != (b) && ((a) == 1) == x1_greater)

#ifdef BY_X
#define LATER(g, x1) GREATER(x1, m[me].x)
#define LATER_GENERATION(g, x1) GREATER(x1, m[me].x)
#else
#ifdef BY_GENERATION
#define LATER(g, x1) ((g) > m[me].generation)
#else
#define LATER(g, x1)                                                                        \
    ((g) > m[me].generation || ((g) == m[me].generation && GREATER(x1, m[me].x)))
#endif
#define LATER_GENERATION(g, x1) ((g) > m[me].generation)
#endif

#ifdef NO_TOMBSTONE
#define IS_DEAD(x) false
#else
#define IS_DEAD(x) HAS(m[me].tombstones, x)
#endif

#define say(whom, kind, x1, g) to[whom]!kind, x1, g, false, false

#ifdef OPENS_AGAIN
#define HAS_ANSWER (m[me].state != NONE)
#else
#define HAS_ANSWER (m[me].state != NONE && !m[me].opened)
#endif
#ifdef GIVES_WAY
#define OPENS_BEHIND(g) false
#else
#define OPENS_BEHIND(g) (HAS_ANSWER && (g) == m[me].generation)
#endif

inline say_flow()
{
    printf("M%d tells DELTA x%d, generation %d\n", me, m[me].x, m[me].generation);
    m[me].shared = true;
    m[me].told_1 = m[me].told_1 || (m[me].x == 1 && !m[me].over);
    to[OTHER]!DELTA, m[me].x, m[me].generation, m[me].over, !m[me].sure
}

inline say_commit()
{
    printf("M%d tells COMMIT x%d, generation %d\n", me, m[me].x, m[me].generation);
    m[me].committed_1 = m[me].committed_1 || m[me].x == 1;
    say(OTHER, COMMIT, m[me].x, m[me].generation)
}

inline say_stale(x1)
{
#ifndef NO_STALE
    say(OTHER, STALE, x1, m[me].generation)
#else
    skip
#endif
}

inline raise(g)
{
    if
    :: (g) > m[me].generation -> m[me].generation = g
    :: else -> skip
    fi;
    assert(m[me].generation < LAST_GENERATION) /* I3 */
}

inline forget_handshake()
{
    m[me].state = NONE;
    m[me].owes = false;
    m[me].opened = false;
    m[me].tries = 0
}

inline bury()
{
    m[me].tombstones = m[me].tombstones | BIT(m[me].x);
    forget_handshake();
    m[me].x = 0;
    m[me].generation = 0;
    m[me].over = false;
    m[me].sure = false;
    m[me].shared = false
}

/* In place of what stood there. */
inline take(x1, g, is_over, is_sure)
{
    printf("M%d takes x%d, generation %d\n", me, x1, g);
    if
    :: m[me].x != 0 -> bury()
    :: else -> skip
    fi;
    assert(!HAS(m[me].tombstones, x1)); /* I2 */
#ifndef ONLY_I3
    assert(x1 != 1 || !m[me].had_2);    /* I4 */
#endif
    m[me].x = x1;
    m[me].generation = g;
    m[me].over = is_over;
    m[me].sure = is_sure;
    m[me].shared = true;
    m[me].had_2 = m[me].had_2 || x1 == 2
}

inline end_handshake_if_over()
{
    if
    :: m[me].over -> forget_handshake()
    :: else -> skip
    fi
}

/* --- records ---------------------------------------------------------------------------------- */

inline told_commit(x1, g)
{
    if
    :: m[me].x == x1 && !m[me].over ->
        raise(g);
        say(OTHER, ACK, x1, 0)
    :: (m[me].x == x1 && m[me].over) || (m[me].x != x1 && IS_DEAD(x1)) ->
        say(OTHER, CLOSE, x1, 0)
    :: m[me].x != x1 && !IS_DEAD(x1) ->
#ifdef REFUSES_LATE
        forget_handshake();
#endif
        if
        :: m[me].x != 0 && !LATER_GENERATION(g, x1) -> say_stale(x1)
        :: else -> /* the client has gone on elsewhere */
            forget_handshake();
            take(x1, g, false, true);
            m[me].state = CONFIRMING;
            say(OTHER, ACK, x1, 0)
        fi
    fi
}

/* Who still has the server's SYN|ACK opens the generation behind what was told. */
inline open_behind(g)
{
    raise(g + 1);
    m[me].opened = true;
    if
    :: m[me].state == CONFIRMING -> m[me].owes = true; m[me].tries = 0; say_commit()
    :: else -> skip
    fi;
    say_flow()
}

inline stands(x1, g, is_over, is_old)
{
    if
#ifndef DEAD_OUTLIVES
    :: !m[me].over && (is_over || (m[me].sure && is_old)) ->
        if
        :: LATER(g, x1) -> raise(g + 1)
        :: else -> skip
        fi;
        say_flow()
#endif
    :: else ->
        if
        :: !LATER(g, x1) -> say_stale(x1); say_flow()
        :: LATER(g, x1) && OPENS_BEHIND(g) -> open_behind(g)
        :: LATER(g, x1) && !OPENS_BEHIND(g) -> take(x1, g, is_over, !is_old)
        fi
    fi
}

inline told_flow(x1, g, is_over, is_old)
{
    if
    :: m[me].x == x1 ->
        raise(g);
        if
        :: m[me].over && !is_over -> say_flow()
        :: else -> skip
        fi;
        m[me].over = m[me].over || is_over;
        m[me].shared = true;
        end_handshake_if_over()
    :: m[me].x != x1 && IS_DEAD(x1) -> say(OTHER, DEAD, x1, 0)
    :: m[me].x == 0 && !IS_DEAD(x1) -> take(x1, g, is_over, !is_old)
    :: m[me].x != 0 && m[me].x != x1 && !IS_DEAD(x1) -> stands(x1, g, is_over, is_old)
    fi
}

inline told(what, x1, g, is_over, is_old)
{
    printf("M%d gets %e x%d, generation %d\n", me, what, x1, g);
    if
    :: what == COMMIT -> told_commit(x1, g)
    :: what == DELTA -> told_flow(x1, g, is_over, is_old)
    :: what == STALE ->
        if
        :: m[me].x == x1 && !m[me].over && HAS_ANSWER && g >= m[me].generation ->
            open_behind(g)
        :: else -> skip
        fi
    :: what == DEAD ->
        if
        :: m[me].x == x1 -> m[me].over = true; end_handshake_if_over()
        :: else -> skip
        fi
    :: what == CLOSE ->
        if
        :: m[me].x == x1 -> bury()
        :: else -> m[me].tombstones = m[me].tombstones | BIT(x1)
        fi
    :: what == ACK ->
        if
        :: m[me].x == x1 -> m[me].owes = false
        :: else -> skip
        fi
    fi
}

/* --- what happens ----------------------------------------------------------------------------- */

/* The end of x1, as far as it is seen here. */
inline see_end()
{
    if
    :: m[me].x == 1 && !m[me].over ->
        m[me].over = true;
        forget_handshake();
        if
        :: m[me].shared -> say_flow()
        :: else -> skip
        fi
    :: else -> skip
    fi
}

inline decide_2(counterpart)
{
#ifdef NOT_RAISED
    g = 1;
#else
    g = m[me].generation + 1; /* 0 when nothing stands here */
#endif
    server = 2;
    decider = me;
    printf("M%d decides about x2\n", me);
    take(2, g, false, true);
    g = 0;
    m[me].shared = false;
    if
    :: counterpart -> /* it drives or answers x2, and has left x1 behind */
        m[me].state = CONFIRMING;
        m[me].owes = true;
        m[me].shared = true;
#ifndef BOTH_WAIT
        if
        :: m[OTHER].x == 1 -> m[OTHER].state = NONE; m[OTHER].owes = false; m[OTHER].tries = 0
        :: else -> skip
        fi;
#endif
        say_commit()
    :: !(counterpart) -> m[me].state = UNTOLD
    fi
}

#define ANSWER_ON_ITS_WAY                                                                   \
    (to[OTHER]??[COMMIT, _, _, _, _] || to[me]??[ACK, _, _, _, _] ||                          \
     to[me]??[STALE, _, _, _, _] || to[me]??[CLOSE, _, _, _, _])
#define DELTA_ON_ITS_WAY (to[me]??[DELTA, _, _, _, _])

proctype Member(byte me)
{
    mtype type;
    byte x1, g;
    bool is_over, is_old;

end:
    do
    :: atomic { to[me]??type, x1, g, is_over, is_old ->
        told(type, x1, g, is_over, is_old);
        type = 0; x1 = 0; g = 0; is_over = false; is_old = false }
#if LOSSES > 0
    :: atomic { losses < LOSSES && len(to[me]) > 0 ->
        to[me]??type, x1, g, is_over, is_old;
        printf("lost on the way to M%d: %e x%d\n", me, type, x1);
        losses++;
        type = 0; x1 = 0; g = 0; is_over = false; is_old = false }
#endif
    /* What was said of x1 comes late, once more. */
    :: atomic { late < LATE && (m[OTHER].told_1 || m[OTHER].committed_1) ->
        late++;
        if
        :: m[OTHER].told_1 -> say(me, DELTA, 1, AHEAD)
        :: m[OTHER].committed_1 -> say(me, COMMIT, 1, AHEAD)
        fi }

    :: atomic { server == 0 && decider == NOBODY ->
        if
        :: decide_2(true)
#ifdef ALONE
        :: decide_2(false)
#endif
        fi }

    :: atomic { m[me].owes && !ANSWER_ON_ITS_WAY && m[me].tries < TRIES + LOSSES ->
        m[me].tries++;
        say_commit() }

    /* Its handshake has served. */
    :: atomic { m[me].state == CONFIRMING &&
                (!m[me].owes || m[me].tries == TRIES + LOSSES || m[me].x == 1) ->
        forget_handshake() }
    :: atomic { m[me].state == UNTOLD ->
        say_flow();
        forget_handshake() }

    /* Nothing of x1 was seen any more for ten seconds; then for a minute, and it is asked for. */
    :: atomic { server != 1 && m[me].x == 1 && m[me].sure -> m[me].sure = false }
    :: atomic { server != 1 && m[me].x == 1 && !m[me].over && !m[me].sure && m[me].shared &&
                (HAS(m[OTHER].tombstones, 1) || (m[OTHER].x == 1 && m[OTHER].over)) ->
        m[me].over = true;
        forget_handshake() }
    /* What is over is buried in the end. */
    :: atomic { m[me].over -> bury() }

    /* Segments that nobody here knows. */
    :: atomic { m[me].x == 0 && ALIVE(OTHER) && !HAS(m[me].tombstones, m[OTHER].x) &&
                !DELTA_ON_ITS_WAY ->
        printf("M%d is asked for x%d\n", OTHER, m[OTHER].x);
        m[OTHER].shared = true;
        m[OTHER].told_1 = m[OTHER].told_1 || m[OTHER].x == 1;
        to[me]!DELTA, m[OTHER].x, m[OTHER].generation, false, !m[OTHER].sure }
    od
}

inline forget_all(who)
{
    m[who].x = 0;
    m[who].generation = 0;
    m[who].over = false;
    m[who].state = NONE;
    m[who].owes = false;
    m[who].sure = false;
    m[who].tombstones = 0;
    m[who].shared = false;
    m[who].told_1 = false;
    m[who].committed_1 = false;
    m[who].opened = false;
    m[who].had_2 = false;
    m[who].tries = 0
}

/* What was said to the old boot, and by it, is void (V19). */
inline drop_all(i)
{
    do
    :: len(to[i]) > 0 -> to[i]?_, _, _, _, _
    :: len(to[i]) == 0 -> break
    od
}

/* The server ends x1, or is started anew; who sees it knows that x1 is over. */
proctype World()
{
    byte me;

    atomic { server == 1 ->
        server = 0;
        if
        :: me = 0; see_end()
        :: me = 1; see_end()
        :: me = 0; see_end(); me = 1; see_end()
        :: skip
        fi;
        me = 0 }
#ifdef RESTART
    atomic {
        if
        :: server != 2 || (m[1].x == 2 && !m[1].over) -> me = 0
        :: server != 2 || (m[0].x == 2 && !m[0].over) -> me = 1
        fi;
        printf("M%d forgets all\n", me);
        forget_all(me);
        drop_all(0);
        drop_all(1);
        m[OTHER].told_1 = m[OTHER].x == 1;
        m[OTHER].committed_1 = false;
        me = 0 }
#endif
}

#define AGREES(i) (!ALIVE(i) || m[i].x == server)

/* Where nothing is left to do (I1). */
proctype End()
{
    atomic { timeout ->
#ifndef ONLY_I3
        assert(server == 2 && AGREES(0) && AGREES(1));
        assert(ALIVE(0) || ALIVE(1))
#else
        skip
#endif
    }
}

inline settle_1(i)
{
    m[i].x = 1;
    m[i].generation = AHEAD;
    m[i].sure = true
}

init {
    byte me;

    atomic {
        server = 1;
        decider = NOBODY;
        if
        :: x1_greater = true
        :: x1_greater = false
        fi;
        settle_1(0);
#ifdef X1_OVER
        m[0].over = true;
        me = 0;
        say_flow();
#endif
#ifdef ONE_FORGOT
        if
#ifdef X1_OVER
        :: m[0].shared = true
#else
        :: m[0].shared = true; m[0].told_1 = true
        :: skip /* committed alone; deferred, or never told */
#endif
        fi;
#else
        m[0].shared = true;
        m[0].told_1 = true;
        settle_1(1);
        m[1].shared = true;
        m[1].told_1 = true;
        m[0].committed_1 = true;
        m[1].committed_1 = true;
#endif
#ifdef X1_WAITS
        if
        :: m[0].state = CONFIRMING
        :: !m[0].shared -> m[0].state = UNTOLD
#ifdef ONE_FORGOT
        :: m[0].shared -> m[0].state = CONFIRMING; m[0].owes = true; say_commit()
#endif
        fi;
#endif
        run Member(0);
        run Member(1);
        run World();
        run End()
    }
}
