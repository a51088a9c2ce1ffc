/**
 * @file verb.c  Lists of verbs, checked as far as they are not SIP
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
#include "json.h"
#include "stream/stream.h"
#include "textcheck.h"
#include "verb.h"


enum {
	ID_MAX = 256,
	PAUSE_MAX = 86400, /* seconds */
};

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

static int pause_parse(struct verb *v, const cJSON *obj, struct error *f)
{
	const cJSON *item = field_get(obj, "length");

	if (!item)
		return error_set(f, 400, "length", "is required");

	if (!cJSON_IsNumber(item) ||
	    !(item->valuedouble >= 0 && item->valuedouble <= PAUSE_MAX))
		return error_set(f, 400, "length",
				 "must be a number of seconds from 0 to %d",
				 PAUSE_MAX);

	v->length = item->valuedouble;

	return 0;
}


/* An application of jambonz sets much here that is of no use to us */
static int config_parse(struct verb *v, const cJSON *obj, struct error *f)
{
	const cJSON *item = field_get(obj, "notifyEvents");

	v->notify = -1;
	if (!item)
		return 0;

	if (!cJSON_IsBool(item))
		return error_set(f, 400, "notifyEvents",
				 "must be true or false");

	v->notify = cJSON_IsTrue(item);

	return 0;
}


static int tag_parse(struct verb *v, const cJSON *obj, struct error *f)
{
	const cJSON *item = field_get(obj, "data");

	if (!item)
		return error_set(f, 400, "data", "is required");

	if (!cJSON_IsObject(item))
		return error_set(f, 400, "data", "must be an object");

	v->tag = field_text(obj, "data");

	return v->tag ? 0 : ENOMEM;
}


/* What only one kind of verb has */
static int own_parse(struct verb *v, const cJSON *obj, struct error *f)
{
	switch (v->kind) {
	case VERB_PAUSE: return pause_parse(v, obj, f);
	case VERB_CONFIG: return config_parse(v, obj, f);
	case VERB_TAG: return tag_parse(v, obj, f);

	case VERB_REDIRECT:
		if (v->action.url)
			return 0;
		return error_set(f, 400, "actionHook", "is required");

	default: return 0;
	}
}


static int name_parse(enum verb_kind *kindp, const cJSON *obj, struct error *f)
{
	const cJSON *item = field_get(obj, "verb");

	if (!item)
		return error_set(f, 400, "verb", "is required");

	if (!cJSON_IsString(item))
		return error_set(f, 400, "verb", "must be a string");

	(void)snprintf(f->verb, sizeof(f->verb), "%s", item->valuestring);
	text_repair(f->verb);

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(item->valuestring, names[i]))
			continue;

		*kindp = (enum verb_kind)i;
		return 0;
	}

	(void)error_set(f, 400, NULL, "is not a verb that this gateway knows");
	strcpy(f->field, "verb");

	return EBADMSG;
}


static int verb_fill(struct verb *v, const cJSON *obj, struct error *f)
{
	const char *id;
	int err;

	err = name_parse(&v->kind, obj, f);
	if (err)
		return err;

	err = field_check(&id, obj, "id", "id", ID_MAX, f);
	if (err)
		return err;

	err = hook_parse(&v->action, obj, "actionHook", f);
	if (err)
		return err;

	err = hook_parse(&v->event, obj, "eventHook", f);
	if (err)
		return err;

	err = own_parse(v, obj, f);
	if (err)
		return err;

	v->id = id ? strdup(id) : NULL;
	v->text = cJSON_PrintUnformatted(obj);

	return v->text && (v->id || !id) ? 0 : ENOMEM;
}


static int verb_parse(struct verb **vp, const cJSON *obj, int position,
		      struct error *f)
{
	struct verb *v;
	int err;

	f->position = position;
	f->verb[0] = '\0';

	if (!cJSON_IsObject(obj))
		return error_set(f, 400, NULL, "must be an object");

	v = calloc(1, sizeof(*v));
	if (!v)
		return ENOMEM;

	v->position = position;

	err = verb_fill(v, obj, f);
	if (err)
		verbs_free(v);
	else
		*vp = v;

	return err;
}


/* What baresip is to do it is asked in one line, where what was one byte of a
   message may take six */
static int size_check(const struct verb *list, const char *field,
		      struct error *f)
{
	size_t size = 0;

	for (; list; list = list->next) {
		if (verb_is_sip(list))
			size += strlen(list->text) + 1;
	}

	if (size <= VERB_TEXT_MAX)
		return 0;

	return error_set(f, 400, field,
			 "must have at most %d bytes in all as JSON without "
			 "spaces, not %zu",
			 VERB_TEXT_MAX, size);
}


static int list_parse(struct verb **listp, const cJSON *array, struct error *f)
{
	struct verb *list = NULL, **tail = &list;
	int position = 0;
	const cJSON *obj;
	int err;

	if (!cJSON_GetArraySize(array))
		return error_set(f, 400, "verbs", "must not be empty");

	if (cJSON_GetArraySize(array) > VERB_LIST_MAX)
		return error_set(f, 400, "verbs", "must not be more than %d",
				 VERB_LIST_MAX);

	cJSON_ArrayForEach(obj, array)
	{
		err = verb_parse(tail, obj, position++, f);
		if (err) {
			verbs_free(list);
			return err;
		}

		tail = &(*tail)->next;
	}

	*listp = list;

	return 0;
}


int verbs_parse(struct verb **listp, const cJSON *item, struct error *f)
{
	const bool many = cJSON_IsArray(item);
	struct verb *list = NULL;
	int err = many ? list_parse(&list, item, f)
		       : verb_parse(&list, item, -1, f);

	if (err)
		return err;

	f->position = -1;
	f->verb[0] = '\0';
	err = size_check(list, many ? "verbs" : "verb", f);
	if (err)
		verbs_free(list);
	else
		*listp = list;

	return err;
}


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
 * Begin to say what is wrong with a verb
 *
 * @param v Verb
 * @param f Fault, which names the verb then
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
 * Write verbs with their owners, for verbs_load() to read
 *
 * @param j    Text
 * @param key  Name of the array
 * @param list Verbs
 */
void verbs_print(struct json *j, const char *key, const struct verb *list)
{
	json_open(j, key, '[');
	for (const struct verb *v = list; v; v = v->next) {
		json_open(j, NULL, '{');
		json_raw(j, "verb", v->text);
		sender_save(j, "owner", v->owner);
		json_bool(j, "jambonz", v->dialect == DIALECT_JAMBONZ);
		json_int(j, "position", v->position);
		json_close(j, '}');
	}
	json_close(j, ']');
}


static int own_loaded(struct verb *v, const cJSON *obj)
{
	const struct sender nobody = {.dialect = field_bool(obj, "jambonz")
							 ? DIALECT_JAMBONZ
							 : DIALECT_DEFAULT};
	struct sender *owner;
	int err;

	err = sender_load(&owner,
			  cJSON_GetObjectItemCaseSensitive(obj, "owner"));
	if (err)
		return err;

	err = verbs_own(v, owner ? owner : &nobody);
	free(owner);

	return err;
}


/**
 * Read what verbs_print() wrote
 *
 * @param listp List of verbs, to be freed with verbs_free()
 * @param array Array of verbs with their owners; NULL is an empty one
 *
 * @return 0 if success, otherwise errorcode
 */
int verbs_load(struct verb **listp, const cJSON *array)
{
	struct verb *list = NULL, **tail = &list;
	struct error f;
	const cJSON *e;
	int err = 0;

	error_init(&f);
	cJSON_ArrayForEach(e, array)
	{
		/* unlike field_int(), since -1 says that it came alone */
		const cJSON *position = cJSON_GetObjectItemCaseSensitive(
			e, "position");

		err = verb_parse(tail,
				 cJSON_GetObjectItemCaseSensitive(e, "verb"),
				 position ? position->valueint : -1, &f);
		if (err)
			break;

		err = own_loaded(*tail, e);
		if (err)
			break;

		tail = &(*tail)->next;
	}

	if (err)
		verbs_free(list);
	else
		*listp = list;

	return err;
}


/**
 * Get what a sip:refer asks for
 *
 * @param v      Verb
 * @param target Its referTo, to be freed, NULL if it has none; may itself be
 *               NULL
 *
 * @return True if it sends a REFER: it is one, and no dry run
 */
bool verb_refers(const struct verb *v, char **target)
{
	cJSON *json;
	const char *to;
	bool dry_run;

	if (target)
		*target = NULL;
	if (v->kind != VERB_SIP_REFER)
		return false;

	json = cJSON_Parse(v->text);
	dry_run = field_bool(json, "dryRun");
	to = cJSON_GetStringValue(field_get(json, "referTo"));
	if (target && to && !dry_run)
		*target = strdup(to);
	cJSON_Delete(json);

	return !dry_run;
}
