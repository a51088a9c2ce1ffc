/**
 * @file uri.c  SIP URIs in their parts, as strangers write them
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <ctype.h>
#include <string.h>
#include <re.h>
#include "syntax.h"
#include "uri.h"


enum {
	HOST_MAX = 255, /* RFC 1035 section 2.3.4 [bytes] */
};

/* Characters that end host and port */
static const char tail[] = ";?";


/* RFC 3261 section 25.1, host; an IPv6 address without its brackets */
static bool host_is_valid(const struct pl *host)
{
	struct sa sa;
	size_t i;

	if (!host->l || host->l > HOST_MAX)
		return false;

	if (memchr(host->p, ':', host->l))
		return 0 == sa_set(&sa, host, 0);

	for (i = 0; i < host->l; i++) {
		if (!isalnum((uint8_t)host->p[i]) && host->p[i] != '.' &&
		    host->p[i] != '-' && host->p[i] != '_')
			return false;
	}

	return true;
}


/**
 * Check the host of a URI
 *
 * @param uri URI
 *
 * @return True if a SIP URI may have it
 */
bool uri_host_is_valid(const struct uri_parts *uri)
{
	return host_is_valid(&uri->host) && !uri->junk;
}


/**
 * Check the port of a URI
 *
 * @param uri URI
 *
 * @return True if it has none, or one from 1 to 65535
 */
bool uri_port_is_valid(const struct uri_parts *uri)
{
	const struct pl *port = &uri->port;
	size_t i;

	if (!port->p)
		return true;

	for (i = 0; i < port->l; i++) {
		if (!isdigit((uint8_t)port->p[i]))
			return false;
	}

	return port->l > 0 && port->l <= 5 && pl_u32(port) > 0 &&
	       pl_u32(port) <= 65535;
}


/* The text up to one of these characters, or to its end */
static struct pl take_until(struct pl *text, const char *ends)
{
	struct pl part = {.p = text->p, .l = 0};

	while (part.l < text->l && !strchr(ends, text->p[part.l]))
		++part.l;

	pl_advance(text, part.l);

	return part;
}


static bool begins(const struct pl *text, char c)
{
	return text->l && *text->p == c;
}


/* From the host on */
static void host_split(struct uri_parts *uri, struct pl left)
{
	struct pl params;

	if (begins(&left, '[')) {
		pl_advance(&left, 1);
		uri->host = take_until(&left, "]");
		uri->junk = !begins(&left, ']') ||
			    !memchr(uri->host.p, ':', uri->host.l);
		if (left.l)
			pl_advance(&left, 1);
	}
	else {
		uri->host = take_until(&left, ":;?");
	}

	if (begins(&left, ':')) {
		pl_advance(&left, 1);
		uri->port = take_until(&left, tail);
	}

	params = take_until(&left, tail);
	uri->junk = uri->junk || params.l;

	uri->params = take_until(&left, "?");
	uri->hdrs = left;
}


/**
 * Split a SIP or SIPS URI into its parts, which need not be valid
 *
 * @param uri The parts, which borrow from the text
 * @param pl  URI
 *
 * @return 0, or ENOENT if it is of another scheme
 *
 * Reference: RFC 3261 section 25.1, SIP-URI
 */
int uri_split(struct uri_parts *uri, const struct pl *pl)
{
	const char *end = pl->p + pl->l, *at;
	struct uri_parts parts;
	struct pl scheme, left = *pl;

	scheme = take_until(&left, ":");
	if (!left.l ||
	    (pl_strcasecmp(&scheme, "sip") && pl_strcasecmp(&scheme, "sips")))
		return ENOENT;

	pl_advance(&left, 1);
	memset(uri, 0, sizeof(*uri));
	at = left.l ? memchr(left.p, '@', left.l) : NULL;
	if (!at)
		host_split(uri, left);

	/* the first that a host follows; the others are of a user that has
	   them unescaped, or of a parameter */
	for (; at; at = memchr(at + 1, '@', end - at - 1)) {

		const struct pl rest = {.p = at + 1, .l = end - at - 1};

		memset(&parts, 0, sizeof(parts));
		host_split(&parts, rest);
		parts.user.p = left.p;
		parts.user.l = at - left.p;
		if (!uri->user.p)
			*uri = parts;
		if (uri_host_is_valid(&parts)) {
			*uri = parts;
			break;
		}
	}

	uri->sips = scheme.l == 4;

	return 0;
}


/**
 * Tell whether a text begins with a character that is escaped
 *
 * @param pl Text
 *
 * @return The character, -1 if not so
 *
 * Reference: RFC 3261 section 25.1, escaped
 */
int uri_escape(const struct pl *pl)
{
	struct pl hex = *pl;

	if (pl->l < 3 || *pl->p != '%' || !isxdigit((uint8_t)pl->p[1]) ||
	    !isxdigit((uint8_t)pl->p[2]))
		return -1;

	pl_advance(&hex, 1);
	hex.l = 2;

	return (int)pl_x32(&hex);
}


/**
 * Find an escaped control character: the receiver may unescape it
 *
 * @param esc  The escape, e.g. %0D
 * @param text Text
 *
 * @return True if there is one
 */
bool uri_find_control(struct pl *esc, const struct pl *text)
{
	struct pl left = *text;

	for (; left.l; pl_advance(&left, 1)) {

		const int c = uri_escape(&left);

		if ((c >= 0 && c < 0x20) || c == 0x7f) {
			esc->p = left.p;
			esc->l = 3;
			return true;
		}
	}

	return false;
}


/**
 * Print a text with its escaped characters unescaped
 *
 * @param pf   Print function
 * @param text Text
 *
 * @return 0 if success, otherwise errorcode
 *
 * Reference: RFC 3261 section 19.1.2
 */
int uri_print_unescaped(struct re_printf *pf, const struct pl *text)
{
	struct pl left = *text;
	int err = 0;

	while (left.l && !err) {

		const int c = uri_escape(&left);
		const char one = c < 0 ? *left.p : (char)c;

		err = pf->vph(&one, 1, pf->arg);
		pl_advance(&left, c < 0 ? 1 : 3);
	}

	return err;
}


/**
 * Print a user, with special characters escaped; existing escapes stay, but
 * escaped control characters are left out
 *
 * @param pf   Print function
 * @param user User
 *
 * @return 0, or what pf fails with
 *
 * Reference: RFC 3261 section 25.1, user
 */
int uri_print_user(struct re_printf *pf, const struct pl *user)
{
	struct pl left = *user;
	int err = 0;

	while (left.l && !err) {

		const int c = uri_escape(&left);
		const char one[] = {*left.p, '\0'};

		if (c < 0) {
			if ((uint8_t)*one >= 0x20 && *one != 0x7f)
				err = text_print_user(pf, one);
			pl_advance(&left, 1);
			continue;
		}

		if (c >= 0x20 && c != 0x7f)
			err = pf->vph(left.p, 3, pf->arg);
		pl_advance(&left, 3);
	}

	return err;
}
