/**
 * @file request.c  Requests about a call to the node that carries it
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdio.h>
#include "base/base.h"
#include "call.h"
#include "calls.h"
#include "json.h"
#include "nodes/nodes.h"
#include "request.h"
#include "verb.h"


static void begin(struct json *j, const struct call *c, const char *type,
		  const char *ref)
{
	json_init(j);
	json_open(j, NULL, '{');
	json_str(j, "type", type);
	json_str(j, "ref", ref);
	json_str(j, "call_sid", call_sid(c));
}


static void finish(struct json *j, const struct call *c)
{
	json_close(j, '}');
	node_send(call_instance(c), json_done(j));
	json_free(j);
}


/**
 * Make a reference, by which the node's answer finds the call again
 *
 * @param ref Reference
 * @param c   Call
 */
void request_ref(char ref[REF_SIZE], const struct call *c)
{
	char digits[13];

	random_hex(digits, sizeof(digits));
	(void)snprintf(ref, REF_SIZE, "%.*s:%s", CALL_SID_MAX, call_sid(c),
		       digits);
}


/**
 * Have the SIP verbs of a list checked
 *
 * @param c    Call
 * @param ref  Reference
 * @param list Verbs
 * @param run  True to start the first of them, if nothing is wrong
 */
void request_check(const struct call *c, const char *ref,
		   const struct verb *list, bool run)
{
	struct json j;

	begin(&j, c, "verbs", ref);
	json_bool(&j, "run", run);
	json_open(&j, "verbs", '[');
	for (; list; list = list->next) {
		if (verb_is_sip(list))
			json_raw(&j, NULL, list->text);
	}
	json_close(&j, ']');
	finish(&j, c);
}


static void run_text(const struct call *c, const char *ref, const char *text)
{
	struct json j;

	begin(&j, c, "verbs", ref);
	json_bool(&j, "run", true);
	json_open(&j, "verbs", '[');
	json_raw(&j, NULL, text);
	json_close(&j, ']');
	finish(&j, c);
}


/**
 * Have a verb started
 *
 * @param c    Call
 * @param ref  Reference
 * @param verb Verb
 */
void request_run(const struct call *c, const char *ref,
		 const struct verb *verb)
{
	run_text(c, ref, verb->text);
}


/**
 * Have the call answered, for a verb that needs that
 *
 * @param c   Call
 * @param ref Reference
 */
void request_answer(const struct call *c, const char *ref)
{
	run_text(c, ref, "{\"verb\":\"answer\"}");
}


/**
 * Have the transfer at hand cancelled.  Its end is the answer.
 *
 * @param c Call
 */
void request_cancel(const struct call *c)
{
	char ref[REF_SIZE];
	struct json j;

	request_ref(ref, c);
	begin(&j, c, "cancel", ref);
	finish(&j, c);
}
