/**
 * @file originate.c  A call that the application makes
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <cjson/cJSON.h>
#include <string.h>
#include <re.h>
#include "host/host.h"
#include "text/text.h"
#include "call.h"
#include "livecall.h"


enum {
	SID_MAX = 40, /* bytes */
};


/* baresip takes them as a list of SIP header fields, and copies them */
static void set_headers(struct ua *ua, const cJSON *headers)
{
	struct sip_hdr hdrv[HDR_MAX];
	char valv[HDR_MAX][64];
	struct list hdrl;
	const cJSON *item;
	size_t n = 0;

	list_init(&hdrl);

	cJSON_ArrayForEach(item, headers)
	{
		struct sip_hdr *hdr = &hdrv[n];

		if (input_is_absent(item))
			continue;

		memset(hdr, 0, sizeof(*hdr));
		pl_set_str(&hdr->name, item->string);

		if (cJSON_IsNumber(item)) {
			(void)cJSON_PrintPreallocated((cJSON *)item, valv[n],
						      sizeof(valv[n]), false);
			pl_set_str(&hdr->val, valv[n]);
		}
		else {
			pl_set_str(&hdr->val, item->valuestring);
		}

		list_append(&hdrl, &hdr->le, hdr);
		++n;
	}

	(void)ua_set_custom_hdrs(ua, &hdrl);
}


static int connect_call(struct ua *ua, const char *uri, const cJSON *json,
			uint32_t timeout)
{
	const cJSON *headers, *sid, *ref;
	struct call *call = NULL;
	int err;

	headers = cJSON_GetObjectItemCaseSensitive(json, "headers");
	sid = cJSON_GetObjectItemCaseSensitive(json, "call_sid");
	ref = cJSON_GetObjectItemCaseSensitive(json, "ref");

	set_headers(ua, headers);
	err = ua_connect(ua, &call, NULL, uri, VIDMODE_OFF);
	set_headers(ua, NULL);
	if (err)
		return err;

	return livecalls_adopt(call, sid->valuestring, ref->valuestring,
			       timeout);
}


/* A number belongs to the host of the account */
static int callee_encode(struct target *target, const char *to,
			 const struct ua *ua, struct error *error)
{
	const struct farend_names names = {
		.identity = account_aor(ua_account(ua)),
	};
	struct farend far;
	int err;

	err = farend_init(&far, &names);
	if (err)
		return err;

	err = target_encode(target, "to", to, NULL, NULL, &far, error);
	farend_reset(&far);

	return err;
}


int originate(const struct cJSON *json, struct error *error)
{
	const char *to, *from, *sid;
	struct target target = {.rule = NULL};
	char *hdrs = NULL;
	uint32_t timeout;
	struct ua *ua;
	int err;

	err = input_string(&sid, json, "call_sid", true, error);
	if (!err && strlen(sid) > SID_MAX)
		err = error_set(error, "call_sid",
				"must have at most %u bytes", SID_MAX);
	if (!err)
		err = input_string(&to, json, "to", true, error);
	if (!err)
		err = input_string(&from, json, "from", false, error);
	if (!err)
		err = input_seconds(&timeout, json, "timeout", error);
	if (!err)
		err = headers_decode(&hdrs, json, "headers", header_print_line,
				     error);
	if (err)
		goto out;

	/* asked again, since its answer got lost */
	if (livecalls_find(sid))
		goto out;

	ua = agents_find(from);
	if (!ua) {
		err = error_set(error, "from",
				"must be the address of an account of this "
				"baresip");
		goto out;
	}

	err = callee_encode(&target, to, ua, error);
	if (err)
		goto out;

	err = connect_call(ua, target.uri, json, timeout);

out:
	mem_deref(hdrs);
	target_reset(&target);

	return err;
}
