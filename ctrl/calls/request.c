/**
 * @file request.c  Requests about a call to the node that carries it
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdio.h>
#include <string.h>
#include "attempts.h"
#include "base/base.h"
#include "call.h"
#include "calls.h"
#include "json.h"
#include "nodes/nodes.h"
#include "request.h"
#include "verb.h"


/* The array of verbs is freed here */
static void ask(const struct call *c, const char *ref, bool run,
		struct json *verbs, size_t attempts)
{
	const struct node_request rq = {
		.type = "verbs",
		.ref = ref,
		.call_sid = call_sid(c),
		.run = run,
		.attempts = (int)attempts,
		.verbs = json_done(verbs),
	};

	node_send(call_instance(c), rq.verbs ? &rq : NULL);
	json_free(verbs);
}


/**
 * Make a reference that leads from the node's answer to the call
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


/* How many dry runs a verb is, 0 if it is at most one */
static size_t dry_runs(const struct verb *v)
{
	return v->dry_run && v->attempts ? verb_texts(v) : 0;
}


/**
 * Get the call that a reference was made for
 *
 * @param sid Buffer for its call_sid
 * @param ref Reference
 */
void ref_call(char sid[CALL_SID_MAX + 1], const char *ref)
{
	(void)snprintf(sid, CALL_SID_MAX + 1, "%.*s", (int)strcspn(ref, ":"),
		       ref);
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
	const size_t attempts = run ? dry_runs(list) : 0;
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '[');
	for (; list; list = list->next) {
		for (size_t i = 0; i < verb_texts(list); i++)
			json_raw(&j, NULL, verb_text(list, i));
	}
	json_close(&j, ']');
	ask(c, ref, run, &j, attempts);
}


static void run_text(const struct call *c, const char *ref, const char *text)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '[');
	json_raw(&j, NULL, text);
	json_close(&j, ']');
	ask(c, ref, true, &j, 0);
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
	const struct attempts *a = verb->attempts;

	if (dry_runs(verb))
		request_check(c, ref, verb, true);
	else
		run_text(c, ref, a ? attempts_at(a)->text : verb->text);
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
 * Have a call ended that no verb belongs to
 *
 * @param c Call
 */
void request_hangup(const struct call *c)
{
	char ref[REF_SIZE];

	request_ref(ref, c);
	run_text(c, ref, "{\"verb\":\"hangup\"}");
}


/**
 * Have the transfer at hand cancelled.  Its end is the answer.
 *
 * @param c           Call
 * @param unsubscribe True to tell the far end that no more NOTIFYs are wanted
 */
void request_cancel(const struct call *c, bool unsubscribe)
{
	char ref[REF_SIZE];

	request_ref(ref, c);
	node_send(call_instance(c), &(struct node_request){
					    .type = "cancel",
					    .ref = ref,
					    .call_sid = call_sid(c),
					    .unsubscribe = unsubscribe,
				    });
}
