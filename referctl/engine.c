/**
 * @file engine.c  The servers of a fleet, asked one thing at a time
 *
 * The plugin of referd has the connection, in a thread of its own; this waits
 * for its news.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>
#include "engine.h"
#include "fleetbus.h"
#include "fleet/plugin.h"


enum {
	CONNECT_TIME = 5, /* seconds */
	ANSWER_TIME = 2,  /* ... of one try */
	RETRY_TIME = 1,   /* ... from one to the next */
	SUBJECT_SIZE = 256,
	NO_RESPONDERS = 503,
	NO_PEERS = 10005, /* error code of JetStream */
};

static struct {
	const struct fleetbus_plugin *plugin;
	struct fleetbus *bus;
	int fd; /* readable when there is news */
	bool up;
	char server[SETTING_MAX];  /* the one that it is connected to */
	char why[SETTING_MAX];     /* it is not connected */
	char refused[SETTING_MAX]; /* what the server does not permit */
	char inbox[SUBJECT_SIZE];
	unsigned asked;
} engine = {.fd = -1};


/* Called from a thread of the plugin's */
static void notify_handler(void *arg)
{
	const uint64_t one = 1;
	(void)arg;

	(void)write(engine.fd, &one, sizeof(one));
}


static void set_why(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));


static void set_why(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(engine.why, sizeof(engine.why), fmt, ap);
	va_end(ap);
}


static double now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);

	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}


static void take_state(const struct fleetbus_news *n)
{
	const char *text = n->text ? n->text : "";

	if (n->kind == FLEETBUS_ERROR) {
		(void)snprintf(engine.refused, SETTING_MAX, "%s", text);
		return;
	}

	engine.up = n->kind == FLEETBUS_UP;
	(void)snprintf(engine.up ? engine.server : engine.why, SETTING_MAX,
		       "%s", text);
}


/* The next message; NULL when the time is over, or the state is another */
static struct fleetbus_news *await(double until)
{
	for (;;) {
		struct pollfd p = {.fd = engine.fd, .events = POLLIN};
		struct fleetbus_news *n = engine.plugin->take(engine.bus);
		double left = until - now();
		uint64_t count;

		if (n && n->kind == FLEETBUS_MESSAGE)
			return n;
		if (n) {
			take_state(n);
			engine.plugin->free(n);
			return NULL;
		}
		if (left <= 0)
			return NULL;

		if (poll(&p, 1, (int)(left * 1000) + 1) > 0)
			(void)read(engine.fd, &count, sizeof(count));
	}
}


/* Waits, whatever comes */
static void pass(double until)
{
	while (now() < until) {
		struct fleetbus_news *n = await(until);

		if (n)
			engine.plugin->free(n);
	}
}


static enum status connect_plugin(const struct fleet_settings *s)
{
	struct fleetbus_config c = {
		.urls = s->urls,
		.name = "referctl",
		.creds = s->creds,
		.nkey = s->nkey,
		.ca = s->ca,
		.cert = s->cert,
		.key = s->key,
	};
	uint32_t number = 0;
	int err;

	/* A member's inbox is all that it may hear: ours is within it */
	(void)getrandom(&number, sizeof(number), 0);
	(void)snprintf(engine.inbox, sizeof(engine.inbox),
		       "_INBOX.%s.referctl%08x", s->node, number);

	engine.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (engine.fd < 0)
		return say_error(STATUS_ERROR, "cannot make an eventfd: %s",
				 strerror(errno));

	err = engine.plugin->open(&engine.bus, &c, notify_handler, NULL);

	return err ? say_error(STATUS_ERROR, "cannot use NATS: %s",
			       strerror(err))
		   : STATUS_DONE;
}


static enum status await_connection(const struct fleet_settings *s)
{
	const double until = now() + CONNECT_TIME;
	char urls[FLEET_URLS_MAX];

	while (!engine.up && now() < until) {
		struct fleetbus_news *n = await(until);

		if (n)
			engine.plugin->free(n);
	}
	if (engine.up)
		return STATUS_DONE;

	fleetset_hide(urls, sizeof(urls), s->urls);

	return say_error(STATUS_ERROR,
			 "cannot reach a nats-server at %s within %d s: %s",
			 urls, CONNECT_TIME,
			 *engine.why ? engine.why : "no answer");
}


/**
 * Connect to a server of the fleet.  Prints its errors.
 *
 * @param s Settings with the servers
 *
 * @return STATUS_DONE, otherwise the exit status
 */
enum status engine_open(const struct fleet_settings *s)
{
	char subject[SUBJECT_SIZE + 4];
	enum status status;

	engine.plugin = plugin_load();
	if (!engine.plugin)
		return STATUS_ERROR;

	status = connect_plugin(s);
	if (!status) {
		(void)snprintf(subject, sizeof(subject), "%s.>", engine.inbox);
		status = engine_subscribe(subject);
	}

	return status ? status : await_connection(s);
}


/**
 * Close the connection, if there is one
 */
void engine_close(void)
{
	if (engine.bus)
		engine.plugin->close(engine.bus);
	if (engine.fd >= 0)
		(void)close(engine.fd);
	engine.bus = NULL;
	engine.fd = -1;
}


/**
 * Get the server that it is connected to
 *
 * @return Its URL
 */
const char *engine_server(void)
{
	return engine.server;
}


/**
 * Hear what is published.  Prints its errors.
 *
 * @param subject Subject, may have wildcards
 *
 * @return STATUS_DONE, otherwise the exit status
 */
enum status engine_subscribe(const char *subject)
{
	int err = engine.plugin->subscribe(engine.bus, subject);

	return err ? say_error(STATUS_ERROR, "cannot subscribe to %s: %s",
			       subject, strerror(err))
		   : STATUS_DONE;
}


static int publish_request(const char *reply, const char *subject,
			   const char *text)
{
	return engine.plugin->publish(engine.bus, subject, reply, NULL, 0,
				      text, strlen(text));
}


/* NULL if it is the answer to something else, or none */
static cJSON *take_answer(const struct fleetbus_news *n, const char *reply)
{
	if (strcmp(n->text, reply))
		return NULL;

	if (n->status == NO_RESPONDERS) {
		set_why("the servers have no JetStream");
		return NULL;
	}

	return cJSON_ParseWithLength(n->data, n->len);
}


/* One try: the answer, NULL with the reason in engine.why */
static cJSON *ask_once(const char *subject, const char *text, double until)
{
	char reply[SUBJECT_SIZE + 16];
	struct fleetbus_news *n;
	cJSON *tree = NULL;
	int err;

	(void)snprintf(reply, sizeof(reply), "%s.%u", engine.inbox,
		       ++engine.asked);
	err = publish_request(reply, subject, text);
	if (err && engine.up)
		set_why("%s", strerror(err));
	if (err)
		return NULL;

	*engine.refused = '\0';
	set_why("no answer: too few servers are up, or this user has no "
		"permission to ask");
	while (!tree && now() < until) {
		n = await(until);
		tree = n ? take_answer(n, reply) : NULL;
		if (n && !tree && !strcmp(n->text, reply))
			until = 0;
		if (n)
			engine.plugin->free(n);
		if (*engine.refused) {
			set_why("%s", engine.refused);
			break;
		}
	}

	return tree;
}


/* Nothing leads just now, or a server is not there yet, which passes */
static bool is_passing(const cJSON *tree)
{
	const cJSON *error = cJSON_GetObjectItem(tree, "error");
	const cJSON *code = cJSON_GetObjectItem(error, "code");
	const cJSON *err_code = cJSON_GetObjectItem(error, "err_code");

	return (code && code->valueint == NO_RESPONDERS) ||
	       (err_code && err_code->valueint == NO_PEERS);
}


/**
 * Send a request, repeated until an answer comes.  Prints its errors; an error
 * in the answer is in the tree.
 *
 * @param treep    Answer, to be deleted
 * @param subject  Whom to ask
 * @param body     Request as JSON, "" for none
 * @param patience Seconds to try for
 *
 * @return STATUS_DONE, otherwise the exit status
 */
enum status engine_ask(cJSON **treep, const char *subject, const char *body,
		       double patience)
{
	const double until = now() + patience;

	for (;;) {
		cJSON *tree = ask_once(subject, body,
				       until < now() + ANSWER_TIME
					       ? until
					       : now() + ANSWER_TIME);

		if (tree && (!is_passing(tree) || now() >= until)) {
			*treep = tree;
			return STATUS_DONE;
		}
		cJSON_Delete(tree);
		if (now() >= until || *engine.refused)
			return say_error(STATUS_ERROR, "cannot ask %s: %s",
					 subject, engine.why);

		pass(now() + RETRY_TIME);
	}
}


/**
 * Take messages on the subscribed subjects for some time
 *
 * @param seconds How long
 * @param h       Gets each message that is JSON
 * @param arg     Its argument
 */
void engine_hear(double seconds, engine_message_h *h, void *arg)
{
	const double until = now() + seconds;
	bool done = false;

	while (!done && now() < until) {
		struct fleetbus_news *n = await(until);
		cJSON *body = n ? cJSON_ParseWithLength(n->data, n->len)
				: NULL;

		/* A message of a stream is not from a member */
		if (body && !n->is_js)
			done = h(n->text, body, arg);
		cJSON_Delete(body);
		if (n)
			engine.plugin->free(n);
	}
}
