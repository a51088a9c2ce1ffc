/**
 * @file response.c  A response of HTTP, with its headers
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <libwebsockets.h>
#include "cors.h"
#include "response.h"


enum { HEADERS_SIZE = 2048, DISPOSITION_SIZE = 160 };


static int add_header(struct lws *wsi, enum lws_token_indexes token,
		      const char *value, unsigned char **pp,
		      unsigned char *end)
{
	return lws_add_http_header_by_token(wsi, token,
					    (const unsigned char *)value,
					    (int)strlen(value), pp, end);
}


/* RFC 6266 */
static int add_file(struct lws *wsi, const char *name, unsigned char **pp,
		    unsigned char *end)
{
	char text[DISPOSITION_SIZE];

	(void)snprintf(text, sizeof(text), "attachment; filename=\"%s\"",
		       name);

	return add_header(wsi, WSI_TOKEN_HTTP_CONTENT_DISPOSITION, text, pp,
			  end);
}


static int add_headers(const struct response *r, struct lws *wsi, size_t len,
		       unsigned char **pp, unsigned char *end)
{
	int err;

	err = lws_add_http_common_headers(wsi, (unsigned)r->status, r->type,
					  len, pp, end);
	if (!err)
		err = add_header(wsi, WSI_TOKEN_HTTP_CACHE_CONTROL, "no-store",
				 pp, end);
	if (!err && r->status == 429)
		err = add_header(wsi, WSI_TOKEN_HTTP_RETRY_AFTER, "1", pp,
				 end);
	if (!err && r->file)
		err = add_file(wsi, r->file, pp, end);
	if (!err && r->origin)
		err = cors_answer(wsi, r->origin, r->preflight, pp, end);
	if (!err && r->status == 401)
		err = add_header(wsi, WSI_TOKEN_HTTP_WWW_AUTHENTICATE,
				 "Bearer realm=\"referd\"", pp, end);

	return err;
}


static int write_body(struct lws *wsi, const char *body, size_t len)
{
	unsigned char *text = malloc(LWS_PRE + len + 1);
	int n;

	if (!text)
		return -1;

	if (len)
		memcpy(text + LWS_PRE, body, len);
	n = lws_write(wsi, text + LWS_PRE, len, LWS_WRITE_HTTP_FINAL);
	free(text);

	return n < 0 ? -1 : 0;
}


/**
 * Write a response
 *
 * @param r   Response
 * @param wsi Connection
 *
 * @return 0 if success, -1 if the connection is to be closed
 */
int response_write(const struct response *r, struct lws *wsi)
{
	unsigned char buf[LWS_PRE + HEADERS_SIZE];
	unsigned char *start = buf + LWS_PRE, *p = start;
	const size_t len = r->text ? r->len : 0;
	int err;

	if (add_headers(r, wsi, len, &p, buf + sizeof(buf)) ||
	    lws_finalize_write_http_header(wsi, start, &p, buf + sizeof(buf)))
		return -1;

	err = write_body(wsi, r->text, r->head ? 0 : len);

	/* libwebsockets would take all that follows for the body */
	if (r->status == 411)
		return -1;

	/* its 1, for a connection that is to be closed, counts as -1 only */
	return err || lws_http_transaction_completed(wsi) ? -1 : 0;
}
