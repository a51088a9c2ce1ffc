/**
 * @file access.c  Whether a request may come in, and as whom
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <string.h>
#include <strings.h>
#include <cjson/cJSON.h>
#include <libwebsockets.h>
#include "base/base.h"
#include "access.h"
#include "net/net.h"
#include "textcheck.h"


enum {
	HOST_SIZE = 256,
	ORIGIN_SIZE = 300,
	HEADER_SIZE = 4096, /* all that there can be of them */
};

static const char *origins = ""; /* of other pages that may come */


/**
 * Say which other pages may come
 *
 * @param list Origins, parted by commas; borrowed
 */
void access_init(const char *list)
{
	origins = list;
}


static bool host_is_loopback(const char *host)
{
	static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		size_t n = strlen(names[i]);

		if (!strncasecmp(host, names[i], n) &&
		    (host[n] == '\0' || host[n] == ':'))
			return true;
	}

	return false;
}


static bool origin_is_listed(const char *origin)
{
	size_t len = strlen(origin);

	for (const char *p = origins; *p; p += strspn(p, ", ")) {
		size_t n = strcspn(p, ", ");

		if (n == len && !strncasecmp(p, origin, n))
			return true;
		p += n;
	}

	return false;
}


/* The origin of the page that sent a request, if it is not ours: false for our
   own page, or without a page */
static bool get_origin(char origin[ORIGIN_SIZE], struct lws *wsi)
{
	char host[HOST_SIZE] = "";
	const char *p;

	origin[0] = '\0';
	if (!lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN))
		return false;

	(void)lws_hdr_copy(wsi, host, sizeof(host), WSI_TOKEN_HOST);
	(void)lws_hdr_copy(wsi, origin, ORIGIN_SIZE, WSI_TOKEN_ORIGIN);
	p = strstr(origin, "://");

	return !p || strcasecmp(p + 3, host);
}


/**
 * Tell whether a page of another origin sent a request.  It must reach referd
 * neither under its own host name (DNS rebinding; a token, which it does not
 * have, is protection as well) nor by a cross-site request: browsers mark
 * both.
 *
 * @param wsi Connection
 *
 * @return True if it is
 */
bool access_foreign(struct lws *wsi)
{
	char host[HOST_SIZE] = "", origin[ORIGIN_SIZE];

	if (lws_hdr_copy(wsi, host, sizeof(host), WSI_TOKEN_HOST) <= 0)
		return true;

	if (!auth_required() && !host_is_loopback(host) && !listen_owns(host))
		return true;

	return get_origin(origin, wsi) && !origin_is_listed(origin);
}


/**
 * Get the origin of the page that sent a request that is not foreign
 *
 * @param wsi Connection
 *
 * @return Origin, to be freed; NULL if it is our own, or none
 */
char *access_origin(struct lws *wsi)
{
	char origin[ORIGIN_SIZE];

	return get_origin(origin, wsi) ? strdup(origin) : NULL;
}


static enum access check_token(struct badge *badge, const char *token)
{
	return auth_check(badge, token) ? ACCESS_OPEN : ACCESS_UNKNOWN;
}


/* Authorization: Bearer TOKEN (RFC 6750 section 2.1) */
static enum access check_header(struct badge *badge, struct lws *wsi)
{
	static const char scheme[] = "Bearer ";
	char header[HEADER_SIZE] = "";
	enum access access = ACCESS_UNKNOWN;

	if (lws_hdr_copy(wsi, header, sizeof(header),
			 WSI_TOKEN_HTTP_AUTHORIZATION) > 0 &&
	    !strncasecmp(header, scheme, strlen(scheme)))
		access = check_token(badge, header + strlen(scheme));
	explicit_bzero(header, sizeof(header));

	return access;
}


/* ?access_token=TOKEN (RFC 6750 section 2.3) */
static enum access check_query(struct badge *badge, struct lws *wsi)
{
	char buf[HEADER_SIZE];
	const char *token = lws_get_urlarg_by_name(wsi, "access_token=", buf,
						   sizeof(buf));
	enum access access = token ? check_token(badge, token)
				   : ACCESS_NOTHING;

	explicit_bzero(buf, sizeof(buf));

	return access;
}


/**
 * Look at the token of a request
 *
 * @param badge Set to whose it is
 * @param wsi   Connection
 * @param query True if the token may be in the query, since browsers cannot
 *              add a header to a WebSocket
 *
 * @return Result of the check
 */
enum access access_check(struct badge *badge, struct lws *wsi, bool query)
{
	memset(badge, 0, sizeof(*badge));

	if (!auth_required()) {
		badge->role = ROLE_CONTROLLER;
		return ACCESS_OPEN;
	}

	if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_AUTHORIZATION))
		return check_header(badge, wsi);

	return query ? check_query(badge, wsi) : ACCESS_NOTHING;
}


/**
 * Look at the token in the first frame of a WebSocket
 *
 * @param badge Set to whose it is
 * @param text  JSON text; may be changed
 * @param len   Its length in bytes
 *
 * @return True if the token is known
 */
bool access_frame(struct badge *badge, char *text, size_t len)
{
	const char *type, *token;
	cJSON *tree = NULL;
	bool known = false;

	if (json_error(text, len))
		return false;

	tree = cJSON_ParseWithLength(text, len);
	type = field_str(tree, "type");
	token = field_str(tree, "token");
	if (type && token && !strcmp(type, "auth"))
		known = auth_check(badge, token);
	cJSON_Delete(tree);

	return known;
}
