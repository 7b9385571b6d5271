/* SPDX-License-Identifier: BSD-2-Clause */
/* When others are told of a handshake, and whether this member needs them. */
#include "split/actions.h"
#include "split/peers.h"
#include "split/share.h"

/* R1a: alone only who answered the client's SYN itself (who did not has asked, and so told), and
 * has neither told others of the handshake nor heard of it from them. The model shows that less
 * breaks: doc/model.md. */
int mpci_split_may_decide(const mpci_split *sp, const mpci_handshake *h)
{
    return !mpci_sync_has_members(sp->sync) || mpci_peers_is_registrar(sp, h) ||
           ((h->roles & MPCI_ROLE_TOLD) == 0 && h->driver == MPCI_NOBODY);
}

/* Claims A2, A8: in peace only, as only then there is an entry. */
void mpci_split_announce_early(mpci_split *sp, mpci_handshake *h)
{
    uint32_t registrar;

    if (sp->announce != MPCONN_ANNOUNCE_EARLY || !mpci_sync_has_members(sp->sync))
        return;
    registrar = mpci_share_registrar(sp, &h->tuple);
    h->roles |= MPCI_ROLE_TOLD;
    mpci_share_request(sp, h, registrar == sp->sync->members.self ? MPCONN_MEMBER_ALL : registrar);
}

void mpci_split_announce(mpci_split *sp, mpci_handshake *h)
{
    uint32_t counterpart, registrar;

    if (!mpci_sync_has_members(sp->sync))
        return;
    counterpart = mpci_path_find(&sp->paths, &sp->core->table_key, &h->tuple, sp->core->now);
    if (counterpart == MPCI_NOBODY && sp->announce != MPCONN_ANNOUNCE_EARLY)
        return;
    registrar = mpci_share_registrar(sp, &h->tuple);
    if (counterpart == MPCI_NOBODY)
        counterpart = registrar == sp->sync->members.self ? MPCONN_MEMBER_ALL : registrar;
    h->roles |= MPCI_ROLE_TOLD;
    mpci_share_drive(sp, h, counterpart, 0);
    if (registrar != counterpart && counterpart != MPCONN_MEMBER_ALL)
        mpci_share_drive(sp, h, registrar, 0);
}

void mpci_split_announce_plain(mpci_split *sp, mpci_handshake *h, unsigned from)
{
    uint32_t counterpart;

    if (!mpci_sync_anybody(sp->sync))
        return;
    counterpart = mpci_path_find(&sp->paths, &sp->core->table_key, &h->tuple, sp->core->now);
    if ((counterpart == MPCI_NOBODY && sp->announce != MPCONN_ANNOUNCE_EARLY) ||
        !mpci_peers_spend(sp, from))
        return;
    h->roles |= MPCI_ROLE_TOLD;
    mpci_share_plain(sp, h, counterpart != MPCI_NOBODY ? counterpart : MPCONN_MEMBER_ALL);
}

void mpci_split_announce_late(mpci_split *sp, mpci_handshake *h)
{
    if (!mpci_sync_has_members(sp->sync))
        return;
    h->roles |= MPCI_ROLE_TOLD;
    mpci_share_drive(sp, h, MPCONN_MEMBER_ALL, 0);
}

/* Once for each of our SYNs. */
void mpci_split_ask_once(mpci_split *sp, mpci_handshake *h)
{
    if ((h->flags & MPCI_HANDSHAKE_STALE_TOLD) != 0)
        return;
    h->flags |= MPCI_HANDSHAKE_STALE_TOLD;
    h->roles |= MPCI_ROLE_TOLD;
    mpci_share_drive(sp, h, MPCONN_MEMBER_ALL, MPCI_DRIVE_ASKS);
}

void mpci_split_tell_end(mpci_split *sp, const mpci_handshake *h)
{
    if ((h->roles & MPCI_ROLE_TOLD) != 0 || h->driver != MPCI_NOBODY)
        mpci_share_word(sp, MPCI_RECORD_RST_SEEN, &h->tuple, h->client_isn, MPCONN_MEMBER_ALL, 0);
}

void mpci_split_final_ack_again(mpci_split *sp, const mpci_handshake *h)
{
    if (h->roles & MPCI_ROLE_DRIVES)
        mpci_split_send_final_ack(sp, h);
    else
        mpci_share_word(sp, MPCI_RECORD_REACK, &h->tuple, h->client_isn,
                        h->driver != MPCI_NOBODY ? h->driver : MPCONN_MEMBER_ALL, 0);
}

/* --- the commit, told again until it is acknowledged --- */

void mpci_split_tell_commit(mpci_split *sp, mpci_handshake *h)
{
    if (h->roles & MPCI_ROLE_OWES_DRIVER)
        mpci_share_commit(sp, h, h->driver);
    if (h->roles & MPCI_ROLE_OWES_ANSWERER)
        mpci_share_commit(sp, h, h->answerer);
    h->told_due = mpci_later(sp->core->now, MPCI_ASK_AGAIN_NS << h->asked);
    if (h->asked < MPCI_ASK_TRIES)
        h->asked++;
}

/* Who does not see the server's segments cannot know whether its commit is certain; who saw one
 * that names another number knows that it is wrong. */
void mpci_split_ask_who_heard(mpci_split *sp, const mpci_handshake *h)
{
    int in_doubt = (h->roles & MPCI_ROLE_ANSWERED) == 0 ||
                   (h->flags & MPCI_HANDSHAKE_MISMATCH) != 0;

    if (in_doubt && (h->flags & MPCI_HANDSHAKE_SERVER_HEARD) == 0 && mpci_sync_anybody(sp->sync))
        mpci_share_word(sp, MPCI_RECORD_QUERY, &h->tuple, h->client_isn, MPCONN_MEMBER_ALL, 0);
}
