/* SPDX-License-Identifier: BSD-2-Clause */
/* Looking at return paths. */
#include <mpconn/return_path.h>

#include "base/abi.h"
#include "engine/engine.h"

enum { RETURN_PATH_V1 = sizeof(mpconn_return_path) };

static void describe(const mpconn_engine *eng, const mpci_return *r, mpconn_return_path *p)
{
    MPCONN_STRUCT_INIT(p);
    p->client = r->client;
    p->server = r->server;
    p->age_ns = eng->core.now - r->learned;
    p->flags = r->proved ? MPCONN_RETURN_PATH_F_PROVED : 0;
    p->link = r->link;
    p->origin = r->origin;
    p->origin_link = r->origin_link;
    p->zone = r->zone;
    p->family = r->family;
}

int mpconn_engine_return_path_next(const mpconn_engine *eng, mpconn_return_path_cursor *cursor,
                                   mpconn_return_path *out)
{
    const mpci_return *found = NULL;
    mpconn_return_path p;
    uint64_t place;
    int rc;

    if (eng == NULL || cursor == NULL || out == NULL)
        return MPCONN_ERR_INVAL;
    for (place = cursor->position;
         found == NULL && eng->echo.on && place < mpci_cache_capacity(&eng->echo.returns.cache);
         place++)
        found = mpci_cache_at(&eng->echo.returns.cache, (uint32_t)place);
    if (found == NULL)
        return MPCONN_ERR_NOTFOUND;
    describe(eng, found, &p);
    rc = mpci_abi_export(out, &p, sizeof(p), RETURN_PATH_V1);
    if (rc == MPCONN_OK)
        cursor->position = place;
    return rc;
}
