/**
 * @file report.c  A line of a node to struct report
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "field.h"
#include "json.h"
#include "report.h"


static const char *const events[] = {"new", "status", "closed", "live", NULL};
static const char *const steps[] = {"requested", "accepted", "progress",
				    "ended", NULL};


static bool is_of(const char *name, const char *const *names)
{
	while (name && *names) {
		if (!strcmp(name, *names++))
			return true;
	}

	return false;
}


static int status(const cJSON *obj, const char *key)
{
	int64_t v = field_int(obj, key, 0);

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
	c->sid = field_str(obj, "sid");
	c->call_id = field_str(obj, "call_id");
	c->direction = field_str(obj, "direction");
	c->from = field_str(obj, "from");
	c->to = field_str(obj, "to");
	c->caller_name = field_str(obj, "caller_name");
	c->account = field_str(obj, "account");
	c->state = field_str(obj, "state");
	c->sip_status = status(obj, "sip_status");
	c->sip_reason = field_str(obj, "sip_reason");
	c->started = field_int(obj, "started", 0);
	c->duration = field_int(obj, "duration", -1);
	c->ref = field_str(obj, "ref");
	c->headers = field_text(obj, "headers");

	return c->sid && *c->sid && strlen(c->sid) <= CALL_SID_MAX &&
	       c->direction && c->from && c->to && c->state;
}


static bool load_hello(struct report *r)
{
	r->kind = REPORT_HELLO;
	r->node = field_str(r->tree, "node");
	r->boot = field_str(r->tree, "boot");
	r->version = field_str(r->tree, "version");
	r->baresip = field_str(r->tree, "baresip");
	r->libre = field_str(r->tree, "libre");
	r->first = (uint64_t)field_int(r->tree, "first", 0);

	return r->node && *r->node && strlen(r->node) < 256 && r->boot &&
	       *r->boot && strlen(r->boot) < 256 &&
	       field_int(r->tree, "protocol", 0) == 1;
}


static bool load_call(struct report *r)
{
	const cJSON *call = cJSON_GetObjectItemCaseSensitive(r->tree, "call");

	r->kind = REPORT_CALL;
	r->event = field_str(r->tree, "event");

	return is_of(r->event, events) && call_info_load(&r->call, call);
}


static bool load_sync(struct report *r)
{
	const cJSON *transfers = cJSON_GetObjectItemCaseSensitive(r->tree,
								  "transfers");
	const cJSON *item;

	r->kind = REPORT_SYNC;
	r->transfers = calloc((size_t)cJSON_GetArraySize(transfers) + 1,
			      sizeof(*r->transfers));
	if (!r->transfers || !cJSON_IsArray(transfers))
		return false;

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
	r->call_sid = field_str(r->tree, "call_sid");
	r->transfer_id = field_str(r->tree, "transfer_id");
	r->step = field_str(r->tree, "step");
	r->refer_to = field_str(r->tree, "refer_to");
	r->referred_by = field_str(r->tree, "referred_by");
	r->reason = field_str(r->tree, "reason");
	r->outcome = field_str(r->tree, "outcome");
	r->evidence = field_str(r->tree, "evidence");
	r->refer_status = status(r->tree, "refer_status");
	r->call_status = status(r->tree, "call_status");
	r->sip = field_text(r->tree, "sip");

	return r->call_sid && r->transfer_id && is_of(r->step, steps) &&
	       strlen(r->transfer_id) < 64;
}


static bool load_result(struct report *r)
{
	r->kind = REPORT_RESULT;
	r->ok = field_bool(r->tree, "ok");
	r->index = -1;
	if (cJSON_HasObjectItem(r->tree, "index"))
		r->index = status(r->tree, "index");
	r->field = field_str(r->tree, "field");
	r->error = field_str(r->tree, "error");
	r->dry_run = field_text(r->tree, "dry_run");

	return r->ref && (r->ok || r->error);
}


static bool load_played(struct report *r)
{
	r->kind = REPORT_PLAYED;
	r->call_sid = field_str(r->tree, "call_sid");
	r->reason = field_str(r->tree, "reason");
	r->ms = field_int(r->tree, "ms", 0);

	return r->ref && r->call_sid && r->reason;
}


static bool load(struct report *r)
{
	const char *type = field_str(r->tree, "type");

	r->n = (uint64_t)field_int(r->tree, "n", 0);
	r->time = field_int(r->tree, "time", 0);
	r->ref = field_str(r->tree, "ref");

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

	if (!strcmp(type, "played"))
		return load_played(r);

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

	free(r->call.headers);
	free(r->dry_run);
	free(r->sip);
	free(r->transfers);
	cJSON_Delete(r->tree);
	free(r);
}
