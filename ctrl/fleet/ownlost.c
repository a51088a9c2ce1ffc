/**
 * @file ownlost.c  Messages of others about us while we were away
 *
 * Other members may have given this referd up, and published that its
 * transfers are lost.  This is read before anything is published, and hooks
 * wait for it: the first outcome in the stream counts.  It is repeated from
 * time to time: a referd that is cut off together with a server does not lose
 * its connection.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "bus.h"
#include "engine.h"
#include "calls/calls.h"
#include "fleet.h"
#include "hooks/hooks.h"
#include "jetstream.h"
#include "json.h"
#include "ownlost.h"
#include "publisher.h"
#include "room.h"


/* Seconds */
static const double ask_time = 2, again_time = .5, look_time = 10;

static struct {
	uint64_t seq; /* of the stream, from which on it is asked */
	struct bus_request *request;
	struct timer again;
} ownlost;


static void ask(void *arg);


static void done(void)
{
	publisher_hold(false);
	hooks_hold(false);
	timer_start(&ownlost.again, look_time);
}


static void take_item(char *line, const char *by, const char *reason)
{
	cJSON *item = *line ? cJSON_Parse(line) : NULL;
	const char *id = field_str(item, "transfer_id");

	if (id && strcmp(by, fleet_member()) != 0)
		hooks_elsewhere(id);
	if (id)
		intake_lost(id, reason);
	cJSON_Delete(item);
}


static void take(char *text)
{
	cJSON *head = cJSON_Parse(strsep(&text, "\n"));
	const char *by = field_str(head, "by");
	char reason[128];
	char *line;

	(void)snprintf(reason, sizeof(reason), "the member %s is lost",
		       fleet_member());
	if (by)
		log_warning("fleet: member %s has published that this referd "
			    "was lost",
			    by);
	while (by && (line = strsep(&text, "\n")))
		take_item(line, by, reason);
	cJSON_Delete(head);
}


/**
 * Take a message that says that we are lost
 *
 * @param seq  Its sequence in the stream
 * @param text Its text, which is changed
 */
void ownlost_take(uint64_t seq, char *text)
{
	if (seq < ownlost.seq)
		return;

	ownlost.seq = seq + 1;
	take(text);
}


static void answer_handler(int err, const struct fleetbus_news *n, void *arg)
{
	struct jetstream_message m;
	struct jetstream_error e = {0};
	(void)arg;

	ownlost.request = NULL;
	if (!err)
		err = jetstream_message_read(&m, &e, n->data);
	if (!err) {
		ownlost_take(m.seq, m.data);
		free(m.data);
		ask(NULL);
	}
	else if (err == EPROTO && (e.err_code == JETSTREAM_NO_MESSAGE ||
				   e.err_code == JETSTREAM_NO_STREAM)) {
		done();
	}
	else if (err != ENOTCONN) {
		timer_start(&ownlost.again, again_time);
	}
}


/* The next one of our name */
static void ask(void *arg)
{
	char own[BUS_SUBJECT_SIZE];
	char rest[BUS_SUBJECT_SIZE / 2];
	struct json j;
	(void)arg;

	(void)snprintf(rest, sizeof(rest), "%s.*", fleet_member());
	json_init(&j);
	json_open(&j, NULL, '{');
	json_int(&j, "seq", (int64_t)ownlost.seq);
	json_str(&j, "next_by_subj",
		 bus_subject(own, sizeof(own), "lost", rest));
	json_close(&j, '}');
	if (engine_get(&ownlost.request, &j, ask_time, answer_handler))
		timer_start(&ownlost.again, again_time);
}


static void bus_handler(bool up, const char *why, void *arg)
{
	(void)why;
	(void)arg;

	bus_cancel(ownlost.request);
	ownlost.request = NULL;
	timer_stop(&ownlost.again);
	publisher_hold(true);
	if (up)
		ask(NULL);
}


/**
 * Begin to look for it, with each connection
 *
 * @param c Configuration
 *
 * @return 0, or ENOMEM
 */
int ownlost_start(const struct fleet_config *c)
{
	(void)c;

	memset(&ownlost, 0, sizeof(ownlost));
	ownlost.seq = 1;
	timer_init(&ownlost.again, ask, NULL);
	publisher_hold(true);

	return bus_watch(bus_handler, NULL);
}


/**
 * Look no more
 */
void ownlost_stop(void)
{
	bus_cancel(ownlost.request);
	ownlost.request = NULL;
	timer_stop(&ownlost.again);
}
