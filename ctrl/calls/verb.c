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
#include "base/base.h"
#include "calls.h"
#include "hooks/hooks.h"
#include "stream/stream.h"
#include "verb.h"


static const char *const names[] = {
	[VERB_SIP_REFER] = "sip:refer",
	[VERB_ANSWER] = "answer",
	[VERB_SIP_DECLINE] = "sip:decline",
	[VERB_HANGUP] = "hangup",
	[VERB_PLAY] = "play",
	[VERB_PAUSE] = "pause",
	[VERB_CONFIG] = "config",
	[VERB_TAG] = "tag",
	[VERB_REDIRECT] = "redirect",
};

/**
 * Say who sent the verbs.  In the default dialect a sip:refer without an
 * actionHook has the hook "refer", as the verb's specification has it.
 *
 * @param list   Verbs
 * @param sender Who sent them
 *
 * @return 0, or ENOMEM
 */
int verbs_own(struct verb *list, const struct sender *sender)
{
	struct sender owner = *sender;

	owner.msgid = NULL;
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
		free(v->tag);
		free(v->refer_to);
		free(v->owner);
		free(v);
	}
}


/**
 * Count verbs
 *
 * @param list Verbs
 *
 * @return How many there are
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
 * @return True if there is one of that name
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
 * Begin to say what is wrong with a verb
 *
 * @param v Verb
 * @param f Error, which names the verb then
 */
void verb_error(const struct verb *v, struct error *f)
{
	f->position = v->position;
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
	return v->kind <= VERB_PLAY;
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
	return verbs_sip_at(list, 0) != NULL;
}


/**
 * Find a verb as the module counts them: it knows of those that are SIP only
 *
 * @param list  Verbs
 * @param index Position, from 0 on
 *
 * @return The verb, NULL if there are fewer
 */
const struct verb *verbs_sip_at(const struct verb *list, int index)
{
	for (; list; list = list->next) {
		if (verb_is_sip(list) && index-- == 0)
			return list;
	}

	return NULL;
}


/**
 * Tell whether a verb sends a REFER
 *
 * @param v Verb
 *
 * @return True if it is a sip:refer, and no dry run
 */
bool verb_refers(const struct verb *v)
{
	return v->kind == VERB_SIP_REFER && !v->dry_run;
}
