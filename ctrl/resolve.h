/**
 * @file resolve.h  The addresses of a host, looked up beside the loop
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef RESOLVE_H
#define RESOLVE_H

#include <stddef.h>

enum {
	RESOLVE_MAX = 8, /* addresses of a host that are tried */
	ADDRESS_SIZE = 64,
};

struct resolve;

/* In the order in which they are to be tried.  Why is NULL if there are any;
   the lookup is freed. */
typedef void(resolve_h)(char (*addresses)[ADDRESS_SIZE], size_t count,
			const char *why, void *arg);

int resolve_init(void);
void resolve_close(void);
int resolve(struct resolve **rp, const char *host, resolve_h *h, void *arg);
struct resolve *resolve_cancel(struct resolve *r);

#endif
