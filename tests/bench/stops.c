/**
 * @file stops.c  The time that a request over HTTP keeps others waiting
 *
 * During the request a client sends by WebSocket, and again as soon as it gets
 * the answer. Its longest wait is the time that the loop stood still.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "clock.h"
#include "ws.h"


enum {
	PATIENCE = 60000, /* ms until a server counts as dead */
	NOTHING = 50,     /* ms of a round in which nothing is asked for */
};

static struct {
	struct ws *ws;
	uint64_t asked, worst; /* [ns] */
	unsigned long answers;
} ping;


static int ask(void)
{
	static const char text[] = "{\"verb\":\"hangup\"}";

	ping.asked = bench_now();

	return ws_send(ping.ws, text, sizeof(text) - 1);
}


static void answer_handler(const char *text, size_t len, void *arg)
{
	static const char head[] = "{\"type\":\"jambonz:error\"";
	const uint64_t ns = bench_now() - ping.asked;
	(void)arg;

	if (len < sizeof(head) - 1 || memcmp(text, head, sizeof(head) - 1))
		return;

	++ping.answers;
	if (ns > ping.worst)
		ping.worst = ns;
	(void)ask();
}


static int request(int *fdp, const struct sockaddr_in *to, const char *path)
{
	char text[2048];
	int len = snprintf(text, sizeof(text),
			   "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n"
			   "Connection: close\r\n\r\n",
			   path);

	*fdp = socket(AF_INET, SOCK_STREAM, 0);
	if (*fdp < 0 ||
	    connect(*fdp, (const struct sockaddr *)to, sizeof(*to)) ||
	    send(*fdp, text, (size_t)len, MSG_NOSIGNAL) != len)
		return errno;

	return 0;
}


/* True once the answer is complete, or none is awaited */
static bool is_over(int fd, uint64_t begin)
{
	static char buf[1 << 16];

	if (fd < 0)
		return bench_now() - begin > NOTHING * UINT64_C(1000000);

	return recv(fd, buf, sizeof(buf), 0) <= 0;
}


static int run_round(const struct sockaddr_in *to, const char *path)
{
	const uint64_t begin = bench_now();
	bool over = false;
	int fd = -1, err = 0;

	ping.worst = 0;
	if (*path)
		err = request(&fd, to, path);

	while (!err && !over) {
		struct pollfd fds[] = {{ws_fd(ping.ws), POLLIN, 0},
				       {fd, POLLIN, 0}};

		if (poll(fds, 2, PATIENCE) <= 0)
			err = ETIMEDOUT;
		else if (fds[0].revents)
			err = ws_read(ping.ws, answer_handler, NULL);
		if (!err && (fd < 0 || fds[1].revents))
			over = is_over(fd, begin);
	}

	if (fd >= 0)
		(void)close(fd);
	if (!err)
		(void)printf("%.1f,%.3f\n", (double)ping.worst / 1e3,
			     (double)(bench_now() - begin) / 1e6);

	return err;
}


int main(int argc, char *argv[])
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	unsigned long rounds = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
	int err;

	if (!rounds) {
		(void)fprintf(stderr, "usage: bench-stops PORT PATH ROUNDS\n");
		return 2;
	}

	to.sin_port = htons((uint16_t)atoi(argv[1]));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	err = ws_connect(&ping.ws, &to, "/ws", NULL);
	if (!err)
		err = ask();
	for (unsigned long i = 0; i < rounds && !err; i++)
		err = run_round(&to, argv[2]);

	ws_close(ping.ws);
	if (err)
		(void)fprintf(stderr, "bench-stops: %s\n", strerror(err));

	return err != 0;
}
