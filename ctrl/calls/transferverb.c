/**
 * @file transferverb.c  The members of a verb transfer
 *
 * This is the verb of jambonz, carried out by REFER: members that a REFER
 * cannot carry out are refused by name.  The module checks the SIP parts.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <cjson/cJSON.h>
#include "attempts.h"
#include "base/base.h"
#include "net/net.h"
#include "transferverb.h"


enum {
	TIMEOUT_DEFAULT = 30, /* seconds */
	TIMEOUT_MAX = 3600,
	TIMEOUT_REST = 5, /* that the other timers have beyond it */
	TARGET_MAX = 2048,
};

/* Members of a target that a REFER cannot carry out */
static const struct {
	const char *key;
	const char *advice;
} strangers[] = {
	{"trunk", "name a host that leads there in a target of type sip"},
	{"confirmHook", "use mode warm with confirm"},
	{"auth",
	 "leave it out, since the far end calls with its own credentials"},
	{"from", "use callerId, which becomes Referred-By"},
	{"proxy", "name a host that leads there in a target of type sip"},
	{"overrideTo", "write the URI to be called into sipUri"},
};


/* Printed as name-addr (RFC 3261 section 25.1) */
static void print_named(char *text, size_t size, const char *name,
			const char *uri)
{
	size_t n = 0;

	text[n++] = '"';
	for (; *name && n + 3 < size; name++) {
		if (strchr("\"\\", *name))
			text[n++] = '\\';
		text[n++] = *name;
	}
	(void)snprintf(text + n, size - n, "\" <%s>", uri);
}


/* How a sip:refer would name it: a bare user is at the far end's host */
static void print_target(char *text, size_t size, const char *type,
			 const char *value, const char *name)
{
	if (!strcmp(type, "user") && strchr(value, '@') &&
	    strncasecmp(value, "sip:", 4) && strncasecmp(value, "sips:", 5))
		(void)snprintf(text, size, "sip:%s", value);
	else if (!strcmp(type, "sip") && name && !strchr(value, '<'))
		print_named(text, size, name, value);
	else
		(void)snprintf(text, size, "%s", value);
}


static int strangers_check(const cJSON *target, const char *where,
			   struct error *f)
{
	char field[64];

	for (size_t i = 0; i < sizeof(strangers) / sizeof(*strangers); i++) {
		if (!field_get(target, strangers[i].key))
			continue;

		(void)snprintf(field, sizeof(field), "%s.%s", where,
			       strangers[i].key);
		return error_set(f, 400, field,
				 "cannot be carried out by a REFER: %s",
				 strangers[i].advice);
	}

	return 0;
}


/* The member that names a target of some type; NULL with the error set */
static const char *type_parse(const char **typep, const cJSON *target,
			      const char *where, struct error *f)
{
	const char *type = cJSON_GetStringValue(field_get(target, "type"));
	char field[64];

	(void)snprintf(field, sizeof(field), "%s.type", where);
	*typep = type;
	if (type && !strcmp(type, "phone"))
		return "number";
	if (type && !strcmp(type, "sip"))
		return "sipUri";
	if (type && !strcmp(type, "user"))
		return "name";

	if (type && !strcmp(type, "teams"))
		(void)error_set(f, 400, field,
				"must not be teams: use type sip with the SIP "
				"URI of the user's number");
	else
		(void)error_set(f, 400, field, "must be phone, sip or user");

	return NULL;
}


static bool add_copy(cJSON *object, const char *key, const cJSON *item)
{
	return !item ||
	       cJSON_AddItemToObject(object, key, cJSON_Duplicate(item, true));
}


/* All of the sip:refer but its target */
static cJSON *refer_create(const struct transferverb *tv, const cJSON *headers)
{
	const double rest = tv->timeout + TIMEOUT_REST;
	const double wait = rest < TIMEOUT_MAX ? rest : TIMEOUT_MAX;
	cJSON *refer = cJSON_CreateObject(), *timeouts;
	bool ok;

	timeouts = cJSON_AddObjectToObject(refer, "timeouts");
	ok = cJSON_AddStringToObject(refer, "verb", "sip:refer") &&
	     cJSON_AddNumberToObject(timeouts, "answer", tv->timeout) &&
	     cJSON_AddNumberToObject(timeouts, "notify", wait) &&
	     cJSON_AddNumberToObject(timeouts, "ringing", wait);
	if (ok && tv->caller_id)
		ok = cJSON_AddStringToObject(refer, "referredBy",
					     tv->caller_id);
	if (ok && add_copy(refer, "uui", tv->uui) &&
	    add_copy(refer, "targetHeaders", headers))
		return refer;

	cJSON_Delete(refer);

	return NULL;
}


/* By a REFER: a warm one calls the target itself before that */
static int add(struct attempts *a, const struct transferverb *tv,
	       const char *text, const char *field, const cJSON *headers)
{
	cJSON *refer = refer_create(tv, headers);

	return refer ? attempts_add(a, text, field, headers, refer) : ENOMEM;
}


static int target_parse(struct attempts *a, const struct transferverb *tv,
			const cJSON *target, struct error *f)
{
	const char *type, *key, *value, *name;
	char where[24], field[64], text[2 * TARGET_MAX + 8];
	int err;

	(void)snprintf(where, sizeof(where), "target[%zu]", a->count);
	if (!cJSON_IsObject(target))
		return error_set(f, 400, where, "must be an object");

	key = type_parse(&type, target, where, f);
	if (!key)
		return EBADMSG;

	(void)snprintf(field, sizeof(field), "%s.name", where);
	err = field_check(&name, target, "name", field, TARGET_MAX / 4, f);
	if (err)
		return err;

	(void)snprintf(field, sizeof(field), "%s.%s", where, key);
	err = field_check(&value, target, key, field, TARGET_MAX, f);
	if (!err && !value)
		err = error_set(f, 400, field, "is required");
	if (!err)
		err = strangers_check(target, where, f);
	if (err)
		return err;

	print_target(text, sizeof(text), type, value, name);

	return add(a, tv, text, field, field_get(target, "headers"));
}


static int targets_parse(struct attempts *a, const struct transferverb *tv,
			 const cJSON *verb, struct error *f)
{
	const cJSON *array = field_get(verb, "target"), *item;
	int err = 0;

	if (!array)
		return error_set(f, 400, "target", "is required");

	if (!cJSON_IsArray(array) || !array->child)
		return error_set(f, 400, "target",
				 "must be an array of one or more targets");

	if (cJSON_GetArraySize(array) > ATTEMPTS_MAX)
		return error_set(f, 400, "target",
				 "must have at most %d targets, not %d",
				 ATTEMPTS_MAX, cJSON_GetArraySize(array));

	cJSON_ArrayForEach(item, array)
	{
		if (!err)
			err = target_parse(a, tv, item, f);
	}

	return err;
}


static bool is_sip(const char *url)
{
	return !strncasecmp(url, "sip:", 4) || !strncasecmp(url, "sips:", 5) ||
	       !strncasecmp(url, "tel:", 4);
}


static bool is_http(const char *url)
{
	return !strncasecmp(url, "http://", 7) ||
	       !strncasecmp(url, "https://", 8);
}


/* After the targets, but not one of them */
static int mailbox_add(struct attempts *a, const struct transferverb *tv,
		       const char *url, const char *field)
{
	int err = add(a, tv, url, field, NULL);

	if (!err) {
		--a->count;
		a->mailbox = true;
	}

	return err;
}


static int voicemail_parse(struct transferverb *tv, struct attempts *a,
			   const cJSON *obj, bool needed, struct error *f)
{
	static const char field[] = "disposition.voicemailUrl";
	const char *url, *why;
	int err;

	err = field_check(&url, obj, "voicemailUrl", field, HOOK_MAX, f);
	if (err)
		return err;

	if (!url)
		return needed ? error_set(f, 400, field,
					  "is required if a disposition is "
					  "voicemail")
			      : 0;

	if (is_sip(url))
		return mailbox_add(a, tv, url, field);

	if (!is_http(url))
		return error_set(f, 400, field,
				 "must be a SIP URI or an HTTP URL");

	why = address_url_error(url);
	if (why)
		return error_set(f, 400, field, "%s", why);

	return hook_set(&tv->voicemail, url, "POST", NULL, NULL);
}


static int disposition_read(enum disposition *dp, const cJSON *item,
			    struct error *f)
{
	static const char *const names[] = {
		[DISPOSITION_RETURN] = "return",
		[DISPOSITION_VOICEMAIL] = "voicemail",
		[DISPOSITION_HANGUP] = "hangup",
	};
	const char *s = cJSON_GetStringValue(item);
	char field[64];

	for (size_t i = 0; s && i < sizeof(names) / sizeof(*names); i++) {
		if (!strcmp(s, names[i])) {
			*dp = (enum disposition)i;
			return 0;
		}
	}

	if (field_empty(item))
		return 0;

	(void)snprintf(field, sizeof(field), "disposition.%s", item->string);

	return error_set(f, 400, field, "must be return, voicemail or hangup");
}


/* Field of a member of disposition, NULL if the member is unknown */
static enum disposition *disposition_of(struct transferverb *tv,
					const char *key)
{
	static const char *const keys[FAILURE_KINDS] = {
		[FAILURE_NO_ANSWER] = "onNoAnswer",
		[FAILURE_BUSY] = "onBusy",
		[FAILURE_DECLINED] = "onDecline",
		[FAILURE_ERROR] = "onFailure",
	};

	for (size_t i = 0; i < FAILURE_KINDS; i++) {
		if (!strcmp(key, keys[i]))
			return &tv->dispositions[i];
	}

	return NULL;
}


static int disposition_parse(struct transferverb *tv, struct attempts *a,
			     const cJSON *verb, struct error *f)
{
	const cJSON *obj = field_get(verb, "disposition"), *item;
	enum disposition *dp;
	bool needed = false;
	int err = 0;

	if (!obj)
		return 0;

	if (!cJSON_IsObject(obj))
		return error_set(f, 400, "disposition", "must be an object");

	cJSON_ArrayForEach(item, obj)
	{
		dp = disposition_of(tv, item->string);
		if (dp)
			err = disposition_read(dp, item, f);
		else if (strcmp(item->string, "voicemailUrl"))
			err = error_set(f, 400, "disposition",
					"must have only the members "
					"onNoAnswer, onBusy, onDecline, "
					"onFailure and voicemailUrl");
		if (err)
			return err;

		needed |= dp && *dp == DISPOSITION_VOICEMAIL;
	}

	return voicemail_parse(tv, a, obj, needed, f);
}


static int mode_parse(struct transferverb *tv, const cJSON *verb,
		      struct error *f)
{
	const cJSON *method = field_get(verb, "blindMethod");
	const char *how = cJSON_GetStringValue(method);
	const char *mode = cJSON_GetStringValue(field_get(verb, "mode"));

	if (!field_get(verb, "mode"))
		return error_set(f, 400, "mode", "is required");

	if (!mode || (strcmp(mode, "blind") && strcmp(mode, "warm")))
		return error_set(f, 400, "mode", "must be blind or warm");

	tv->warm = !strcmp(mode, "warm");
	if (how && !strcmp(how, "dial"))
		return error_set(f, 400, "blindMethod",
				 "must be refer: dial would keep the call at "
				 "this gateway");

	if (method && (!how || strcmp(how, "refer")))
		return error_set(f, 400, "blindMethod", "must be refer");

	return 0;
}


/* A client that wants the target to be asked first must not get a transfer
   without it */
static int blind_check(const struct transferverb *tv, const cJSON *verb,
		       struct error *f)
{
	static const char *const keys[] = {"confirm", "amd"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		if (!tv->warm && field_get(verb, keys[i]))
			return error_set(f, 400, keys[i],
					 "must be left out of a blind "
					 "transfer; use mode warm");
	}

	return 0;
}


/* The target of a warm one is called by an INVITE of our own */
static int uui_parse(struct transferverb *tv, const cJSON *verb,
		     struct error *f)
{
	tv->uui = field_get(verb, "uui");

	return tv->uui && tv->warm
		       ? error_set(f, 400, "uui",
				   "must be left out of a warm transfer; give "
				   "User-to-User in the headers of a target")
		       : 0;
}


static int timeout_parse(struct transferverb *tv, const cJSON *verb,
			 struct error *f)
{
	const cJSON *item = field_get(verb, "timeout");

	tv->timeout = TIMEOUT_DEFAULT;
	if (!item)
		return 0;

	if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0.1) ||
	    item->valuedouble > TIMEOUT_MAX)
		return error_set(f, 400, "timeout",
				 "must be a number of seconds from 0.1 to %d",
				 TIMEOUT_MAX);

	tv->timeout = item->valuedouble;

	return 0;
}


static int caller_parse(struct transferverb *tv, const cJSON *verb,
			struct error *f)
{
	const char *id;
	int err;

	err = field_check(&id, verb, "callerId", "callerId", TARGET_MAX, f);

	return err ? err : field_keep(&tv->caller_id, id);
}


static int parse(struct transferverb *tv, struct attempts *a,
		 const cJSON *verb, struct error *f)
{
	int err;

	a->go_on = true;
	err = mode_parse(tv, verb, f);
	if (!err)
		err = blind_check(tv, verb, f);
	if (!err)
		err = uui_parse(tv, verb, f);
	if (!err)
		err = timeout_parse(tv, verb, f);
	if (!err)
		err = caller_parse(tv, verb, f);
	if (!err)
		err = targets_parse(a, tv, verb, f);
	if (!err)
		err = disposition_parse(tv, a, verb, f);

	tv->uui = NULL;

	return err;
}


/**
 * Read a verb transfer
 *
 * @param tvp  Pointer to the members
 * @param ap   Pointer to its targets
 * @param verb Verb
 * @param f    Set if the verb is not valid
 *
 * @return 0, ENOMEM, or EBADMSG with the error set
 */
int transferverb_parse(struct transferverb **tvp, struct attempts **ap,
		       const cJSON *verb, struct error *f)
{
	int err;

	*ap = NULL;
	*tvp = calloc(1, sizeof(**tvp));
	if (!*tvp)
		return ENOMEM;

	err = attempts_create(ap);
	if (!err)
		err = parse(*tvp, *ap, verb, f);
	if (err) {
		transferverb_destroy(*tvp);
		attempts_destroy(*ap);
		*tvp = NULL;
		*ap = NULL;
	}

	return err;
}


/**
 * Free the members of a verb transfer
 *
 * @param tv Members, may be NULL
 */
void transferverb_destroy(struct transferverb *tv)
{
	if (!tv)
		return;

	hook_reset(&tv->voicemail);
	free(tv->caller_id);
	free(tv);
}
