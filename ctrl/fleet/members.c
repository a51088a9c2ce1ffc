/**
 * @file members.c  The members of the fleet, from their heartbeats
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "bus.h"
#include "deliver.h"
#include "fleet.h"
#include "heartbeat.h"
#include "livecalls.h"
#include "lost.h"
#include "members.h"
#include "room.h"
#include "status.h"
#include "viewnode.h"


enum {
	MEMBERS_MAX = 1024,
	BEAT = 1000,          /* between two heartbeats [ms] */
	BEAT_LEAST = 100,     /* the same, if something has changed [ms] */
	REACHABLE_MAX = 3500, /* since the last heartbeat [ms] */
	STILL_MIN = 1500,     /* between two ticks [ms] */
	AGE_SURE = 100,       /* ms that tell which of two is the older one */
};

static const double tick_time = .5; /* seconds */

static struct {
	struct table *all; /* by name, but for this one */
	int64_t sent;      /* steady ms */
	bool soon;
	struct timer tick;
	struct timer early;
	int64_t ticked;

	/* Another member with our name */
	char *rival; /* its boot, NULL for none */
	int64_t rival_first, rival_heard;
} members;


static void destroy(struct machine *m)
{
	free(m->name);
	free(m->boot);
	free(m->before);
	free(m->version);
	free(m->labels);
	free(m->nodes);
	free(m);
}


/**
 * Get a member, which is made if it is new
 *
 * @param name Its name
 *
 * @return The member, NULL if out of memory, or if there are too many
 */
struct machine *member_get(const char *name)
{
	struct machine *m = table_get(members.all, name);

	if (m || table_count(members.all) >= MEMBERS_MAX)
		return m;

	m = calloc(1, sizeof(*m));
	if (!m)
		return NULL;

	m->name = strdup(name);
	if (!m->name || field_keep(&m->labels, "[]") ||
	    field_keep(&m->nodes, "[]") || table_put(members.all, name, m)) {
		destroy(m);
		return NULL;
	}

	return m;
}


struct each {
	member_each_h *h;
	void *arg;
};


static bool each_handler(const char *key, void *value, void *arg)
{
	const struct each *each = arg;
	(void)key;

	each->h(value, each->arg);

	return false;
}


/**
 * Call a handler for each member but this one
 *
 * @param h   Handler
 * @param arg Handler argument
 */
void members_each(member_each_h *h, void *arg)
{
	struct each each = {h, arg};

	table_each(members.all, each_handler, &each);
}


static void set_reachable(struct machine *m, bool reachable)
{
	if (m->reachable == reachable)
		return;

	m->reachable = reachable;
	log_info("fleet: %s is %s", m->name,
		 reachable ? "reachable" : "not reachable");
	deliver_member(m->name, reachable);
	if (reachable)
		livecalls_ask(m->name);
	status_changed();
}


static void rival(const char *boot, int64_t age)
{
	const int64_t now = clock_steady_ms(), own = heartbeat_age();

	if (!members.rival || strcmp(members.rival, boot) != 0 ||
	    now - members.rival_heard > REACHABLE_MAX) {
		(void)field_keep(&members.rival, boot);
		members.rival_first = now;
	}
	members.rival_heard = now;

	/* the last heartbeat of an ended process does not count */
	if (now - members.rival_first < BEAT / 2)
		return;

	if (age > own + AGE_SURE ||
	    (age > own - AGE_SURE && strcmp(boot, bus_boot()) < 0))
		fleet_yield(boot);
}


/* True if it arrived after a heartbeat that was sent later */
static bool is_old(const struct machine *m, const char *boot, int64_t age)
{
	if (m->before && !strcmp(m->before, boot))
		return true;

	return m->boot && !strcmp(m->boot, boot) && age < m->age;
}


static void set_boot(struct machine *m, const char *boot)
{
	if (m->boot && !strcmp(m->boot, boot))
		return;

	set_reachable(m, false);
	if (field_keep(&m->before, m->boot))
		log_error("fleet: out of memory");
}


static void hear(const char *name, const char *boot, const cJSON *tree)
{
	struct machine *m = member_get(name);
	const char *version = field_str(tree, "version");
	bool news;

	if (!m || is_old(m, boot, field_int(tree, "age", 0)))
		return;

	set_boot(m, boot);
	news = version && (!m->version || strcmp(m->version, version) != 0);
	m->heard = clock_steady_ms();
	m->seen = clock_ms();
	m->silent = 0;
	m->told = 0;
	if (heartbeat_read(m, tree))
		log_error("fleet: out of memory");
	viewnodes_compare(name,
			  cJSON_GetObjectItemCaseSensitive(tree, "nodes"));
	set_reachable(m, true);
	deliver_heard(name, tree);
	if (news)
		status_changed();
}


/* The subject identifies the member: the engine lets each publish under its
   own name only */
static void heartbeat_handler(const struct fleetbus_news *n, void *arg)
{
	const char *name = strrchr(n->text, '.');
	cJSON *tree = cJSON_ParseWithLength(n->data, n->len);
	const char *boot = field_str(tree, "boot");
	(void)arg;

	if (!name || !boot || n->is_js)
		log_debug("fleet: a heartbeat makes no sense");
	else if (strcmp(name + 1, fleet_member()) != 0)
		hear(name + 1, boot, tree);
	else if (strcmp(boot, bus_boot()) != 0)
		rival(boot, field_int(tree, "age", 0));
	cJSON_Delete(tree);
}


static void beat(void)
{
	members.soon = false;
	timer_stop(&members.early);
	members.sent = clock_steady_ms();
	if (bus_is_up())
		heartbeat_send();
}


static void early_handler(void *arg)
{
	(void)arg;

	beat();
}


/*
 * This process stood still, as in a suspended machine.  Messages that members
 * sent meanwhile are read after this turn, so the pause does not count as
 * silence.
 */
static void still_handler(struct machine *m, void *arg)
{
	const int64_t *still = arg;

	m->heard += *still;
}


static void check_handler(struct machine *m, void *arg)
{
	const int64_t *passed = arg;

	if (m->reachable && clock_steady_ms() - m->heard > REACHABLE_MAX)
		set_reachable(m, false);
	if (!m->reachable)
		lost_check(m, *passed);
}


static void tick_handler(void *arg)
{
	const int64_t now = clock_steady_ms();
	int64_t passed = now - members.ticked;
	(void)arg;

	members.ticked = now;
	timer_start(&members.tick, tick_time);
	if (passed > STILL_MIN) {
		members_each(still_handler, &passed);
		passed = 0;
	}
	members_each(check_handler, &passed);
	if (now - members.sent >= BEAT - BEAT_LEAST)
		beat();
	status_tick();
}


static void bus_handler(bool up, const char *why, void *arg)
{
	(void)arg;

	status_bus(up, why);
	if (up)
		beat();
}


/**
 * Begin to send and to take heartbeats
 *
 * @param c Configuration
 *
 * @return 0, or ENOMEM
 */
int members_start(const struct fleet_config *c)
{
	char subject[BUS_SUBJECT_SIZE];
	int err;

	timer_init(&members.tick, tick_handler, NULL);
	timer_init(&members.early, early_handler, NULL);
	members.ticked = clock_steady_ms();
	status_start();
	err = table_create(&members.all);
	if (!err)
		err = heartbeat_start(c);
	if (!err)
		err = bus_listen(
			bus_subject(subject, sizeof(subject), "hb", "*"),
			heartbeat_handler, NULL);
	if (!err)
		err = bus_watch(bus_handler, NULL);
	if (!err)
		timer_start(&members.tick, tick_time);

	return err;
}


static bool destroy_handler(const char *key, void *value, void *arg)
{
	(void)key;
	(void)arg;

	destroy(value);

	return false;
}


/**
 * Forget them
 */
void members_stop(void)
{
	timer_stop(&members.tick);
	timer_stop(&members.early);
	heartbeat_stop();
	if (members.all)
		table_each(members.all, destroy_handler, NULL);
	table_destroy(members.all);
	free(members.rival);
	memset(&members, 0, sizeof(members));
}


/**
 * Send a heartbeat soon, before the next second
 */
void members_soon(void)
{
	members.soon = true;
}


/**
 * Report the changes of this turn of the loop
 */
void members_flush(void)
{
	const int64_t past = clock_steady_ms() - members.sent;

	if (!bus_is_up() || timer_runs(&members.early) ||
	    (!members.soon && !heartbeat_changed()))
		return;

	if (past >= BEAT_LEAST)
		beat();
	else
		timer_start(&members.early,
			    (double)(BEAT_LEAST - past) / 1000);
}


/**
 * Tell whether a member can be asked
 *
 * @param name Its name
 *
 * @return True if it was heard lately, or is this one
 */
bool members_reachable(const char *name)
{
	const struct machine *m;

	if (!strcmp(name, fleet_member()))
		return true;

	m = table_get(members.all, name);

	return m && m->reachable;
}


/**
 * Get the boot of a member
 *
 * @param name Its name
 *
 * @return Value of its last heartbeat, NULL without one
 */
const char *members_boot(const char *name)
{
	const struct machine *m = table_get(members.all, name);

	return m ? m->boot : NULL;
}


static void count_handler(struct machine *m, void *arg)
{
	*(unsigned *)arg += m->reachable;
}


/**
 * Count the others
 *
 * @return How many of them are reachable
 */
unsigned members_count(void)
{
	unsigned n = 0;

	members_each(count_handler, &n);

	return n;
}
