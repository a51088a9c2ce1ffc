/**
 * @file side.c  One server that is measured: its node and its clients
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include "clock.h"
#include "node.h"
#include "side.h"
#include "ws.h"


enum {
	EVENTS = 64,
	PATIENCE = 20000, /* ms until a server counts as dead */
	QUIET = 50,       /* ms without a word: it has done all it had to, and
			     TCP has acknowledged what it delays by 40 */
};

struct side {
	const struct side_config *config;
	char name[16];     /* of the node */
	char call[40];     /* that lives all the time */
	char transfer[20]; /* of it, that goes on and on */
	int epoll;
	struct node *node;
	struct ws *boss; /* gives the commands */
	struct ws **clients;

	/* Of the round at hand */
	unsigned round;
	unsigned heard; /* clients that have the message */
	uint32_t bytes;
	uint64_t asked, acked; /* when [ns] */
	int err;
};


static bool is_type(const char *text, size_t len, const char *type)
{
	static const char head[] = "{\"type\":\"";
	const size_t at = sizeof(head) - 1, n = strlen(type);

	return len > at + n && !memcmp(text, head, at) &&
	       !memcmp(text + at, type, n) && text[at + n] == '"';
}


/* The text of a member that is a string without escapes */
static int member(char *buf, size_t size, const char *text, size_t len,
		  const char *key)
{
	const char *p = memmem(text, len, key, strlen(key));
	const char *end = text + len, *quote;

	p = p ? p + strlen(key) : end;
	quote = memchr(p, '"', (size_t)(end - p));
	if (!quote || (size_t)(quote - p) >= size)
		return EBADMSG;

	memcpy(buf, p, (size_t)(quote - p));
	buf[quote - p] = '\0';

	return 0;
}


static int report_step(struct side *s, const char *id, const char *fields)
{
	return node_report(s->node,
			   "\"type\":\"transfer\",\"call_sid\":\"%s\","
			   "\"transfer_id\":\"%s\","
			   "\"refer_to\":\"sip:bob@example.com\","
			   "\"referred_by\":\"sip:alice@example.com\",%s",
			   s->call, id, fields);
}


/* Reports like a baresip with a far end that declines at once */
static int end_transfer(struct side *s, const char *ref)
{
	static const char *const steps[] = {
		"\"step\":\"requested\"",
		"\"step\":\"ended\",\"refer_status\":603,"
		"\"reason\":\"Decline\",\"outcome\":\"failed\","
		"\"evidence\":\"response\""};
	char id[32], fields[256];
	int err = 0;

	(void)snprintf(id, sizeof(id), "t-%d-%u", (int)getpid(), s->round);
	for (size_t i = 0; i < 2 && !err; i++) {
		(void)snprintf(fields, sizeof(fields), "\"ref\":\"%s\",%s",
			       ref, steps[i]);
		err = report_step(s, id, fields);
	}

	return err;
}


static void request_handler(const char *line, void *arg)
{
	const size_t len = strlen(line);
	struct side *s = arg;
	char ref[128];

	s->asked = bench_now();
	s->err |= member(ref, sizeof(ref), line, len, "\"ref\":\"");
	s->err |= node_report(s->node,
			      "\"type\":\"result\",\"ref\":\"%s\",\"ok\":true",
			      ref);
	if (is_type(line, len, "verbs"))
		s->err |= end_transfer(s, ref);
}


static void client_handler(const char *text, size_t len, void *arg)
{
	struct side *s = arg;

	if (!is_type(text, len, "transfer:status"))
		return;
	/* Clients of a fleet also get the events of other members */
	if (s->config->fleet && !memmem(text, len, s->call, strlen(s->call)))
		return;

	++s->heard;
	s->bytes = (uint32_t)len;
}


static void boss_handler(const char *text, size_t len, void *arg)
{
	struct side *s = arg;
	char msgid[128], ack[256];
	int n;

	if (is_type(text, len, "ack")) {
		s->acked = bench_now();
	}
	else if (is_type(text, len, "verb:hook")) {
		s->err |= member(msgid, sizeof(msgid), text, len,
				 "\"msgid\":\"");
		n = snprintf(ack, sizeof(ack),
			     "{\"type\":\"ack\",\"msgid\":\"%s\"}", msgid);
		s->err |= ws_send(s->boss, ack, (size_t)n);
	}
	else if (is_type(text, len, "jambonz:error")) {
		(void)fprintf(stderr, "%.*s\n", (int)len, text);
		s->err = EBADMSG;
	}
}


static int dispatch(struct side *s, uint32_t who)
{
	if (who < s->config->clients)
		return ws_read(s->clients[who], client_handler, s);

	if (who == s->config->clients)
		return ws_read(s->boss, boss_handler, s);

	return node_read(s->node);
}


/* Handles the input of the next timeout ms */
static int take(struct side *s, int timeout)
{
	struct epoll_event evs[EVENTS];
	int n = epoll_wait(s->epoll, evs, EVENTS, timeout);

	if (n == 0)
		return ETIMEDOUT;

	for (int i = 0; i < n; i++)
		s->err |= dispatch(s, evs[i].data.u32);

	/* the client that gives commands is another, and does not wait for
	   us */
	if (s->boss) {
		s->err |= dispatch(s, s->config->clients);
		s->err |= dispatch(s, s->config->clients + 1);
	}

	return s->err;
}


static int watch(struct side *s, int fd, uint32_t who)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u32 = who};

	return epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &ev) ? errno : 0;
}


static int connect_clients(struct side *s)
{
	const struct side_config *c = s->config;
	const char *path = c->fleet ? "/ws?scope=fleet" : "/ws";
	char boss[64];
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)c->port)};
	int err = 0;

	/* A name means one client in the whole fleet */
	(void)snprintf(boss, sizeof(boss), "/ws?client=boss%d%s",
		       (int)getpid(), c->fleet ? "&scope=fleet" : "");
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->clients = calloc(c->clients + 1, sizeof(*s->clients));
	if (!s->clients)
		return ENOMEM;

	for (uint32_t i = 0; i < c->clients && !err; i++) {
		err = ws_connect(&s->clients[i], &to, path, NULL);
		if (!err)
			err = watch(s, ws_fd(s->clients[i]), i);
	}

	if (!err && !c->raw) {
		err = ws_connect(&s->boss, &to, boss, NULL);
		if (!err)
			err = watch(s, ws_fd(s->boss), c->clients);
	}

	return err;
}


/* One call lives, and a transfer of it goes on and on */
static int begin_transfer(struct side *s)
{
	int err;

	err = node_report(s->node,
			  "\"type\":\"call\",\"event\":\"new\",\"call\":{"
			  "\"sid\":\"%s\",\"direction\":\"inbound\","
			  "\"from\":\"sip:alice@example.com\","
			  "\"to\":\"sip:100@example.com\","
			  "\"caller_name\":\"\",\"account\":\"sip:a@b\","
			  "\"state\":\"in-progress\",\"sip_status\":200,"
			  "\"sip_reason\":\"OK\",\"started\":1,"
			  "\"headers\":{}}",
			  s->call);
	if (!err)
		err = report_step(s, s->transfer, "\"step\":\"requested\"");

	return err;
}


/**
 * Connect to a server as a node, and as many clients
 *
 * @param sp     Pointer to the new side
 * @param config Where, and how many
 *
 * @return 0 if success, otherwise errorcode
 */
int side_open(struct side **sp, const struct side_config *config)
{
	struct side *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return ENOMEM;

	*sp = s;
	s->config = config;
	(void)snprintf(s->call, sizeof(s->call), "call-%d", (int)getpid());
	(void)snprintf(s->transfer, sizeof(s->transfer), "t-%d",
		       (int)getpid());
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	(void)snprintf(s->name, sizeof(s->name), "gw%d", (int)getpid());
	err = node_connect(&s->node, config->path,
			   config->raw ? NULL : s->name, request_handler, s);
	if (!err)
		err = watch(s, node_fd(s->node), config->clients + 1);
	if (!err && !config->raw)
		err = begin_transfer(s);
	if (!err)
		err = connect_clients(s);

	return err ? err : side_idle(s);
}


/**
 * Get the descriptor that is readable when a server sends
 *
 * @param s Side
 *
 * @return File descriptor
 */
int side_fd(const struct side *s)
{
	return s->epoll;
}


/**
 * Read the messages of a server until it sends no more; with a fleet, for the
 * time that this takes with a quiet one
 *
 * @param s Side
 *
 * @return 0 if success, otherwise errorcode
 */
int side_idle(struct side *s)
{
	const uint64_t end = bench_now() + (uint64_t)QUIET * 1000000;
	int err;

	do
		err = take(s, QUIET);
	while (!err && (!s->config->fleet || bench_now() < end));

	return err == ETIMEDOUT ? 0 : err;
}


static void begin(struct side *s)
{
	++s->round;
	s->heard = 0;
	s->asked = s->acked = 0;
}


static int send_event(struct side *s, uint32_t bytes)
{
	static const char text[] = "{\"type\":\"transfer:status\",\"data\":\"";
	char *line;
	int err;

	if (!s->config->raw)
		return report_step(s, s->transfer,
				   "\"step\":\"progress\","
				   "\"refer_status\":202,\"call_status\":180,"
				   "\"reason\":\"Ringing\"");

	line = malloc(bytes);
	if (!line)
		return ENOMEM;

	memset(line, ' ', bytes);
	memcpy(line, text, sizeof(text) - 1);
	memcpy(line + bytes - 2, "\"}", 2);
	err = node_send(s->node, line, bytes);
	free(line);

	return err;
}


/**
 * Report an event, and wait until the last client has it
 *
 * @param s     Side
 * @param r     Result
 * @param bytes Length of the message that a raw server is to send
 */
void side_event(struct side *s, struct round *r, uint32_t bytes)
{
	const uint64_t start = bench_now();
	int err;

	begin(s);
	err = send_event(s, bytes);
	while (!err && s->heard < s->config->clients)
		err = take(s, PATIENCE);

	*r = (struct round){err, s->bytes, bench_now() - start, 0};
	if (!err)
		r->err = side_idle(s);
}


/* The answer to a command is an ack, once the node was asked and has agreed */
static void command(struct side *s, struct round *r, const char *text)
{
	const uint64_t start = bench_now();
	int err;

	begin(s);
	err = ws_send(s->boss, text, strlen(text));
	while (!err && !s->acked)
		err = take(s, PATIENCE);

	*r = (struct round){err, s->bytes, s->acked - start, s->asked - start};
}


/**
 * Send a command without messages to other clients, and wait for its ack
 *
 * @param s Side
 * @param r Result
 */
void side_dial(struct side *s, struct round *r)
{
	command(s, r,
		"{\"type\":\"command\",\"command\":\"dial\",\"msgid\":\"1\","
		"\"data\":{\"to\":\"sip:bob@example.com\"}}");
}


/**
 * Begin a transfer, with messages to all clients, and wait for its ack
 *
 * @param s Side
 * @param r Result
 */
void side_refer(struct side *s, struct round *r)
{
	char text[256];

	(void)snprintf(text, sizeof(text),
		       "{\"verb\":\"sip:refer\",\"msgid\":\"1\","
		       "\"referTo\":\"sip:bob@example.com\","
		       "\"call_sid\":\"%s\"}",
		       s->call);
	command(s, r, text);
	if (!r->err)
		r->err = side_idle(s);
}
