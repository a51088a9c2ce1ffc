/**
 * @file viewing.c  Whether this referd has a view of the whole fleet
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <string.h>
#include "base/base.h"
#include "consumer.h"
#include "fleet.h"
#include "members.h"
#include "origin.h"
#include "status.h"
#include "view.h"


/* It may have been lost while we were away */
static void origin_handler(struct origin *s, void *arg)
{
	struct machine *m;
	(void)arg;

	if (!strcmp(s->name, fleet_member()))
		return;

	m = member_get(s->name);
	if (m && !m->boot)
		(void)field_keep(&m->boot, s->boot);
}


/**
 * Begin to read the stream, if this referd is to have a view
 *
 * @param c Configuration
 *
 * @return 0, or ENOMEM
 */
int view_start(const struct fleet_config *c)
{
	int err;

	if (!c->view)
		return 0;

	err = view_open();
	if (!err)
		err = consumer_start(status_tick);
	if (!err)
		origins_each(origin_handler, NULL);

	return err;
}


/**
 * Read no more
 */
void view_stop(void)
{
	consumer_stop();
	view_close();
}
