/**
 * @file netlink.c  Routes of this machine, kept from libwebsockets
 *
 * libwebsockets 4.3 reads the news of routes and addresses, and closes the
 * connections of an address that is gone.  TCP knows better: it may be back
 * within the moment.  No option turns that off, but it does without where it
 * may not listen to the kernel.  It always asks for the one address of
 * netlink(7) that is named after the process, which we have meanwhile.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/netlink.h>
#include "netlink.h"


/**
 * Take the address at which libwebsockets would listen to the kernel
 *
 * @return Descriptor, to be closed when its context is made; -1 if somebody
 *         else has the address, and so libwebsockets does not get it either
 */
int netlink_take(void)
{
	const struct sockaddr_nl nl = {.nl_family = AF_NETLINK,
				       .nl_pid = (uint32_t)getpid()};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0 || !bind(fd, (const struct sockaddr *)&nl, sizeof(nl)))
		return fd;

	(void)close(fd);

	return -1;
}
