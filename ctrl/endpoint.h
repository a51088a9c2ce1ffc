/**
 * @file endpoint.h  What can be read over HTTP
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef ENDPOINT_H
#define ENDPOINT_H

struct fault;
struct lws;

char *endpoint_get(struct lws *wsi, const char *path, const char **typep,
		   struct fault *fault);

#endif
