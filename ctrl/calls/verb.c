/**
 * @file verb.c  Verbs, and lists of them
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "attempts.h"
#include "base/base.h"
#include "calls.h"
#include "hooks/hooks.h"
#include "stream/stream.h"
#include "transferverb.h"
#include "verb.h"
#include "warmverb.h"


static const char *const names[] = {
	[VERB_SIP_REFER] = "sip:refer",
	[VERB_ANSWER] = "answer",
	[VERB_SIP_DECLINE] = "sip:decline",
	[VERB_HANGUP] = "hangup",
	[VERB_TRANSFER] = "transfer",
	[VERB_SIP_REQUEST] = "sip:request",
	[VERB_PLAY] = "play",
	[VERB_PAUSE] = "pause",
	[VERB_CONFIG] = "config",
	[VERB_TAG] = "tag",
	[VERB_REDIRECT] = "redirect",
};

/**
 * Say which trace verbs belong to that do not say so themselves
 *
 * @param list  Verbs
 * @param trace Their trace; NULL to make one for each
 *
 * @return 0, or ENOMEM
 */
int verbs_trace(struct verb *list, const char *trace)
{
	char made[TRACE_SIZE];
	int err = 0;

	for (struct verb *v = list; v; v = v->next) {
		if (v->trace)
			continue;

		if (!trace)
			trace_make(made);
		err |= field_keep(&v->trace, trace ? trace : made);
	}

	return err;
}


/**
 * Set the sender of verbs.  In the default dialect a sip:refer without an
 * actionHook gets the hook "refer", as the specification of the verb requires.
 *
 * @param list   Verbs
 * @param sender Sender
 *
 * @return 0, or ENOMEM
 */
int verbs_own(struct verb *list, const struct sender *sender)
{
	struct sender owner = *sender;

	owner.msgid = owner.trace = NULL;
	if (!sender_can_answer(sender))
		owner.kind = SENDER_NOBODY;

	for (struct verb *v = list; v; v = v->next) {
		v->dialect = sender->dialect;
		if (sender_copy(&v->owner, &owner))
			return ENOMEM;

		if (!v->owner)
			continue;

		if (calls_events()->resolve(v->owner, &v->action) ||
		    calls_events()->resolve(v->owner, &v->event))
			return ENOMEM;

		if (v->warm &&
		    calls_events()->resolve(v->owner, &v->warm->hold))
			return ENOMEM;

		if (v->kind != VERB_SIP_REFER || v->action.url ||
		    v->dialect != DIALECT_DEFAULT)
			continue;

		if (hook_set(&v->action, "refer", "POST", NULL, NULL))
			return ENOMEM;
	}

	return 0;
}


void verbs_free(struct verb *list)
{
	while (list) {
		struct verb *v = list;

		list = v->next;
		hook_reset(&v->action);
		hook_reset(&v->event);
		cJSON_free(v->text);
		free(v->id);
		free(v->trace);
		free(v->tag);
		free(v->refer_to);
		attempts_destroy(v->attempts);
		transferverb_destroy(v->transfer);
		free(v->owner);
		warmverb_free(v->warm);
		free(v);
	}
}


/**
 * Count verbs
 *
 * @param list Verbs
 *
 * @return Their number
 */
size_t verbs_count(const struct verb *list)
{
	size_t n = 0;

	for (; list; list = list->next)
		++n;

	return n;
}


/**
 * Append one list to another
 *
 * @param listp List that grows
 * @param list  List that it takes over
 */
void verbs_append(struct verb **listp, struct verb *list)
{
	while (*listp)
		listp = &(*listp)->next;

	*listp = list;
}


/**
 * Name a kind of verb
 *
 * @param kind Kind
 *
 * @return Its name
 */
const char *verb_name(enum verb_kind kind)
{
	return names[kind];
}


/**
 * Find a kind of verb
 *
 * @param kindp Kind found
 * @param name  Its name
 *
 * @return True if the verb is known
 */
bool verb_find(enum verb_kind *kindp, const char *name)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!strcmp(name, names[i])) {
			*kindp = (enum verb_kind)i;
			return true;
		}
	}

	return false;
}


/**
 * Begin an error about a verb
 *
 * @param v Verb
 * @param f Error, which names the verb then
 */
void verb_error(const struct verb *v, struct error *f)
{
	f->position = v->position;
	error_trace(f, v->trace);
	(void)snprintf(f->verb, sizeof(f->verb), "%s", verb_name(v->kind));
}


/**
 * Tell whether a verb is the module's to check and run
 *
 * @param v Verb
 *
 * @return True if it is SIP, false if it is done here
 */
bool verb_is_sip(const struct verb *v)
{
	return v->kind <= VERB_PLAY && !verb_is_warm(v);
}


/**
 * Tell whether a verb calls the target before it gives the call away.  The
 * mailbox is not called before.
 *
 * @param v Verb
 *
 * @return True if it is a warm transfer that is not at its mailbox
 */
bool verb_is_warm(const struct verb *v)
{
	return v->transfer && v->transfer->warm &&
	       !attempts_at_mailbox(v->attempts);
}


/**
 * Count the texts that the module gets of a verb: each target is a verb of its
 * own
 *
 * @param v Verb
 *
 * @return How many verbs it is for the module, 0 if it is not SIP
 */
size_t verb_texts(const struct verb *v)
{
	if (v->attempts)
		return attempts_texts(v->attempts);

	return verb_is_sip(v) ? 1 : 0;
}


/**
 * Get a text that the module gets of a verb
 *
 * @param v     Verb
 * @param index Which
 *
 * @return JSON text
 */
const char *verb_text(const struct verb *v, size_t index)
{
	return v->attempts ? attempts_text(v->attempts, index) : v->text;
}


/**
 * Get the target that a verb is at
 *
 * @param v Verb
 *
 * @return Target, as the verb names it; NULL if it has none
 */
const char *verb_target(const struct verb *v)
{
	return v->attempts ? attempts_at(v->attempts)->target : v->refer_to;
}


/**
 * Tell whether the module has something to check in a list
 *
 * @param list Verbs
 *
 * @return True if one of them is SIP
 */
bool verbs_have_sip(const struct verb *list)
{
	size_t which;

	return verbs_sip_at(list, 0, &which) != NULL;
}


/**
 * Find a verb as the module counts them: it knows of those that are SIP only,
 * and of each of their targets
 *
 * @param list   Verbs
 * @param index  Position, from 0 on
 * @param whichp Which of the verb's texts it is
 *
 * @return The verb, NULL if there are fewer
 */
const struct verb *verbs_sip_at(const struct verb *list, int index,
				size_t *whichp)
{
	size_t left = index < 0 ? SIZE_MAX : (size_t)index;

	for (; list; list = list->next) {
		const size_t texts = verb_texts(list);

		if (left < texts) {
			*whichp = left;
			return list;
		}
		left -= left == SIZE_MAX ? 0 : texts;
	}

	return NULL;
}


/**
 * Tell whether a verb transfers the call
 *
 * @param v Verb
 *
 * @return True if it is a sip:refer or a transfer
 */
bool verb_transfers(const struct verb *v)
{
	return v->kind == VERB_SIP_REFER || v->kind == VERB_TRANSFER;
}


/**
 * Tell whether a verb sends a REFER right away
 *
 * @param v Verb
 *
 * @return True if it is a sip:refer, and no dry run; or a blind transfer
 */
bool verb_refers(const struct verb *v)
{
	return verb_transfers(v) && !v->dry_run && !verb_is_warm(v);
}


/**
 * Set the error of the module about a verb
 *
 * @param v     Verb
 * @param which Which of its texts
 * @param field Field at fault, NULL if none is
 * @param error The sentence
 * @param f     Error, which names the verb then
 */
void verb_refusal(const struct verb *v, size_t which, const char *field,
		  const char *error, struct error *f)
{
	if (v->attempts)
		attempts_refusal(v->attempts, which, &field, &error);

	verb_error(v, f);
	error_set_node(f, 400, field, error);
}
