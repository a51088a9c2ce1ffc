/**
 * @file replay.c  A client that has missed all messages, and one that has not
 *
 * The first reads all stored messages as fast as it can. Meanwhile the second
 * sends a request, and the next one as soon as it gets the answer.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "ws.h"


enum { PATIENCE = 20000 }; /* ms until a server counts as dead */

static struct {
	unsigned long messages;
	unsigned long answers;
	uint64_t asked, worst; /* [ns] */
} replay;


static void message_handler(const char *text, size_t len, void *arg)
{
	(void)text;
	(void)len;
	(void)arg;

	++replay.messages;
}


/* A bare verb, and no call that it could be for */
static int ask(struct ws *ws)
{
	static const char text[] = "{\"verb\":\"hangup\"}";

	replay.asked = bench_now();

	return ws_send(ws, text, sizeof(text) - 1);
}


static void count_wait(void)
{
	uint64_t ns = bench_now() - replay.asked;

	if (ns > replay.worst)
		replay.worst = ns;
}


static void answer_handler(const char *text, size_t len, void *arg)
{
	static const char head[] = "{\"type\":\"jambonz:error\"";

	if (len < sizeof(head) - 1 || memcmp(text, head, sizeof(head) - 1))
		return;

	++replay.answers;
	count_wait();
	(void)ask(arg);
}


static int run(const struct sockaddr_in *to, unsigned long count,
	       uint64_t *nsp)
{
	struct ws *late = NULL, *other = NULL;
	uint64_t start;
	int err;

	err = ws_connect(&other, to, "/ws", NULL);
	if (!err)
		err = ask(other);
	start = bench_now();
	if (!err)
		err = ws_connect(&late, to, "/ws?since=0", NULL);

	while (!err && replay.messages < count) {
		struct pollfd fds[] = {{ws_fd(other), POLLIN, 0},
				       {ws_fd(late), POLLIN, 0}};

		if (poll(fds, 2, PATIENCE) <= 0)
			err = ETIMEDOUT;
		else if (fds[0].revents)
			err = ws_read(other, answer_handler, other);
		if (!err && fds[1].revents)
			err = ws_read(late, message_handler, NULL);
	}

	/* the last one may still wait for its answer */
	count_wait();
	*nsp = bench_now() - start;

	ws_close(late);
	ws_close(other);

	return err;
}


int main(int argc, char *argv[])
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	uint64_t ns = 0;
	int err;

	if (argc != 3) {
		(void)fprintf(stderr, "usage: bench-replay PORT MESSAGES\n");
		return 2;
	}

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons((uint16_t)atoi(argv[1]));
	err = run(&to, strtoul(argv[2], NULL, 10), &ns);
	if (err) {
		(void)fprintf(stderr, "bench-replay: %s\n", strerror(err));
		return 1;
	}

	(void)printf("{\"ms\":%.1f,\"answers\":%lu,\"worst_us\":%.1f}\n",
		     (double)ns / 1000000, replay.answers,
		     (double)replay.worst / 1000);

	return 0;
}
