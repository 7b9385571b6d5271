/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * @brief All of libmpconn. Each header can also be included alone.
 */
#ifndef MPCONN_MPCONN_H
#define MPCONN_MPCONN_H

#include <mpconn/allocator.h>
#include <mpconn/base.h>
#include <mpconn/delta.h>
#include <mpconn/echo.h>
#include <mpconn/engine.h>
#include <mpconn/error.h>
#include <mpconn/flow.h>
#include <mpconn/packet.h>
#include <mpconn/reason.h>
#include <mpconn/rendezvous.h>
#include <mpconn/return_path.h>
#include <mpconn/stats.h>
#include <mpconn/sync.h>
#include <mpconn/version.h>

#endif
