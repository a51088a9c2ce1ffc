/**
 * @file engine.c  The engine's information on the stream
 *
 * It is asked with each connection, and from time to time: often, until it
 * has answered.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/base.h"
#include "bus.h"
#include "engine.h"
#include "fleet.h"
#include "jetstream.h"
#include "json.h"
#include "room.h"


/* Seconds */
static const double answer_time = 2, known_time = 10, unknown_time = .5;

static struct {
	struct jetstream_stream stream;
	bool known;     /* it was, and has not turned out to be gone */
	bool asked;     /* a look was wanted while one was under way */
	char said[400]; /* what was logged last */
	struct bus_request *request;
	struct timer timer;
	engine_stream_h *stream_h; /* NULL: nobody watches the stream */
	void *stream_arg;
} engine;


static void say(const char *text)
{
	if (!strcmp(engine.said, text))
		return;

	(void)snprintf(engine.said, sizeof(engine.said), "%s", text);
	if (*text)
		log_warning("fleet: %s", text);
}


static void check(void)
{
	/* the engine does not tell how many servers could hold replicas */
	const char *wrong = jetstream_stream_wrong(&engine.stream, 1);
	char text[JETSTREAM_TEXT_SIZE + 100];

	(void)snprintf(text, sizeof(text),
		       "stream %s is not configured as required: %s",
		       fleet_stream(), wrong ? wrong : "");
	say(wrong ? text : "");
}


static void take(const struct jetstream_stream *s)
{
	const bool is_new = !engine.known ||
			    strcmp(engine.stream.created, s->created) != 0;
	const bool doubt = is_new ||
			   strcmp(engine.stream.leader, s->leader) != 0;

	if (is_new)
		log_info("fleet: stream %s of %s", fleet_stream(), s->created);

	engine.stream = *s;
	engine.known = true;
	check();
	if (engine.stream_h)
		engine.stream_h(s, doubt, engine.stream_arg);
}


static void refuse(int err, const struct jetstream_error *e)
{
	char text[JETSTREAM_TEXT_SIZE + 100];

	if (err == EPROTO && e->err_code == JETSTREAM_NO_STREAM)
		(void)snprintf(text, sizeof(text),
			       "stream %s does not exist; make it with "
			       "referctl fleet init",
			       fleet_stream());
	else if (err == EPROTO)
		(void)snprintf(text, sizeof(text),
			       "the NATS servers give no information on "
			       "stream %s: %s",
			       fleet_stream(), e->text);
	else if (err == EHOSTUNREACH)
		(void)snprintf(text, sizeof(text),
			       "the NATS servers have no JetStream, or stream "
			       "%s has no leader",
			       fleet_stream());
	else if (err == ETIMEDOUT)
		(void)snprintf(text, sizeof(text),
			       "stream %s has no leader, or this referd has "
			       "no permission to ask for it",
			       fleet_stream());
	else
		return;

	say(text);
}


static void answer_handler(int err, const struct fleetbus_news *n, void *arg)
{
	struct jetstream_error e = {0};
	struct jetstream_stream s;
	(void)arg;

	engine.request = NULL;
	if (!err)
		err = jetstream_stream_read(&s, &e, n->data, fleet_name());
	if (err)
		refuse(err, &e);
	else
		take(&s);

	timer_start(&engine.timer, engine.asked ? 0
				   : err        ? unknown_time
						: known_time);
	engine.asked = false;
}


static void ask(void *arg)
{
	char subject[BUS_SUBJECT_SIZE];
	(void)arg;

	if (engine.request)
		return;

	(void)snprintf(subject, sizeof(subject), "$JS.API.STREAM.INFO.%s",
		       fleet_stream());
	if (bus_ask(&engine.request, subject, NULL, 0, "", 0, answer_time,
		    answer_handler, NULL) == ENOMEM)
		timer_start(&engine.timer, unknown_time);
}


static void state_handler(bool up, const char *why, void *arg)
{
	(void)why;
	(void)arg;

	timer_stop(&engine.timer);
	if (up)
		ask(NULL);
}


/**
 * Begin to ask
 *
 * @param c Configuration
 *
 * @return 0, or ENOMEM
 */
int engine_start(const struct fleet_config *c)
{
	(void)c;

	timer_init(&engine.timer, ask, NULL);

	return bus_watch(state_handler, NULL);
}


/**
 * Forget the stream
 */
void engine_stop(void)
{
	timer_stop(&engine.timer);
	bus_cancel(engine.request);
	memset(&engine, 0, sizeof(engine));
}


/**
 * Take each information of the engine on the stream
 *
 * @param h   Handler
 * @param arg Handler argument
 */
void engine_watch(engine_stream_h *h, void *arg)
{
	engine.stream_h = h;
	engine.stream_arg = arg;
}


/**
 * Ask now: the stream may be another one
 */
void engine_look(void)
{
	if (engine.request)
		engine.asked = true;
	else
		timer_start(&engine.timer, 0);
}


/**
 * Get the last sequence of the stream
 *
 * @return Sequence, as it was told last; 0 if it was not
 */
uint64_t engine_last(void)
{
	return engine.stream.last;
}


/**
 * Get the first sequence of the stream
 *
 * @return Sequence, as it was told last; 0 if it was not
 */
uint64_t engine_first(void)
{
	return engine.stream.first;
}


const char *fleet_epoch(void)
{
	return engine.known ? engine.stream.created : NULL;
}


/**
 * Ask the leader of the stream for a message, by STREAM.MSG.GET
 *
 * @param rp      Request, to be cancelled
 * @param j       JSON text that says which one; freed
 * @param seconds That the engine may take to answer
 * @param h       Gets the answer
 *
 * @return 0, ENOMEM, or an error of bus_ask()
 */
int engine_get(struct bus_request **rp, struct json *j, double seconds,
	       bus_answer_h *h)
{
	char subject[BUS_SUBJECT_SIZE];
	int err;

	(void)snprintf(subject, sizeof(subject), "$JS.API.STREAM.MSG.GET.%s",
		       fleet_stream());
	err = json_done(j) ? bus_ask(rp, subject, NULL, 0, json_done(j),
				     j->len, seconds, h, NULL)
			   : ENOMEM;
	json_free(j);

	return err;
}
