/**
 * @file listen.c  Many clients that receive all messages, and send none
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include "ws.h"


enum { EVENTS = 64 };


static void message_handler(const char *text, size_t len, void *arg)
{
	(void)text;
	(void)len;
	(void)arg;
}


/* As many descriptors as we may have */
static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;

	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}


static int add(int epoll, const struct sockaddr_in *to)
{
	struct epoll_event event = {.events = EPOLLIN};
	struct ws *ws;
	int err = ws_connect(&ws, to, "/ws", NULL);

	if (err)
		return err;

	event.data.ptr = ws;

	return epoll_ctl(epoll, EPOLL_CTL_ADD, ws_fd(ws), &event) ? errno : 0;
}


static int listen_on(int epoll)
{
	struct epoll_event events[EVENTS];
	int err = 0;

	while (!err) {
		const int n = epoll_wait(epoll, events, EVENTS, -1);

		for (int i = 0; i < n && !err; i++)
			err = ws_read(events[i].data.ptr, message_handler,
				      NULL);
	}

	return err;
}


int main(int argc, char *argv[])
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	const unsigned count = argc == 3 ? (unsigned)strtoul(argv[2], NULL, 10)
					 : 0;
	const int epoll = epoll_create1(EPOLL_CLOEXEC);
	int err = epoll < 0 ? errno : 0;

	if (!count) {
		(void)fprintf(stderr, "usage: bench-listen PORT CLIENTS\n");
		return 2;
	}

	to.sin_port = htons((uint16_t)atoi(argv[1]));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	raise_limit();
	for (unsigned i = 0; i < count && !err; i++)
		err = add(epoll, &to);
	if (!err) {
		(void)printf("listen: %u clients\n", count);
		(void)fflush(stdout);
		err = listen_on(epoll);
	}

	(void)fprintf(stderr, "bench-listen: %s\n", strerror(err));

	return 1;
}
