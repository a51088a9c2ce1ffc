/**
 * @file verbparse.c  Verbs from JSON, of a client or of the store, and back
 *
 * This checks all that is not SIP; the module checks the rest.
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
#include "json.h"
#include "stream/stream.h"
#include "textcheck.h"
#include "transferverb.h"
#include "verb.h"
#include "warmverb.h"


enum {
	ID_MAX = 256,
	PAUSE_MAX = 86400, /* seconds */
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


static int refer_parse(struct verb *v, const cJSON *obj, struct error *f)
{
	const char *to = cJSON_GetStringValue(field_get(obj, "referTo"));

	v->dry_run = field_bool(obj, "dryRun");

	return field_keep(&v->refer_to, to) |
	       attempts_parse(&v->attempts, obj, f);
}


static int transfer_parse(struct verb *v, const cJSON *obj, struct error *f)
{
	int err = transferverb_parse(&v->transfer, &v->attempts, obj, f);

	return err || !verb_is_warm(v) ? err
				       : warmverb_parse(&v->warm, obj, f);
}


/* Members of one kind of verb */
static int own_parse(struct verb *v, const cJSON *obj, struct error *f)
{
	switch (v->kind) {
	case VERB_SIP_REFER: return refer_parse(v, obj, f);
	case VERB_TRANSFER: return transfer_parse(v, obj, f);
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

	if (verb_find(kindp, item->valuestring))
		return 0;

	(void)error_set(f, 400, NULL, "is not a verb of this gateway");
	strcpy(f->field, "verb");

	return EBADMSG;
}


static bool is_trace(const cJSON *item)
{
	return !strcmp(item->string, "traceparent") ||
	       !strcmp(item->string, "tracestate");
}


/* The module need not know of a trace */
static char *print_verb(const cJSON *obj)
{
	cJSON *copy, *item, *next;
	char *text;

	for (item = obj->child; item && !is_trace(item);)
		item = item->next;
	if (!item)
		return cJSON_PrintUnformatted(obj);

	copy = cJSON_Duplicate(obj, true);
	if (!copy)
		return NULL;

	/* a member may appear twice */
	for (item = copy->child; item; item = next) {
		next = item->next;
		if (is_trace(item))
			cJSON_Delete(cJSON_DetachItemViaPointer(copy, item));
	}
	text = cJSON_PrintUnformatted(copy);
	cJSON_Delete(copy);

	return text;
}


static int verb_fill(struct verb *v, const cJSON *obj, struct error *f)
{
	char trace[TRACE_SIZE];
	const char *id;
	int err;

	err = name_parse(&v->kind, obj, f);
	if (err)
		return err;

	err = trace_check(trace, obj, f);
	if (!err && *trace)
		err = field_keep(&v->trace, trace);
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
	v->text = print_verb(obj);

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


/* The request to baresip is one line, in which one byte of the message may
   take six */
static int size_check(const struct verb *list, const char *field,
		      struct error *f)
{
	size_t size = 0;

	for (; list; list = list->next) {
		for (size_t i = 0; i < verb_texts(list); i++)
			size += strlen(verb_text(list, i)) + 1;
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
		return error_set(f, 400, "verbs",
				 "must have at most %d members",
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
		trace_print(j, v->trace);
		sender_save(j, "owner", v->owner);
		json_bool(j, "jambonz", v->dialect == DIALECT_JAMBONZ);
		json_int(j, "position", v->position);
		if (v->attempts) {
			json_open(j, "attempts", '{');
			attempts_print(j, v->attempts);
			json_close(j, '}');
		}
		json_close(j, '}');
	}
	json_close(j, ']');
}


static int own_loaded(struct verb *v, const cJSON *obj)
{
	const struct sender nobody = {.dialect = field_bool(obj, "jambonz")
							 ? DIALECT_JAMBONZ
							 : DIALECT_DEFAULT};
	char trace[TRACE_SIZE];
	struct sender *owner;
	int err;

	trace_load(trace, obj);
	err = verbs_trace(v, *trace ? trace : NULL);
	if (!err)
		err = sender_load(&owner, cJSON_GetObjectItemCaseSensitive(
						  obj, "owner"));
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
 * @return 0, ENOMEM, or EBADMSG if one of them is no verb or its owner no
 * sender
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
		if (!err && (*tail)->attempts)
			err = attempts_load((*tail)->attempts,
					    cJSON_GetObjectItemCaseSensitive(
						    e, "attempts"));
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
