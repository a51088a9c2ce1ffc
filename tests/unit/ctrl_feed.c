/**
 * @file ctrl_feed.c  Tests of the output to clients
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include "store/store.h"
#include "stream/cast.h"
#include "stream/feed.h"
#include "stream/frame.h"
#include "stream/source.h"
#include "stream/stream.h"
#include "unit.h"
#include <stdbool.h>
#include <string.h>
#include <libwebsockets.h>


enum {
	CLIENTS = 200,
	UNREAD_MAX = 4096,
	FETCHED_MAX = 10,
};

/* Plays libwebsockets for one connection */
struct pipe {
	bool full;
	int writes;
	size_t len;
	char got[4096];
};

static struct pipe pipes[CLIENTS];
static struct feed feeds[CLIENTS];
static const struct pipe *last; /* that was written to */
static const struct pipe *first;
static uint64_t stored;  /* seq of the last message in the store */
static uint64_t settled; /* ... that is not in memory */

static struct fetch {
	uint64_t since, known;
	store_replay_h *h;
	store_fetched_h *done; /* NULL if no feed waits */
	void *arg;
} fetch;


static bool late; /* the turn has taken its time */


bool __wrap_loop_late(void);
bool __wrap_loop_late(void)
{
	return late;
}


int lws_write(struct lws *wsi, unsigned char *buf, size_t len,
	      enum lws_write_protocol protocol)
{
	struct pipe *p = (struct pipe *)wsi;

	assert_int_equal(protocol, LWS_WRITE_RAW);

	/* short texts: a header of two bytes each */
	for (size_t i = 0; i < len; i += 2 + buf[i + 1]) {
		assert_int_equal(buf[i], 0x81);
		assert_true(p->len + buf[i + 1] < sizeof(p->got));
		memcpy(p->got + p->len, buf + i + 2, buf[i + 1]);
		p->len += buf[i + 1];
	}

	++p->writes;
	last = p;
	if (!first)
		first = p;

	return (int)len;
}


int lws_partial_buffered(struct lws *wsi)
{
	return ((struct pipe *)wsi)->full;
}


int lws_callback_on_writable(struct lws *wsi)
{
	(void)wsi;

	return 0;
}


void lws_set_timeout(struct lws *wsi, enum pending_timeout reason, int secs)
{
	(void)wsi;
	(void)reason;
	(void)secs;
}


enum replay __wrap_store_replay(uint64_t *sincep, const struct listener *to,
				unsigned limit, store_replay_h *h, void *arg);
enum replay __wrap_store_replay(uint64_t *sincep, const struct listener *to,
				unsigned limit, store_replay_h *h, void *arg)
{
	(void)to;

	if (*sincep < settled)
		return REPLAY_FETCH;

	for (; *sincep < stored && limit; limit--)
		h(++*sincep, "s", arg);

	return limit ? REPLAY_ALL : REPLAY_MORE;
}


int __wrap_store_fetch(struct fetch **fp, uint64_t since,
		       const struct listener *to, store_replay_h *h,
		       store_fetched_h *done, void *arg);
int __wrap_store_fetch(struct fetch **fp, uint64_t since,
		       const struct listener *to, store_replay_h *h,
		       store_fetched_h *done, void *arg)
{
	(void)to;

	assert_null(fetch.done);
	fetch = (struct fetch){since, settled, h, done, arg};
	*fp = &fetch;

	return 0;
}


void __wrap_store_fetch_cancel(struct fetch *f);
void __wrap_store_fetch_cancel(struct fetch *f)
{
	if (f)
		f->done = NULL;
}


/* Reads a part of the requested messages from disk, as of the time of the
   request */
static void fetch_some(void)
{
	struct fetch f = fetch;

	fetch.done = NULL;
	if (!f.done)
		return;

	for (unsigned i = 0; i < FETCHED_MAX && f.since < f.known; i++)
		f.h(++f.since, "d", f.arg);
	f.done(f.since, 0, f.arg);
}


static int set_up(void **state)
{
	(void)state;

	memset(pipes, 0, sizeof(pipes));
	memset(feeds, 0, sizeof(feeds));
	first = last = NULL;
	stored = settled = 0;
	fetch.done = NULL;
	for (size_t i = 0; i < CLIENTS; i++) {
		feeds[i].wsi = (struct lws *)&pipes[i];
		feeds[i].name = "c";
		feed_start(&feeds[i]);
	}

	return 0;
}


static int tear_down(void **state)
{
	(void)state;

	for (size_t i = 0; i < CLIENTS; i++)
		feed_reset(&feeds[i]);
	(void)feeds_flush();

	return 0;
}


static void tell_all(const char *text, bool jambonz)
{
	struct frame *frame;

	assert_int_equal(frame_create(&frame, 1, text), 0);
	frame->jambonz = jambonz;
	cast_add(&sources[0].cast, frame);
	frame_release(frame);
}


static unsigned flush_all(void)
{
	unsigned turns = 1;

	while (feeds_flush())
		++turns;

	return turns;
}


static void assert_got(size_t i, const char *text)
{
	pipes[i].got[pipes[i].len] = '\0';
	assert_string_equal(pipes[i].got, text);
}


static void test_one_write(void **state)
{
	(void)state;

	tell_all("a", true);
	feed_say(&feeds[7], 0, "b");
	tell_all("c", true);
	flush_all();

	for (size_t i = 0; i < CLIENTS; i++) {
		assert_got(i, i == 7 ? "abc" : "ac");
		assert_int_equal(pipes[i].writes, 1);
	}
}


static void test_answer_first(void **state)
{
	(void)state;

	tell_all("a", true);
	feed_say(&feeds[CLIENTS - 1], 0, "b");
	assert_true(feeds_flush());

	assert_ptr_equal(first, &pipes[CLIENTS - 1]);
	assert_got(CLIENTS - 1, "ab");
}


static void test_turns(void **state)
{
	(void)state;

	tell_all("a", true);
	assert_true(feeds_flush());
	assert_int_equal(pipes[0].writes, 1);
	assert_int_equal(pipes[CLIENTS - 1].writes, 0);

	/* waiting clients get both at once, before the others */
	tell_all("b", true);
	assert_true(flush_all() > 1);
	assert_ptr_equal(last, &pipes[63]);
	assert_int_equal(pipes[0].writes, 2);
	assert_int_equal(pipes[CLIENTS - 1].writes, 1);
	for (size_t i = 0; i < CLIENTS; i++)
		assert_got(i, "ab");
}


/* A burst of messages never closes the connection of a client that reads */
static void test_flood(void **state)
{
	(void)state;

	for (int i = 0; i < 2 * UNREAD_MAX; i++) {
		tell_all("", true);
		if (i % (UNREAD_MAX / 2) == 0)
			(void)feeds_flush();
	}
	flush_all();

	for (size_t i = 0; i < CLIENTS; i++)
		assert_int_equal(feeds[i].close_code, 0);
}


/* In the process of baresip audio must not wait for clients. Each turn still
   serves at least one client */
static void test_late(void **state)
{
	(void)state;

	for (int i = 0; i < UNREAD_MAX / 2; i++)
		tell_all("", true);
	feed_say(&feeds[7], 0, "b");
	feed_say(&feeds[8], 0, "b");

	late = true;
	assert_true(feeds_flush());
	assert_int_equal(pipes[7].writes, 1);
	assert_int_equal(pipes[8].writes, 0);
	assert_true(feeds_flush());
	assert_int_equal(pipes[8].writes, 1);
	assert_int_equal(flush_all(), CLIENTS - 3);
	late = false;

	for (size_t i = 0; i < CLIENTS; i++)
		assert_int_equal(feeds[i].close_code, 0);
}


static void test_dialect(void **state)
{
	(void)state;

	feeds[3].jambonz = true;
	tell_all("a", false);
	tell_all("b", true);
	flush_all();
	assert_got(3, "b");
	assert_got(4, "ab");

	tell_all("c", false);
	flush_all();
	assert_true(feed_empty(&feeds[3]));
	assert_got(3, "b");
}


static void test_laggard(void **state)
{
	(void)state;

	pipes[5].full = pipes[6].full = true;
	for (int i = 0; i < UNREAD_MAX; i++) {
		tell_all("", true);
		flush_all();
	}
	assert_int_equal(feeds[5].close_code, 0);

	pipes[6].full = false;
	assert_int_equal(feed_writable(&feeds[6]), 0);

	tell_all("", true);
	flush_all();
	assert_int_equal(feeds[5].close_code, CLOSE_LAGGING);
	assert_int_equal(feeds[4].close_code, 0);
	assert_int_equal(feeds[6].close_code, 0);
}


static void test_own_laggard(void **state)
{
	(void)state;

	pipes[5].full = true;
	for (int i = 0; i < UNREAD_MAX; i++)
		feed_say(&feeds[5], 0, "a");
	flush_all();
	assert_int_equal(feeds[5].close_code, 0);

	feed_say(&feeds[5], 0, "a");
	flush_all();
	assert_int_equal(feeds[5].close_code, CLOSE_LAGGING);
}


/* Messages are read in parts, so no client waits for the whole */
static void test_behind(void **state)
{
	struct feed *f = &feeds[5];
	int turns = 0;
	(void)state;

	pipes[6].full = true; /* keeps the frames in memory */
	feed_reset(f);
	f->behind = true;
	feed_start(f);
	stored = 1000;
	feed_resume(f);
	tell_all("a", true);
	stored = 1001; /* which is that one */
	flush_all();
	assert_in_range(pipes[5].len, 1, 100);

	for (; !feed_empty(f); turns++)
		assert_int_equal(feed_writable(f), 0);
	assert_in_range(turns, 10, 1000);
	assert_int_equal(pipes[5].len, 1001);

	tell_all("b", true);
	flush_all();
	assert_int_equal(pipes[5].len, 1002);
	assert_int_equal(pipes[5].got[1001], 'b');
}


static void come_back(struct feed *f)
{
	feed_reset(f);
	f->behind = true;
	feed_start(f);
	feed_resume(f);
	flush_all();
}


/* Earlier messages come from the disk, including those written meanwhile; the
   rest comes from memory. Each arrives once */
static void test_from_disk(void **state)
{
	struct feed *f = &feeds[5];
	(void)state;

	stored = 16;
	settled = 12;
	come_back(f);
	assert_int_equal(pipes[5].len, 0);

	fetch_some();
	flush_all();
	assert_got(5, "dddddddddd");

	/* asked for, and then more settles */
	assert_int_equal(feed_writable(f), 0);
	settled = 15;
	fetch_some();
	flush_all();
	assert_got(5, "dddddddddddd");
	assert_false(feed_empty(f));

	assert_int_equal(feed_writable(f), 0);
	fetch_some();
	flush_all();
	while (!feed_empty(f))
		assert_int_equal(feed_writable(f), 0);
	assert_got(5, "ddddddddddddddds");
	assert_null(fetch.done);
}


/* An answer does not wait for the disk; a client that goes is not waited for
 */
static void test_disk_is_slow(void **state)
{
	struct feed *f = &feeds[5];
	(void)state;

	stored = settled = 12;
	come_back(f);
	feed_say(f, 0, "a");
	flush_all();
	assert_got(5, "a");

	feed_reset(f);
	assert_null(fetch.done);
}


static void test_kept_for_nobody(void **state)
{
	(void)state;

	pipes[5].full = true;
	tell_all("a", true);
	flush_all();
	assert_int_equal(
		cast_end(&sources[0].cast) - cast_first(&sources[0].cast), 1);

	pipes[5].full = false;
	assert_int_equal(feed_writable(&feeds[5]), 0);
	flush_all();
	assert_int_equal(
		cast_end(&sources[0].cast) - cast_first(&sources[0].cast), 0);
	assert_got(5, "a");
}


int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_one_write),       TEST(test_answer_first),
		TEST(test_turns),           TEST(test_flood),
		TEST(test_dialect),         TEST(test_laggard),
		TEST(test_own_laggard),     TEST(test_behind),
		TEST(test_from_disk),       TEST(test_disk_is_slow),
		TEST(test_kept_for_nobody), TEST(test_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
