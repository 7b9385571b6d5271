/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

enum { ALIGN_MAX = 4096 };

/* Stands right before the memory handed out, wherever alignment put that; read and written by
 * memcpy because nothing says that the place is aligned. */
typedef struct note {
    void *raw;
    size_t taken;
} note;

static void *libc_alloc(void *user, size_t size)
{
    (void)user;
    return malloc(size);
}

static void libc_release(void *user, void *ptr)
{
    (void)user;
    free(ptr);
}

void mpci_alloc_init(mpci_alloc *a, const mpconn_allocator *host)
{
    memset(a, 0, sizeof *a);
    if (host != NULL)
        a->host = *host;
    if (a->host.alloc == NULL)
        a->host.alloc = libc_alloc;
    if (a->host.release == NULL)
        a->host.release = libc_release;
}

void *mpci_alloc_array(mpci_alloc *a, size_t n, size_t size, size_t align)
{
    note head = {NULL, 0};
    size_t extra, skip;
    uint8_t *raw, *ptr;

    if (align == 0 || align > ALIGN_MAX || (align & (align - 1)) != 0)
        return NULL;
    extra = sizeof head + align - 1;
    if (size != 0 && n > (SIZE_MAX - extra) / size)
        return NULL;
    head.taken = n * size + extra;
    raw = a->host.alloc(a->host.user, head.taken);
    if (raw == NULL)
        return NULL;
    skip = sizeof head + (size_t)(-((uintptr_t)raw + sizeof head) & (align - 1));
    ptr = raw + skip;
    head.raw = raw;
    memcpy(ptr - sizeof head, &head, sizeof head);
    memset(ptr, 0, n * size);
    a->bytes += head.taken;
    return ptr;
}

void mpci_alloc_free(mpci_alloc *a, void *ptr)
{
    note head;

    if (ptr == NULL)
        return;
    memcpy(&head, (uint8_t *)ptr - sizeof head, sizeof head);
    a->bytes -= head.taken;
    a->host.release(a->host.user, head.raw);
}

void mpci_wipe(void *ptr, size_t len)
{
    volatile uint8_t *p = ptr;

    while (len-- > 0)
        *p++ = 0;
}
