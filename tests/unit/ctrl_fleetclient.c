/**
 * @file ctrl_fleetclient.c  Tests of clients that get the messages of a fleet
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#define _GNU_SOURCE 1
#include "base/base.h"
#include "net/net.h"
#include "store/store.h"
#include "stream/client.h"
#include "stream/stream.h"
#include "tempdir.h"
#include "unit.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <ev.h>
#include <libwebsockets.h>


enum {
	TIME = 20,  /* seconds for anything */
	CONNS = 16, /* of a test */
	MANY = 3000,
};

/* A connection over TCP, as libwebsockets has it, and its far end */
struct conn {
	int fd, far;
	bool full; /* the kernel accepts no more */
	bool wants;
	int closed; /* code of the close frame */
	struct client *client;
	unsigned char in[1 << 20];
	size_t len;
	char got[1 << 20]; /* texts, each with a NL behind it */
};

static struct conn *conns[CONNS];
static size_t connc;
static int listener;
static uint64_t up_since; /* as passed for the last new client */
static char away_text[256];
static bool is_away;
static atomic_bool quick; /* no timer takes its time */


/* libwebsockets */

int lws_write(struct lws *wsi, unsigned char *buf, size_t len,
	      enum lws_write_protocol protocol)
{
	struct conn *c = (struct conn *)wsi;
	(void)protocol;

	assert_int_equal(write(c->fd, buf, len), len);

	return (int)len;
}


int lws_partial_buffered(struct lws *wsi)
{
	return ((struct conn *)wsi)->full;
}


lws_sockfd_type lws_get_socket_fd(struct lws *wsi)
{
	return ((struct conn *)wsi)->fd;
}


int lws_callback_on_writable(struct lws *wsi)
{
	((struct conn *)wsi)->wants = true;

	return 0;
}


void lws_close_reason(struct lws *wsi, enum lws_close_status status,
		      unsigned char *buf, size_t len)
{
	(void)buf;
	(void)len;

	((struct conn *)wsi)->closed = (int)status;
}


void *lws_get_opaque_user_data(const struct lws *wsi)
{
	(void)wsi;

	return NULL;
}


void __wrap_timer_start(struct timer *t, double seconds);
void __real_timer_start(struct timer *t, double seconds);
void __wrap_timer_start(struct timer *t, double seconds)
{
	__real_timer_start(t, quick ? .01 : seconds);
}


int64_t __wrap_clock_steady_ms(void);
int64_t __real_clock_steady_ms(void);
int64_t __wrap_clock_steady_ms(void)
{
	static _Atomic int64_t more;

	more += quick ? 1000 : 0;

	return __real_clock_steady_ms() + more;
}


/* The rooms above */

static void up(const char *name, uint64_t since)
{
	(void)name;

	up_since = since;
}


static void down(const char *name)
{
	(void)name;
}


static char *hello(enum scope scope, const char *client, const char *name,
		   const char *role, uint64_t seq)
{
	char *text;
	(void)client;
	(void)name;
	(void)role;

	return asprintf(&text, "hello %s %llu",
			scope == SCOPE_FLEET ? "fleet" : "local",
			(unsigned long long)seq) < 0
		       ? NULL
		       : text;
}


static const char *app(const char *call_sid)
{
	(void)call_sid;

	return NULL;
}


static const struct clients_events events = {
	.up = up,
	.down = down,
	.hello = hello,
	.app = app,
};


static int64_t tell_time(const char *call_sid, int64_t time)
{
	(void)call_sid;

	return time;
}


static bool away_connected(const char *name)
{
	(void)name;

	return is_away;
}


static void away_post(const char *name, const char *call_sid, uint64_t seq,
		      const char *text)
{
	(void)call_sid;

	assert_int_equal(seq, store_seq());
	(void)snprintf(away_text, sizeof(away_text), "%s %s", name, text);
}


static const struct clients_away away = {away_connected, away_post};


static int setup(void **state)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	(void)state;

	log_level_set(LOG_ERROR);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	quick = false;
	is_away = false;
	connc = 0;
	emit_init(tell_time);

	return dir_make("ctrl-fleetclient") ||
			       bind(listener, (struct sockaddr *)&sin,
				    sizeof(sin)) ||
			       listen(listener, CONNS) || store_open(dir) ||
			       fleetstore_open(dir) || clients_init(&events)
		       ? -1
		       : 0;
}


static void leave(struct conn *c)
{
	client_destroy(c->client);
	c->client = NULL;
	if (c->fd >= 0)
		(void)close(c->fd);
	if (c->far >= 0)
		(void)close(c->far);
	c->fd = c->far = -1;
}


static int teardown(void **state)
{
	(void)state;

	while (connc) {
		leave(conns[--connc]);
		free(conns[connc]);
	}
	(void)feeds_flush();
	clients_away(NULL);
	clients_close();
	fleetstore_close();
	store_close();
	(void)close(listener);

	return dir_remove();
}


static struct conn *connect_to_us(void)
{
	struct conn *c = calloc(1, sizeof(*c));
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);
	const int size = 1 << 20;

	assert_non_null(c);
	assert_true(connc < CONNS);
	conns[connc++] = c;
	assert_int_equal(getsockname(listener, (struct sockaddr *)&sin, &len),
			 0);
	c->far = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(c->far, (struct sockaddr *)&sin, len), 0);
	c->fd = accept(listener, NULL, NULL);
	assert_true(c->fd >= 0);
	assert_int_equal(
		setsockopt(c->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)),
		0);

	return c;
}


static struct conn *come(enum scope scope, const char *name,
			 enum dialect dialect, uint64_t since)
{
	const struct badge badge = {.role = ROLE_CONTROLLER, .name = "t"};
	struct conn *c = connect_to_us();

	assert_int_equal(client_create(&c->client, (struct lws *)c, scope,
				       name, NULL, dialect, since, &badge),
			 0);

	return c;
}


/* Parses the received frames of RFC 6455 section 5.2: header, then text */
static void read_frames(struct conn *c)
{
	char *end = c->got + strlen(c->got);
	size_t at = 0;
	ssize_t n;

	while ((n = recv(c->far, c->in + c->len, sizeof(c->in) - c->len,
			 MSG_DONTWAIT)) > 0)
		c->len += (size_t)n;

	while (c->len - at >= 4) {
		const unsigned char *p = c->in + at;
		size_t len = p[1], head = 2;

		assert_int_equal(p[0], 0x81);
		if (len == 126) {
			len = (size_t)p[2] << 8 | p[3];
			head = 4;
		}
		if (c->len - at < head + len)
			break;

		memcpy(end, p + head, len);
		end += len;
		*end++ = '\n';
		*end = '\0';
		at += head + len;
	}

	memmove(c->in, c->in + at, c->len - at);
	c->len -= at;
}


/* A turn of the loop, then of those whose pipe has room: after the last one,
   the loop may have nothing more to wait for */
static void turn(int flags)
{
	(void)ev_run(loop_ev(), flags);
	(void)store_commit();
	while (feeds_flush())
		;
	for (size_t i = 0; i < connc; i++) {
		struct conn *c = conns[i];

		if (!c->client || !c->wants || c->full)
			continue;

		c->wants = false;
		if (client_writable(c->client))
			leave(c);
	}
}


static bool wants_any(void)
{
	for (size_t i = 0; i < connc; i++) {
		if (conns[i]->client && conns[i]->wants && !conns[i]->full)
			return true;
	}

	return false;
}


/* All that can be sent has been */
static void flush(void)
{
	for (int i = 0; i < 5 || wants_any(); i++)
		turn(EVRUN_NOWAIT);
	for (size_t i = 0; i < connc; i++) {
		if (conns[i]->far >= 0)
			read_frames(conns[i]);
	}
}


static void assert_got(struct conn *c, const char *expected)
{
	flush();
	assert_string_equal(c->got, expected);
	*c->got = '\0';
}


/* A message of the fleet */
static void fleet(uint64_t f)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "F%llu", (unsigned long long)f);
	fleet_emit(f, "c1", true, text);
	fleetstore_mark(f / 256);
}


/* One of this referd, for a client or all */
static void local(const char *client, const char *type)
{
	(void)emit(&(struct emission){
		.type = type, .client = client, .time = 1, .jambonz = false});
}


static const char *own_text(const char *type, uint64_t seq)
{
	static char text[128];

	(void)snprintf(text, sizeof(text),
		       "{\"type\":\"%s\",\"seq\":%llu,"
		       "\"time\":\"1970-01-01T00:00:00.001Z\"}\n",
		       type, (unsigned long long)seq);

	return text;
}


/* Each client gets the messages of its scope, and those for it alone */
static void test_scopes(void **state)
{
	struct conn *f, *l, *j;
	uint64_t seq;
	(void)state;

	fleet(257);
	f = come(SCOPE_FLEET, "f", DIALECT_DEFAULT, UINT64_MAX);
	l = come(SCOPE_LOCAL, "l", DIALECT_DEFAULT, UINT64_MAX);
	j = come(SCOPE_FLEET, "j", DIALECT_JAMBONZ, UINT64_MAX);
	assert_true(up_since == UINT64_MAX);
	assert_got(f, "hello fleet 257\n");
	*l->got = '\0';

	local("f", "ack");
	fleet(258);
	local("f", "ack");
	local(NULL, "call:status");
	seq = store_seq();
	local("l", "ack");
	fleet(513);
	flush();

	{
		char expected[1024];

		(void)snprintf(expected, sizeof(expected), "%sF258\n",
			       own_text("ack", 257));
		strcat(expected, own_text("ack", 258));
		strcat(expected, "F513\n");
		assert_got(f, expected);

		(void)snprintf(expected, sizeof(expected), "%s",
			       own_text("call:status", seq));
		strcat(expected, own_text("ack", seq + 1));
		assert_got(l, expected);
	}
	assert_got(j, "F258\nF513\n");
	assert_int_equal(client_since(l->client), seq + 1);
}


static unsigned count_lines(const char *text, uint64_t first, uint64_t place)
{
	unsigned count = 0;
	char line[32];

	for (const char *p = text; *p; p = strchr(p, '\n') + 1) {
		(void)snprintf(
			line, sizeof(line), "F%llu\n",
			(unsigned long long)((first + count) * 256 + place));
		assert_memory_equal(p, line, strlen(line));
		++count;
	}

	return count;
}


static bool done;


static void done_handler(void *arg)
{
	(void)arg;

	done = true;
}


static void nothing_handler(void *arg)
{
	(void)arg;
}


static void settle(void)
{
	struct job *j;

	done = false;
	assert_int_equal(
		db_ask(&j, SCOPE_FLEET, nothing_handler, done_handler, NULL),
		0);
	while (!done)
		turn(EVRUN_ONCE);
}


/* The client gets missed messages from disk and memory, then new ones: in
   order, each once */
static void test_since(void **state)
{
	struct conn *c;
	(void)state;

	for (uint64_t s = 1; s <= MANY; s++)
		fleet(s * 256 + 1);
	settle();
	fleetstore_close();
	assert_int_equal(fleetstore_open(dir), 0);

	fleet((MANY + 1) * 256 + 1);
	c = come(SCOPE_FLEET, "f", DIALECT_DEFAULT, 10 * 256 + 1);
	fleet((MANY + 2) * 256 + 1);
	for (int i = 0; i < 100 && !client_drained(c->client); i++) {
		flush();
		if (!client_drained(c->client))
			turn(EVRUN_ONCE);
	}
	fleet((MANY + 3) * 256 + 1);
	flush();

	assert_memory_equal(c->got, "hello fleet 2561\n", 17);
	assert_int_equal(count_lines(c->got + 17, 11, 1), MANY + 3 - 10);
}


/* From another referd that has read more: it waits, without a hello, until
   that is here, too */
static void test_early(void **state)
{
	struct conn *c, *other;
	(void)state;

	fleet(257);
	c = come(SCOPE_FLEET, "f", DIALECT_DEFAULT, 769);
	other = come(SCOPE_FLEET, "g", DIALECT_DEFAULT, 800);
	fleet(513);
	assert_got(c, "");
	local("f", "ack");
	assert_got(c, own_text("ack", 769));
	fleet(769);
	assert_got(c, "hello fleet 769\n");
	fleet(1025);
	assert_got(c, "F1025\n");

	/* a number that no message has */
	assert_got(other, "hello fleet 800\nF1025\n");

	c = come(SCOPE_FLEET, "f", DIALECT_DEFAULT, 1100);
	assert_got(c, "");
	clients_fleet_ready(1279);
	assert_got(c, "hello fleet 1100\n");
	fleet(1281);
	assert_got(c, "F1281\n");
}


static void test_never(void **state)
{
	struct conn *c;
	(void)state;

	fleet(257);
	quick = true;
	c = come(SCOPE_FLEET, "f", DIALECT_DEFAULT, UINT64_C(1) << 52);
	for (int i = 0; i < 1000 && !c->closed; i++)
		turn(EVRUN_ONCE);
	assert_int_equal(c->closed, CLOSE_LATER);
	assert_null(c->client);
}


static void await_acked(struct conn *c)
{
	for (int i = 0; i < 1000; i++) {
		read_frames(c);
		if (feed_own_had(&c->client->feed) == store_seq())
			return;

		(void)usleep(1000);
	}
	fail();
}


/* A client that comes back gets the messages for it alone, except those that
   it already has */
static void test_comes_back(void **state)
{
	struct conn *c;
	uint64_t seq;
	(void)state;

	fleet(257);
	c = come(SCOPE_FLEET, "f", DIALECT_DEFAULT, UINT64_MAX);
	local("f", "ack");
	flush();
	await_acked(c);
	seq = store_seq();

	/* this one waits for room */
	c->full = true;
	local("f", "first");
	flush();
	leave(c);
	local(NULL, "call:status");
	local("f", "second");
	fleet(513);

	c = come(SCOPE_FLEET, "f", DIALECT_DEFAULT, 257);
	assert_int_equal(up_since, seq);
	flush();
	{
		char expected[1024] = "hello fleet 257\n";

		strcat(expected, own_text("first", 257));
		strcat(expected, own_text("second", 257));
		strcat(expected, "F513\n");
		assert_got(c, expected);
	}
	await_acked(c);
	local("f", "third");
	assert_got(c, own_text("third", 513));
	await_acked(c);

	/* while the connection before is not known to be dead */
	c = come(SCOPE_FLEET, "f", DIALECT_DEFAULT, 513);
	assert_true(up_since == UINT64_MAX);
	assert_got(c, "hello fleet 513\n");
}


/* ... also if much was said meanwhile, that is on disk by now */
static void test_comes_back_late(void **state)
{
	struct conn *c;
	(void)state;

	c = come(SCOPE_FLEET, "f", DIALECT_DEFAULT, UINT64_MAX);
	flush();
	leave(c);
	local("f", "first");
	for (int i = 0; i < 4 * MANY; i++) {
		local(NULL, "call:status");
		if (i % 500 == 0)
			turn(EVRUN_NOWAIT);
	}
	local("f", "second");

	c = come(SCOPE_FLEET, "f", DIALECT_DEFAULT, 0);
	for (int i = 0; i < 1000 && !client_drained(c->client); i++) {
		flush();
		if (!client_drained(c->client))
			turn(EVRUN_ONCE);
	}
	{
		char expected[1024] = "hello fleet 0\n";

		strcat(expected, own_text("first", 0));
		strcat(expected, own_text("second", 0));
		assert_got(c, expected);
	}
}


/* All clients of the dialect get the fleet status, also while they still read
   old messages */
static void test_tell(void **state)
{
	static const char text[] = "{\"type\":\"fleet:status\"}";
	struct conn *f, *l, *j, *early;
	(void)state;

	f = come(SCOPE_FLEET, "f", DIALECT_DEFAULT, UINT64_MAX);
	l = come(SCOPE_LOCAL, "l", DIALECT_DEFAULT, UINT64_MAX);
	j = come(SCOPE_LOCAL, "j", DIALECT_JAMBONZ, UINT64_MAX);
	early = come(SCOPE_FLEET, "e", DIALECT_DEFAULT, 1000);
	flush();
	*f->got = *l->got = '\0';
	clients_tell(text);
	assert_got(f, "{\"type\":\"fleet:status\"}\n");
	assert_got(l, "{\"type\":\"fleet:status\"}\n");
	assert_got(early, "{\"type\":\"fleet:status\"}\n");
	assert_got(j, "");
}


/* A client that knows the old numbers gets no message with new ones */
static void test_anew(void **state)
{
	struct conn *f, *l;
	(void)state;

	fleet(257);
	f = come(SCOPE_FLEET, "f", DIALECT_DEFAULT, UINT64_MAX);
	l = come(SCOPE_LOCAL, "l", DIALECT_DEFAULT, UINT64_MAX);
	flush();
	clients_fleet_anew();
	fleetstore_begin("another");
	fleet(256);
	flush();
	assert_int_equal(f->closed, CLOSE_ANEW);
	assert_int_equal(l->closed, 0);
	assert_string_equal(f->got, "hello fleet 257\n");
}


/* A message to a client that is not here goes to the members that may have
   it */
static void test_away(void **state)
{
	char expected[256];
	(void)state;

	assert_false(client_connected("bot"));
	clients_away(&away);
	is_away = true;
	assert_true(client_connected("bot"));
	assert_false(client_connected("http-1"));

	*away_text = '\0';
	local("http-1", "ack");
	local(NULL, "call:status");
	assert_string_equal(away_text, "");
	local("bot", "ack");
	(void)snprintf(expected, sizeof(expected), "bot %s",
		       own_text("ack", store_seq()));
	expected[strlen(expected) - 1] = '\0';
	assert_string_equal(away_text, expected);

	*away_text = '\0';
	(void)come(SCOPE_FLEET, "bot", DIALECT_DEFAULT, UINT64_MAX);
	local("bot", "ack");
	assert_string_equal(away_text, "");
}


int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_scopes),     TEST(test_since),
		TEST(test_early),      TEST(test_never),
		TEST(test_comes_back), TEST(test_comes_back_late),
		TEST(test_tell),       TEST(test_anew),
		TEST(test_away),
	};

	return loop_init() ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
