/**
 * @file address.c  Which addresses are near, and whom hooks may go to
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE 1
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include "address.h"
#include "base/base.h"
#include "net.h"


enum { HOST_SIZE = 256 };

/* Networks that hooks must not reach: without a host, on this link only, or
   with the metadata service of a cloud */
static const struct {
	const char *net;
	unsigned bits;
} closed4[] = {{"0.0.0.0", 8},        {"169.254.0.0", 16},
	       {"224.0.0.0", 3},      {"100.100.100.200", 32},
	       {"168.63.129.16", 32}, {"192.0.0.192", 32}},
  closed6[] = {{"::", 128},
	       {"fe80::", 10},
	       {"ff00::", 8},
	       {"fd00:ec2::254", 128},
	       {"fd20:ce::254", 128}};

/* Networks of IPv6 that embed an address of IPv4, and its position */
static const struct {
	const char *net;
	unsigned bits, offset;
} wrapped[] = {{"::ffff:0:0", 96, 12},
	       {"64:ff9b::", 96, 12},
	       {"::", 96, 12},
	       {"2002::", 16, 2}};

static const char *allowed = ""; /* patterns of hosts, "" for all */


void address_allow(const char *patterns)
{
	allowed = patterns;
}


static bool is_within(int family, const void *ip, const char *net,
		      unsigned bits)
{
	unsigned char n[16];
	const unsigned char *p = ip;
	unsigned rest = bits % 8;

	if (inet_pton(family, net, n) != 1 || memcmp(p, n, bits / 8) != 0)
		return false;

	return !rest || !((p[bits / 8] ^ n[bits / 8]) >> (8 - rest));
}


static bool is_closed4(const void *ip)
{
	for (size_t i = 0; i < sizeof(closed4) / sizeof(*closed4); i++) {
		if (is_within(AF_INET, ip, closed4[i].net, closed4[i].bits))
			return true;
	}

	return false;
}


static bool is_closed6(const unsigned char *ip)
{
	static const unsigned char local[16] = {[15] = 1};

	if (!memcmp(ip, local, sizeof(local)))
		return false;

	for (size_t i = 0; i < sizeof(closed6) / sizeof(*closed6); i++) {
		if (is_within(AF_INET6, ip, closed6[i].net, closed6[i].bits))
			return true;
	}

	for (size_t i = 0; i < sizeof(wrapped) / sizeof(*wrapped); i++) {
		if (is_within(AF_INET6, ip, wrapped[i].net, wrapped[i].bits))
			return is_closed4(ip + wrapped[i].offset);
	}

	return false;
}


/* Some pattern, or only one that has nothing but this host in it */
static bool is_named(const char *host, bool exactly)
{
	char pattern[HOST_SIZE];

	for (const char *p = allowed; *p; p += strspn(p, ", ")) {
		size_t n = strcspn(p, ", ");

		(void)snprintf(pattern, sizeof(pattern), "%.*s", (int)n, p);
		p += n;
		if (exactly ? !strcasecmp(pattern, host)
			    : !fnmatch(pattern, host, FNM_CASEFOLD))
			return true;
	}

	return false;
}


bool address_allowed(const struct sockaddr *sa)
{
	const struct sockaddr_in *in = (const void *)sa;
	const struct sockaddr_in6 *in6 = (const void *)sa;
	bool six = sa->sa_family == AF_INET6;
	const void *ip = six ? (const void *)&in6->sin6_addr
			     : (const void *)&in->sin_addr;
	char text[INET6_ADDRSTRLEN];

	if (!six && sa->sa_family != AF_INET)
		return false;

	if (!(six ? is_closed6(ip) : is_closed4(ip)))
		return true;

	return inet_ntop(sa->sa_family, ip, text, sizeof(text)) &&
	       is_named(text, true);
}


static bool host_is_closed(const char *host)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

	if (inet_pton(AF_INET, host, &in.sin_addr) == 1)
		return !address_allowed((struct sockaddr *)&in);

	if (inet_pton(AF_INET6, host, &in6.sin6_addr) == 1)
		return !address_allowed((struct sockaddr *)&in6);

	return false;
}


const char *address_url_error(const char *url)
{
	static char unnamed[96];
	const char *why = NULL;
	struct weburl u;
	size_t len;

	if (!strstr(url, "://"))
		return NULL;

	if (weburl_parse(&u, url)) {
		weburl_reset(&u);
		return *allowed ? "must be a valid URL" : NULL;
	}

	/* a name may end with the dot of the root */
	len = strlen(u.host);
	if (len && u.host[len - 1] == '.')
		u.host[len - 1] = '\0';

	if (*allowed && !is_named(u.host, false)) {
		(void)snprintf(unnamed, sizeof(unnamed),
			       "must go to a host that %s allows",
			       option_shown("hook-allow"));
		why = unnamed;
	}
	else if (host_is_closed(u.host))
		why = "must not go to an address that is closed to hooks";
	weburl_reset(&u);

	return why;
}


/**
 * Tell whether an address is on this machine only
 *
 * @param sa Address
 *
 * @return True if it is
 */
bool address_is_loopback(const struct sockaddr *sa)
{
	const struct sockaddr_in *in = (const void *)sa;
	const struct in6_addr *ip =
		&((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr;

	if (sa->sa_family == AF_INET)
		return ntohl(in->sin_addr.s_addr) >> 24 == 127;

	return sa->sa_family == AF_INET6 &&
	       (IN6_IS_ADDR_LOOPBACK(ip) ||
		(IN6_IS_ADDR_V4MAPPED(ip) && ip->s6_addr[12] == 127));
}
