/**
 * @file direct_referd.c  referd as a module has it, for a test
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "base/base.h"
#include "calls/calls.h"
#include "nodes/nodes.h"
#include "nodes/roster.h"
#include "plainconfig.h"
#include "service.h"
#include "store/store.h"
#include "stream/stream.h"
#include "tempdir.h"
#include "told.h"
#include "direct_referd.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


static int fd = -1;
static void (*turned)(void);
static bool in_trouble;


const char *__real_store_trouble(void);
const char *__wrap_store_trouble(void);
bool __wrap_store_pending(void);


const char *__wrap_store_trouble(void)
{
	return in_trouble ? "the disk is full" : __real_store_trouble();
}


/* All writes count as on disk: real ones take seconds, and other tests cover
   them */
bool __wrap_store_pending(void)
{
	return false;
}


static void turn_handler(void)
{
	loop_turn();
	turned();
}


/**
 * Start referd with its store
 *
 * @param peer Functions of the module, NULL if it is not loaded
 * @param h    Called when the loop is to be pumped soon
 *
 * @return 0 if success, otherwise the part that failed
 */
int referd_start(const struct direct_node *peer, void (*h)(void))
{
	static struct config config = {PLAIN_CONFIG};
	int err;

	strcpy(config.state, dir);
	turned = h;
	err = loop_init();
	if (err)
		return err;

	fd = loop_fd();
	err = service_start(&config, SERVICE_WHOLE & ~SERVICE_LISTEN);
	if (!err)
		nodes_direct_listen(peer, turn_handler);

	return err;
}


/**
 * Stop referd
 */
void referd_stop(void)
{
	service_stop();
	loop_close();
	fd = -1;
}


/**
 * Get the descriptor of its loop
 *
 * @return Descriptor
 */
int referd_fd(void)
{
	return fd;
}


/**
 * Let referd do its due work
 *
 * @return True if more work is due
 */
bool referd_pump(void)
{
	return loop_pump();
}


/**
 * Offer referd to a module again
 *
 * @param peer Functions of the module
 */
void referd_offer(const struct direct_node *peer)
{
	nodes_direct_listen(peer, turn_handler);
}


/**
 * Send a message of its client
 *
 * @param text JSON text
 */
void referd_bot(const char *text)
{
	struct sender sender = {.kind = SENDER_CLIENT, .name = "bot"};
	char *copy = strdup(text);

	command(&sender, copy, strlen(copy));
	free(copy);
	turned();
}


/**
 * Make the disk of referd fail, or work again
 *
 * @param trouble True if it fails
 */
void referd_trouble(bool trouble)
{
	in_trouble = trouble;
}


/**
 * Tell whether a baresip is connected and has reported its live calls
 *
 * @return True if so
 */
bool referd_synced(void)
{
	return fd >= 0 && roster_count() > 0;
}


/**
 * Get the process of that baresip
 *
 * @return Its id
 */
int referd_node_pid(void)
{
	const struct node *node = roster_find(roster_pick("gw"));

	return node ? (int)node->process.pid : -1;
}


static bool n_handler(const char *key, void *value, void *arg)
{
	const struct node *node = value;
	(void)key;

	*(uint64_t *)arg = node->n;

	return true;
}


/**
 * Get the number of the last report that referd has from a baresip
 *
 * @return Number, 0 if it knows none
 */
uint64_t referd_node_n(void)
{
	uint64_t n = 0;

	roster_each(n_handler, &n);

	return n;
}


/**
 * Count messages to clients
 *
 * @param a A text in the message
 * @param b Another one
 *
 * @return Number of messages that contain both
 */
unsigned referd_told(const char *a, const char *b)
{
	(void)store_commit();

	return told("bot", a, b);
}


/**
 * Make a place for its state
 *
 * @return 0 if success
 */
int referd_setup(void)
{
	log_level_set(LOG_ERROR);
	in_trouble = false;

	return dir_make("unit-direct");
}


/**
 * Remove its state
 *
 * @return 0 if success
 */
int referd_teardown(void)
{
	return dir_remove();
}
