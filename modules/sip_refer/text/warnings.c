/**
 * @file warnings.c  What is doubtful about a REFER that would go out
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <cjson/cJSON.h>
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


/* Whether a header field that the far end sent, a list of tokens, has one of
   them */
static bool lists(const cJSON *headers, const char *name, const char *token)
{
	struct pl left = PL_INIT, item;

	pl_set_str(&left,
		   cJSON_GetStringValue(cJSON_GetObjectItem(headers, name)));
	while (left.l && !re_regex(left.p, left.l, "[^, \t]+", &item)) {

		if (!pl_strcasecmp(&item, token))
			return true;

		pl_advance(&left, item.p + item.l - left.p);
	}

	return false;
}


static void check_allow(struct json *j, const cJSON *headers)
{
	if (cJSON_GetObjectItem(headers, "Allow") &&
	    !lists(headers, "Allow", "REFER"))
		warn(j, "The far end's Allow lacks REFER: it will "
			"probably refuse.");
}


static void check_replaces(struct json *j, const cJSON *headers,
			   const struct sipverb *verb)
{
	if (verb->replaces && !lists(headers, "Supported", "replaces"))
		warn(j, "The far end's Supported lacks replaces: it may "
			"call the target anew instead of joining the "
			"call.");
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

	if (!strncmp(verb->refer_to.uri, "tel:", 4)) {
		warn(j, "Refer-To is a tel: URI: not every far end can "
			"route it.");
		return;
	}

	if (uri_decode(&uri, &pl))
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


void warnings_write(struct json *j, const struct cJSON *headers,
		    const struct sipverb *verb, const char *refer)
{
	check_allow(j, headers);
	check_replaces(j, headers, verb);
	check_target(j, verb);
	check_size(j, refer);
}
