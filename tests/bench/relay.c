/**
 * @file relay.c  The least that a control in its own process needs
 *
 * Passes the bytes of a client to the ctrl_tcp of a baresip, and back,
 * unchanged: it does not parse or store them, and never waits.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>


enum { SIZE = 1 << 16 }; /* bytes */


static struct sockaddr_in address(const char *ip, uint16_t port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET,
				  .sin_port = htons(port)};

	(void)inet_pton(AF_INET, ip, &sin.sin_addr);

	return sin;
}


/* Prints the address, and waits for the client */
static int accept_client(int *fdp)
{
	struct sockaddr_in sin = address("127.0.0.1", 0);
	const int fd = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof(sin);

	if (fd < 0 || bind(fd, (struct sockaddr *)&sin, sizeof(sin)) ||
	    listen(fd, 1) || getsockname(fd, (struct sockaddr *)&sin, &len))
		return errno;

	(void)printf("relay: 127.0.0.1:%u\n", ntohs(sin.sin_port));
	(void)fflush(stdout);

	*fdp = accept(fd, NULL, NULL);

	return *fdp < 0 ? errno : 0;
}


static int connect_target(int *fdp, const char *ip, const char *port)
{
	const struct sockaddr_in sin = address(ip, (uint16_t)atoi(port));

	*fdp = socket(AF_INET, SOCK_STREAM, 0);

	return *fdp < 0 || connect(*fdp, (const struct sockaddr *)&sin,
				   sizeof(sin))
		       ? errno
		       : 0;
}


static int watch(int epoll, int from, int to)
{
	struct epoll_event ev = {.events = EPOLLIN};
	const int on = 1;

	ev.data.u64 = (uint64_t)from << 32 | (uint32_t)to;
	(void)setsockopt(from, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));

	return epoll_ctl(epoll, EPOLL_CTL_ADD, from, &ev) ? errno : 0;
}


/* ctrl_tcp's second event waits for our acknowledgement of its first */
static int pass_on(int from, int to)
{
	static char buf[SIZE];
	const ssize_t n = recv(from, buf, sizeof(buf), MSG_DONTWAIT);
	const int on = 1;

	if (n <= 0)
		return ECONNRESET;

	(void)setsockopt(from, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));

	return send(to, buf, (size_t)n, MSG_NOSIGNAL) == n ? 0 : ECONNRESET;
}


static int run(int client, int target)
{
	const int epoll = epoll_create1(0);
	struct epoll_event evs[2];
	int err;

	err = watch(epoll, client, target);
	if (!err)
		err = watch(epoll, target, client);

	while (!err) {
		const int n = epoll_wait(epoll, evs, 2, -1);

		for (int i = 0; i < n && !err; i++)
			err = pass_on((int)(evs[i].data.u64 >> 32),
				      (int)(uint32_t)evs[i].data.u64);
	}

	return err;
}


int main(int argc, char *argv[])
{
	int client = -1, target = -1, err;

	if (argc != 3) {
		(void)fprintf(stderr, "usage: bench-relay IP PORT\n");
		return 2;
	}

	err = connect_target(&target, argv[1], argv[2]);
	if (!err)
		err = accept_client(&client);
	if (!err)
		err = run(client, target);

	/* the measuring process has gone */
	if (err != ECONNRESET) {
		(void)fprintf(stderr, "bench-relay: %s\n", strerror(err));
		return 1;
	}

	return 0;
}
