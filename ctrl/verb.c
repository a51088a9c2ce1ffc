/**
 * @file verb.c  Lists of verbs, checked as far as they are not SIP
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <cjson/cJSON.h>
#include "json.h"
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
	[VERB_PAUSE] = "pause",
	[VERB_CONFIG] = "config",
};

static const struct hook refer = {.url = (char *)"refer",
				  .method = (char *)"POST"};


static bool has_control(const char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return true;
	}

	return false;
}


static char *copy(const char *s)
{
	return s ? strdup(s) : NULL;
}


/**
 * Copy a hook
 *
 * @param hook Copy, to be freed with hook_reset()
 * @param from Hook
 *
 * @return 0 if success, otherwise errorcode
 */
int hook_copy(struct hook *hook, const struct hook *from)
{
	hook->url = copy(from->url);
	hook->method = copy(from->method);
	hook->username = copy(from->username);
	hook->password = copy(from->password);

	return (from->url && !hook->url) || (from->method && !hook->method) ||
			       (from->username && !hook->username) ||
			       (from->password && !hook->password)
		       ? ENOMEM
		       : 0;
}


/**
 * Free what a hook has
 *
 * @param hook Hook
 */
void hook_reset(struct hook *hook)
{
	free(hook->url);
	free(hook->method);
	free(hook->username);
	free(hook->password);
	memset(hook, 0, sizeof(*hook));
}


/* A string member that may be missing; *sp is borrowed from the tree */
static int get_string(const char **sp, const cJSON *obj, const char *key,
		      const char *name, size_t max, struct fault *f)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(obj, key);

	*sp = NULL;
	if (!item)
		return 0;

	if (!cJSON_IsString(item))
		return fault_set(f, 400, name, "must be a string");

	if (has_control(item->valuestring))
		return fault_set(f, 400, name,
				 "must not contain control characters");

	if (strlen(item->valuestring) > max)
		return fault_set(f, 400, name,
				 "must not be longer than %zu bytes", max);

	*sp = item->valuestring;

	return 0;
}


static int hook_method(const char **methodp, const cJSON *item,
		       const char *field, struct fault *f)
{
	char name[64];
	int err;

	(void)snprintf(name, sizeof(name), "%s.method", field);

	err = get_string(methodp, item, "method", name, HOOK_MAX, f);
	if (err)
		return err;

	if (!*methodp || !strcasecmp(*methodp, "POST"))
		*methodp = "POST";
	else if (!strcasecmp(*methodp, "GET"))
		*methodp = "GET";
	else
		return fault_set(f, 400, name, "must be GET or POST");

	return 0;
}


static int hook_object(struct hook *hook, const cJSON *item, const char *field,
		       struct fault *f)
{
	const char *url, *method, *username, *password;
	char name[64];
	int err;

	(void)snprintf(name, sizeof(name), "%s.url", field);
	err = get_string(&url, item, "url", name, HOOK_MAX, f);
	if (err)
		return err;
	if (!url || !*url)
		return fault_set(f, 400, name, "is required");

	err = hook_method(&method, item, field, f);
	if (err)
		return err;

	(void)snprintf(name, sizeof(name), "%s.username", field);
	err = get_string(&username, item, "username", name, HOOK_MAX, f);
	if (err)
		return err;

	(void)snprintf(name, sizeof(name), "%s.password", field);
	err = get_string(&password, item, "password", name, HOOK_MAX, f);
	if (err)
		return err;

	return hook_copy(hook,
			 &(struct hook){(char *)url, (char *)method,
					(char *)username, (char *)password});
}


/* A string, or an object with url; further keys in it are nobody's business */
static int hook_parse(struct hook *hook, const cJSON *verb, const char *field,
		      struct fault *f)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(verb, field);
	const char *url;
	int err;

	if (!item)
		return 0;

	if (cJSON_IsObject(item))
		return hook_object(hook, item, field, f);

	if (!cJSON_IsString(item))
		return fault_set(f, 400, field,
				 "must be a string or an object with url");

	err = get_string(&url, verb, field, field, HOOK_MAX, f);
	if (err)
		return err;
	if (!*url)
		return fault_set(f, 400, field, "must not be empty");

	return hook_copy(hook, &(struct hook){.url = (char *)url,
					      .method = (char *)"POST"});
}


static int pause_parse(struct verb *v, const cJSON *obj, struct fault *f)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(obj, "length");

	if (!item)
		return fault_set(f, 400, "length", "is required");

	if (!cJSON_IsNumber(item) ||
	    !(item->valuedouble >= 0 && item->valuedouble <= PAUSE_MAX))
		return fault_set(f, 400, "length",
				 "must be a number of seconds from 0 to %d",
				 PAUSE_MAX);

	v->length = item->valuedouble;

	return 0;
}


static int config_parse(struct verb *v, const cJSON *obj, struct fault *f)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(obj,
							     "notifyEvents");

	if (!item)
		return fault_set(f, 400, "notifyEvents", "is required");

	if (!cJSON_IsBool(item))
		return fault_set(f, 400, "notifyEvents",
				 "must be true or false");

	v->notify = cJSON_IsTrue(item);

	return 0;
}


static int name_parse(enum verb_kind *kindp, const cJSON *obj, struct fault *f)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(obj, "verb");

	if (!item)
		return fault_set(f, 400, "verb", "is required");

	if (!cJSON_IsString(item))
		return fault_set(f, 400, "verb", "must be a string");

	(void)snprintf(f->verb, sizeof(f->verb), "%s", item->valuestring);
	utf8_repair(f->verb, strlen(f->verb));

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(item->valuestring, names[i]))
			continue;

		*kindp = (enum verb_kind)i;
		return 0;
	}

	return fault_set(f, 400, NULL,
			 "is not a verb that this gateway knows");
}


static int verb_fill(struct verb *v, const cJSON *obj, struct fault *f)
{
	const char *id;
	int err;

	err = name_parse(&v->kind, obj, f);
	if (err)
		return err;

	err = get_string(&id, obj, "id", "id", ID_MAX, f);
	if (err)
		return err;

	err = hook_parse(&v->action, obj, "actionHook", f);
	if (err)
		return err;

	err = hook_parse(&v->event, obj, "eventHook", f);
	if (err)
		return err;

	if (v->kind == VERB_PAUSE)
		err = pause_parse(v, obj, f);
	else if (v->kind == VERB_CONFIG)
		err = config_parse(v, obj, f);
	if (err)
		return err;

	v->id = copy(id);
	v->text = cJSON_PrintUnformatted(obj);

	return v->text && (v->id || !id) ? 0 : ENOMEM;
}


static int verb_parse(struct verb **vp, const cJSON *obj, int position,
		      struct fault *f)
{
	struct verb *v;
	int err;

	f->position = position;
	f->verb[0] = '\0';

	if (!cJSON_IsObject(obj))
		return fault_set(f, 400, NULL, "must be an object");

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


static int list_parse(struct verb **listp, const cJSON *array, struct fault *f)
{
	struct verb *list = NULL, **tail = &list;
	int position = 0;
	const cJSON *obj;
	int err;

	if (!cJSON_GetArraySize(array))
		return fault_set(f, 400, "verbs", "must not be empty");

	if (cJSON_GetArraySize(array) > VERB_LIST_MAX)
		return fault_set(f, 400, "verbs", "must not be more than %d",
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


/**
 * Read one verb, or an array of verbs
 *
 * @param listp List of verbs, to be freed with verbs_free()
 * @param item  Object or array
 * @param f     What is wrong, if something is
 *
 * @return 0 if success, EBADMSG with the fault set, or another errorcode
 */
int verbs_parse(struct verb **listp, const cJSON *item, struct fault *f)
{
	int err = cJSON_IsArray(item) ? list_parse(listp, item, f)
				      : verb_parse(listp, item, -1, f);

	if (!err) {
		f->position = -1;
		f->verb[0] = '\0';
	}

	return err;
}


/**
 * Say who sent the verbs.  In the default dialect a sip:refer without an
 * actionHook has the hook "refer", as the verb's specification has it.
 *
 * @param list    Verbs
 * @param owner   Name of the client, NULL if nobody can be asked
 * @param dialect Dialect of the client
 *
 * @return 0 if success, otherwise errorcode
 */
int verbs_own(struct verb *list, const char *owner, enum dialect dialect)
{
	for (struct verb *v = list; v; v = v->next) {
		v->dialect = dialect;
		v->owner = copy(owner);
		if (owner && !v->owner)
			return ENOMEM;

		if (v->kind != VERB_SIP_REFER || v->action.url || !owner ||
		    dialect != DIALECT_DEFAULT)
			continue;

		if (hook_copy(&v->action, &refer))
			return ENOMEM;
	}

	return 0;
}


/**
 * Free a list of verbs
 *
 * @param list Verbs, may be NULL
 */
void verbs_free(struct verb *list)
{
	while (list) {
		struct verb *v = list;

		list = v->next;
		hook_reset(&v->action);
		hook_reset(&v->event);
		cJSON_free(v->text);
		free(v->id);
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
 * Tell whether a verb is the module's to check and run
 *
 * @param v Verb
 *
 * @return True if it is SIP, false if it is done here
 */
bool verb_is_sip(const struct verb *v)
{
	return v->kind != VERB_PAUSE && v->kind != VERB_CONFIG;
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
		json_str(j, "owner", v->owner);
		json_bool(j, "jambonz", v->dialect == DIALECT_JAMBONZ);
		json_int(j, "position", v->position);
		json_close(j, '}');
	}
	json_close(j, ']');
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
	struct fault f;
	const cJSON *e;
	int err = 0;

	fault_init(&f);
	cJSON_ArrayForEach(e, array)
	{
		const char *owner = cJSON_GetStringValue(
			cJSON_GetObjectItemCaseSensitive(e, "owner"));
		bool jambonz = cJSON_IsTrue(
			cJSON_GetObjectItemCaseSensitive(e, "jambonz"));
		const cJSON *position = cJSON_GetObjectItemCaseSensitive(
			e, "position");

		err = verb_parse(
			tail, cJSON_GetObjectItemCaseSensitive(e, "verb"),
			cJSON_IsNumber(position) ? position->valueint : -1,
			&f);
		if (err)
			break;

		err = verbs_own(*tail, owner,
				jambonz ? DIALECT_JAMBONZ : DIALECT_DEFAULT);
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
