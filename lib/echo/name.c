/* SPDX-License-Identifier: BSD-2-Clause */
#include "echo/name.h"

#include <mpconn/base.h>

#include "base/cursor.h"
#include "packet/ip.h"

uint16_t mpci_echo_name(const mpci_sipkey *root, unsigned family, const uint8_t *client,
                        const uint8_t *server, uint16_t id)
{
    mpci_sipkey key = mpci_sipkey_derive(root, "echo name", 0);
    unsigned len = mpci_ip_addr_len(family);
    uint8_t bytes[2 * sizeof(mpconn_addr) + 2];
    mpci_writer w = mpci_writer_of(bytes, sizeof bytes);

    mpci_write_bytes(&w, client, len);
    mpci_write_bytes(&w, server, len);
    mpci_write_number(&w, id, 2);
    return (uint16_t)mpci_siphash13(&key, bytes, sizeof bytes - mpci_writer_left(&w));
}
