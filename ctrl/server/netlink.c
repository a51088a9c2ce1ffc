/**
 * @file netlink.c  Routes of this machine, kept from libwebsockets
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <libwebsockets.h>


#ifdef LWS_WITH_NETLINK
/**
 * Bind a socket, in place of libc, whose callers find this one first.
 *
 * libwebsockets 4.3 reads the news of routes and addresses, and closes the
 * connections of an address that is gone.  TCP knows better: it may be back
 * within the moment.  No option turns that off, but it does without where it
 * may not listen to the kernel.  libc itself binds without this function.
 *
 * @param fd   Socket
 * @param addr Address
 * @param len  Its length in bytes
 *
 * @return 0 if success, otherwise -1 and errno is set
 */
int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	if (addr && addr->sa_family == AF_NETLINK) {
		errno = EACCES;
		return -1;
	}

	return (int)syscall(SYS_bind, fd, addr, len);
}
#endif
