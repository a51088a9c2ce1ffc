/**
 * @file dial.c  Calls that a client asked for and no node has made yet
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "app.h"
#include "clock.h"
#include "dial.h"
#include "json.h"
#include "message.h"
#include "node.h"
#include "roster.h"
#include "session.h"
#include "queue.h"
#include "reply.h"
#include "report.h"
#include "table.h"


enum { DIALS_MAX = 1024 };

struct dial {
	char sid[UUID_SIZE];
	char ref[UUID_SIZE + 2];
	char *boot;
	char *sender;
	char *msgid; /* may be NULL */
};

static struct table *dials; /* by ref */


static void destroy(struct dial *d)
{
	free(d->boot);
	free(d->sender);
	free(d->msgid);
	free(d);
}


static int create(struct dial **dp, const char *boot,
		  const struct sender *sender)
{
	struct dial *d = calloc(1, sizeof(*d));
	int err;

	if (!d)
		return ENOMEM;

	random_uuid(d->sid);
	(void)snprintf(d->ref, sizeof(d->ref), "%s:d", d->sid);
	d->boot = strdup(boot);
	d->sender = strdup(sender->name);
	d->msgid = sender->msgid ? strdup(sender->msgid) : NULL;
	err = d->boot && d->sender && (d->msgid || !sender->msgid)
		      ? table_put(dials, d->ref, d)
		      : ENOMEM;
	if (err)
		destroy(d);
	else
		*dp = d;

	return err;
}


static void send_request(const struct dial *d, const char *fields)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "type", "dial");
	json_str(&j, "ref", d->ref);
	json_str(&j, "call_sid", d->sid);
	json_members(&j, fields);
	json_close(&j, '}');

	node_send(d->boot, json_done(&j));
	json_free(&j);
}


static void refuse(const struct dial *d, int status, const char *field,
		   const char *error)
{
	struct fault f;

	fault_init(&f);
	fault_set_node(&f, status, field, error);
	if (d->msgid)
		(void)snprintf(f.ref, sizeof(f.ref), "%s", d->msgid);

	reply_fault(d->sender, &f, NULL);
	app_drop(d->sid);
}


/**
 * Get ready for dials
 *
 * @return 0 if success, otherwise errorcode
 */
int dials_init(void)
{
	return table_create(&dials);
}


static bool destroy_handler(const char *key, void *value, void *arg)
{
	(void)key;
	(void)arg;

	destroy(value);

	return false;
}


/**
 * Free all dials
 */
void dials_close(void)
{
	table_each(dials, destroy_handler, NULL);
	table_destroy(dials);
	dials = NULL;
}


/**
 * Count the dials
 *
 * @return How many no node has answered
 */
size_t dials_count(void)
{
	return table_count(dials);
}


/**
 * Have a node make a call.  The sender hears of it by reply_ack() or
 * reply_fault(), unless it is refused right away.
 *
 * @param m      Message of kind dial
 * @param sender Who sent it
 * @param f      What is wrong, if something is
 *
 * @return 0 if success, EBADMSG with the fault set, or another errorcode
 */
int dial(const struct message *m, const struct sender *sender, struct fault *f)
{
	const char *boot = roster_pick(m->node);
	struct dial *d;
	int err;

	if (!boot)
		return fault_set(f, 503, m->node ? "node" : NULL,
				 m->node ? "is not connected"
					 : "no baresip is connected");

	if (table_count(dials) >= DIALS_MAX || sessions_full())
		return fault_set(f, 503, NULL, "there are too many calls");

	err = create(&d, boot, sender);
	if (err)
		return err;

	if (m->app.url) {
		err = app_dial(d->sid, &m->app);
		if (err) {
			(void)table_take(dials, d->ref);
			destroy(d);
			return err;
		}
	}

	send_request(d, m->dial);

	return 0;
}


/**
 * Take the answer of a node to a dial
 *
 * @param r    Result
 * @param boot Boot of the node
 *
 * @return True if it belongs to a dial
 */
bool dial_result(const struct report *r, const char *boot)
{
	struct dial *d = table_get(dials, r->ref);

	if (!d)
		return false;

	/* only who was asked can tell */
	if (strcmp(d->boot, boot))
		return true;

	(void)table_take(dials, r->ref);
	if (r->ok)
		reply_ack(d->sender, d->msgid, d->sid, NULL);
	else
		refuse(d, 400, r->field, r->error);

	destroy(d);

	return true;
}


static bool gone_handler(const char *key, void *value, void *arg)
{
	const char *boot = arg;
	struct dial *d = value;

	if (strcmp(d->boot, boot))
		return false;

	(void)table_take(dials, key);
	refuse(d, 503, NULL, "baresip is gone");
	destroy(d);

	return false;
}


/**
 * Give up the dials of a node that is gone
 *
 * @param boot Its boot
 */
void dials_gone(const char *boot)
{
	table_each(dials, gone_handler, (void *)boot);
}
