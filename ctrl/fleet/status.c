/**
 * @file status.c  How the fleet is, for clients and metrics
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "bus.h"
#include "consumer.h"
#include "fleet.h"
#include "heartbeat.h"
#include "json.h"
#include "members.h"
#include "publisher.h"
#include "status.h"
#include "store/store.h"
#include "stream/stream.h"


enum {
	WHY_SIZE = 256,
	BEHIND = 500,      /* messages from which on it is told */
	BEHIND_LEAST = 50, /* ... until so few are left */
	GRACE = 1000,      /* ms that the stream need not be read: another
			      consumer is being made */
};

enum state { STATUS_DOWN, STATUS_BEHIND, STATUS_UP };

static struct {
	enum state state;
	char reason[WHY_SIZE]; /* of what is not up */
	char bus[WHY_SIZE];    /* why there is no connection */
	int64_t reads;         /* when the stream was read last [steady ms] */
	uint64_t sent;         /* by the publisher, and when that was less */
	int64_t sent_at;
	bool changed;
} status;


static const char *state_name(enum state s)
{
	static const char *const names[] = {"down", "behind", "up"};

	return names[s];
}


/**
 * Report the distance to the end of the stream; without a view, the number of
 * our messages that are not in it yet
 *
 * @return Messages
 */
uint64_t status_lag(void)
{
	return fleet_views() ? consumer_lag() : publisher_lag();
}


/* True if our messages get into the stream */
static bool sends(int64_t now)
{
	const uint64_t sent = publisher_sent();

	if (sent != status.sent || !publisher_lag()) {
		status.sent = sent;
		status.sent_at = now;
	}

	return now - status.sent_at < 4 * GRACE;
}


static bool works(int64_t now)
{
	if (!fleet_views())
		return sends(now);

	if (consumer_reads())
		status.reads = now;

	return now - status.reads < GRACE;
}


static const char *trouble(void)
{
	if (!fleet_views())
		return "the stream accepts no events";

	return *consumer_trouble() ? consumer_trouble()
				   : "the stream is silent";
}


static enum state find(char why[WHY_SIZE])
{
	const uint64_t lag = status_lag();
	const bool was = status.state == STATUS_UP;

	why[0] = '\0';
	if (!bus_is_up()) {
		strcpy(why, status.bus);
		return STATUS_DOWN;
	}

	if (!works(clock_steady_ms())) {
		(void)snprintf(why, WHY_SIZE, "%s", trouble());
		return STATUS_DOWN;
	}

	if (lag >= (was ? BEHIND : BEHIND_LEAST)) {
		strcpy(why, "referd catches up");
		return STATUS_BEHIND;
	}

	return STATUS_UP;
}


static void print_member(struct json *j, const struct machine *m)
{
	char seen[CLOCK_TEXT_SIZE];

	json_open(j, NULL, '{');
	json_str(j, "member", m->name);
	json_bool(j, "reachable", m->reachable);
	json_bool(j, "view", m->view);
	json_str(j, "version", m->version);
	json_int(j, "calls", m->calls);
	json_int(j, "transfers", m->transfers);
	json_int(j, "lag", (int64_t)m->lag);
	json_raw(j, "nodes", m->nodes);
	json_raw(j, "labels", m->labels);
	if (m->seen) {
		clock_text(seen, m->seen);
		json_str(j, "seen", seen);
	}
	json_close(j, '}');
}


static void print_handler(struct machine *m, void *arg)
{
	print_member(arg, m);
}


static void print(struct json *j, const char *key)
{
	json_open(j, key, '{');
	json_str(j, "state", state_name(status.state));
	if (*status.reason)
		json_str(j, "reason", status.reason);
	json_int(j, "lag", (int64_t)status_lag());
	json_str(j, "epoch",
		 *fleetstore_epoch() ? fleetstore_epoch() : fleet_epoch());
	json_str(j, "member", fleet_member());
	json_open(j, "members", '[');
	print_member(j, heartbeat_own());
	members_each(print_handler, j);
	json_close(j, ']');
	json_close(j, '}');
}


void fleet_print(struct json *j, const char *key)
{
	if (fleet_on())
		print(j, key);
}


static void tell(void)
{
	char time[CLOCK_TEXT_SIZE];
	struct json j;

	clock_text(time, clock_ms());
	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "type", "fleet:status");
	json_str(&j, "time", time);
	print(&j, "data");
	json_close(&j, '}');
	if (json_done(&j))
		clients_tell(json_done(&j));
	json_free(&j);
}


/**
 * Note that a member has changed: the clients are told
 */
void status_changed(void)
{
	status.changed = true;
}


/**
 * Look how the fleet is, and tell clients if that is news
 */
void status_tick(void)
{
	char why[WHY_SIZE];
	const enum state state = find(why);

	if (state == status.state && !strcmp(why, status.reason) &&
	    !status.changed)
		return;

	if (state != status.state)
		log_info("fleet: %s%s%s", state_name(state), *why ? ": " : "",
			 why);
	status.state = state;
	strcpy(status.reason, why);
	status.changed = false;
	tell();
}


/**
 * Note a connection, or of its end
 *
 * @param up  True if connected
 * @param why Reason if not
 */
void status_bus(bool up, const char *why)
{
	if (up)
		status.sent_at = clock_steady_ms();
	else
		(void)snprintf(status.bus, sizeof(status.bus), "%s", why);
	status_tick();
}


/**
 * Begin without a connection
 */
void status_start(void)
{
	memset(&status, 0, sizeof(status));
	strcpy(status.bus, "not connected yet");
	strcpy(status.reason, status.bus);
	status.reads = -GRACE;
}


struct figures {
	fleet_member_h *h;
	void *arg;
};


static void figures_handler(struct machine *m, void *arg)
{
	const struct figures *to = arg;

	to->h(&(struct member_figures){.name = m->name,
				       .reachable = m->reachable,
				       .calls = (size_t)m->calls,
				       .transfers = (size_t)m->transfers,
				       .lag = m->lag},
	      to->arg);
}


void fleet_members(fleet_member_h *h, void *arg)
{
	struct figures to = {h, arg};
	struct machine own;

	if (!fleet_on())
		return;

	own = *heartbeat_own();
	figures_handler(&own, &to);
	members_each(figures_handler, &to);
}


void fleet_figures(struct fleet_figures *f)
{
	memset(f, 0, sizeof(*f));
	f->on = fleet_on();
	if (!f->on)
		return;

	f->up = status.state != STATUS_DOWN;
	f->lag = status_lag();
	f->published = publisher_sent();
	f->members = members_count() + 1;
}
