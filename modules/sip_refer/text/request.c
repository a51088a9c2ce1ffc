/**
 * @file request.c  The verb sip:request: a request that the application writes
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <cjson/cJSON.h>
#include <re.h>
#include "text.h"
#include "syntax.h"


enum {
	ANSWER_MAX = 32, /* 64*T1: libre waits no longer [s] */
};

/* Methods that do not change the call, so that baresip need not know */
static const char *const methods[] = {"INFO", "MESSAGE", "NOTIFY", "OPTIONS"};

/* Methods that have a verb of their own */
static const struct {
	const char *method;
	const char *verb;
} others[] = {
	{"REFER", "sip:refer"},
	{"BYE", "hangup"},
	{"CANCEL", "hangup"},
};


static int method_decode(struct sipverb *verb, const cJSON *json,
			 struct error *error)
{
	const char *method;
	size_t i;
	int err;

	err = input_text(&method, json, "method", HDR_NAME_MAX, error);
	if (err)
		return err;
	if (!method)
		return error_set(error, "method", "is required");

	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (!str_casecmp(method, methods[i])) {
			verb->method = methods[i];
			return 0;
		}
	}

	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (!str_casecmp(method, others[i].method))
			return error_set(error, "method",
					 "must be INFO, MESSAGE, NOTIFY or "
					 "OPTIONS; for %s use the verb %s",
					 others[i].method, others[i].verb);
	}

	return error_set(error, "method",
			 "must be INFO, MESSAGE, NOTIFY or OPTIONS, not %s",
			 method);
}


static int body_decode(struct sipverb *verb, const cJSON *json,
		       struct error *error)
{
	const char *body;
	int err;

	err = input_string(&body, json, "body", false, error);
	if (err || !body)
		return err;

	if (str_len(body) > REQUEST_BODY_MAX)
		return error_set(error, "body", "must have at most %u bytes",
				 REQUEST_BODY_MAX);

	return str_dup(&verb->body, body);
}


static int timeout_decode(struct sipverb *verb, const cJSON *json,
			  struct error *error)
{
	const cJSON *item = input_field(json, "timeout");

	verb->timeout = ANSWER_MAX * 1000;
	if (!item)
		return 0;

	if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0.1) ||
	    item->valuedouble > ANSWER_MAX)
		return error_set(error, "timeout",
				 "must be a number of seconds from 0.1 to %u",
				 ANSWER_MAX);

	verb->timeout = item->valuedouble * 1000;

	return 0;
}


static int take(struct mbuf *mb, cJSON *json, const char *name,
		const char *otherwise, struct error *error)
{
	char *value = NULL;
	int err;

	err = header_take(&value, json, name, error);
	if (!err && (value || otherwise))
		err = header_print_line(mb, name, value ? value : otherwise);
	mem_deref(value);

	return err;
}


/* RFC 3261 section 20.15; without a body, it says nothing */
static int body_hdrs_take(struct mbuf *mb, const struct sipverb *verb,
			  cJSON *json, struct error *error)
{
	char *type = NULL;
	int err;

	err = header_take(&type, json, "Content-Type", error);
	if (!err && type &&
	    re_regex(type, str_len(type), "[^/ ]+/[^/ ]+", NULL, NULL))
		err = error_set(error, "headers.Content-Type",
				"must be a media type such as text/plain");
	if (!err && verb->body) {
		err = header_print_line(mb, "Content-Type",
					type ? type : "text/plain");
		if (!err)
			err = take(mb, json, "Content-Disposition", NULL,
				   error);
	}
	mem_deref(type);

	return err;
}


static bool is_refer(const char *event)
{
	struct pl name;

	return !re_regex(event, str_len(event), "[^; \t]+", &name) &&
	       !pl_strcasecmp(&name, "refer");
}


/* RFC 6665 section 8.2: a NOTIFY must have both. Only the receiver of a REFER
   may report its result. */
static int notify_hdrs_take(struct mbuf *mb, const struct sipverb *verb,
			    cJSON *json, struct error *error)
{
	char *event = NULL;
	int err;

	if (str_cmp(verb->method, "NOTIFY"))
		return 0;

	err = header_take(&event, json, "Event", error);
	if (!err && !event)
		err = error_set(error, "headers.Event",
				"is required in a NOTIFY");
	if (!err && is_refer(event))
		err = error_set(error, "headers.Event",
				"must not be refer: baresip sends the NOTIFYs "
				"of a REFER");
	if (!err)
		err = header_print_line(mb, "Event", event);
	if (!err)
		err = take(mb, json, "Subscription-State", "active", error);
	mem_deref(event);

	return err;
}


static int hdrs_decode(struct sipverb *verb, cJSON *json, struct error *error)
{
	char *rest = NULL;
	struct mbuf *mb;
	int err;

	mb = mbuf_alloc(256);
	if (!mb)
		return ENOMEM;

	err = notify_hdrs_take(mb, verb, json, error);
	if (!err)
		err = body_hdrs_take(mb, verb, json, error);
	if (!err)
		err = headers_decode(&rest, json, "headers", header_print_line,
				     error);
	if (!err && rest)
		err = mbuf_write_str(mb, rest);
	if (!err && mb->end > BROUGHT_MAX)
		err = error_set(error, "headers",
				"must have at most %u bytes as sent, not %zu",
				BROUGHT_MAX, mb->end);
	if (!err) {
		mb->pos = 0;
		err = mbuf_strdup(mb, &verb->hdrs, mbuf_get_left(mb));
	}

	mem_deref(rest);
	mem_deref(mb);

	return err;
}


/**
 * Decode the members of a sip:request
 *
 * @param verb  Verb
 * @param json  The verb as it was sent
 * @param error Set if one is not valid
 *
 * @return 0, ENOMEM, or EBADMSG if a field is wrong
 */
int request_decode(struct sipverb *verb, const struct cJSON *json,
		   struct error *error)
{
	cJSON *copy;
	int err;

	err = method_decode(verb, json, error);
	if (!err)
		err = body_decode(verb, json, error);
	if (!err)
		err = timeout_decode(verb, json, error);
	if (err)
		return err;

	copy = cJSON_Duplicate(json, true);
	if (!copy)
		return ENOMEM;

	err = hdrs_decode(verb, copy, error);
	cJSON_Delete(copy);

	return err;
}
