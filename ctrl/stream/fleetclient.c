/**
 * @file fleetclient.c  The clients that get the messages of a whole fleet
 *
 * They may come from another referd of the fleet, and know its messages.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdlib.h>
#include "base/base.h"
#include "cast.h"
#include "client.h"
#include "feed.h"
#include "frame.h"
#include "returns.h"
#include "source.h"
#include "store/store.h"
#include "stream.h"


enum {
	EARLY_TIME = 30000, /* ms that the fleet may take to be read so far */
	LOOK_TIME = 5,      /* seconds between two checks of waiting clients */
};

static unsigned earlies; /* clients that wait */
static struct timer timer;


/**
 * Send a client the messages to it alone from the store of this referd, from
 * the position where it left
 *
 * @param c Client
 */
void client_begin_own(struct client *c)
{
	const uint64_t had = returns_take(c->name);

	c->feed.own = had < store_seq();
	c->feed.own_had = c->feed.own_since = c->feed.own ? had : store_seq();
}


static void dismiss_handler(struct client *c, void *arg)
{
	const int64_t *now = arg;

	if (!c->early || c->early_end > *now)
		return;

	c->early = false;
	--earlies;
	feed_dismiss(&c->feed, CLOSE_LATER);
}


static void timer_handler(void *arg)
{
	int64_t now = clock_steady_ms();
	(void)arg;

	clients_each(dismiss_handler, &now);
	if (earlies)
		timer_start(&timer, LOOK_TIME);
}


/**
 * Have a client wait until this referd has read the fleet as far as the client
 * has
 *
 * @param c Client
 */
void client_wait(struct client *c)
{
	c->early_end = clock_steady_ms() + EARLY_TIME;
	if (!earlies++) {
		timer_init(&timer, timer_handler, NULL);
		timer_start(&timer, LOOK_TIME);
	}

	feed_wake(&c->feed);
}


/**
 * Note the position of a client, for its return
 *
 * @param c Client
 */
void client_leave(struct client *c)
{
	if (c->early)
		--earlies;
	c->early = false;
	if (c->feed.scope == SCOPE_FLEET)
		returns_add(c->name, feed_own_had(&c->feed));
}


void client_had(const char *name, uint64_t seq)
{
	const uint64_t had = returns_take(name);

	returns_add(name, had != UINT64_MAX && had > seq ? had : seq);
}


/**
 * Clean up, when all clients are gone
 */
void clients_fleet_close(void)
{
	timer_stop(&timer);
	earlies = 0;
	returns_close();
}


static void ready_handler(struct client *c, void *arg)
{
	const uint64_t *f = arg;

	if (!c->early || c->feed.since > *f)
		return;

	c->early = false;
	--earlies;
	client_greet(c, true);
	feed_resume(&c->feed);
}


void clients_fleet_ready(uint64_t f)
{
	if (earlies)
		clients_each(ready_handler, &f);
}


static void anew_handler(struct client *c, void *arg)
{
	(void)arg;

	if (c->feed.scope == SCOPE_FLEET)
		feed_dismiss(&c->feed, CLOSE_ANEW);
}


void clients_fleet_anew(void)
{
	clients_each(anew_handler, NULL);
}


/**
 * Queue a message for the clients of the fleet.  It leaves with feeds_flush().
 *
 * @param f       Its number in the fleet
 * @param jambonz True if clients of the jambonz dialect get it, too
 * @param text    JSON text
 */
void clients_fleet_post(uint64_t f, bool jambonz, const char *text)
{
	struct frame *frame;

	if (frame_create(&frame, f, text)) {
		log_error("client: message %llu of the fleet is not sent: out "
			  "of memory",
			  (unsigned long long)f);
		return;
	}

	frame->jambonz = jambonz;
	cast_add(&sources[SCOPE_FLEET].cast, frame);
	frame_release(frame);
	clients_fleet_ready(f);
}


/* The others read messages to all */
static void tell_handler(struct client *c, void *arg)
{
	const char *const *textp = arg;

	if (c->dialect == DIALECT_DEFAULT && !c->feed.call_sid &&
	    c->feed.behind && !c->feed.close_code)
		feed_say(&c->feed, 0, *textp);
}


void clients_tell(const char *text)
{
	struct frame *frame;

	if (frame_create(&frame, 0, text))
		return;

	for (size_t i = 0; i < SCOPES; i++)
		cast_add(&sources[i].cast, frame);
	frame_release(frame);
	clients_each(tell_handler, &text);
}
