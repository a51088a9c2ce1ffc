/**
 * @file memberpick.c  Which member is to make a call
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "calls/calls.h"
#include "fleet.h"
#include "members.h"
#include "nodes/nodes.h"
#include "room.h"


struct pick {
	const char *node;  /* NULL for any */
	const char *label; /* NULL for any */
	const char *member;
	int calls;
};


static bool can(const struct machine *m, const char *node)
{
	cJSON *list = cJSON_Parse(m->nodes);
	const cJSON *item;
	bool found = false;

	cJSON_ArrayForEach(item, list)
	{
		const char *name = field_str(item, "node");

		if (field_bool(item, "can") &&
		    (!node || (name && !strcmp(name, node))))
			found = true;
	}
	cJSON_Delete(list);

	return found;
}


static bool has_label(const char *labels, const char *label)
{
	const size_t len = strlen(label);

	for (const char *p = labels; *p; p += strspn(p, ", ")) {
		const size_t n = strcspn(p, ", ");

		if (n == len && !strncmp(p, label, len))
			return true;
		p += n;
	}

	return false;
}


static bool labelled(const struct machine *m, const char *label)
{
	cJSON *list = cJSON_Parse(m->labels);
	const cJSON *item;
	bool found = false;

	cJSON_ArrayForEach(item, list)
	{
		const char *text = cJSON_GetStringValue(item);

		found |= text && !strcmp(text, label);
	}
	cJSON_Delete(list);

	return found;
}


static void pick_handler(struct machine *m, void *arg)
{
	struct pick *p = arg;

	if (!m->reachable || !can(m, p->node) ||
	    (p->label && !labelled(m, p->label)))
		return;

	if (!p->member || m->calls < p->calls) {
		p->member = m->name;
		p->calls = m->calls;
	}
}


/* Our own first: of two with the same number of calls it is the nearer one */
static const char *pick(const char *node, const char *label)
{
	struct pick p = {.node = node, .label = label};

	if (roster_pick(node) &&
	    (!label || has_label(fleet_labels(), label))) {
		p.member = fleet_member();
		p.calls = (int)sessions_count();
	}
	members_each(pick_handler, &p);

	return p.member;
}


/**
 * Find a member that has a baresip connected
 *
 * @param node Name of the baresip
 *
 * @return Name of the member, ours if this referd has it, NULL if none has
 */
const char *members_node(const char *node)
{
	return roster_pick(node) ? fleet_member() : pick(node, NULL);
}


/**
 * Find the member with the fewest calls among those with a label
 *
 * @param label The label
 *
 * @return Name of the member, NULL if none of them can make a call
 */
const char *members_label(const char *label)
{
	return pick(NULL, label);
}


/**
 * Find the member with the fewest calls
 *
 * @return Name of the member, NULL if none can make a call
 */
const char *members_least(void)
{
	return pick(NULL, NULL);
}
