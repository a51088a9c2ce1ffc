/**
 * @file attempts.c  The targets of a verb that are tried one after the other
 *
 * Each is a transfer of its own, of which the module knows as of a sip:refer.
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
#include "json.h"
#include "transfer.h"


enum { LIST_SIZE = ATTEMPTS_MAX + 1 };


/**
 * Make an empty list of targets
 *
 * @param ap Pointer to the new list
 *
 * @return 0, or ENOMEM
 */
int attempts_create(struct attempts **ap)
{
	*ap = calloc(1, sizeof(**ap));

	return *ap ? 0 : ENOMEM;
}


/**
 * Free a list of targets
 *
 * @param a List, may be NULL
 */
void attempts_destroy(struct attempts *a)
{
	if (!a)
		return;

	for (size_t i = 0; i < LIST_SIZE; i++) {
		struct attempt *at = &a->list[i];

		free(at->target);
		free(at->field);
		cJSON_free(at->headers);
		cJSON_free(at->text);
		if (at->transfer)
			transfer_destroy(at->transfer);
	}
	free(a);
}


/* The module does not get the hooks, which may have passwords.  Whether
   another target may still be ringing is known when the turn of the target
   comes. */
static char *print_refer(cJSON *refer, const char *target, bool force)
{
	static const char *const ours[] = {
		"referTo",     "onUnknown",  "actionHook", "eventHook",
		"traceparent", "tracestate", "id"};

	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		cJSON_DeleteItemFromObjectCaseSensitive(refer, ours[i]);

	if (!cJSON_AddStringToObject(refer, "referTo", target))
		return NULL;

	if (force) {
		cJSON_DeleteItemFromObjectCaseSensitive(refer, "force");
		if (!cJSON_AddTrueToObject(refer, "force"))
			return NULL;
	}

	return cJSON_PrintUnformatted(refer);
}


/**
 * Append a target.  The list must have room.
 *
 * @param a       List
 * @param target  Target, as referTo has it
 * @param field   Field of the verb that names it
 * @param headers Its header fields, may be NULL
 * @param refer   The sip:refer without its referTo, freed; NULL for none
 *
 * @return 0, or ENOMEM
 */
int attempts_add(struct attempts *a, const char *target, const char *field,
		 const cJSON *headers, cJSON *refer)
{
	struct attempt *at = &a->list[a->count];
	int err;

	err = field_keep(&at->target, target);
	err |= field_keep(&at->field, field);
	if (!err && headers) {
		at->headers = cJSON_PrintUnformatted(headers);
		err = at->headers ? 0 : ENOMEM;
	}
	if (!err && refer) {
		at->text = print_refer(refer, target, a->count > 0);
		err = at->text ? 0 : ENOMEM;
	}
	cJSON_Delete(refer);
	a->count += !err;

	return err;
}


static int go_on_parse(struct attempts *a, const cJSON *verb, struct error *f)
{
	const cJSON *item = field_get(verb, "onUnknown");
	const char *s = cJSON_GetStringValue(item);

	if (item && !(s && (!strcmp(s, "stop") || !strcmp(s, "next"))))
		return error_set(f, 400, "onUnknown", "must be stop or next");

	a->go_on = s && !strcmp(s, "next");

	return 0;
}


static int target_parse(struct attempts *a, const cJSON *verb,
			const cJSON *item, struct error *f)
{
	char field[24];

	(void)snprintf(field, sizeof(field), "referTo[%zu]", a->count);
	if (field_empty(item))
		return error_set(f, 400, field, "must not be empty");

	if (!cJSON_IsString(item))
		return error_set(f, 400, field, "must be a string");

	return attempts_add(a, item->valuestring, field, NULL,
			    cJSON_Duplicate(verb, true));
}


static int list_parse(struct attempts *a, const cJSON *verb,
		      const cJSON *array, struct error *f)
{
	const cJSON *item;
	int err;

	if (!array->child)
		return error_set(f, 400, "referTo", "must not be empty");

	if (cJSON_GetArraySize(array) > ATTEMPTS_MAX)
		return error_set(f, 400, "referTo",
				 "must have at most %d targets, not %d",
				 ATTEMPTS_MAX, cJSON_GetArraySize(array));

	if (field_get(verb, "replaces"))
		return error_set(f, 400, "replaces",
				 "must not be given with an array in referTo");

	err = go_on_parse(a, verb, f);
	cJSON_ArrayForEach(item, array)
	{
		if (!err)
			err = target_parse(a, verb, item, f);
	}

	return err;
}


/**
 * Read the targets of a sip:refer
 *
 * @param ap   Pointer to the list; NULL if the verb has only one target
 * @param verb Verb
 * @param f    Set if a target is not valid
 *
 * @return 0, ENOMEM, or EBADMSG with the error set
 */
int attempts_parse(struct attempts **ap, const cJSON *verb, struct error *f)
{
	const cJSON *array = field_get(verb, "referTo");
	int err;

	*ap = NULL;
	if (!cJSON_IsArray(array))
		return 0;

	err = attempts_create(ap);
	if (!err)
		err = list_parse(*ap, verb, array, f);
	if (err) {
		attempts_destroy(*ap);
		*ap = NULL;
	}

	return err;
}


/* Target with the text of an index; after the last one if there are fewer */
static size_t find_text(const struct attempts *a, size_t index)
{
	size_t i;

	for (i = 0; i < LIST_SIZE; i++) {
		if (a->list[i].text && index-- == 0)
			break;
	}

	return i;
}


/**
 * Count the verbs that the module has to check
 *
 * @param a List
 *
 * @return Number of sip:refer
 */
size_t attempts_texts(const struct attempts *a)
{
	size_t n = 0;

	for (size_t i = 0; i < LIST_SIZE; i++)
		n += a->list[i].text != NULL;

	return n;
}


/**
 * Get a verb that the module has to check
 *
 * @param a     List
 * @param index Which
 *
 * @return JSON text of a sip:refer, NULL if there are fewer
 */
const char *attempts_text(const struct attempts *a, size_t index)
{
	const size_t i = find_text(a, index);

	return i < LIST_SIZE ? a->list[i].text : NULL;
}


/**
 * Tell which of the texts is that of the target at hand
 *
 * @param a List
 *
 * @return Its index
 */
size_t attempts_text_now(const struct attempts *a)
{
	size_t n = 0;

	for (size_t i = 0; i < a->now; i++)
		n += a->list[i].text != NULL;

	return n;
}


/**
 * Get the target at hand
 *
 * @param a List
 *
 * @return Its attempt
 */
const struct attempt *attempts_at(const struct attempts *a)
{
	return &a->list[a->now];
}


/**
 * Get the number of the attempt at hand
 *
 * @param a List
 *
 * @return Number, from 1 on
 */
unsigned attempts_number(const struct attempts *a)
{
	return (unsigned)a->now + 1;
}


/**
 * Tell how many attempts there can be.  A mailbox counts when it is called.
 *
 * @param a List
 *
 * @return How many
 */
unsigned attempts_most(const struct attempts *a)
{
	return (unsigned)(a->now < a->count ? a->count : a->now + 1);
}


/**
 * Get the last transfer that has ended
 *
 * @param a List
 *
 * @return Transfer, NULL if none has
 */
const struct transfer *attempts_last(const struct attempts *a)
{
	if (a->list[a->now].transfer)
		return a->list[a->now].transfer;

	return a->now ? a->list[a->now - 1].transfer : NULL;
}


/**
 * Have nothing follow the attempt at hand
 *
 * @param a List, may be NULL
 */
void attempts_stop(struct attempts *a)
{
	if (a)
		a->stopped = true;
}


/**
 * Keep how the attempt at hand has ended
 *
 * @param a List
 * @param t Its transfer
 *
 * @return 0, or ENOMEM
 */
int attempts_ended(struct attempts *a, const struct transfer *t)
{
	struct transfer **tp = &a->list[a->now].transfer;

	if (*tp)
		transfer_destroy(*tp);

	return transfer_copy(tp, t);
}


/* The actions of a lost baresip or machine are unknown, and another machine
   may have told the application already */
static bool may_follow(const struct attempts *a, const struct transfer *t)
{
	const char *evidence = t->evidence ? t->evidence : "";

	if (!strcmp(t->outcome, "failed"))
		return strcmp(evidence, "bye");

	if (!strcmp(t->outcome, "unknown"))
		return a->go_on && strcmp(evidence, "node");

	return !strcmp(t->outcome, "cancelled") &&
	       !strcmp(evidence, "timer:answer");
}


/**
 * Tell whether the result of the current target allows another attempt
 *
 * @param a List
 *
 * @return True if it does
 */
bool attempts_goes_on(const struct attempts *a)
{
	const struct transfer *t = a->list[a->now].transfer;

	return !a->stopped && t && may_follow(a, t);
}


/**
 * Tell whether another target follows the one at hand
 *
 * @param a List
 *
 * @return True if there is a next target, and the result of the current one
 *         allows it
 */
bool attempts_more(const struct attempts *a)
{
	return a->now + 1 < a->count && attempts_goes_on(a);
}


/**
 * Go on to the next target
 *
 * @param a List with one more
 */
void attempts_next(struct attempts *a)
{
	++a->now;
}


/**
 * Go on to the mailbox
 *
 * @param a List with one
 */
void attempts_mailbox(struct attempts *a)
{
	a->now = a->count;
}


/**
 * Tell whether the mailbox is at hand
 *
 * @param a List
 *
 * @return True if it is
 */
bool attempts_at_mailbox(const struct attempts *a)
{
	return a->mailbox && a->now == a->count;
}


/* The names of a sip:refer are not those of a transfer */
static void rename_field(char *name, size_t size, const char *field,
			 const char *where)
{
	const bool list = !strncmp(where, "referTo[", 8);
	const int target = (int)strcspn(where, ".");
	static const char headers[] = "targetHeaders";
	const size_t len = sizeof(headers) - 1;

	if (!strcmp(field, "referTo"))
		(void)snprintf(name, size, "%s", where);
	else if (list)
		(void)snprintf(name, size, "%s", field);
	else if (!strncmp(field, headers, len))
		(void)snprintf(name, size, "%.*s.headers%s", target, where,
			       field + len);
	else if (!strcmp(field, "referredBy"))
		(void)snprintf(name, size, "callerId");
	else if (!strcmp(field, "sip:refer"))
		(void)snprintf(name, size, "transfer");
	else
		(void)snprintf(name, size, "%s", field);
}


/**
 * Translate an error of the module about one of the sip:refer into the terms
 * of the verb
 *
 * @param a      List
 * @param index  Which of its texts
 * @param fieldp Field of the module, may be NULL; changed to the field of the
 *               verb, valid until the next call
 * @param errorp The sentence, which begins with the field; likewise
 */
void attempts_refusal(const struct attempts *a, size_t index,
		      const char **fieldp, const char **errorp)
{
	const size_t i = find_text(a, index);
	const char *where = i < LIST_SIZE ? a->list[i].field : NULL;
	const size_t len = *fieldp ? strlen(*fieldp) : 0;
	static char name[128], text[512];

	if (!len || !where)
		return;

	rename_field(name, sizeof(name), *fieldp, where);
	if (!strncmp(*errorp, *fieldp, len)) {
		(void)snprintf(text, sizeof(text), "%s%s", name,
			       *errorp + len);
		*errorp = text;
	}
	*fieldp = name;
}


/**
 * Write how far a verb has come with its targets, for attempts_load() to read
 *
 * @param j Text, in an open object
 * @param a List
 */
void attempts_print(struct json *j, const struct attempts *a)
{
	json_int(j, "now", (int64_t)a->now);
	json_bool(j, "begun", a->begun);
	json_bool(j, "stopped", a->stopped);
	json_int(j, "failure", a->failure);
	json_int(j, "status", a->status);
	json_open(j, "done", '[');
	for (size_t i = 0; i <= a->now; i++) {
		if (a->list[i].transfer)
			transfer_print(j, a->list[i].transfer);
		else
			json_raw(j, NULL, "null");
	}
	json_close(j, ']');
}


static int load_done(struct attempts *a, const cJSON *array)
{
	const cJSON *item;
	size_t i = 0;
	int err = 0;

	cJSON_ArrayForEach(item, array)
	{
		if (i <= a->now && cJSON_IsObject(item))
			err |= transfer_read(&a->list[i].transfer, item);
		++i;
	}

	return err;
}


/**
 * Read what attempts_print() wrote
 *
 * @param a   List, as the verb has it
 * @param obj Object, may be NULL
 *
 * @return 0, ENOMEM, or EBADMSG if it does not fit the verb
 */
int attempts_load(struct attempts *a, const cJSON *obj)
{
	a->now = (size_t)field_int(obj, "now", 0);
	if (a->now >= a->count + a->mailbox)
		return EBADMSG;

	a->begun = field_bool(obj, "begun");
	a->stopped = field_bool(obj, "stopped");
	a->failure = (enum failure)field_int(obj, "failure", 0);
	a->status = (int)field_int(obj, "status", 0);
	if ((unsigned)a->failure >= FAILURE_KINDS)
		return EBADMSG;

	return load_done(a, cJSON_GetObjectItemCaseSensitive(obj, "done"));
}
