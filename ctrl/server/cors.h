/**
 * @file cors.h  CORS: what pages of other origins may request and read
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef CORS_H
#define CORS_H

#include <stdbool.h>


struct lws;

int cors_answer(struct lws *wsi, const char *origin, bool preflight,
		unsigned char **p, unsigned char *end);

#endif
