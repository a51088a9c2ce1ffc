/**
 * @file nats.c  The time of libnats alone: an event, and a request
 *
 * Two connections to two servers of a cluster. `event` publishes into a stream
 * at one, and an ordered consumer at the other receives it; `request` sends a
 * request at one, and gets the answer from the other.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <nats/nats.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "clock.h"


enum {
	WARM_UP = 20,  /* rounds that do not count */
	BYTES = 500,   /* of an event */
	PAUSE = 50000, /* from a round to the next, as bench-fanout: what has
			  slept for longer takes longer [us] */
	PATIENCE = 10, /* seconds until a round counts as lost */
	TRIES = 200,   /* PAUSE apart, until a subscriber is known */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static uint64_t heard; /* when [ns] */


static void event_handler(natsConnection *nc, natsSubscription *sub,
			  natsMsg *msg, void *arg)
{
	(void)nc;
	(void)sub;
	(void)arg;

	(void)pthread_mutex_lock(&lock);
	heard = bench_now();
	(void)pthread_cond_signal(&cond);
	(void)pthread_mutex_unlock(&lock);
	natsMsg_Destroy(msg);
}


static void request_handler(natsConnection *nc, natsSubscription *sub,
			    natsMsg *msg, void *arg)
{
	(void)sub;
	(void)arg;

	(void)natsConnection_PublishString(nc, natsMsg_GetReply(msg),
					   "{\"ok\":true}");
	natsMsg_Destroy(msg);
}


static natsStatus connect_to(natsConnection **ncp, const char *url)
{
	natsOptions *o = NULL;
	natsStatus s = natsOptions_Create(&o);

	if (s == NATS_OK)
		s = natsOptions_SetURL(o, url);
	if (s == NATS_OK)
		s = natsOptions_SetSendAsap(o, true);
	if (s == NATS_OK)
		s = natsConnection_Connect(ncp, o);
	natsOptions_Destroy(o);

	return s;
}


static natsStatus await_event(void)
{
	struct timespec until;
	int err = 0;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE;
	(void)pthread_mutex_lock(&lock);
	while (!heard && !err)
		err = pthread_cond_timedwait(&cond, &lock, &until);
	(void)pthread_mutex_unlock(&lock);

	return err ? NATS_TIMEOUT : NATS_OK;
}


static natsStatus event(natsConnection *nc, uint64_t *nsp)
{
	static char body[BYTES];
	uint64_t start;
	natsStatus s;

	memset(body, 'x', sizeof(body));
	heard = 0;
	start = bench_now();
	s = natsConnection_PublishRequest(nc, "bench.event", "bench.ack", body,
					  sizeof(body));
	if (s == NATS_OK)
		s = await_event();
	*nsp = heard - start;

	return s;
}


static natsStatus request(natsConnection *nc, uint64_t *nsp)
{
	const uint64_t start = bench_now();
	natsMsg *answer = NULL;
	natsStatus s = natsConnection_RequestString(
		&answer, nc, "bench.request", "{\"type\":\"verbs\"}",
		PATIENCE * 1000);

	*nsp = bench_now() - start;
	natsMsg_Destroy(answer);

	return s;
}


/* A stream with a replica at each server, and its reader */
static natsStatus open_stream(natsConnection *nc, jsCtx **jsp,
			      natsSubscription **subp)
{
	const char *subjects[] = {"bench.event"};
	jsStreamConfig config;
	jsSubOptions sub;
	natsStatus s;

	(void)jsStreamConfig_Init(&config);
	config.Name = "BENCH";
	config.Subjects = subjects;
	config.SubjectsLen = 1;
	config.Storage = js_FileStorage;
	config.Replicas = 3;
	(void)jsSubOptions_Init(&sub);
	sub.Ordered = true;
	sub.Config.DeliverPolicy = js_DeliverNew;

	s = natsConnection_JetStream(jsp, nc, NULL);
	if (s == NATS_OK)
		s = js_AddStream(NULL, *jsp, &config, NULL, NULL);
	if (s == NATS_OK)
		s = js_Subscribe(subp, *jsp, "bench.event", event_handler,
				 NULL, NULL, &sub, NULL);

	return s;
}


/* A server hears of a subscriber at the other one a moment later */
static natsStatus meet(bool events, natsConnection *nc)
{
	natsStatus s = NATS_NO_RESPONDERS;
	uint64_t ns;

	for (unsigned i = 0; i < TRIES && s == NATS_NO_RESPONDERS; i++) {
		if (i > 0)
			(void)usleep(PAUSE);
		s = events ? event(nc, &ns) : request(nc, &ns);
	}

	return s;
}


static natsStatus measure(bool events, natsConnection *nc, unsigned rounds)
{
	natsStatus s = meet(events, nc);

	(void)printf("{\"us\":[");
	for (unsigned i = 0; i < WARM_UP + rounds && s == NATS_OK; i++) {
		uint64_t ns = 0;

		s = events ? event(nc, &ns) : request(nc, &ns);
		if (i >= WARM_UP)
			(void)printf("%s%.1f", i > WARM_UP ? "," : "",
				     (double)ns / 1000);
		(void)usleep(PAUSE);
	}
	(void)printf("]}\n");

	return s;
}


int main(int argc, char *argv[])
{
	const bool events = argc == 5 && !strcmp(argv[1], "event");
	const unsigned rounds = argc == 5 ? (unsigned)atoi(argv[2]) : 0;
	natsConnection *near = NULL, *far = NULL;
	natsSubscription *sub = NULL;
	jsCtx *js = NULL;
	natsStatus s;

	if (!rounds || (!events && strcmp(argv[1], "request"))) {
		(void)fprintf(stderr, "usage: bench-nats event|request ROUNDS "
				      "URL URL\n");
		return 2;
	}

	s = connect_to(&near, argv[3]);
	if (s == NATS_OK)
		s = connect_to(&far, argv[4]);
	if (s == NATS_OK && events)
		s = open_stream(far, &js, &sub);
	else if (s == NATS_OK)
		s = natsConnection_Subscribe(&sub, far, "bench.request",
					     request_handler, NULL);
	if (s == NATS_OK)
		s = natsConnection_Flush(far);
	if (s == NATS_OK)
		s = measure(events, near, rounds);
	if (s != NATS_OK)
		(void)fprintf(stderr, "bench-nats: %s: %s\n",
			      natsStatus_GetText(s), nats_GetLastError(NULL));

	if (js)
		(void)js_DeleteStream(js, "BENCH", NULL, NULL);
	natsSubscription_Destroy(sub);
	jsCtx_Destroy(js);
	natsConnection_Destroy(near);
	natsConnection_Destroy(far);

	return s != NATS_OK;
}
