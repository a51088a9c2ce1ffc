/**
 * @file fleet.c  Many referds as one: the parts of the room, and our identity
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/base.h"
#include "bus.h"
#include "deliver.h"
#include "engine.h"
#include "fleet.h"
#include "losthook.h"
#include "members.h"
#include "publisher.h"
#include "rival.h"
#include "room.h"
#include "route.h"
#include "rq.h"
#include "livecalls.h"
#include "lost.h"
#include "ownlost.h"
#include "view.h"


enum { NAME_SIZE = 65 };

static struct {
	const struct fleet_config *c; /* NULL if there is no fleet */
	char member[NAME_SIZE];
	char name[NAME_SIZE];
	char stream[NAME_SIZE];
	bool open;
	bool failed;
	struct timer leave;
} fleet;

static const struct {
	int (*start)(const struct fleet_config *c);
	void (*stop)(void); /* safe after a failed start */
} parts[] = {
	{bus_open, bus_close}, /* of which all others make use */
	{engine_start, engine_stop},
	{rival_start, rival_stop},
	{rq_start, rq_stop},
	{members_start, members_stop},
	{deliver_start, deliver_stop},
	{served_start, served_stop},
	{route_start, route_stop},
	{losthook_start, losthook_stop},
	{publisher_start, publisher_stop},
	{livecalls_start, livecalls_stop},
	{lost_start, lost_stop},
	{ownlost_start, ownlost_stop},
	{view_start, view_stop},
};

enum { PARTS = sizeof(parts) / sizeof(*parts) };


/* Characters that a subject and the name of a stream may have */
static bool name_valid(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)name[i]) && name[i] != '-' &&
		    name[i] != '_')
			return false;
	}

	return len > 0 && len < NAME_SIZE;
}


static int read_name(char name[NAME_SIZE], const char *value,
		     const char *option)
{
	if (!name_valid(value)) {
		log_error(
			"fleet: %s must have 1 to %d letters, digits, - and _",
			option_shown(option), NAME_SIZE - 1);
		return EINVAL;
	}

	strcpy(name, value);

	return 0;
}


/* The host name, which may have dots */
static int default_member(void)
{
	char host[NAME_SIZE] = "";

	(void)gethostname(host, sizeof(host) - 1);
	for (char *p = host; *p; p++) {
		if (!isalnum((unsigned char)*p) && *p != '_')
			*p = '-';
	}

	return read_name(fleet.member, host, "fleet-node");
}


static int read_names(const struct fleet_config *c)
{
	int err = read_name(fleet.name, c->name, "fleet-name");

	if (err)
		return err;

	for (size_t i = 0; i < NAME_SIZE; i++)
		fleet.stream[i] = (char)toupper((unsigned char)fleet.name[i]);

	return *c->node ? read_name(fleet.member, c->node, "fleet-node")
			: default_member();
}


static void leave_handler(void *arg)
{
	(void)arg;

	if (guest_is())
		fleet_stop();
	else
		loop_break();
}


int fleet_start(const struct fleet_config *c)
{
	int err;

	memset(&fleet, 0, sizeof(fleet));
	timer_init(&fleet.leave, leave_handler, NULL);
	if (!c->urls || !*c->urls)
		return 0;

	err = read_names(c);
	if (err)
		return err;

	fleet.c = c;
	fleet.open = true;
	for (size_t i = 0; !err && i < PARTS; i++)
		err = parts[i].start(c);

	return err;
}


void fleet_stop(void)
{
	timer_stop(&fleet.leave);
	if (!fleet.open)
		return;

	for (size_t i = PARTS; i-- > 0;)
		parts[i].stop();
	fleet.open = false;
	fleet.c = NULL;
}


void fleet_gather(void)
{
	if (fleet.open)
		bus_gather();
}


void fleet_flush(void)
{
	if (!fleet.open)
		return;

	publisher_flush();
	members_flush();
	bus_flush();
}


bool fleet_on(void)
{
	return fleet.c != NULL;
}


bool fleet_views(void)
{
	return fleet.c && fleet.c->view;
}


bool fleet_failed(void)
{
	return fleet.failed;
}


const char *fleet_member(void)
{
	return fleet.member;
}


const char *fleet_labels(void)
{
	return fleet.c ? fleet.c->labels : "";
}


/**
 * Get the name of the fleet, the first token of its subjects
 *
 * @return Name
 */
const char *fleet_name(void)
{
	return fleet.name;
}


/**
 * Get the name of the stream
 *
 * @return Name
 */
const char *fleet_stream(void)
{
	return fleet.stream;
}


/**
 * Leave, as another referd with our name was there before: the daemon ends,
 * and inside baresip the fleet does
 *
 * @param boot Its boot
 */
void fleet_yield(const char *boot)
{
	if (fleet.failed)
		return;

	log_error("fleet: another live referd has the name %s (boot %s): give "
		  "this one another name with %s",
		  fleet.member, boot, option_shown("fleet-node"));
	fleet.failed = true;
	timer_start(&fleet.leave, 0);
}
