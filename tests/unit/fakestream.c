/**
 * @file fakestream.c  A stream of JetStream, behind the plugin of the test
 *
 * It answers the requests of a referd, and handles its messages as JetStream
 * does: it recognises a repeat by its Nats-Msg-Id, and refuses a message that
 * expects another last sequence than the stream has.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE 1
#include "base/base.h"
#include "fakebus.h"
#include "fakestream.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <ev.h>


enum { PATIENCE = 10000 }; /* ms */

static const char none[] = "{\"error\":{\"code\":404,\"err_code\":10037,"
			   "\"description\":\"no message found\"}}";

struct fakestream fakestream;


static void forget(void)
{
	for (unsigned i = 0; i < FAKESTREAM_MAX; i++) {
		free(fakestream.messages[i]);
		fakestream.messages[i] = NULL;
		free(fakestream.ids[i]);
		fakestream.ids[i] = NULL;
	}
}


/**
 * Make a new stream in place of the old one
 *
 * @param created When
 */
void fakestream_make(const char *created)
{
	forget();
	memset(&fakestream, 0, sizeof(fakestream));
	(void)snprintf(fakestream.created, sizeof(fakestream.created), "%s",
		       created);
}


/**
 * Let all messages age away
 */
void fakestream_age(void)
{
	forget();
}


/**
 * Lose the last message: its sequence becomes that of the next one
 */
void fakestream_lose(void)
{
	const unsigned n = --fakestream.count;

	free(fakestream.messages[n]);
	fakestream.messages[n] = NULL;
	free(fakestream.ids[n]);
	fakestream.ids[n] = NULL;
}


static void answer(const char *to, const char *text)
{
	if (to)
		fakebus_message(to, NULL, text);
}


/* Place of the last message that still exists, from 1; 0 for none */
static unsigned last(void)
{
	unsigned n = fakestream.count;

	while (n && !fakestream.messages[n - 1])
		--n;

	return n;
}


static void tell_info(const char *reply)
{
	const char *silence = fakestream.cut_off ? "3000000000" : "999999999";
	char text[1024];

	(void)snprintf(text, sizeof(text),
		       "{\"config\":{\"name\":\"FLEET\",\"subjects\":["
		       "\"fleet.ev.*\",\"fleet.lost.*.*\"],\"retention\":"
		       "\"limits\",\"discard\":\"old\",\"storage\":\"file\","
		       "\"num_replicas\":1,\"deny_delete\":true,"
		       "\"deny_purge\":true},\"created\":\"%s\",\"state\":{"
		       "\"first_seq\":1,\"last_seq\":%u},\"cluster\":{"
		       "\"leader\":\"%s\",\"replicas\":[{\"name\":\"n2\","
		       "\"current\":true,\"active\":%s},{\"name\":\"n3\","
		       "\"current\":true,\"active\":%s}]}}",
		       fakestream.created, fakestream.count,
		       fakestream.leader ? fakestream.leader : "n1", silence,
		       silence);
	answer(reply, text);
}


/* Base 64 (RFC 4648) of a text, into a buffer that has room for it */
static void encode(char *to, const char *text)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz"
				      "0123456789+/";
	unsigned bits = 0, count = 0;

	for (; *text; text++) {
		bits = bits << 8 | (unsigned char)*text;
		for (count += 8; count >= 6; count -= 6)
			*to++ = letters[bits >> (count - 6) & 63];
	}
	if (count)
		*to++ = letters[bits << (6 - count) & 63];
	*to = '\0';
}


static void tell_last(const char *reply)
{
	const unsigned n = last();
	char *text, *data;

	if (!n) {
		answer(reply, none);
		return;
	}

	data = calloc(1, strlen(fakestream.messages[n - 1]) * 2 + 8);
	assert_non_null(data);
	encode(data, fakestream.messages[n - 1]);
	assert_true(asprintf(&text,
			     "{\"message\":{\"subject\":\"fleet.ev.gw1\","
			     "\"seq\":%u,\"data\":\"%s\"}}",
			     n, data) > 0);
	answer(reply, text);
	free(text);
	free(data);
}


/* Place of the message that has an id, from 1; 0 for none */
static unsigned known(const char *id)
{
	for (unsigned i = 0; id && i < fakestream.count; i++) {
		if (fakestream.ids[i] && !strcmp(fakestream.ids[i], id))
			return i + 1;
	}

	return 0;
}


static void publish(const struct fakebus_message *m)
{
	unsigned n;
	char text[128];

	++fakestream.published;
	if (fakestream.deaf)
		return;
	if (fakestream.error) {
		answer(m->reply, fakestream.error);
		return;
	}

	n = known(m->id);
	if (!n && m->expected && (unsigned)atoi(m->expected) != last()) {
		answer(m->reply, "{\"error\":{\"code\":400,\"err_code\":10071,"
				 "\"description\":\"wrong last sequence\"},"
				 "\"stream\":\"FLEET\",\"seq\":0}");
		return;
	}
	if (!n) {
		assert_true(fakestream.count < FAKESTREAM_MAX);
		n = ++fakestream.count;
		fakestream.messages[n - 1] = strdup(m->data);
		fakestream.ids[n - 1] = m->id ? strdup(m->id) : NULL;
	}

	(void)snprintf(text, sizeof(text),
		       "{\"stream\":\"FLEET\", \"seq\":%u}", n);
	if (!fakestream.mute)
		answer(m->reply, text);
}


/* No member has reported this referd as lost */
static void get(const struct fakebus_message *m)
{
	if (strstr(m->data, "\"last_by_subj\""))
		tell_last(m->reply);
	else if (!fakestream.slow)
		answer(m->reply, none);
}


static void handle(const struct fakebus_message *m)
{
	if (!strcmp(m->subject, "$JS.API.STREAM.INFO.FLEET"))
		tell_info(m->reply);
	else if (!strcmp(m->subject, "$JS.API.STREAM.MSG.GET.FLEET"))
		get(m);
	else if (!strcmp(m->subject, "fleet.ev.gw1"))
		publish(m);
	else if (!strncmp(m->subject, "_INBOX.gw1.", 11) &&
		 strstr(m->subject, "alive") && fakestream.rival)
		answer(m->reply, fakestream.rival);
	else if (m->reply)
		fakebus_status(m->reply, 503, NULL);
}


static void turn(void)
{
	const struct fakebus_message *m;

	(void)ev_run(loop_ev(), EVRUN_NOWAIT);
	while ((m = fakebus_next()))
		handle(m);
}


/**
 * Let referd and the stream work until something is so
 *
 * @param done Tells whether it is
 */
void fakestream_run(bool (*done)(void))
{
	const int64_t end = clock_steady_ms() + PATIENCE;

	while (!done()) {
		turn();
		(void)usleep(1000);
		assert_true(clock_steady_ms() < end);
	}
}


/**
 * Let referd and the stream work for some time
 *
 * @param ms Milliseconds
 */
void fakestream_idle(unsigned ms)
{
	const int64_t end = clock_steady_ms() + ms;

	do {
		turn();
		(void)usleep(1000);
	} while (clock_steady_ms() < end);
}
