/**
 * @file weburl.c  The parts of a URL
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE 1
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <curl/curl.h>
#include "net.h"


enum {
	PORT_WS = 80,
	PORT_WSS = 443,
};


/* Freed as all else is */
static char *part(CURLU *handle, CURLUPart what, unsigned flags)
{
	char *text = NULL, *copy = NULL;

	if (!curl_url_get(handle, what, &text, flags))
		copy = strdup(text);
	curl_free(text);

	return copy;
}


static char *join(const char *first, const char *mark, const char *second)
{
	char *text;

	if (asprintf(&text, "%s%s%s", first, second ? mark : "",
		     second ? second : "") < 0)
		return NULL;

	return text;
}


static void strip_brackets(char *host)
{
	size_t len = strlen(host);

	if (*host == '[' && len > 2) {
		memmove(host, host + 1, len - 2);
		host[len - 2] = '\0';
	}
}


static int read_parts(struct weburl *u, CURLU *handle)
{
	char *path = part(handle, CURLUPART_PATH, 0);
	char *query = part(handle, CURLUPART_QUERY, 0);
	char *port = part(handle, CURLUPART_PORT, 0);
	int err = EINVAL;

	u->scheme = part(handle, CURLUPART_SCHEME, 0);
	u->user = part(handle, CURLUPART_USER, CURLU_URLDECODE);
	u->password = part(handle, CURLUPART_PASSWORD, CURLU_URLDECODE);
	u->host = part(handle, CURLUPART_HOST, 0);
	if (!u->scheme || !u->host || !path)
		goto out;

	u->tls = !strcmp(u->scheme, "wss");
	u->port = port ? atoi(port) : u->tls ? PORT_WSS : PORT_WS;
	u->path = join(path, "?", query);
	u->origin = join(u->host, ":", port);
	err = u->path && u->origin ? 0 : ENOMEM;
	strip_brackets(u->host);

out:
	free(path);
	free(query);
	free(port);

	return err;
}


int weburl_parse(struct weburl *u, const char *url)
{
	CURLU *handle = curl_url();
	int err = handle ? EINVAL : ENOMEM;

	memset(u, 0, sizeof(*u));
	if (handle && !curl_url_set(handle, CURLUPART_URL, url,
				    CURLU_NON_SUPPORT_SCHEME))
		err = read_parts(u, handle);
	curl_url_cleanup(handle);

	return err;
}


void weburl_reset(struct weburl *u)
{
	free(u->scheme);
	free(u->user);
	free(u->password);
	free(u->host);
	free(u->origin);
	free(u->path);
	memset(u, 0, sizeof(*u));
}


bool weburl_valid(const char *url)
{
	static const char *const schemes[] = {"ws", "wss", "http", "https"};
	CURLU *u = curl_url();
	char *scheme = NULL;
	bool valid = false;

	if (!u ||
	    curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) ||
	    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0))
		goto out;

	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
		valid |= !strcasecmp(scheme, schemes[i]);

out:
	curl_free(scheme);
	curl_url_cleanup(u);

	return valid;
}
