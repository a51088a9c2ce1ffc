/**
 * @file target.c  Refer-To and Referred-By from what an application writes
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <ctype.h>
#include <string.h>
#include <re.h>
#include "sip_refer.h"


/** A target in its parts */
struct parts {
	struct pl dname;  /* Display name as it was written, maybe quoted */
	struct pl uri;    /* URI, or a number or user */
	struct pl params; /* Parameters behind the '>' */
};


static void trim(struct pl *pl)
{
	while (pl->l && *pl->p == ' ')
		pl_advance(pl, 1);

	while (pl->l && pl->p[pl->l - 1] == ' ')
		--pl->l;
}


/* The '<' that begins the URI, not one inside the quoted display name */
static const char *find_langle(const struct pl *pl)
{
	bool quoted = false;
	size_t i;

	for (i = 0; i < pl->l; i++) {

		if (quoted && pl->p[i] == '\\')
			++i;
		else if (pl->p[i] == '"')
			quoted = !quoted;
		else if (pl->p[i] == '<' && !quoted)
			return pl->p + i;
	}

	return NULL;
}


static bool dname_is_valid(const struct pl *dname)
{
	size_t i;

	if (!dname->l)
		return true;

	if (*dname->p != '"') {
		/* tokens and spaces; it is quoted on the wire */
		for (i = 0; i < dname->l; i++) {
			if (strchr("\":;=@,()[]?/\\{}", dname->p[i]))
				return false;
		}
		return true;
	}

	for (i = 1; i < dname->l; i++) {
		if (dname->p[i] == '\\')
			++i;
		else if (dname->p[i] == '"')
			return i == dname->l - 1;
	}

	return false;
}


/* RFC 3261 section 20.10, name-addr; without '<' all of it is the URI */
static int split(struct parts *parts, const struct pl *input,
		 const char *field, struct fault *fault)
{
	const char *langle = find_langle(input), *rangle;

	memset(parts, 0, sizeof(*parts));
	parts->uri = *input;

	if (!langle)
		return 0;

	parts->dname.p = input->p;
	parts->dname.l = langle - input->p;
	trim(&parts->dname);

	rangle = memchr(langle, '>', input->p + input->l - langle);
	if (!rangle)
		return fault_set(fault, field, "must end its URI with '>'");

	parts->uri.p = langle + 1;
	parts->uri.l = rangle - langle - 1;
	trim(&parts->uri);

	parts->params.p = rangle + 1;
	parts->params.l = input->p + input->l - parts->params.p;

	if (!dname_is_valid(&parts->dname))
		return fault_set(fault, field,
				 "must have a display name that is quoted "
				 "correctly");

	if (parts->params.l &&
	    (*parts->params.p != ';' || !text_is_uri(&parts->params)))
		return fault_set(fault, field,
				 "must have nothing but parameters behind "
				 "its URI");

	return 0;
}


/* RFC 3986 section 3.1; a host and port alone do not count */
static bool has_scheme(const struct pl *pl)
{
	size_t i;

	if (!pl->l || !isalpha((uint8_t)*pl->p))
		return false;

	for (i = 1; i < pl->l; i++) {

		const char c = pl->p[i];

		if (c == ':')
			return true;

		if (!isalnum((uint8_t)c) && c != '+' && c != '-' && c != '.')
			return false;
	}

	return false;
}


static bool is_separator(char c)
{
	return c == ' ' || c == '-' || c == '.' || c == '(' || c == ')' ||
	       c == '/';
}


static bool host_is_valid(const struct pl *host)
{
	struct sa sa;
	size_t i;

	if (!host->l)
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


static bool port_is_valid(const struct pl *port)
{
	size_t i;

	for (i = 0; i < port->l; i++) {
		if (!isdigit((uint8_t)port->p[i]))
			return false;
	}

	return port->l > 0 && port->l <= 5 && pl_u32(port) > 0 &&
	       pl_u32(port) <= 65535;
}


/* RFC 3261 section 25.1, hostport. libre's own reader takes a prefix of it. */
static bool hostport_is_valid(const struct pl *uri, const struct pl *host)
{
	struct pl port;
	const char *end = uri->p + uri->l, *p;

	if (!host_is_valid(host))
		return false;

	p = host->p + host->l;
	if (p < end && *p == ']')
		++p;

	if (p == end || *p == ';' || *p == '?')
		return true;

	if (*p != ':')
		return false;

	port.p = ++p;
	while (p < end && *p != ';' && *p != '?')
		++p;
	port.l = p - port.p;

	return port_is_valid(&port);
}


/*
 * Copy a number without its visual separators (RFC 3966 section 5.1.1), and
 * without the "(0)" that people write between country code and number: nobody
 * dials it from abroad. False if it is no number.
 */
static bool number_encode(char *buf, size_t size, const struct pl *pl)
{
	size_t i, n = 0;
	bool digit = false;

	for (i = 0; i < pl->l; i++) {

		const char c = pl->p[i];

		if (n && buf[0] == '+' && i + 2 < pl->l &&
		    !memcmp(&pl->p[i], "(0)", 3)) {
			i += 2;
			continue;
		}

		if (is_separator(c))
			continue;

		if (isdigit((uint8_t)c))
			digit = true;
		else if (c != '*' && c != '#' && !(c == '+' && n == 0))
			return false;

		if (n + 1 >= size)
			return false;

		buf[n++] = c;
	}

	buf[n] = '\0';

	return digit || (n && buf[0] != '+');
}


/* RFC 3966 section 3 */
static int tel_encode(char **urip, const struct pl *uri, const char *field,
		      struct fault *fault)
{
	struct pl number = *uri, params = PL_INIT;
	char buf[64];
	const char *p;

	pl_advance(&number, 4);

	p = pl_strchr(&number, ';');
	if (p) {
		params.p = p;
		params.l = number.p + number.l - p;
		number.l = p - number.p;
	}

	if (!number_encode(buf, sizeof(buf), &number) || !text_is_uri(&params))
		return fault_set(fault, field,
				 "must have a number in its tel: URI");

	return re_sdprintf(urip, "tel:%s%r", buf, &params);
}


static int uri_check(char **urip, const struct pl *pl, const char *field,
		     struct fault *fault)
{
	struct uri uri;
	struct pl scheme = *pl;

	scheme.l = pl_strchr(pl, ':') - pl->p;

	if (!pl_strcasecmp(&scheme, "tel"))
		return tel_encode(urip, pl, field, fault);

	if (pl_strcasecmp(&scheme, "sip") && pl_strcasecmp(&scheme, "sips"))
		return fault_set(fault, field,
				 "must be a sip:, sips: or tel: URI, or a "
				 "number or user, not %r:",
				 &scheme);

	if (!text_is_uri(pl))
		return fault_set(fault, field,
				 "must have every special character in its "
				 "URI written as %%XX");

	if (uri_decode(&uri, pl) || !hostport_is_valid(pl, &uri.host))
		return fault_set(fault, field,
				 "must be a SIP URI with a valid host and "
				 "port, as sip:user@host:5060");

	return pl_strdup(urip, pl);
}


/* A number or user belongs to the host of the far end */
static int user_encode(char **urip, const struct pl *pl, const char *peer_uri,
		       const char *field, struct fault *fault)
{
	struct uri peer;
	struct pl peerpl;
	char number[64], port[8] = "";
	char *user = NULL;
	int err;

	pl_set_str(&peerpl, peer_uri);
	if (uri_decode(&peer, &peerpl) || !pl_isset(&peer.host))
		return fault_set(fault, field,
				 "must be a URI, since the far end of the "
				 "call has no host");

	if (peer.port)
		(void)re_snprintf(port, sizeof(port), ":%u", peer.port);

	if (number_encode(number, sizeof(number), pl))
		err = str_dup(&user, number);
	else
		err = pl_strdup(&user, pl);
	if (err)
		return err;

	err = re_sdprintf(
		urip, peer.af == AF_INET6 ? "sip:%H@[%r]%s" : "sip:%H@%r%s",
		text_print_user, user, &peer.host, port);

	mem_deref(user);

	return err;
}


static int uri_make(char **urip, const struct pl *pl, const char *peer_uri,
		    const char *field, struct fault *fault)
{
	struct pl uri;
	char *str = NULL;
	int err;

	if (!pl->l)
		return fault_set(fault, field, "must not be empty");

	if (has_scheme(pl))
		return uri_check(urip, pl, field, fault);

	if (!pl_strchr(pl, '@'))
		return user_encode(urip, pl, peer_uri, field, fault);

	/* user@host without a scheme */
	err = re_sdprintf(&str, "sip:%r", pl);
	if (err)
		return err;

	pl_set_str(&uri, str);
	err = uri_check(urip, &uri, field, fault);
	mem_deref(str);

	return err;
}


/* Header fields in a URI, RFC 3261 section 19.1.1 */
static int uri_add_hdrs(char **urip, const char *hdrs, const char *field,
			struct fault *fault)
{
	char *uri;
	int err;

	if (!str_isset(hdrs))
		return 0;

	if (!strncmp(*urip, "tel:", 4))
		return fault_set(fault, field,
				 "must be a SIP URI to carry header fields, "
				 "not a tel: URI");

	err = re_sdprintf(&uri, "%s%c%s", *urip,
			  strchr(*urip, '?') ? '&' : '?', hdrs);
	if (err)
		return err;

	mem_deref(*urip);
	*urip = uri;

	return 0;
}


static int addr_print(char **addrp, const struct parts *parts,
		      const char *dname, const char *uri)
{
	if (str_isset(dname))
		return re_sdprintf(addrp, "\"%H\" <%s>%r", text_print_quoted,
				   dname, uri, &parts->params);

	if (!parts->dname.l)
		return re_sdprintf(addrp, "<%s>%r", uri, &parts->params);

	if (*parts->dname.p == '"')
		return re_sdprintf(addrp, "%r <%s>%r", &parts->dname, uri,
				   &parts->params);

	return re_sdprintf(addrp, "\"%r\" <%s>%r", &parts->dname, uri,
			   &parts->params);
}


/**
 * Make the address for Refer-To or Referred-By from a URI, a name-addr, or a
 * number or user, which belongs to the host of the far end. The URI always
 * stands in '<' and '>', since carriers differ over the bare form.
 *
 * @param addrp    Pointer to the address, e.g. "\"Bob\" <sip:bob@host>"
 * @param urip     Pointer to its URI alone
 * @param field    Name of the field, for the fault
 * @param input    What the application wrote
 * @param dname    Display name that replaces that of input, may be NULL
 * @param hdrs     Escaped header fields to put into the URI, may be NULL
 * @param peer_uri URI of the far end of the call
 * @param fault    What is wrong with the input
 *
 * @return 0 if success, EBADMSG if the input is wrong, otherwise errorcode
 *
 * Reference: RFC 3261 section 25.1, RFC 3515 section 2.1, RFC 3892 section 3
 */
int target_encode(char **addrp, char **urip, const char *field,
		  const char *input, const char *dname, const char *hdrs,
		  const char *peer_uri, struct fault *fault)
{
	struct parts parts;
	struct pl pl;
	char *uri = NULL, *addr = NULL;
	int err;

	if (!addrp || !urip || !field || !input || !peer_uri)
		return EINVAL;

	if (!text_is_clean(input))
		return fault_set(fault, field,
				 "must be UTF-8 without control characters");

	if (str_len(input) > URI_MAX)
		return fault_set(fault, field, "must have at most %u bytes",
				 URI_MAX);

	pl_set_str(&pl, input);
	trim(&pl);

	err = split(&parts, &pl, field, fault);
	if (!err)
		err = uri_make(&uri, &parts.uri, peer_uri, field, fault);
	if (!err)
		err = uri_add_hdrs(&uri, hdrs, field, fault);
	if (!err)
		err = addr_print(&addr, &parts, dname, uri);
	if (err) {
		mem_deref(uri);
		return err;
	}

	*addrp = addr;
	*urip = uri;

	return 0;
}
