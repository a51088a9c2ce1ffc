/**
 * @file rival.c  Another referd with our name
 *
 * Each referd listens to a subject with its name, and to one with its boot.
 * Before it listens to the first, it sends a request there: if there is an
 * answer, it is the second of that name, and leaves.  If the two cannot hear
 * each other at that time, one finds the boot of the other in the stream
 * later.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/base.h"
#include "bus.h"
#include "fleet.h"
#include "rival.h"
#include "room.h"


/* Seconds that an answer may take */
static const double answer_time = 1;

static struct {
	char ours[BUS_SUBJECT_SIZE]; /* subject with our name */
	bool none;                   /* nobody else has answered there */
	struct bus_request *first, *later;
} rival;


static void listen_handler(const struct fleetbus_news *n, void *arg)
{
	const char *boot = bus_boot();
	(void)arg;

	if (n->reply)
		(void)bus_send(n->reply, NULL, NULL, 0, boot, strlen(boot));
}


static void listen(void)
{
	rival.none = true;
	(void)bus_listen(rival.ours, listen_handler, NULL);
}


/* It says its boot */
static void yield_to(const struct fleetbus_news *n)
{
	char boot[64];

	(void)snprintf(boot, sizeof(boot), "%s", n->data);
	if (strcmp(boot, bus_boot()) != 0)
		fleet_yield(boot);
}


static void first_handler(int err, const struct fleetbus_news *n, void *arg)
{
	(void)arg;

	rival.first = NULL;
	if (!err)
		yield_to(n);
	else if (err != ENOTCONN)
		listen();
}


static void later_handler(int err, const struct fleetbus_news *n, void *arg)
{
	(void)arg;

	rival.later = NULL;
	if (!err)
		yield_to(n);
}


static void state_handler(bool up, const char *why, void *arg)
{
	(void)why;
	(void)arg;

	if (up && !rival.none && !rival.first)
		(void)bus_ask(&rival.first, rival.ours, NULL, 0, "", 0,
			      answer_time, first_handler, NULL);
}


/**
 * Begin to look for another referd with our name
 *
 * @param c Configuration
 *
 * @return 0, or ENOMEM
 */
int rival_start(const struct fleet_config *c)
{
	char own[BUS_SUBJECT_SIZE];
	int err;
	(void)c;

	(void)snprintf(rival.ours, sizeof(rival.ours), "_INBOX.%s.alive",
		       fleet_member());
	err = bus_watch(state_handler, NULL);

	return err ? err
		   : bus_listen(bus_inbox(own, sizeof(own), "alive"),
				listen_handler, NULL);
}


/**
 * Look no more
 */
void rival_stop(void)
{
	bus_cancel(rival.first);
	bus_cancel(rival.later);
	memset(&rival, 0, sizeof(rival));
}


/**
 * Tell whether we have been found to be the only one of our name
 *
 * @return True if so
 */
bool rival_none(void)
{
	return rival.none;
}


/**
 * Leave, if one with our name and another boot lives
 *
 * @param boot Its boot
 */
void rival_ask(const char *boot)
{
	char subject[BUS_SUBJECT_SIZE];

	if (rival.later)
		return;

	(void)snprintf(subject, sizeof(subject), "_INBOX.%s.%s.alive",
		       fleet_member(), boot);
	(void)bus_ask(&rival.later, subject, NULL, 0, "", 0, answer_time,
		      later_handler, NULL);
}
