/**
 * @file control_asterisk.c  Transfers by Asterisk, over its manager interface
 *
 * The interface uses blocks of lines "Name: value", each ended by an empty
 * line. The dialplan (see peers.js) reports a call by user events that carry
 * its Call-ID: "Up" once it is answered, "Done" when Transfer(), which sends
 * the REFER, has returned. Asterisk 16.28 returns from it after the final
 * NOTIFY, with its status.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "control.h"
#include "far.h"


enum {
	INPUT = 1 << 16, /* bytes */
	CHANNEL = 80,    /* bytes of a channel's name */
};

struct asterisk {
	int fd;
	char (*channels)[CHANNEL]; /* by the index of their call */
	size_t len;
	char input[INPUT];
};


static bool field(const char *text, size_t len, const char *name,
		  const char **valuep, size_t *sizep)
{
	char key[32];
	const int n = snprintf(key, sizeof(key), "\n%s: ", name);
	const char *p = memmem(text, len, key, (size_t)n);

	if (!p)
		return false;

	*valuep = p + n;
	*sizep = strcspn(p + n, "\r");

	return true;
}


static bool is(const char *value, size_t size, const char *text)
{
	return size == strlen(text) && !memcmp(value, text, size);
}


static struct leg *find(struct control *c, const char *text, size_t len,
			const char *name)
{
	const char *id;
	size_t size;

	return field(text, len, name, &id, &size) ? far_find(c->far, id, size)
						  : NULL;
}


/* Of all that we ask, only the login names no call */
static void take_response(struct control *c, const char *text, size_t len)
{
	struct leg *leg = find(c, text, len, "ActionID");

	if (memmem(text, len, "Response: Error", 15)) {
		fprintf(stderr, "asterisk: %.*s\n", (int)len, text);
		if (leg)
			c->handler(c, CONTROL_FAILED, leg, c->arg);
	}
	else if (!leg) {
		c->handler(c, CONTROL_READY, NULL, c->arg);
	}
}


static void take_event(struct control *c, const char *text, size_t len)
{
	struct asterisk *a = c->data;
	struct leg *leg = find(c, text, len, "CallID");
	const char *event, *value;
	size_t event_len, size;

	if (!leg || !field(text, len, "UserEvent", &event, &event_len))
		return;

	if (is(event, event_len, "Up") &&
	    field(text, len, "Channel", &value, &size)) {
		snprintf(a->channels[leg->index], CHANNEL, "%.*s", (int)size,
			 value);
		c->handler(c, CONTROL_UP, leg, c->arg);
	}
	else if (is(event, event_len, "Done") &&
		 field(text, len, "Status", &value, &size)) {
		c->handler(c,
			   is(value, size, "SUCCESS") ? CONTROL_DONE
						      : CONTROL_FAILED,
			   leg, c->arg);
	}
}


static void take(struct control *c, const char *text, size_t len)
{
	if (memmem(text, len, "Response: ", 10))
		take_response(c, text, len);
	else
		take_event(c, text, len);
}


static int say(const struct asterisk *a, const char *text, int len)
{
	return write(a->fd, text, (size_t)len) == len ? 0 : errno;
}


static int asterisk_open(struct control *c)
{
	static const char login[] =
		"Action: Login\r\nActionID: login\r\nUsername: bench\r\n"
		"Secret: bench\r\nEvents: user\r\n\r\n";
	struct asterisk *a = calloc(1, sizeof(*a));
	int err;

	c->data = a;
	if (!a)
		return ENOMEM;

	a->channels = calloc(c->legs, sizeof(*a->channels));
	if (!a->channels)
		return ENOMEM;

	err = control_connect(c, &a->fd);

	return err ? err : say(a, login, (int)strlen(login));
}


static int asterisk_fd(const struct control *c)
{
	const struct asterisk *a = c->data;

	return a->fd;
}


static int asterisk_read(struct control *c)
{
	struct asterisk *a = c->data;
	ssize_t n;

	while ((n = read(a->fd, a->input + a->len,
			 sizeof(a->input) - a->len - 1)) > 0) {
		char *p = a->input;
		char *end;

		a->len += (size_t)n;
		a->input[a->len] = '\0';

		while ((end = strstr(p, "\r\n\r\n"))) {
			end += 4;
			take(c, p, (size_t)(end - p));
			p = end;
		}

		a->len = (size_t)(a->input + a->len - p);
		memmove(a->input, p, a->len);
	}

	return n < 0 && errno == EAGAIN ? 0 : ECONNRESET;
}


static int asterisk_transfer(struct control *c, struct leg *leg)
{
	const struct asterisk *a = c->data;
	char text[256];

	return say(a, text,
		   snprintf(text, sizeof(text),
			    "Action: Redirect\r\nActionID: %s\r\n"
			    "Channel: %s\r\nContext: bench\r\n"
			    "Exten: refer\r\nPriority: 1\r\n\r\n",
			    leg->call_id, a->channels[leg->index]));
}


static void asterisk_close(struct control *c)
{
	struct asterisk *a = c->data;

	if (a) {
		close(a->fd);
		free(a->channels);
		free(a);
	}
}


const struct control_type control_asterisk = {
	.name = "asterisk",
	.open = asterisk_open,
	.fd = asterisk_fd,
	.read = asterisk_read,
	.transfer = asterisk_transfer,
	.close = asterisk_close,
};
