/**
 * @file deliver.c  Messages to clients at other members
 *
 * A client with the same name and token is the same client at each member.  A
 * message for a client that is not connected here goes to the member that saw
 * it last.  It is kept until that member has it, or the client has been away
 * for too long.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "bus.h"
#include "coming.h"
#include "deliver.h"
#include "fleet.h"
#include "hooks/hooks.h"
#include "json.h"
#include "memo.h"
#include "places.h"
#include "rq.h"
#include "stream/stream.h"


enum { MEMO_MAX = 16384, KEY_SIZE = 192 };

/* Seconds */
static const double sweep_time = 1.;
static const double memo_age = 600.;
static const double idle_time = 600.; /* of a client that is connected */

static struct {
	struct memo *owners; /* of hooks that went to clients here, by msgid */
	struct memo *comings; /* last n of a client at a member */
	struct memo *taken;   /* last seq of a member for a client here */
	struct timer sweep;
} deliver;


static void send_next(struct place *p);
static void look(struct place *p);


static int64_t grace_ms(void)
{
	return (int64_t)(hooks_grace_time() * 1000);
}


static void touch(struct place *p)
{
	p->time = clock_steady_ms();
	if (!timer_runs(&deliver.sweep))
		timer_start(&deliver.sweep, sweep_time);
}


/* The client can't be reached at the moment.  Calls do not wait for it. */
static void set_away(struct place *p, enum place_state state)
{
	const bool was_there = p->state == PLACE_THERE;

	rq_cancel(p->sending);
	p->sending = NULL;
	p->state = state;
	touch(p);
	if (was_there)
		hooks_client_down(p->name);
}


/* Waiting messages go first; a hook among them is on its way already. resumes:
   it gets again the messages that the member had for it. */
static void set_there(struct place *p, bool resumes)
{
	const uint64_t waiting = p->head ? p->head->seq - 1 : UINT64_MAX;

	p->state = PLACE_THERE;
	p->again = 0;
	touch(p);
	send_next(p);
	hooks_client_up(p->name, resumes ? 0 : waiting);
}


/* True if it is the same client: no other may get its messages */
static bool fits(const struct place *p, const char *badge)
{
	return !p->badge || !strcmp(p->badge, badge);
}


/* The client is at a member, n is which of its connections there it has; 0 if
   that is not known */
static void arrive(struct place *p, const char *member, const char *badge,
		   int64_t n, bool resumes)
{
	const bool same = p->member && !strcmp(p->member, member);

	touch(p);
	if (same && p->state == PLACE_THERE && (!n || !p->n || n == p->n)) {
		p->n = n ? n : p->n;
		return;
	}

	if (field_keep(&p->member, member) || field_keep(&p->badge, badge)) {
		log_error("fleet: client %s cannot be found: out of memory",
			  p->name);
		return;
	}

	rq_cancel(p->looking);
	p->looking = NULL;
	if (p->state == PLACE_THERE)
		set_away(p, PLACE_GONE);
	log_info("fleet: client %s is at member %s", p->name, member);
	p->n = n;
	set_there(p, same && resumes);
}


static void deliver_handler(const struct error *f, const cJSON *answer,
			    void *arg)
{
	struct place *p = arg;

	p->sending = NULL;
	if (f) {
		p->again = clock_steady_ms() + (int64_t)(sweep_time * 1000);
		touch(p);
	}
	else if (field_bool(answer, "gone")) {
		set_away(p, PLACE_GONE);
	}
	else {
		client_had(p->name, p->head->seq);
		parcel_drop(p);
		send_next(p);
	}
}


static char *parcel_text(const struct place *p)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	json_open(&j, "client", '{');
	json_str(&j, "name", p->name);
	json_str(&j, "badge", p->badge);
	json_close(&j, '}');
	json_int(&j, "seq", (int64_t)p->head->seq);
	json_str(&j, "text", p->head->text);
	json_close(&j, '}');

	return json_take(&j);
}


/* One after the other, as a client is to see them in order */
static void send_next(struct place *p)
{
	char *body;

	if (!p->head || p->sending || p->state != PLACE_THERE)
		return;

	body = parcel_text(p);
	if (rq_send(&p->sending, p->member, "deliver", body, deliver_handler,
		    p))
		p->again = clock_steady_ms() + 1;
	free(body);
}


static void found_handler(const char *member, const cJSON *answer, bool all,
			  void *arg)
{
	struct place *p = arg;
	const char *badge = field_str(answer, "badge");
	(void)all;

	p->looking = NULL;
	if (member && fits(p, badge ? badge : ""))
		arrive(p, member, badge ? badge : "",
		       field_int(answer, "n", 0), false);
	else if (p->state == PLACE_UNKNOWN)
		p->state = PLACE_GONE;
}


/* Asks all where a client is */
static void look(struct place *p)
{
	struct json j;

	if (p->looking)
		return;

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "client", p->name);
	json_close(&j, '}');
	(void)rq_find(&p->looking, json_done(&j), found_handler, p);
	json_free(&j);
}


static struct place *get(const char *name)
{
	struct place *p = place_find(name);

	if (p)
		return p;

	p = place_get(name);
	if (!p)
		return NULL;

	touch(p);
	look(p);

	return p;
}


/* Searches for a client that no member has reported */
static bool connected_handler(const char *name)
{
	const struct place *p = get(name);

	return p && p->state == PLACE_THERE;
}


static void post_handler(const char *name, const char *call_sid, uint64_t seq,
			 const char *text)
{
	struct place *p = get(name);
	(void)call_sid;

	if (!p || parcel_add(p, seq, text)) {
		log_error("fleet: message %" PRIu64 " for client %s is lost: "
			  "out of memory",
			  seq, name);
		return;
	}

	touch(p);
	send_next(p);
}


static const struct clients_away away = {
	.connected = connected_handler,
	.post = post_handler,
};


static void sweep_place(struct place *p, void *arg)
{
	const int64_t now = *(int64_t *)arg, grace = grace_ms();
	const int64_t idle = p->state == PLACE_THERE
				     ? (int64_t)(idle_time * 1000)
				     : grace;

	while (p->head && !p->sending && now - p->head->time > grace) {
		log_warning("fleet: message %" PRIu64 " for client %s is "
			    "given up: it did not come back",
			    p->head->seq, p->name);
		parcel_drop(p);
	}

	if (!p->head && !p->sending && !p->looking && now - p->time > idle) {
		place_drop(p);
		return;
	}

	if (p->state == PLACE_UNKNOWN && bus_is_up())
		look(p);
	if (p->head && now >= p->again)
		send_next(p);
}


static void sweep_handler(void *arg)
{
	int64_t now = clock_steady_ms();
	(void)arg;

	places_each(sweep_place, &now);
	if (places_count())
		timer_start(&deliver.sweep, sweep_time);
}


/**
 * Note that a client has sent something to a member
 *
 * @param member Name of the member
 * @param client Name of the client
 * @param badge  Name of its token, "" if none is asked for
 *
 * @return False if the client has another token than the one that is known
 */
bool deliver_seen(const char *member, const char *client, const char *badge)
{
	struct place *p = place_get(client);

	if (!p)
		return true;

	if (!fits(p, badge))
		return false;

	arrive(p, member, badge, 0, false);

	return true;
}


/**
 * Get the member that waits for the answer to a hook
 *
 * @param msgid Id of the hook
 *
 * @return Name of the member, NULL if no such hook went to a client here
 */
const char *deliver_owner(const char *msgid)
{
	return memo_get(deliver.owners, msgid);
}


/* The message becomes one of ours */
static void emit_again(const char *name, const cJSON *m)
{
	const char *type = field_str(m, "type");
	char *data = field_text(m, "data");

	(void)emit(&(struct emission){
		.type = type,
		.client = name,
		.call_sid = field_str(m, "call_sid"),
		.msgid = field_str(m, "msgid"),
		.hook = field_str(m, "hook"),
		.data = data,
		.time = clock_parse(field_str(m, "time")),
		/* clients of jambonz get no ack */
		.jambonz = strcmp(type, "ack") != 0,
	});
	free(data);
}


/* A message repeated under another id, after its answer was lost, is
   recognised by its number */
static bool is_repeated(const char *from, const char *boot, const char *name,
			int64_t seq)
{
	char key[KEY_SIZE], text[24];
	const char *last;

	(void)snprintf(key, sizeof(key), "%s %.40s %s", from, boot, name);
	last = memo_get(deliver.taken, key);
	if (last && strtoll(last, NULL, 10) >= seq)
		return true;

	(void)snprintf(text, sizeof(text), "%" PRId64, seq);
	memo_put(deliver.taken, key, text);

	return false;
}


static int take(const char *name, const char *text, const char *from,
		struct error *f)
{
	cJSON *m = cJSON_Parse(text);
	const char *msgid = field_str(m, "msgid");
	int err = 0;

	if (!field_str(m, "type"))
		err = error_set(f, 400, "text", "must be a message");
	else
		emit_again(name, m);

	if (!err && msgid && field_str(m, "hook"))
		memo_put(deliver.owners, msgid, from);
	cJSON_Delete(m);

	return err;
}


/* Another member has something for a client that should be here */
static int serve_deliver(const cJSON *rq, const char *from,
			 struct json *answer, struct error *f)
{
	const cJSON *client = cJSON_GetObjectItemCaseSensitive(rq, "client");
	const char *name = field_str(client, "name"), *here;
	const char *badge = field_str(client, "badge");
	const char *text = field_str(rq, "text"),
		   *boot = field_str(rq, "boot");
	const int64_t seq = field_int(rq, "seq", 0);

	if (!name || !client_name_valid(name) || !text || !boot)
		return error_set(f, 400, NULL,
				 "The request deliver must have client, boot, "
				 "seq and text");

	here = client_badge(name);
	if (!here || strcmp(here, badge ? badge : "")) {
		json_bool(answer, "gone", true);
		return 0;
	}

	log_info("fleet: client %s gets message %" PRId64 " of member %s",
		 name, seq, from);

	return is_repeated(from, boot, name, seq) ? 0
						  : take(name, text, from, f);
}


/* Each change is in several heartbeats; the last may come when the client is
   elsewhere */
static bool is_old_news(const char *member, const char *client, int64_t n)
{
	char key[KEY_SIZE], text[24];
	const char *last;

	(void)snprintf(key, sizeof(key), "%s %s", member, client);
	last = memo_get(deliver.comings, key);
	if (last && strtoll(last, NULL, 10) >= n)
		return true;

	(void)snprintf(text, sizeof(text), "%" PRId64, n);
	memo_put(deliver.comings, key, text);

	return false;
}


static void came_handler(const char *client, const char *badge, int64_t n,
			 bool resumes, void *arg)
{
	struct place *p = place_find(client);

	/* it may be on its way from here to there */
	if (!p && client_badge(client) && !strcmp(client_badge(client), badge))
		p = place_get(client);

	if (!p || is_old_news(arg, client, n))
		return;

	if (fits(p, badge))
		arrive(p, arg, badge, n, resumes);
	else
		log_warning(
			"fleet: client %s has connected to member %s with "
			"another token; it gets no messages from this member",
			client, (const char *)arg);
}


static void left_handler(const char *client, int64_t n, void *arg)
{
	struct place *p = place_find(client);

	if (p && p->state == PLACE_THERE && !strcmp(p->member, arg) &&
	    (!p->n || n == p->n))
		set_away(p, PLACE_GONE);
}


/**
 * Write the clients that have come and left here
 *
 * @param j Text, in the open heartbeat
 */
void deliver_print(struct json *j)
{
	coming_print(j);
}


/**
 * Read the clients that have come and left at another member
 *
 * @param member    Name of the member
 * @param heartbeat Its heartbeat
 */
void deliver_heard(const char *member, const cJSON *heartbeat)
{
	coming_read(heartbeat, came_handler, left_handler, (void *)member);
}


static void lose_handler(struct place *p, void *arg)
{
	if (p->state == PLACE_THERE && !strcmp(p->member, arg))
		set_away(p, PLACE_LOST);
}


static void regain_handler(struct place *p, void *arg)
{
	if (p->state == PLACE_LOST && !strcmp(p->member, arg))
		look(p);
}


/**
 * Note that a member can be reached again, or not any more
 *
 * @param member    Name of the member
 * @param reachable True if it can
 */
void deliver_member(const char *member, bool reachable)
{
	places_each(reachable ? regain_handler : lose_handler, (void *)member);
}


/* Our store has the messages that were to go to its previous member */
void fleet_client_up(const char *name, uint64_t since)
{
	struct place *p = place_find(name);

	/* it has left there, though that was not told yet */
	if (p && p->state == PLACE_THERE)
		set_away(p, PLACE_GONE);
	if (p)
		place_drop(p);
	if (fleet_on())
		coming_up(name, client_badge(name), since != UINT64_MAX);
}


/* It may have come elsewhere before it was seen to leave here */
void fleet_client_down(const char *name)
{
	struct place *p = NULL;

	if (fleet_on() && client_name_valid(name))
		p = place_get(name);
	if (!p)
		return;

	if (coming_badge(name) && field_keep(&p->badge, coming_badge(name)))
		log_error("fleet: out of memory");
	coming_down(name);
	if (p->state == PLACE_THERE)
		set_there(p, false);
	else
		set_away(p, PLACE_GONE);
}


static void wanted_handler(const char *name)
{
	(void)client_connected(name);
}


/**
 * Begin to deliver
 *
 * @param c Configuration
 *
 * @return 0, or ENOMEM
 */
int deliver_start(const struct fleet_config *c)
{
	int err;
	(void)c;

	timer_init(&deliver.sweep, sweep_handler, NULL);
	err = places_create() | coming_start() |
	      memo_create(&deliver.owners, MEMO_MAX, memo_age) |
	      memo_create(&deliver.taken, MEMO_MAX, memo_age) |
	      memo_create(&deliver.comings, MEMO_MAX, memo_age) |
	      rq_serve("deliver", serve_deliver, true);
	if (err)
		return err;

	/* some wait since before we were started */
	clients_away(&away);
	hooks_clients(wanted_handler);

	return 0;
}


/**
 * Deliver no more
 */
void deliver_stop(void)
{
	clients_away(NULL);
	timer_stop(&deliver.sweep);
	places_destroy();
	coming_stop();
	memo_destroy(deliver.owners);
	memo_destroy(deliver.taken);
	memo_destroy(deliver.comings);
	memset(&deliver, 0, sizeof(deliver));
}
