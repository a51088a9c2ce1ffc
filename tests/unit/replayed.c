/**
 * @file replayed.c  All messages that a client is to get, from memory and from
 * disk
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <stddef.h>
#include <stdlib.h>
#include <ev.h>
#include "base/base.h"
#include "replayed.h"


enum { STEP = 1000 };

struct waiter {
	store_replay_h *h;
	void *arg;
	uint64_t since;
	struct fetch *fetch;
};


static void message_handler(uint64_t seq, const char *text, void *arg)
{
	struct waiter *w = arg;

	w->h(seq, text, w->arg);
}


static void fetched_handler(uint64_t since, int err, void *arg)
{
	struct waiter *w = arg;

	if (err)
		abort();
	w->since = since;
	w->fetch = NULL;
}


/**
 * Go through the messages behind a number, as a client that comes back does
 *
 * @param since    Number
 * @param client   Its name
 * @param call_sid The only call that it gets, NULL for all
 * @param jambonz  True if it speaks that dialect
 * @param h        Called for each
 * @param arg      Handler argument
 */
void replayed(uint64_t since, const char *client, const char *call_sid,
	      bool jambonz, store_replay_h *h, void *arg)
{
	const struct listener to = {client, call_sid, jambonz};
	struct waiter w = {.h = h, .arg = arg, .since = since};
	enum replay state;

	while ((state = store_replay(&w.since, &to, STEP, h, arg)) !=
	       REPLAY_ALL) {
		if (state == REPLAY_MORE)
			continue;
		if (store_fetch(&w.fetch, w.since, &to, message_handler,
				fetched_handler, &w))
			abort();
		while (w.fetch)
			(void)ev_run(loop_ev(), EVRUN_ONCE);
	}
}
