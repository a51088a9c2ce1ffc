/**
 * @file control_tcp.c  Transfers by a stock baresip, over its ctrl_tcp
 *
 * Netstrings of JSON. baresip never sets TCP_NODELAY: its second event waits
 * for our acknowledgement of the first, which Linux delays by 40 ms, unless
 * the client asks for it at once, TCP_QUICKACK. One type sets it, one behaves
 * like an ordinary client, and one has bench-relay in between.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "control.h"
#include "far.h"


enum {
	INPUT = 1 << 16, /* bytes */
};

struct tcp {
	int fd;
	size_t len;
	char input[INPUT];
};


static void set_quickack(const struct tcp *t)
{
	const int on = 1;

	setsockopt(t->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
}


static void take(struct control *c, const char *text, size_t len)
{
	const char *type, *id;
	size_t type_len, id_len;
	struct leg *leg;

	if (control_text(text, len, "type", &type, &type_len) ||
	    control_text(text, len, "id", &id, &id_len))
		return;

	leg = far_find(c->far, id, id_len);
	if (!leg)
		return;
	if (type_len == 16 && !memcmp(type, "CALL_ESTABLISHED", 16))
		c->handler(c, CONTROL_UP, leg, c->arg);
	else if (type_len == 11 && !memcmp(type, "CALL_CLOSED", 11))
		c->handler(c, CONTROL_DONE, leg, c->arg);
}


static int tcp_open(struct control *c)
{
	struct tcp *t = calloc(1, sizeof(*t));
	int err;

	c->data = t;
	if (!t)
		return ENOMEM;

	err = control_connect(c, &t->fd);
	if (err)
		return err;

	c->handler(c, CONTROL_READY, NULL, c->arg);

	return 0;
}


static int tcp_fd(const struct control *c)
{
	const struct tcp *t = c->data;

	return t->fd;
}


static int tcp_read(struct control *c)
{
	struct tcp *t = c->data;
	ssize_t n;

	while ((n = read(t->fd, t->input + t->len,
			 sizeof(t->input) - t->len - 1)) > 0) {
		char *p = t->input;

		if (c->type != &control_tcp_plain)
			set_quickack(t);

		t->len += (size_t)n;
		t->input[t->len] = '\0';

		for (;;) {
			char *text;
			const size_t size = strtoul(p, &text, 10);

			if (*text != ':' ||
			    text + 1 + size + 1 > t->input + t->len)
				break;
			take(c, text + 1, size);
			p = text + 1 + size + 1;
		}

		t->len = (size_t)(t->input + t->len - p);
		memmove(t->input, p, t->len);
	}

	return n < 0 && errno == EAGAIN ? 0 : ECONNRESET;
}


/* It transfers the current call, which is the last one answered */
static int tcp_transfer(struct control *c, struct leg *leg)
{
	static const char text[] = "{\"command\":\"transfer\","
				   "\"params\":\"sip:bob@10.77.0.3\"}";
	const struct tcp *t = c->data;
	char command[128];
	const int n = snprintf(command, sizeof(command), "%zu:%s,",
			       strlen(text), text);

	(void)leg;
	if (write(t->fd, command, (size_t)n) != n)
		return errno;
	if (c->type != &control_tcp_plain)
		set_quickack(t);

	return 0;
}


static void tcp_close(struct control *c)
{
	struct tcp *t = c->data;

	if (t) {
		close(t->fd);
		free(t);
	}
}


/* The types differ in the client, or in the relay */
#define CONTROL_TCP(type)                                                     \
	{                                                                     \
		.name = type, .open = tcp_open, .fd = tcp_fd,                 \
		.read = tcp_read, .transfer = tcp_transfer,                   \
		.close = tcp_close,                                           \
	}

const struct control_type control_tcp = CONTROL_TCP("ctrl_tcp");
const struct control_type control_tcp_plain = CONTROL_TCP("ctrl_tcp-plain");
const struct control_type control_tcp_relay = CONTROL_TCP("ctrl_tcp-relay");
