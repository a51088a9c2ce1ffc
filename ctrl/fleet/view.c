/**
 * @file view.c  The calls and transfers of all members
 *
 * Messages are read from the stream one after the other, so that the view is
 * the same at every reader.  The store has what a restarted reader needs,
 * together with the cursor.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "event.h"
#include "fleet.h"
#include "json.h"
#include "losthook.h"
#include "room.h"
#include "origin.h"
#include "store/store.h"
#include "stream/stream.h"
#include "view.h"
#include "viewcall.h"
#include "viewlook.h"
#include "viewlost.h"
#include "viewnode.h"
#include "viewtransfer.h"


enum { PLACES = 256 };

/* The message of the stream that is read */
static struct {
	uint64_t sseq;
	char *body;
	char *line; /* the next one; NULL if there is none */
	struct origin *origin;
	char *boot;
	uint64_t after; /* number of the message of its member before it */
	uint64_t last;
	uint8_t jambonz[PLACES]; /* by place */
	unsigned place;          /* of the line before */
	view_done_h *done;       /* NULL if it is done at once */
	bool waits;              /* for the file */
} batch;

static bool open;


static uint64_t number(unsigned place)
{
	return (batch.sseq << 8) + place;
}


static void emit_text(struct json *j, uint64_t f, const char *call_sid,
		      bool jambonz)
{
	if (json_done(j))
		fleet_emit(f, call_sid, jambonz, json_done(j));
	else
		log_error("view: a message is lost: out of memory");
}


static void tell_gap(uint64_t f, const char *time, const char *member,
		     uint64_t from, uint64_t to)
{
	struct json j;

	json_init(&j);
	event_begin(&j, "fleet:gap", f, time, NULL, member, NULL);
	json_open(&j, "data", '{');
	json_int(&j, "from", (int64_t)from);
	json_int(&j, "to", (int64_t)to);
	json_int(&j, "count", (int64_t)(to - from + 1));
	json_close(&j, '}');
	json_close(&j, '}');
	emit_text(&j, f, NULL, false);
	json_free(&j);
	counter_add(COUNTER_FLEET_GAPS);
}


/* Messages that the member published after the last one read, and that are not
   in the stream any more */
static void check_gap(const struct event *e)
{
	const struct origin *s = batch.origin;

	if (s->last && batch.after > s->last && e->time) {
		log_warning("view: messages %" PRIu64 " to %" PRIu64
			    " of %s are missing in the stream",
			    s->last + 1, batch.after, s->name);
		tell_gap(number(0), e->time, s->name, s->last + 1,
			 batch.after);
	}
	batch.after = 0;
}


static void tell(const struct event *e)
{
	struct json j;

	json_init(&j);
	event_print(&j, e, number(batch.place), batch.origin->name);
	emit_text(&j, number(batch.place), e->call_sid,
		  batch.jambonz[batch.place]);
	json_free(&j);
}


static void tell_late(const struct event *e, const cJSON *data)
{
	char *sip = field_text(data, "sip");
	struct json j;

	json_init(&j);
	event_begin(&j, "transfer:status", number(batch.place), e->time, NULL,
		    batch.origin->name, e->call_sid);
	json_int(&j, "member_seq", (int64_t)e->seq);
	viewtransfer_print_late(&j, field_str(data, "transfer_id"), sip);
	json_close(&j, '}');
	emit_text(&j, number(batch.place), e->call_sid, false);
	json_free(&j);
	free(sip);
}


static void go_on(void);


static void found_handler(const char *id, const char *data)
{
	viewtransfer_found(id, data);
	batch.waits = false;
	go_on();
}


/* False if it has to wait for the file */
static bool take_transfer(const struct event *e)
{
	cJSON *data = e->data ? cJSON_Parse(e->data) : NULL;
	bool taken = true;

	switch (viewtransfer_take(batch.origin->name, e->call_sid, data,
				  clock_parse(e->time), number(batch.place))) {

	case VIEWSTEP_TELL:
		if (field_str(data, "outcome"))
			losthook_forget(field_str(data, "transfer_id"));
		tell(e);
		break;

	case VIEWSTEP_LATE: tell_late(e, data); break;

	case VIEWSTEP_DROP: break;

	case VIEWSTEP_ASK:
		taken = viewlook(field_str(data, "transfer_id"),
				 found_handler) != 0;
		if (taken) {
			log_error("view: out of memory");
			tell(e);
		}
		batch.waits = !taken;
		break;
	}
	cJSON_Delete(data);

	return taken;
}


static void take_node(const struct event *e)
{
	cJSON *data = e->data ? cJSON_Parse(e->data) : NULL;

	viewnode_take(batch.origin->name, data);
	cJSON_Delete(data);
	tell(e);
}


/* Messages between members, some of which clients get in another form */
static void take_own(const struct event *e)
{
	if (!strcmp(e->type, "fleet:hook"))
		losthook_take(batch.origin->name, e->line);
	else if (!strcmp(e->type, "fleet:gap")) {
		counter_add(COUNTER_FLEET_GAPS);
		tell(e);
	}
}


/* False if it has to wait for the file */
static bool take_event(const struct event *e)
{
	if (!strcmp(e->type, "transfer:status"))
		return take_transfer(e);

	if (!strncmp(e->type, "fleet:", 6)) {
		take_own(e);
		return true;
	}
	if (!strcmp(e->type, "node:status")) {
		take_node(e);
		return true;
	}
	if ((!strcmp(e->type, "session:new") ||
	     !strcmp(e->type, "call:status")) &&
	    e->call_sid && e->data)
		viewcall_take(batch.origin->name, e->call_sid, e->data);
	tell(e);

	return true;
}


/* False if it has to wait for the file */
static bool take_line(const char *line)
{
	struct event e;
	bool taken = true;
	int err;

	err = event_read(&e, line);
	if (err) {
		log_error("view: a message of %s in the stream: %s",
			  batch.origin->name, strerror(err));
	}
	else if (e.seq > batch.origin->last) {
		check_gap(&e);
		taken = take_event(&e);
		if (taken) {
			batch.origin->last = e.seq;
			counter_add(COUNTER_FLEET_READ);
		}
	}
	event_free(&e);

	return taken;
}


static bool read_head(char *line)
{
	cJSON *tree = cJSON_Parse(line);
	const char *member = field_str(tree, "member");
	const cJSON *item;

	batch.origin = member ? origin_get(member) : NULL;
	batch.after = (uint64_t)field_int(tree, "after", 0);
	batch.last = (uint64_t)field_int(tree, "last", 0);
	memset(batch.jambonz, 0, sizeof(batch.jambonz));
	cJSON_ArrayForEach(item,
			   cJSON_GetObjectItemCaseSensitive(tree, "jambonz"))
	{
		const int64_t place = field_number(item, PLACES);

		if (place < PLACES)
			batch.jambonz[place] = 1;
	}
	if (batch.origin)
		(void)field_keep(&batch.origin->boot, field_str(tree, "boot"));
	cJSON_Delete(tree);

	return batch.origin != NULL;
}


static void finish(void)
{
	view_done_h *h = batch.done;

	viewtransfers_save();
	if (batch.origin)
		origin_save(batch.origin);
	fleetstore_mark(batch.sseq);
	clients_fleet_ready(number(PLACES - 1));

	free(batch.body);
	memset(&batch, 0, sizeof(batch));
	if (h)
		h();
}


/* Reads up to the end of the message, or to a point that must wait for the
   file */
static void go_on(void)
{
	char *line;

	while ((line = batch.line)) {
		char *end = strchr(line, '\n');

		if (end)
			*end = '\0';
		if (*line) {
			++batch.place;
			if (batch.place < PLACES && !take_line(line)) {
				--batch.place;
				if (end)
					*end = '\n';
				return;
			}
		}
		batch.line = end ? end + 1 : NULL;
	}

	finish();
}


static void take_events(void)
{
	char *line = strsep(&batch.line, "\n");

	if (read_head(line)) {
		go_on();
		return;
	}

	log_error("view: message %" PRIu64 " of the stream is not valid",
		  batch.sseq);
	finish();
}


/* "<name>.ev.…" or "<name>.lost.…" */
static bool is_of_kind(const char *subject, const char *kind)
{
	const size_t len = strlen(fleet_name());

	return !strncmp(subject, fleet_name(), len) && subject[len] == '.' &&
	       !strncmp(subject + len + 1, kind, strlen(kind));
}


/**
 * Take the next message of the stream
 *
 * @param sseq    Its sequence
 * @param subject Its subject
 * @param data    Its body
 * @param len     Length of that in bytes
 * @param h       Called when it is read, if that takes longer
 *
 * @return True if it is read
 */
bool view_take(uint64_t sseq, const char *subject, const char *data,
	       size_t len, view_done_h *h)
{
	batch.sseq = sseq;
	batch.body = strndup(data, len);
	batch.line = batch.body;
	if (!batch.body)
		log_error("view: message %" PRIu64
			  " of the stream is lost: out of memory",
			  sseq);

	if (batch.body && is_of_kind(subject, "ev.")) {
		take_events();
	}
	else {
		if (batch.body && is_of_kind(subject, "lost."))
			viewlost_take(sseq, batch.body);
		finish();
	}

	if (!batch.waits)
		return true;

	batch.done = h;

	return false;
}


/**
 * Note that the stream begins after the last message read
 *
 * @param first Sequence of its first message
 */
void view_skip(uint64_t first)
{
	const uint64_t from = fleetstore_last() + 1;
	const uint64_t to = ((first - 1) << 8) + PLACES - 1;
	char time[CLOCK_TEXT_SIZE];

	clock_text(time, clock_ms());
	fleetstore_forgotten(to - 1);
	tell_gap(to, time, NULL, from, to - 1);
	fleetstore_mark(first - 1);
	clients_fleet_ready(to);
}


static void forget(void)
{
	origins_clear();
	viewcalls_clear();
	viewtransfers_clear();
	viewnodes_clear();
}


/**
 * Begin with another stream
 *
 * @param epoch Id that tells the stream from others
 */
void view_begin(const char *epoch)
{
	viewlook_cancel();
	free(batch.body);
	memset(&batch, 0, sizeof(batch));
	forget();
	fleetstore_begin(epoch);
	clients_fleet_anew();
}


static void load_handler(const char *key, const char *data, void *arg)
{
	const enum store_table *table = arg;
	cJSON *tree = cJSON_Parse(data);
	bool ok;

	if (*table == STORE_SESSIONS)
		ok = viewcalls_load(key, tree);
	else if (strchr(key, '/'))
		ok = viewnode_load(key, tree);
	else
		ok = origin_load(key, tree);
	if (!ok)
		log_error("view: cannot load %s", key);
	cJSON_Delete(tree);
}


static void running_handler(const char *key, const char *data, void *arg)
{
	cJSON *tree = cJSON_Parse(data);
	(void)arg;

	if (!viewtransfers_load(tree))
		log_error("view: cannot load transfer %s", key);
	cJSON_Delete(tree);
}


/**
 * Get ready, with the state from the store
 *
 * @return 0, or ENOMEM
 */
int view_open(void)
{
	enum store_table nodes = STORE_NODES, sessions = STORE_SESSIONS;
	int err;

	err = origins_open() | viewcalls_open() | viewtransfers_open() |
	      viewnodes_open();
	if (err)
		return err;

	open = true;
	fleetstore_each(STORE_NODES, load_handler, &nodes);
	fleetstore_each(STORE_SESSIONS, load_handler, &sessions);
	fleetstore_running(running_handler, NULL);
	clients_fleet_ready(fleetstore_last());

	return 0;
}


/**
 * Forget all; it stays in the store
 */
void view_close(void)
{
	open = false;
	viewlook_cancel();
	free(batch.body);
	memset(&batch, 0, sizeof(batch));
	origins_close();
	viewcalls_close();
	viewtransfers_close();
	viewnodes_close();
}


static void count_call_handler(const char *call_sid, const char *node,
			       void *arg)
{
	(void)call_sid;
	(void)node;

	++*(size_t *)arg;
}


static void count_transfer_handler(const struct transfer *t, void *arg)
{
	(void)t;

	++*(size_t *)arg;
}


/**
 * Find the member that has a call
 *
 * @param call_sid The call
 *
 * @return Name of the member, NULL if no such call lives
 */
const char *view_owner(const char *call_sid)
{
	return open ? viewcall_member(call_sid) : NULL;
}


/**
 * Count the live calls and transfers of a member
 *
 * @param member The member
 *
 * @return How many calls and transfers
 */
size_t view_open_of(const char *member)
{
	size_t n = 0;

	if (open) {
		viewcalls_each(member, count_call_handler, &n);
		viewtransfers_each(member, count_transfer_handler, &n);
	}

	return n;
}


bool fleet_calls_print(struct json *j, const char *key, const char *member)
{
	if (open)
		viewcalls_print(j, key, member);

	return open;
}


bool fleet_transfers_print(struct json *j, const char *key)
{
	if (open)
		viewtransfers_print(j, key);

	return open;
}


bool fleet_nodes_print(struct json *j, const char *key)
{
	if (open)
		viewnodes_print(j, key);

	return open;
}
