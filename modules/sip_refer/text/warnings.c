/**
 * @file warnings.c  Doubts about a REFER that would go out
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <string.h>
#include <re.h>
#include "json.h"
#include "text.h"


enum {
	UDP_MAX = 1300, /* RFC 3261 section 18.1.1 [bytes] */
};

/* Top labels of names that are known in one network only: RFC 2606, RFC 6762,
   RFC 6761, and ICANN's resolution 2024.07.29.06 */
static const char *const near_labels[] = {
	"invalid",
	"local",
	"localhost",
	"internal",
};


static void warn(struct json *j, const char *text)
{
	json_str(j, NULL, text);
}


/* RFC 1918, RFC 3927, RFC 4193 and loopback */
static bool is_private(const struct sa *sa)
{
	const uint32_t in = sa_in(sa);

	if (sa_af(sa) == AF_INET6)
		return sa_is_linklocal(sa) || sa_is_loopback(sa) ||
		       (((const uint8_t *)&sa->u.in6.sin6_addr)[0] & 0xfe) ==
			       0xfc;

	return sa_is_linklocal(sa) || sa_is_loopback(sa) || (in >> 24) == 10 ||
	       (in >> 20) == 0xac1 || (in >> 16) == 0xc0a8;
}


static bool is_near(struct pl name)
{
	struct pl top = name;
	const char *dot;
	size_t i;

	/* the end of a name that is complete */
	if (name.l > 1 && name.p[name.l - 1] == '.')
		top.l = --name.l;

	dot = pl_strrchr(&name, '.');
	if (!dot)
		return true;

	pl_advance(&top, dot + 1 - top.p);
	for (i = 0; i < sizeof(near_labels) / sizeof(near_labels[0]); i++) {
		if (!pl_strcasecmp(&top, near_labels[i]))
			return true;
	}

	return false;
}


static void check_target(struct json *j, const struct sipverb *verb)
{
	struct uri uri;
	struct pl pl;
	struct sa sa;

	pl_set_str(&pl, verb->refer_to.uri);

	if (!strncmp(verb->refer_to.uri, "tel:", 4) || uri_decode(&uri, &pl))
		return;

	if (!sa_set(&sa, &uri.host, 0)) {
		if (is_private(&sa))
			warn(j, "Refer-To has a private address: a far "
				"end in another network cannot reach "
				"it.");
	}
	else if (is_near(uri.host)) {
		warn(j, "Refer-To has a host name that is known in a "
			"private network only.");
	}
}


static void check_size(struct json *j, const char *refer)
{
	if (strlen(refer) > UDP_MAX && strstr(refer, "SIP/2.0/UDP"))
		warn(j, "The REFER has more than 1300 bytes: over UDP "
			"it may get lost.");
}


static void doubt_handler(const char *sentence, void *arg)
{
	warn(arg, sentence);
}


void warnings_write(struct json *j, const struct prospect *p,
		    const char *refer)
{
	if (p->shown->refuses_refer)
		warn(j, "The far end's Allow lacks REFER: it will probably "
			"refuse.");

	doubts_each(p, doubt_handler, j);
	check_target(j, p->verb);
	check_size(j, refer);
}
