/**
 * @file endpoint.h  The resources of HTTP
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef ENDPOINT_H
#define ENDPOINT_H


struct error;
struct job;
struct lws;

int endpoint_look(struct job **jp, const char *request, struct lws *wsi,
		  const char *path, struct error *error);
char *endpoint_get(struct lws *wsi, const char *path, const char **typep,
		   struct error *error);

#endif
