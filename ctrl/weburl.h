/**
 * @file weburl.h  The parts of a URL
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef WEBURL_H
#define WEBURL_H

#include <stdbool.h>

struct weburl {
	char *scheme;
	char *user;     /* may be NULL */
	char *password; /* may be NULL */
	char *host;     /* an IPv6 address without its brackets */
	char *origin;   /* host and port as they stand in the URL */
	char *path;     /* with the query */
	int port;
	bool tls;
};

int weburl_parse(struct weburl *u, const char *url);
void weburl_reset(struct weburl *u);
bool weburl_valid(const char *url);

#endif
