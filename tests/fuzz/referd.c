/**
 * @file referd.c  A referd without a network: one baresip, one client
 *
 * All of it is referd's own but for the edges: the client's connection and
 * HTTP requests end here, those to applications in application.c, and timers
 * fire when they are told to. The linker's --wrap puts these in their place;
 * names are not random, so that an input does the same each time.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cjson/cJSON.h>
#include <ev.h>
#include <libwebsockets.h>
#include <sqlite3.h>
#include "base/base.h"
#include "config.h"
#include "hooks/hooks.h"
#include "net/net.h"
#include "nodes/nodes.h"
#include "referd.h"
#include "service.h"
#include "store/db.h"
#include "store/store.h"
#include "stream/stream.h"
#include "textcheck.h"


enum {
	TURNS = 3, /* read, handled and flushed */
	TIMERS_MAX = 16384,
	ENDED_MAX = 256,
	NAMES_FIRST = 1,
};

struct webhook {
	struct webhook *next;
	webhook_h *h;
	void *arg;
};

struct job {
	struct job *next;
	job_h *run;
	job_h *done;
	void *arg;
	bool cancelled;
};

static struct job *jobs;
static struct wake look;
static bool blind; /* looks take long */
static char dir[32], path[64];
static struct client *bot;
static struct webhook *webhooks;
static unsigned names; /* given out in place of random ones */
static struct timer *timers[TIMERS_MAX];
static size_t timerc;
static char *ended[ENDED_MAX]; /* and late: as clients have seen them so far */
static size_t endedc;
static const char *fleet = ""; /* which is not joined */
static sqlite3 *side;          /* a way into the store beside referd's own */


void __wrap_random_hex(char *text, size_t size);
int __wrap_reader_look(struct job **jp, job_h *run, job_h *done, void *arg);
void __wrap_reader_cancel(struct job *j);
void __real_reader_cancel(struct job *j);
int __wrap_webhook_send(struct webhook **wp, const struct webhook_request *r,
			webhook_h *h, void *arg);
void __wrap_webhook_cancel(struct webhook *w);
void __wrap_timer_start(struct timer *t, double seconds);
void __wrap_timer_stop(struct timer *t);
void __real_timer_start(struct timer *t, double seconds);
void __real_timer_stop(struct timer *t);


void __wrap_random_hex(char *text, size_t size)
{
	char name[32];
	int n = snprintf(name, sizeof(name), "%08x", names++);

	memset(text, '0', size);
	for (size_t i = size - 1, j = (size_t)n; i && j; i--, j--)
		text[i - 1] = name[j - 1];
	text[size - 1] = '\0';
}


int __wrap_webhook_send(struct webhook **wp, const struct webhook_request *r,
			webhook_h *h, void *arg)
{
	struct webhook *w = calloc(1, sizeof(*w)), **tail = &webhooks;
	cJSON *data = cJSON_Parse(r->data);

	if (!w || !cJSON_IsObject(data) || !r->url || !r->method)
		abort();
	cJSON_Delete(data);

	w->h = h;
	w->arg = arg;
	while (*tail)
		tail = &(*tail)->next;
	*tail = w;
	*wp = w;

	return 0;
}


void __wrap_webhook_cancel(struct webhook *w)
{
	struct webhook **wp = &webhooks;

	while (*wp && *wp != w)
		wp = &(*wp)->next;
	if (*wp)
		*wp = w->next;

	free(w);
}


/* Looks into the store, each in a turn and not beside it: an input does the
   same each time */

int __wrap_reader_look(struct job **jp, job_h *run, job_h *done, void *arg)
{
	struct job *j = calloc(1, sizeof(*j)), **tail = &jobs;

	if (!j)
		abort();

	*j = (struct job){.run = run, .done = done, .arg = arg};
	while (*tail)
		tail = &(*tail)->next;
	*tail = j;
	*jp = j;
	wake_send(&look);

	return 0;
}


void __wrap_reader_cancel(struct job *j)
{
	struct job *other = jobs;

	while (other && other != j)
		other = other->next;

	if (other)
		other->cancelled = true;
	else
		__real_reader_cancel(j);
}


static void look_handler(void *arg)
{
	struct job *j;
	(void)arg;

	while (!blind && (j = jobs)) {
		jobs = j->next;
		if (!j->cancelled)
			j->run(j->arg);
		j->done(j->arg);
		free(j);
	}
}


static void forget_timer(const struct timer *t)
{
	for (size_t i = 0; i < timerc; i++) {
		if (timers[i] != t)
			continue;

		memmove(timers + i, timers + i + 1,
			(--timerc - i) * sizeof(*timers));
		break;
	}
}


/* One that has fired by itself is still there */
void __wrap_timer_start(struct timer *t, double seconds)
{
	forget_timer(t);
	if (timerc < TIMERS_MAX)
		timers[timerc++] = t;

	__real_timer_start(t, seconds);
}


void __wrap_timer_stop(struct timer *t)
{
	forget_timer(t);
	__real_timer_stop(t);
}


/* The client's connection, as libwebsockets has it */

void *lws_get_opaque_user_data(const struct lws *wsi)
{
	(void)wsi;

	return NULL;
}


int lws_callback_on_writable(struct lws *wsi)
{
	(void)wsi;

	return 0;
}


int lws_get_socket_fd(struct lws *wsi)
{
	(void)wsi;

	return -1;
}


int lws_partial_buffered(struct lws *wsi)
{
	(void)wsi;

	return 0;
}


void lws_close_reason(struct lws *wsi, enum lws_close_status status,
		      unsigned char *buf, size_t len)
{
	(void)wsi;
	(void)status;
	(void)buf;
	(void)len;
}


static const char *member(const cJSON *obj, const char *name)
{
	const char *s = cJSON_GetStringValue(cJSON_GetObjectItem(obj, name));

	return s ? s : "";
}


/* A transfer ends once, and something comes late of it once, if at all; that
   is no end */
static void check_transfer(const cJSON *data)
{
	const char *step = member(data, "step");
	char what[128];

	if (!strcmp(step, "ended") != !!*member(data, "outcome"))
		abort();

	if ((strcmp(step, "ended") && strcmp(step, "late")) ||
	    endedc == ENDED_MAX)
		return;

	(void)snprintf(what, sizeof(what), "%s %s", step,
		       member(data, "transfer_id"));
	for (size_t i = 0; i < endedc; i++) {
		if (!strcmp(ended[i], what))
			abort();
	}

	ended[endedc++] = strdup(what);
}


/* For any input, the output is a text frame with one JSON object */
static void check_text(const char *text, size_t len)
{
	cJSON *tree = cJSON_ParseWithLength(text, len);

	if (!utf8_valid(text, len) || !cJSON_IsObject(tree) ||
	    !*member(tree, "type"))
		abort();

	if (!strcmp(member(tree, "type"), "transfer:status"))
		check_transfer(cJSON_GetObjectItem(tree, "data"));
	cJSON_Delete(tree);
}


/* A client gets whole frames, several of them perhaps; RFC 6455 section 5.2 */
static void check_frames(const unsigned char *p, size_t len)
{
	while (len) {
		size_t head = 2, n = len > 1 ? p[1] : 0;

		if (len < 10 || p[0] != 0x81)
			abort();

		if (n > 125) {
			head += n == 126 ? 2 : 8;
			n = 0;
			for (size_t i = 2; i < head; i++)
				n = n << 8 | p[i];
		}

		if (n > len - head)
			abort();

		check_text((const char *)p + head, n);
		p += head + n;
		len -= head + n;
	}
}


int lws_write(struct lws *wsi, unsigned char *buf, size_t len,
	      enum lws_write_protocol protocol)
{
	(void)wsi;

	if (protocol == LWS_WRITE_TEXT)
		check_text((const char *)buf, len);
	else if (protocol == LWS_WRITE_RAW)
		check_frames(buf, len);
	else
		abort();

	return (int)len;
}


static void clean_up(void)
{
	char cmd[64];

	(void)sqlite3_close(side);
	look_handler(NULL);
	wake_close(&look);
	store_close();
	(void)snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	if (system(cmd))
		perror(cmd);
}


/* All inputs share a store, because creating one takes longer than all the
   rest. It is emptied after each input, so no input sees ended transfers of
   another. */
static void make_store(void)
{
	char file[64];

	if (*dir)
		return;

	log_level_set(LOG_ERROR);
	strcpy(dir, access("/dev/shm", W_OK) ? "/tmp/fuzz-XXXXXX"
					     : "/dev/shm/fuzz-XXXXXX");
	if (!mkdtemp(dir) || store_open(dir) ||
	    wake_open(&look, look_handler, NULL))
		abort();

	(void)snprintf(file, sizeof(file), "%s/referd.db", dir);
	if (sqlite3_open(file, &side))
		abort();

	(void)snprintf(path, sizeof(path), "%s/node.sock", dir);

	(void)atexit(clean_up);
}


static void start(const char *app, unsigned parts)
{
	const struct config config = {
		.token_file = "",
		.fleet.urls = fleet,
		.app = app,
		.app_map = "",
		.app_status = "/status",
		.hook_allow = "",
		.max_calls = 1000,
		.hook_grace = 60,
		.keep_days = 1,
		.keep_mb = 100,
	};

	if (service_start(&config, SERVICE_ROOMS | SERVICE_TURN | parts) ||
	    nodes_listen(referd_socket()))
		abort();
}


/**
 * Start
 *
 * @param app URL of the application for incoming calls, "" for none
 */
void referd_open(const char *app)
{
	make_store();
	names = NAMES_FIRST;
	blind = false;
	start(app, 0);
}


static void stop(void)
{
	client_destroy(bot);
	bot = NULL;
	service_stop();
	while (webhooks)
		__wrap_webhook_cancel(webhooks);
}


/**
 * Say whether the next start is that of one of a fleet, which it does not join
 *
 * @param on True if so
 */
void referd_of_fleet(bool on)
{
	fleet = on ? "nats://127.0.0.1:1" : "";
}


/**
 * Restart with the stored data
 */
void referd_restart(void)
{
	gateway_disconnect();
	stop();
	start("", SERVICE_PAST);
}


static int empty_store(void)
{
	return sqlite3_exec(side,
			    "BEGIN IMMEDIATE;"
			    "DELETE FROM blocks; DELETE FROM block_calls;"
			    "DELETE FROM transfers;"
			    "DELETE FROM nodes; DELETE FROM sessions;"
			    "DELETE FROM outbox; DELETE FROM apps;"
			    "DELETE FROM dials; DELETE FROM late;"
			    "COMMIT",
			    NULL, NULL, NULL);
}


/**
 * Stop
 */
void referd_close(void)
{
	gateway_reset();
	apps_leave();
	stop();
	while (endedc)
		free(ended[--endedc]);

	(void)db_apply();
	if (!empty_store())
		return;

	/* somebody looks into it */
	store_close();
	if (store_open(dir) || empty_store())
		abort();
}


/**
 * Let the loop handle all input
 */
void referd_turns(void)
{
	for (int i = 0; i < TURNS; i++) {
		apps_turn();
		ev_run(loop_ev(), EVRUN_NOWAIT);
	}
}


/**
 * Say how long looks into the store take
 *
 * @param slow True: until they do so no more
 */
void referd_disk(bool slow)
{
	blind = slow;
	wake_send(&look);
	referd_turns();
}


/**
 * Let all the timers fire that run now.  Those of no time have fired in the
 * turns before.
 */
void referd_time_passes(void)
{
	size_t n = timerc;

	while (n-- && timerc) {
		struct timer *t = timers[0];
		bool runs = timer_runs(t);

		timer_stop(t);
		if (runs)
			t->h(t->arg);
	}

	referd_turns();
}


/**
 * Get the path of the socket for the nodes
 *
 * @return Path
 */
const char *referd_socket(void)
{
	return path;
}


/**
 * Have the client come
 *
 * @param jambonz True if it speaks the jambonz dialect
 */
void bot_connect(bool jambonz)
{
	static const struct badge badge = {.role = ROLE_CONTROLLER};
	static char wsi; /* it is only handed on */

	if (client_create(&bot, (struct lws *)(void *)&wsi, SCOPE_LOCAL, "bot",
			  NULL, jambonz ? DIALECT_JAMBONZ : DIALECT_DEFAULT,
			  UINT64_MAX, &badge))
		abort();

	referd_turns();
}


/**
 * Have the client go
 */
void bot_leave(void)
{
	client_destroy(bot);
	bot = NULL;
	referd_turns();
}


/**
 * Let the client send a frame
 *
 * @param frame  Payload
 * @param len    Length in bytes
 * @param last   True if the message is complete with it
 * @param binary True if the frame is binary
 */
void bot_say(const void *frame, size_t len, bool last, bool binary)
{
	if (bot && client_receive(bot, frame, len, last, binary)) {
		client_destroy(bot);
		bot = NULL;
	}

	referd_turns();
}


/**
 * Let the client say a text
 *
 * @param frame Text
 */
void bot_say_text(const char *frame)
{
	bot_say(frame, strlen(frame), true, false);
}


/**
 * Answer the HTTP request that waits longest
 *
 * @param status Status, 0 for no answer
 * @param body   Body
 * @param len    Its length in bytes
 *
 * @return True if one waits
 */
bool hook_answer(long status, const char *body, size_t len)
{
	struct webhook *w = webhooks;

	if (!w)
		return false;

	webhooks = w->next;
	w->h(status, status ? "" : "Operation timed out", body, len, w->arg);
	free(w);
	referd_turns();

	return true;
}
