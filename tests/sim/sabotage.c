/* SPDX-License-Identifier: BSD-2-Clause */
/* Faults the host injects on purpose. Each is one a real member might have; if the simulator does
 * not notice it, the simulator is worth nothing. */
#include <string.h>

#include "sim/member.h"
#include "sim/sabotage.h"
#include "sim/util.h"
#include "sim/world.h"
#include "sync/record.h"

const sim_sabotage sim_sabotages[] = {
    {"seq-off-by-one", "split", "S->C sequence numbers translated with D + 1"},
    {"ack-off-by-one", "split", "C->S acknowledgments translated with D + 1"},
    {"sack-untranslated", "split-lossy", "C->S SACK edges left as they were"},
    {"tsval-untranslated", "split", "S->C timestamps left as they were"},
    {"tsecr-untranslated", "split", "C->S timestamp echoes left as they were"},
    {"no-stamps", "unstamped", "S->C segments without the timestamps that the server has not"},
    {"stamps-left-out", "matrix", "the same, in a transfer of 1 MiB each way"},
    {"old-echo", "matrix", "S->C timestamps echo what the first one did"},
    {"window-unscaled", "options", "S->C windows left as they were"},
    {"no-window-update", "split", "the update that opens the client's window is lost"},
    {"no-final-ack", "split", "the final ACK to the server is lost"},
    {"rst-seq-0", "refused", "RST to the client with sequence number 0"},
    {"payload-bit", "split", "a bit of the payload turned, checksum made right"},
    {"checksum", "split", "checksum not corrected after translation"},
    {"launder", "corrupt", "every checksum made right, whatever it was"},
    {"answer-twice", "flood", "each SYN|ACK sent twice"},
    {"forget-held", "probe-data", "held packets never submitted again"},
    {"held-reversed", "early-data", "held packets submitted again newest first"},
    {"window-back", "early-data", "the update takes back what the SYN|ACK announced"},
    {"wrong-side", "split", "packets made leave by the other side"},
    {"no-expiry", "split", "the host forgets its timers"},
    {"batch-order", "concurrent", "two packets of a batch change places"},
    {"drop-some", "split", "one translated packet in fifty lost"},
    {"commit-number", "pair-asymmetric", "D of a commit changed between two members"},
    {"server-leg", "pair-bound", "what a server leg shows changed between two members"},
    {"early-window", "pair-asymmetric", "the client's window opened before the commit"},
    {"early-final-ack", "pair-asymmetric", "the final ACK guessed before the commit"},
    {"other-final-ack", "pair-asymmetric",
     "the final ACK with another number than the committed one"},
    {"members-deaf", "pair-asymmetric", "what members say to one another is lost"},
    {"life-lost", "pair-asymmetric", "members do not tell one another how a flow ends"},
    {"answer-often", "meet", "who calls gets three answers more than it should"},
    {"data-unproved", "meet", "data to a client that was answered and has not acknowledged"},
    {"answer-stranger", "meet", "the answer to a client goes to another port of it"},
    {"chatty", "pair-symmetric", "defers nothing"},
    {"send-back", "bridge-one-way", "bridges that answer as routers do, and send no echo"},
    {"echo-rate", "bridge-budget", "echoes by another rate than the scenario has told"},
    {"echo-twice", "bridge-one-way", "each echo sent twice"},
    {"reply-through", "bridge-one-way", "replies to echoes go on to the client"},
    {NULL, NULL, NULL},
};

int sim_sabotage_find(const char *name)
{
    for (int i = 0; name != NULL && sim_sabotages[i].name != NULL; i++) {
        if (strcmp(sim_sabotages[i].name, name) == 0)
            return i;
    }
    return -1;
}

bool sim_sabotage_is(const sim_member *m, const char *name)
{
    return m->sabotage >= 0 && strcmp(sim_sabotages[m->sabotage].name, name) == 0;
}

/* Build the frame again with what the segment says now; the length stays. */
static void rebuild(sim_frame *f, sim_segment *seg)
{
    uint8_t payload[2048];

    if (sim_segment_size(seg) != f->len || seg->n_payload > sizeof(payload))
        return;
    memcpy(payload, seg->payload, seg->n_payload);
    seg->payload = payload;
    sim_segment_build(seg, f->data);
}

/* As the server sent it, but for its length. */
static void take_stamp_out(sim_segment *seg)
{
    static const uint8_t nops[12] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

    seg->has_ts = false;
    seg->extra = nops;
    seg->n_extra = sizeof(nops);
}

static void spoil_stamp(sim_member *m, sim_segment *seg)
{
    if (m->first_echo == 0)
        m->first_echo = seg->tsecr;
    if (sim_sabotage_is(m, "no-stamps") || sim_sabotage_is(m, "stamps-left-out"))
        take_stamp_out(seg);
    else if (sim_sabotage_is(m, "old-echo"))
        seg->tsecr = m->first_echo;
}

static void spoil_translated(sim_member *m, sim_frame *f, const sim_segment *was, sim_segment *seg,
                             bool to_client)
{
    if (to_client && sim_sabotage_is(m, "seq-off-by-one"))
        seg->seq++;
    else if (!to_client && sim_sabotage_is(m, "ack-off-by-one"))
        seg->ack++;
    else if (!to_client && sim_sabotage_is(m, "sack-untranslated"))
        memcpy(seg->sack, was->sack, sizeof(seg->sack));
    else if (to_client && sim_sabotage_is(m, "tsval-untranslated"))
        seg->tsval = was->tsval;
    else if (!to_client && sim_sabotage_is(m, "tsecr-untranslated"))
        seg->tsecr = was->tsecr;
    else if (to_client && sim_sabotage_is(m, "window-unscaled"))
        seg->window = was->window;
    else if (to_client && seg->has_ts && !was->has_ts)
        spoil_stamp(m, seg);
    else
        return;
    rebuild(f, seg);
}

static void spoil_bytes(sim_member *m, sim_frame *f, const sim_segment *seg)
{
    if (seg->n_payload > 0 && sim_sabotage_is(m, "payload-bit")) {
        f->data[f->len - 1] ^= 1;
        sim_segment_fix_checksums(f->data, f->len);
    }
    if (sim_sabotage_is(m, "checksum"))
        f->data[f->len - seg->n_payload - 1 - seg->option_bytes - 3] ^= 1; /* the sum itself */
}

/* A segment that another step of the handshake would have made, from one of this step. */
static void send_forged(sim_member *m, const sim_segment *from, unsigned side, unsigned reason)
{
    sim_segment seg = *from;
    sim_frame *f;

    seg.flags = SIM_ACK;
    seg.has_mss = seg.has_wscale = seg.has_sack_permitted = false;
    seg.n_payload = 0;
    if (reason == MPCONN_REASON_WINDOW_OPENED)
        seg.window = 100;
    seg.seq++;
    f = sim_frame_of(&seg);
    sim_member_check_output(m, f, side, reason, true);
    sim_node_send(&m->node, side, f);
}

static void send_beside(sim_member *m, sim_frame *f, unsigned side)
{
    sim_member_check_output(m, f, side, MPCONN_REASON_SESSION_ANSWERED, true);
    sim_node_send(&m->node, side, f);
}

/* With the answer to a client that called. */
static void spoil_answer(sim_member *m, sim_frame *f, sim_segment *seg, unsigned side)
{
    static const uint8_t byte = 'x';

    for (unsigned more = sim_sabotage_is(m, "answer-often") ? 3 : 0; more > 0; more--)
        send_beside(m, sim_frame_new(f->data, f->len), side);
    if (sim_sabotage_is(m, "answer-stranger")) {
        seg->dport ^= 1;
        rebuild(f, seg);
    }
    if (sim_sabotage_is(m, "data-unproved")) {
        sim_segment data = *seg;

        data.flags = SIM_ACK;
        data.has_mss = data.has_wscale = data.has_sack_permitted = false;
        data.seq++;
        data.payload = &byte;
        data.n_payload = 1;
        send_beside(m, sim_frame_of(&data), side);
    }
}

void sim_sabotage_records(const sim_member *m, uint8_t *records, size_t len)
{
    mpci_record_context in = {0}, out = {0};
    mpci_reader r = mpci_reader_of(records, len), body;
    mpci_record record;
    uint8_t changed[2048];
    mpci_writer w = mpci_writer_of(changed, sizeof(changed));

    if (!sim_sabotage_is(m, "commit-number") && !sim_sabotage_is(m, "life-lost") &&
        !sim_sabotage_is(m, "server-leg"))
        return;
    while (mpci_reader_left(&r) > 0) {
        if (mpci_record_decode(&r, &in, &record, &body) != MPCI_RECORD_OK ||
            record.type == MPCI_RECORD_HELLO)
            return;
        if (record.type == MPCI_RECORD_COMMIT && sim_sabotage_is(m, "commit-number"))
            record.seq_offset ^= 0x01010101;
        if (record.type == MPCI_RECORD_DELTA && sim_sabotage_is(m, "life-lost"))
            record.client_isn++;
        if (record.server_leg.client_port != 0 && sim_sabotage_is(m, "server-leg"))
            record.server_leg.client_port ^= 1;
        (void)mpci_record_encode(&w, &out, &record);
    }
    if ((size_t)(w.at - changed) == len)
        memcpy(records, changed, len);
}

static void spoil_echo(sim_member *m, const sim_frame *f, const sim_frame *original,
                       unsigned reason)
{
    if (reason == MPCONN_REASON_ECHO_SENT && sim_sabotage_is(m, "echo-twice")) {
        sim_member_check_output(m, f, SIM_SERVER, reason, original == NULL);
        sim_node_send(&m->node, SIM_SERVER, sim_frame_new(f->data, f->len));
    }
    if (reason == MPCONN_REASON_ECHO_ANSWERED && sim_sabotage_is(m, "reply-through"))
        sim_node_send(&m->node, SIM_CLIENT, sim_frame_new(original->data, original->len));
}

bool sim_sabotage_output(sim_member *m, sim_frame *f, const sim_frame *original, unsigned *side,
                         unsigned reason, bool made)
{
    sim_segment seg, was;

    if (m->sabotage < 0)
        return true;
    if (sim_sabotage_is(m, "launder"))
        sim_segment_fix_checksums(f->data, f->len);
    spoil_echo(m, f, original, reason);
    if (sim_segment_parse(&seg, f->data, f->len) != SIM_PARSE_OK)
        return true;
    if (reason == MPCONN_REASON_TRANSLATED &&
        sim_segment_parse(&was, original->data, original->len) == SIM_PARSE_OK) {
        spoil_translated(m, f, &was, &seg, *side == SIM_CLIENT);
        spoil_bytes(m, f, &seg);
        if (sim_sabotage_is(m, "drop-some") && sim_rng_chance(&m->rng, 20000))
            return false;
    }
    if (reason == MPCONN_REASON_SESSION_ANSWERED)
        spoil_answer(m, f, &seg, *side);
    if (reason == MPCONN_REASON_RST_TO_CLIENT && sim_sabotage_is(m, "rst-seq-0")) {
        seg.seq = 0;
        rebuild(f, &seg);
    }
    if (reason == MPCONN_REASON_WINDOW_OPENED && sim_sabotage_is(m, "window-back")) {
        seg.window = 1;
        rebuild(f, &seg);
    }
    if (reason == MPCONN_REASON_SYN_ANSWERED && sim_sabotage_is(m, "early-window"))
        send_forged(m, &seg, SIM_CLIENT, MPCONN_REASON_WINDOW_OPENED);
    if (reason == MPCONN_REASON_SERVER_SYN_SENT && sim_sabotage_is(m, "early-final-ack"))
        send_forged(m, &seg, SIM_SERVER, MPCONN_REASON_SERVER_ACK_SENT);
    if (reason == MPCONN_REASON_SERVER_ACK_SENT && sim_sabotage_is(m, "other-final-ack")) {
        seg.ack++;
        rebuild(f, &seg);
    }
    if ((reason == MPCONN_REASON_SYN_ANSWERED || reason == MPCONN_REASON_SYN_ACK_REPEAT) &&
        sim_sabotage_is(m, "answer-twice")) {
        sim_member_check_output(m, f, *side, reason, made);
        sim_node_send(&m->node, *side, sim_frame_new(f->data, f->len));
    }
    if (made && sim_sabotage_is(m, "wrong-side"))
        *side ^= 1;
    return !(reason == MPCONN_REASON_WINDOW_OPENED && sim_sabotage_is(m, "no-window-update")) &&
           !(reason == MPCONN_REASON_SERVER_ACK_SENT && sim_sabotage_is(m, "no-final-ack"));
}
