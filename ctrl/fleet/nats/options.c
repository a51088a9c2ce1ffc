/**
 * @file options.c  How libnats is to connect
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "parts.h"


enum {
	SERVERS_MAX = 32,

	/* Milliseconds */
	CONNECT_TIME = 1000,
	WRITE_TIME = 2000,
	PING_TIME = 2000,

	PINGS_OUT = 2, /* after which a silent server is left */
};


static bool is_given(const char *text)
{
	return text && *text;
}


/* libnats' error on an unreadable file does not have its name */
static bool check_file(struct fleetbus_options *o, const char *path)
{
	FILE *f = is_given(path) ? fopen(path, "re") : NULL;

	if (f)
		(void)fclose(f);
	else if (is_given(path))
		(void)snprintf(o->why, sizeof(o->why), "%s: %s", path,
			       strerror(errno));

	return f || !is_given(path);
}


static natsStatus set_who(struct fleetbus_options *o,
			  const struct fleetbus_config *c)
{
	const bool is_creds = is_given(c->creds);

	if (!is_creds && !is_given(c->nkey))
		return NATS_OK;

	return identity_read(&o->who, o->why, is_creds ? c->creds : c->nkey,
			     is_creds)
		       ? NATS_INVALID_ARG
		       : identity_use(o->nats, &o->who);
}


static natsStatus set_tls(struct fleetbus_options *o,
			  const struct fleetbus_config *c)
{
	natsStatus s = NATS_OK;

	if (!check_file(o, c->ca) || !check_file(o, c->cert) ||
	    !check_file(o, c->key))
		return NATS_INVALID_ARG;

	if (strstr(c->urls, "tls://") || is_given(c->ca) || is_given(c->cert))
		s = natsOptions_SetSecure(o->nats, true);
	if (s == NATS_OK && is_given(c->ca))
		s = natsOptions_LoadCATrustedCertificates(o->nats, c->ca);
	if (s == NATS_OK && is_given(c->cert))
		s = natsOptions_LoadCertificatesChain(
			o->nats, c->cert, is_given(c->key) ? c->key : c->cert);

	return s;
}


static natsStatus set_servers(struct fleetbus_options *o,
			      const struct fleetbus_config *c)
{
	const char *urls[SERVERS_MAX];
	char *save = NULL, *url;
	int count = 0;

	o->urls = strdup(c->urls);
	if (!o->urls)
		return NATS_NO_MEMORY;

	for (url = strtok_r(o->urls, ", ", &save); url && count < SERVERS_MAX;
	     url = strtok_r(NULL, ", ", &save))
		urls[count++] = url;

	return natsOptions_SetServers(o->nats, urls, count);
}


/* This plugin reconnects: libnats does not report its own attempts, and would
   end them for good at the first refused login */
static natsStatus set_times(natsOptions *o)
{
	natsStatus s = natsOptions_SetTimeout(o, CONNECT_TIME);

	if (s == NATS_OK)
		s = natsOptions_SetAllowReconnect(o, false);
	if (s == NATS_OK)
		s = natsOptions_SetSendAsap(o, true);
	if (s == NATS_OK)
		s = natsOptions_SetWriteDeadline(o, WRITE_TIME);
	if (s == NATS_OK)
		s = natsOptions_SetPingInterval(o, PING_TIME);
	if (s == NATS_OK)
		s = natsOptions_SetMaxPingsOut(o, PINGS_OUT);

	return s;
}


/**
 * Get the text of libnats on what has just failed in this thread
 *
 * @param s Its status
 *
 * @return Text
 */
const char *options_error(natsStatus s)
{
	const char *text = nats_GetLastError(NULL);
	const char *place;

	if (!text || !*text)
		return natsStatus_GetText(s);

	/* as in "(conn.c:1905): " */
	place = *text == '(' ? strstr(text, "): ") : NULL;

	return place ? place + 3 : text;
}


/**
 * Make options of a configuration
 *
 * @param o Options, with the reason if they are not valid
 * @param c Configuration
 *
 * @return NATS_OK, or an error; options_destroy() must be called in any case
 */
natsStatus options_create(struct fleetbus_options *o,
			  const struct fleetbus_config *c)
{
	natsStatus s = natsOptions_Create(&o->nats);

	memset(&o->who, 0, sizeof(o->who));
	o->why[0] = '\0';
	if (s == NATS_OK)
		s = natsOptions_SetName(o->nats, c->name);
	if (s == NATS_OK)
		s = set_servers(o, c);
	if (s == NATS_OK)
		s = set_times(o->nats);
	if (s == NATS_OK)
		s = set_who(o, c);
	if (s == NATS_OK)
		s = set_tls(o, c);

	if (s != NATS_OK && !o->why[0])
		(void)snprintf(o->why, sizeof(o->why), "%s", options_error(s));

	return s;
}


/**
 * Free options
 *
 * @param o Options
 */
void options_destroy(struct fleetbus_options *o)
{
	natsOptions_Destroy(o->nats);
	o->nats = NULL;
	free(o->urls);
	o->urls = NULL;
	identity_forget(&o->who);
}
