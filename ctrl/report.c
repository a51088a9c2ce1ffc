/**
 * @file report.c  A line of a node to struct report
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "json.h"
#include "report.h"


static const char *str(const cJSON *obj, const char *key)
{
	return cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(obj, key));
}


static int64_t num(const cJSON *obj, const char *key, int64_t missing)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(obj, key);

	/* 2^53: beyond it a double is no exact integer any more */
	if (!cJSON_IsNumber(item) ||
	    !(item->valuedouble >= 0 && item->valuedouble < 9007199254740992.))
		return missing;

	return (int64_t)item->valuedouble;
}


static int status(const cJSON *obj, const char *key)
{
	int64_t v = num(obj, key, 0);

	return v <= 999 ? (int)v : 0;
}


/**
 * Read a call.  The strings are borrowed from the object.
 *
 * @param c   Call
 * @param obj Object, in the form of docs/link.md
 *
 * @return True if it has what every call has
 */
bool call_info_load(struct call_info *c, const cJSON *obj)
{
	const cJSON *headers = cJSON_GetObjectItemCaseSensitive(obj,
								"headers");

	c->sid = str(obj, "sid");
	c->call_id = str(obj, "call_id");
	c->direction = str(obj, "direction");
	c->from = str(obj, "from");
	c->to = str(obj, "to");
	c->caller_name = str(obj, "caller_name");
	c->account = str(obj, "account");
	c->state = str(obj, "state");
	c->sip_status = status(obj, "sip_status");
	c->sip_reason = str(obj, "sip_reason");
	c->started = num(obj, "started", 0);
	c->duration = num(obj, "duration", -1);
	c->ref = str(obj, "ref");
	c->headers = cJSON_IsObject(headers) ? cJSON_PrintUnformatted(headers)
					     : NULL;

	return c->sid && *c->sid && strlen(c->sid) <= CALL_SID_MAX &&
	       c->direction && c->from && c->to && c->state;
}


static bool load_hello(struct report *r)
{
	r->kind = REPORT_HELLO;
	r->node = str(r->tree, "node");
	r->boot = str(r->tree, "boot");
	r->version = str(r->tree, "version");
	r->baresip = str(r->tree, "baresip");
	r->libre = str(r->tree, "libre");
	r->first = (uint64_t)num(r->tree, "first", 0);

	return r->node && *r->node && strlen(r->node) < 256 && r->boot &&
	       *r->boot && strlen(r->boot) < 256 &&
	       num(r->tree, "protocol", 0) == 1;
}


static bool load_call(struct report *r)
{
	const cJSON *call = cJSON_GetObjectItemCaseSensitive(r->tree, "call");

	r->kind = REPORT_CALL;
	r->event = str(r->tree, "event");
	r->calls = calloc(1, sizeof(*r->calls));
	if (!r->calls || !r->event)
		return false;

	r->callc = 1;

	return call_info_load(r->calls, call);
}


static bool load_sync(struct report *r)
{
	const cJSON *calls = cJSON_GetObjectItemCaseSensitive(r->tree,
							      "calls");
	const cJSON *transfers = cJSON_GetObjectItemCaseSensitive(r->tree,
								  "transfers");
	const cJSON *item;

	r->kind = REPORT_SYNC;
	r->calls = calloc((size_t)cJSON_GetArraySize(calls) + 1,
			  sizeof(*r->calls));
	r->transfers = calloc((size_t)cJSON_GetArraySize(transfers) + 1,
			      sizeof(*r->transfers));
	if (!r->calls || !r->transfers || !cJSON_IsArray(calls))
		return false;

	cJSON_ArrayForEach(item, calls)
	{
		if (!call_info_load(&r->calls[r->callc++], item))
			return false;
	}

	cJSON_ArrayForEach(item, transfers)
	{
		if (cJSON_IsString(item))
			r->transfers[r->transferc++] = item->valuestring;
	}

	return true;
}


static bool load_transfer(struct report *r)
{
	r->kind = REPORT_TRANSFER;
	r->call_sid = str(r->tree, "call_sid");
	r->transfer_id = str(r->tree, "transfer_id");
	r->step = str(r->tree, "step");
	r->refer_to = str(r->tree, "refer_to");
	r->referred_by = str(r->tree, "referred_by");
	r->reason = str(r->tree, "reason");
	r->outcome = str(r->tree, "outcome");
	r->evidence = str(r->tree, "evidence");
	r->refer_status = status(r->tree, "refer_status");
	r->call_status = status(r->tree, "call_status");

	return r->call_sid && r->transfer_id && r->step &&
	       strlen(r->transfer_id) < 64;
}


static bool load_result(struct report *r)
{
	r->kind = REPORT_RESULT;
	r->ok = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(r->tree, "ok"));
	r->index = -1;
	if (cJSON_HasObjectItem(r->tree, "index"))
		r->index = status(r->tree, "index");
	r->field = str(r->tree, "field");
	r->error = str(r->tree, "error");
	if (cJSON_HasObjectItem(r->tree, "dry_run"))
		r->dry_run = cJSON_PrintUnformatted(
			cJSON_GetObjectItemCaseSensitive(r->tree, "dry_run"));

	return r->ref && (r->ok || r->error);
}


static bool load(struct report *r)
{
	const char *type = str(r->tree, "type");

	r->n = (uint64_t)num(r->tree, "n", 0);
	r->time = num(r->tree, "time", 0);
	r->ref = str(r->tree, "ref");

	if (!type)
		return false;
	if (!strcmp(type, "hello"))
		return load_hello(r);
	if (!r->n)
		return false;
	if (!strcmp(type, "sync"))
		return load_sync(r);
	if (!strcmp(type, "call"))
		return load_call(r);
	if (!strcmp(type, "transfer"))
		return load_transfer(r);

	return !strcmp(type, "result") && load_result(r);
}


/**
 * Read a line
 *
 * @param rp   Report, to be freed with report_free()
 * @param line Line without its newline; what is not UTF-8 in it is repaired
 * @param len  Its length in bytes
 * @param whyp What is wrong with it, if something is
 *
 * @return 0 if success, otherwise errorcode
 */
int report_decode(struct report **rp, char *line, size_t len,
		  const char **whyp)
{
	struct report *r;

	*whyp = json_fault(line, len);
	if (*whyp)
		return EBADMSG;

	utf8_repair(line, len);

	r = calloc(1, sizeof(*r));
	if (!r)
		return ENOMEM;

	r->tree = cJSON_ParseWithLengthOpts(line, len, NULL, false);
	if (!load(r)) {
		*whyp = r->tree ? "is no report of protocol 1" : "is not JSON";
		report_free(r);
		return EBADMSG;
	}

	*rp = r;

	return 0;
}


/**
 * Free a report
 *
 * @param r Report, may be NULL
 */
void report_free(struct report *r)
{
	if (!r)
		return;

	for (size_t i = 0; i < r->callc; i++)
		cJSON_free(r->calls[i].headers);

	cJSON_free(r->dry_run);
	free(r->calls);
	free(r->transfers);
	cJSON_Delete(r->tree);
	free(r);
}
