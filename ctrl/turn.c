/**
 * @file turn.c  The end of a turn of the loop: store first, then send
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <ev.h>
#include "app.h"
#include "feed.h"
#include "node.h"
#include "session.h"
#include "store.h"
#include "turn.h"


static ev_prepare prepare;


/* Runs when all events of a turn are handled, before the loop sleeps */
static void prepare_handler(EV_P_ ev_prepare *w, int revents)
{
	(void)loop;
	(void)w;
	(void)revents;

	turn_commit();
	nodes_flush();
	feeds_flush();
}


/**
 * Have each turn end as it should
 */
void turn_init(void)
{
	ev_prepare_init(&prepare, prepare_handler);
	ev_prepare_start(EV_DEFAULT_ & prepare);
}


/**
 * Commit what is left, and stop
 */
void turn_close(void)
{
	turn_commit();
	ev_prepare_stop(EV_DEFAULT_ & prepare);
}


/**
 * Put on disk what has come about, so that it may be sent.  Failure is the
 * store's to report; what can't be stored is sent nevertheless.
 */
void turn_commit(void)
{
	sessions_save();
	apps_save();
	nodes_save();
	(void)store_commit();
}
