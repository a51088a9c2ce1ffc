/**
 * @file raw.c  The least that a server needs: epoll, and a send() per client
 *
 * Accepts each WebSocket client, and sends each line from the Unix socket to
 * all of them. It has no store, no queues and no checks.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>


enum {
	LINE_MAX_LEN = 65535,
	HEADER = 4, /* of a frame, at most */
	EVENTS = 256,
};

static struct {
	int epoll, listener, door, feed; /* gets the lines to send */
	int *clients;
	size_t count, size;
} raw = {.feed = -1};


static int watch(int fd)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(raw.epoll, EPOLL_CTL_ADD, fd, &ev) ? errno : 0;
}


static int listen_tcp(void)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	socklen_t len = sizeof(sin);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	raw.listener = socket(AF_INET, SOCK_STREAM, 0);
	if (raw.listener < 0 ||
	    bind(raw.listener, (struct sockaddr *)&sin, sizeof(sin)) ||
	    listen(raw.listener, 1024) ||
	    getsockname(raw.listener, (struct sockaddr *)&sin, &len))
		return errno;

	(void)printf("raw: http://127.0.0.1:%u/\n", ntohs(sin.sin_port));
	(void)fflush(stdout);

	return watch(raw.listener);
}


static int listen_unix(const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};

	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	raw.door = socket(AF_UNIX, SOCK_STREAM, 0);
	if (raw.door < 0 ||
	    bind(raw.door, (struct sockaddr *)&sun, sizeof(sun)) ||
	    listen(raw.door, 4))
		return errno;

	return watch(raw.door);
}


static int add_client(int fd)
{
	int on = 1, *p = raw.clients;

	if (raw.count == raw.size) {
		raw.size = raw.size ? raw.size * 2 : 1024;
		p = realloc(p, raw.size * sizeof(*p));
		if (!p)
			return ENOMEM;
	}

	raw.clients = p;
	raw.clients[raw.count++] = fd;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));

	return watch(fd);
}


/* A client sends only its upgrade request */
static void answer(int fd)
{
	static const char yes[] =
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\n\r\n";
	char buf[4096];

	if (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		(void)send(fd, yes, sizeof(yes) - 1, MSG_NOSIGNAL);
	else
		(void)epoll_ctl(raw.epoll, EPOLL_CTL_DEL, fd, NULL);
}


/* RFC 6455 section 5.2: FIN, text, not masked */
static void broadcast(const char *line, size_t len)
{
	static uint8_t frame[HEADER + LINE_MAX_LEN];
	size_t head = 2;

	frame[0] = 0x81;
	frame[1] = (uint8_t)len;
	if (len > 125) {
		head = 4;
		frame[1] = 126;
		frame[2] = (uint8_t)(len >> 8);
		frame[3] = (uint8_t)len;
	}
	memcpy(frame + head, line, len);

	for (size_t i = 0; i < raw.count; i++)
		(void)send(raw.clients[i], frame, head + len,
			   MSG_DONTWAIT | MSG_NOSIGNAL);
}


static int feed(void)
{
	static char line[LINE_MAX_LEN];
	static size_t len;
	ssize_t n = recv(raw.feed, line + len, sizeof(line) - len, 0);
	char *nl;

	if (n <= 0)
		return ECONNRESET;

	len += (size_t)n;
	nl = memchr(line, '\n', len);
	if (nl) {
		broadcast(line, (size_t)(nl - line));
		len = 0;
	}

	return 0;
}


static int handle(int fd)
{
	if (fd == raw.listener)
		return add_client(accept(fd, NULL, NULL));

	if (fd == raw.door) {
		raw.feed = accept(fd, NULL, NULL);
		return watch(raw.feed);
	}

	if (fd == raw.feed)
		return feed();

	answer(fd);

	return 0;
}


static int run(void)
{
	struct epoll_event evs[EVENTS];
	int err = 0;

	while (!err) {
		int n = epoll_wait(raw.epoll, evs, EVENTS, -1);

		for (int i = 0; i < n && !err; i++)
			err = handle(evs[i].data.fd);
	}

	return err;
}


int main(int argc, char *argv[])
{
	struct rlimit limit;
	int err;

	if (argc != 2) {
		(void)fprintf(stderr, "usage: bench-raw SOCKET\n");
		return 2;
	}

	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}

	raw.epoll = epoll_create1(0);
	err = listen_unix(argv[1]);
	if (!err)
		err = listen_tcp();
	if (!err)
		err = run();

	/* the measuring process has gone */
	if (err != ECONNRESET) {
		(void)fprintf(stderr, "bench-raw: %s\n", strerror(err));
		return 1;
	}

	return 0;
}
