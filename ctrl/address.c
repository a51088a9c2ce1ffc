/**
 * @file address.c  Which addresses are near, and which nobody may be sent to
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <netinet/in.h>
#include "address.h"


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
