/**
 * @file session.c  The calls that live, each with its queue of verbs
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "announce.h"
#include "base/base.h"
#include "call.h"
#include "calls.h"
#include "json.h"
#include "latehook.h"
#include "load.h"
#include "nodes/nodes.h"
#include "queue.h"
#include "second.h"
#include "session.h"
#include "sessions.h"
#include "store/store.h"


enum { TOLD_MAX = 10000 }; /* messages of a call */

static struct session *dirty; /* those to save */


/* Whether the call lives counts */
static void count(struct session *s, bool lives)
{
	if (s->counted == lives)
		return;

	s->counted = lives;
	if (lives)
		load_more(call_instance(s->call));
	else
		load_less(call_instance(s->call));
}


static void destroy(struct session *s)
{
	struct session **sp = &dirty;

	while (*sp && *sp != s)
		sp = &(*sp)->next_dirty;
	if (*sp)
		*sp = s->next_dirty;

	count(s, false);
	queue_destroy(s->queue);
	call_destroy(s->call);
	free(s);
}


/* Have it saved at the end of this turn */
static void touch(struct session *s)
{
	if (s->dirty)
		return;

	s->dirty = true;
	s->next_dirty = dirty;
	dirty = s;
}


static void touched_handler(void *arg)
{
	touch(arg);
}


/* Nothing is left to do: the one place where a session ends */
static void idle_handler(void *arg)
{
	struct session *s = arg;

	if (!call_over(s->call)) {
		calls_events()->idle(s->call);
		return;
	}

	store_forget(STORE_SESSIONS, call_sid(s->call));
	sessions_take(s);
	destroy(s);
}


static const struct queue_events queue_events = {
	.touched = touched_handler,
	.idle = idle_handler,
};


/* Takes the call over */
static int create(struct session **sp, struct call *c)
{
	struct session *s = calloc(1, sizeof(*s));
	int err;

	if (!s) {
		call_destroy(c);
		return ENOMEM;
	}

	s->call = c;
	err = queue_create(&s->queue, c, &queue_events, s);
	if (!err)
		err = sessions_put(s);
	if (err) {
		destroy(s);
		return err;
	}

	count(s, !call_over(c));
	*sp = s;

	return 0;
}


static void save(struct session *s)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	call_save(&j, s->call);
	queue_save(&j, s->queue);
	json_close(&j, '}');

	store_put(STORE_SESSIONS, call_sid(s->call), json_done(&j));
	json_free(&j);
}


static void status(struct session *s, int64_t time)
{
	announce_state(s->call, time);

	log_info("session: %s: %s", call_sid(s->call), call_state(s->call));
	touch(s);
	if (call_over(s->call))
		latehooks_over(s->call);
	calls_events()->changed(s->call);
}


static void save_handler(void)
{
	while (dirty) {
		struct session *s = dirty;

		dirty = s->next_dirty;
		s->dirty = false;
		save(s);
	}
}


int sessions_init(unsigned most)
{
	int err = load_init();

	store_saver_add(save_handler);

	return err ? err : sessions_open(most);
}


static bool destroy_handler(const char *key, void *value, void *arg)
{
	(void)key;
	(void)arg;

	destroy(value);

	return false;
}


void sessions_close(void)
{
	store_saver_remove(save_handler);
	sessions_each(destroy_handler, NULL);
	sessions_drop();
	load_close();
}


static void told_handler(uint64_t seq, const char *text, void *arg)
{
	const char *time = strstr(text, "\"time\":\"");
	int64_t *told = arg, ms = clock_parse(time ? time + 8 : NULL);
	(void)seq;

	if (ms > *told)
		*told = ms;
}


static int load(const char *sid, cJSON *tree)
{
	struct session *s;
	struct call *c;
	int err;

	err = call_load(&c, tree);
	if (!err)
		err = create(&s, c);
	if (err)
		return err;

	store_call(sid, TOLD_MAX, told_handler, &s->told);

	return queue_load(s->queue, tree);
}


static void load_handler(const char *key, const char *data, void *arg)
{
	cJSON *tree = cJSON_Parse(data);
	int err = load(key, tree);
	(void)arg;

	if (err)
		log_error("session: cannot load %s: %s", key, strerror(err));
	cJSON_Delete(tree);
}


void sessions_load(void)
{
	store_each(STORE_SESSIONS, load_handler, NULL);
}


void session_print(struct json *j, const char *key, const struct session *s)
{
	json_open(j, key, '{');
	call_print_new(j, s->call);
	json_raw(j, "customerData", call_tag(s->call));
	queue_print(j, s->queue);
	json_close(j, '}');
}


static bool print_handler(const char *key, void *value, void *arg)
{
	const struct session *s = value;
	(void)key;

	if (!call_over(s->call))
		session_print(arg, NULL, s);

	return false;
}


void sessions_print(struct json *j, const char *key)
{
	json_open(j, key, '[');
	sessions_each(print_handler, j);
	json_close(j, ']');
}


/**
 * Take up a call, and tell the clients
 *
 * @param info State that its node reports
 * @param instance Instance id of the node
 * @param node Name of the node
 * @param time When it came about, ms since 1970
 */
void session_create(const struct call_info *info, const char *instance,
		    const char *node, int64_t time)
{
	struct session *s;
	struct call *c;
	int err;

	if (sessions_full()) {
		log_warning("session: call %s is not taken: there are %zu "
			    "calls already",
			    info->sid, sessions_count());
		return;
	}

	err = call_create(&c, info, instance, node);
	if (!err)
		err = create(&s, c);
	if (err) {
		log_error("session: %s: out of memory", info->sid);
		return;
	}

	log_info("session: %s: %s, %s to %s", info->sid, info->direction,
		 info->from, info->to);
	touch(s);
	announce_call(s->call, time);
	calls_events()->created(s->call);
	second_changed(s->call);
}


/**
 * Take over the state of a call that a node reports.  The session may be
 * freed.
 *
 * @param s    Session
 * @param info State that the node reports
 * @param time When it came about, ms since 1970
 */
void session_update(struct session *s, const struct call_info *info,
		    int64_t time)
{
	char *before = strdup(call_state(s->call));

	if (!before || call_update(s->call, info))
		log_error("session: %s: out of memory", info->sid);

	count(s, !call_over(s->call));
	touch(s);
	if (before && strcmp(before, call_state(s->call))) {
		status(s, time);
		second_changed(s->call);
		queue_call_changed(s->queue);
	}
	free(before);
}


/**
 * End a call that its node does not report any more.  The session is freed.
 *
 * @param s      Session
 * @param state  State that the call ends in
 * @param reason Why, as a sentence
 */
void session_end(struct session *s, const char *state, const char *reason)
{
	if (!call_over(s->call)) {
		(void)call_fail(s->call, state, reason);
		count(s, !call_over(s->call));
		status(s, 0);
		second_changed(s->call);
	}

	queue_abandon(s->queue, reason);
}


int64_t session_tell(const char *sid, int64_t time)
{
	struct session *s = session_find(sid);

	if (!s)
		return time;

	if (time > s->told)
		s->told = time;

	return s->told;
}


void session_hook_done(const char *sid, const char *hook)
{
	struct session *s = session_find(sid);

	if (s)
		queue_hook_done(s->queue, hook);
}
