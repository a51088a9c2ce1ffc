/**
 * @file linkrequest.c  Requests of referd to a baresip, see docs/link.md
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdlib.h>
#include <string.h>
#include "fields.h"
#include "json.h"
#include "linkrequest.h"


enum { TEXTS = 1 };

static const struct field fields[] = {
	FIELD("type", TEXT, node_request, type, TEXTS),
	FIELD("ref", TEXT, node_request, ref, TEXTS),
	FIELD("call_sid", TEXT, node_request, call_sid, TEXTS),
	FIELD("verbs", JSON, node_request, verbs, TEXTS),
	FIELD("dial", JSON, node_request, dial, TEXTS),
	FIELD("evidence", TEXT, node_request, evidence, TEXTS),
	FIELD("reason", TEXT, node_request, reason, TEXTS),
	FIELDS_END,
};


/**
 * Write a request as a line of the link has it
 *
 * @param j  Text
 * @param rq Request
 */
void node_request_print(struct json *j, const struct node_request *rq)
{
	json_open(j, NULL, '{');
	json_str(j, "type", rq->type);
	json_str(j, "ref", rq->ref);
	json_str(j, "call_sid", rq->call_sid);
	if (rq->verbs) {
		json_bool(j, "run", rq->run);
		if (rq->attempts)
			json_int(j, "attempts", rq->attempts);
		json_raw(j, "verbs", rq->verbs);
	}
	if (rq->type && !strcmp(rq->type, "hold"))
		json_bool(j, "hold", rq->hold);
	json_members(j, rq->dial);
	json_str(j, "evidence", rq->evidence);
	json_str(j, "reason", rq->reason);
	if (rq->unsubscribe)
		json_bool(j, "unsubscribe", true);
	json_close(j, '}');
}


/**
 * Copy a request with all its texts
 *
 * @param rq Request
 *
 * @return Copy in one piece, to be freed with free(); NULL if out of memory
 */
struct node_request *node_request_copy(const struct node_request *rq)
{
	struct node_request *copy;

	copy = malloc(sizeof(*copy) + fields_room(rq, fields, TEXTS));
	if (!copy)
		return NULL;

	*copy = *rq;
	(void)fields_move(copy, fields, TEXTS, (char *)(copy + 1));

	return copy;
}
