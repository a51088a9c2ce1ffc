/**
 * @file cors.c  CORS: what pages of other origins may request and read
 *
 * A browser lets a page of another origin have our answers only if they name
 * that origin, and asks first whether it may send a token or JSON (the CORS
 * protocol of the Fetch standard).
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <string.h>
#include <libwebsockets.h>
#include "cors.h"


struct header {
	const char *name;
	const char *value;
};


static int add(struct lws *wsi, const struct header *h, unsigned char **p,
	       unsigned char *end)
{
	return lws_add_http_header_by_name(wsi, (const unsigned char *)h->name,
					   (const unsigned char *)h->value,
					   (int)strlen(h->value), p, end);
}


/**
 * Add the headers that let a page have an answer
 *
 * @param wsi       Connection of the request
 * @param origin    Origin of the page, which may come
 * @param preflight True for a preflight request
 * @param p         Where to write the headers, advanced
 * @param end       End of the room there
 *
 * @return 0 if success, otherwise the headers do not fit
 */
int cors_answer(struct lws *wsi, const char *origin, bool preflight,
		unsigned char **p, unsigned char *end)
{
	const struct header headers[] = {
		{"access-control-allow-origin:", origin},
		{"vary:", "Origin"},
		{"access-control-expose-headers:", "Retry-After"},
		{"access-control-allow-methods:", "GET, HEAD, POST"},
		{"access-control-allow-headers:",
		 "Authorization, Content-Type, traceparent, tracestate"},
		{"access-control-max-age:", "600"},
		/* from a public page to where we are */
		{"access-control-allow-private-network:", "true"},
	};
	size_t count = preflight ? sizeof(headers) / sizeof(*headers) : 3;
	int err = 0;

	for (size_t i = 0; i < count && !err; i++)
		err = add(wsi, &headers[i], p, end);

	return err;
}
