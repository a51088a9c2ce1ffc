/**
 * @file response.h  A response of HTTP, with its headers
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef RESPONSE_H
#define RESPONSE_H

#include <stdbool.h>
#include <stddef.h>

struct lws;

struct response {
	int status; /* 0 while there is none */
	const char *type;
	char *text;
	size_t len;         /* of the text, in bytes */
	const char *file;   /* name to keep it under, NULL for none */
	const char *origin; /* of a page from elsewhere, NULL for none */
	bool preflight;     /* a browser asks what its page may send */
	bool head;          /* like GET, without what it would get */
};

int response_write(const struct response *r, struct lws *wsi);

#endif
