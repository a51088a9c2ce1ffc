/**
 * @file export.h  The SIP messages of a transfer, as a file
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef EXPORT_H
#define EXPORT_H

#include <stdbool.h>

struct error;
struct job;
struct lws;

bool export_path(char **idp, const char *path);
int export_ask(struct job **jp, const char *request, char *id, struct lws *wsi,
	       struct error *error);

#endif
