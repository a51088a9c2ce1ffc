/**
 * @file lost.c  Members that are silent for too long
 *
 * Their baresips died with them.  A message in the stream ends their calls and
 * transfers, so that each reader ends them at the same place.  Any member may
 * publish it; repetitions do no harm.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "bus.h"
#include "calls/calls.h"
#include "consumer.h"
#include "fleet.h"
#include "json.h"
#include "lost.h"
#include "members.h"
#include "view.h"
#include "viewcall.h"
#include "viewtransfer.h"


enum {
	ITEMS_MAX = 200, /* in a part */
	AGAIN = 5000,    /* ms between two tries */
};

static const double ask_time = 2; /* seconds */

struct items {
	char **lines; /* JSON texts */
	size_t count, size;
	bool failed;
};

static int64_t dead; /* ms */


/**
 * Get ready
 *
 * @param c Configuration
 *
 * @return 0
 */
int lost_start(const struct fleet_config *c)
{
	dead = (int64_t)c->dead * 1000;

	return 0;
}


void lost_stop(void)
{
}


static void add(struct items *items, struct json *j)
{
	char *text = json_take(j);
	char **lines = items->lines;

	if (items->count == items->size) {
		items->size = items->size ? 2 * items->size : ITEMS_MAX;
		lines = realloc(items->lines, items->size * sizeof(*lines));
	}
	if (!text || !lines) {
		items->failed = true;
		free(text);
		return;
	}
	items->lines = lines;
	items->lines[items->count++] = text;
}


static void call_handler(const char *call_sid, const char *node, void *arg)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "call_sid", call_sid);
	json_str(&j, "node", node);
	json_close(&j, '}');
	add(arg, &j);
}


static void transfer_handler(const struct transfer *t, void *arg)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "transfer_id", retold_id(t));
	json_str(&j, "call_sid", retold_call(t));
	json_str(&j, "node", retold_node(t));
	json_close(&j, '}');
	add(arg, &j);
}


/* Transfers first: their calls end after them */
static int compare(const void *a, const void *b)
{
	return -strcmp(*(char *const *)a, *(char *const *)b);
}


/* FNV-1a */
static uint64_t hash(const char *text)
{
	uint64_t h = 14695981039346656037ULL;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 1099511628211ULL;

	return h;
}


static void answer_handler(int err, const struct fleetbus_news *n, void *arg)
{
	(void)arg;

	if (err)
		log_warning("fleet: cannot publish that a member is lost: %s",
			    strerror(err));
	else
		log_debug("fleet: lost: %s", n->data);
}


static char *print_part(const struct machine *m, const struct items *items,
			size_t part, size_t parts)
{
	const size_t first = part * ITEMS_MAX;
	char time[CLOCK_TEXT_SIZE];
	char *text = NULL;
	size_t size;
	struct json j;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;

	clock_text(time, clock_ms());
	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "member", m->name);
	json_str(&j, "boot", m->boot);
	json_str(&j, "by", fleet_member());
	json_str(&j, "by_boot", bus_boot());
	json_int(&j, "part", (int64_t)part + 1);
	json_int(&j, "parts", (int64_t)parts);
	json_str(&j, "time", time);
	json_close(&j, '}');

	(void)fputs(json_done(&j) ? json_done(&j) : "", f);
	for (size_t i = first; i < items->count && i < first + ITEMS_MAX; i++)
		(void)fprintf(f, "\n%s", items->lines[i]);
	json_free(&j);

	return fclose(f) ? NULL : text;
}


static void send_part(const struct machine *m, const struct items *items,
		      size_t part, size_t parts)
{
	char *text = print_part(m, items, part, parts);
	char subject[BUS_SUBJECT_SIZE], rest[BUS_SUBJECT_SIZE / 2];
	char id[BUS_SUBJECT_SIZE];
	const struct fleetbus_header header = {"Nats-Msg-Id", id};
	const char *list = text ? strchr(text, '\n') : NULL;

	if (!text) {
		log_error("fleet: out of memory");
		return;
	}

	/* members may know other items: only equal lists are one message */
	(void)snprintf(id, sizeof(id), "lost.%s.%s.%zu.%016" PRIx64, m->name,
		       m->boot, part + 1, hash(list ? list : ""));
	(void)snprintf(rest, sizeof(rest), "%s.%s", m->name, m->boot);
	if (bus_ask(NULL, bus_subject(subject, sizeof(subject), "lost", rest),
		    &header, 1, text, strlen(text), ask_time, answer_handler,
		    NULL))
		log_warning("fleet: cannot publish that member %s is lost",
			    m->name);
	free(text);
}


static void tell(const struct machine *m)
{
	struct items items = {0};
	size_t parts;

	viewtransfers_each(m->name, transfer_handler, &items);
	viewcalls_each(m->name, call_handler, &items);
	if (items.count)
		qsort(items.lines, items.count, sizeof(*items.lines), compare);

	parts = (items.count + ITEMS_MAX - 1) / ITEMS_MAX;
	log_warning("fleet: member %s is lost, with %zu calls and transfers",
		    m->name, items.count);
	for (size_t i = 0; i < parts && !items.failed; i++)
		send_part(m, &items, i, parts);

	for (size_t i = 0; i < items.count; i++)
		free(items.lines[i]);
	free(items.lines);
}


/* True if this referd can hear the others: the silence is the member's */
static bool counts(void)
{
	return bus_is_up() &&
	       (members_count() > 0 || (fleet_views() && consumer_reads()));
}


/**
 * Look whether a member that is not reachable is lost
 *
 * @param m      Member
 * @param passed Time since the last look [ms]
 */
void lost_check(struct machine *m, int64_t passed)
{
	const int64_t now = clock_steady_ms();

	if (!fleet_views() || !counts())
		return;

	m->silent += passed;
	if (m->silent < dead || !m->boot || !consumer_reads() ||
	    consumer_lag() || !view_open_of(m->name) ||
	    (m->told && now - m->told < AGAIN))
		return;

	m->told = now;
	tell(m);
}
