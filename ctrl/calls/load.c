/**
 * @file load.c  How many calls live, in all and on each baresip
 *
 * Each dialled call needs the load of all baresips to pick one.  With
 * thousands of calls, counting them each time would be too slow.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdint.h>
#include "base/base.h"
#include "calls.h"
#include "load.h"


static struct {
	struct table *nodes; /* numbers by instance id, none is 0 */
	size_t all;
} load;


static void set(const char *instance, uintptr_t count)
{
	if (count)
		(void)table_put(load.nodes, instance, (void *)count);
	else
		(void)table_take(load.nodes, instance);
}


/**
 * Get ready for calls
 *
 * @return 0, or ENOMEM
 */
int load_init(void)
{
	load.all = 0;

	return table_create(&load.nodes);
}


/**
 * Clean up
 */
void load_close(void)
{
	table_destroy(load.nodes);
	load.nodes = NULL;
}


/**
 * Note a call
 *
 * @param instance Instance id of the node that carries it
 */
void load_more(const char *instance)
{
	++load.all;
	set(instance, load_of(instance) + 1);
}


/**
 * Note that a call is over
 *
 * @param instance Instance id of the node that carried it
 */
void load_less(const char *instance)
{
	unsigned count = load_of(instance);

	--load.all;
	if (count)
		set(instance, count - 1);
}


unsigned load_of(const char *instance)
{
	return (unsigned)(uintptr_t)table_get(load.nodes, instance);
}


/**
 * Count the calls
 *
 * @return How many live
 */
size_t load_all(void)
{
	return load.all;
}
