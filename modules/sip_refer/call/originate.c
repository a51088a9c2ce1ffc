/**
 * @file originate.c  A call that the application makes
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <cjson/cJSON.h>
#include <string.h>
#include <re.h>
#include "linkrequest.h"
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


static int connect_call(struct ua *ua, const char *uri,
			const struct node_request *rq, const cJSON *headers,
			uint32_t timeout, bool keys)
{
	struct call *call = NULL;
	int err;

	set_headers(ua, headers);
	err = ua_connect(ua, &call, NULL, uri, VIDMODE_OFF);
	set_headers(ua, NULL);
	if (err)
		return err;

	return livecalls_adopt(call, rq->call_sid, rq->ref, timeout, keys);
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


/* The second call of a transfer goes where the first one is known: by its
   account, and a number belongs to its far end */
static int find_parent(struct livecall **lcp, const cJSON *json,
		       struct error *error)
{
	const char *sid;
	int err;

	*lcp = NULL;
	err = input_string(&sid, json, "parent_call_sid", false, error);
	if (err || !sid)
		return err;

	*lcp = livecalls_find(sid);

	return *lcp ? 0
		    : error_set(error, "parent_call_sid",
				"must name a live call");
}


static int encode(struct target *target, const char *to, const struct ua *ua,
		  const struct livecall *parent, struct error *error)
{
	struct farend far;
	int err;

	if (!parent)
		return callee_encode(target, to, ua, error);

	err = remote_farend(&far, parent);
	if (err)
		return err;

	err = target_encode(target, "to", to, NULL, NULL, &far, error);
	farend_reset(&far);

	return err;
}


int originate(const struct node_request *rq, const struct cJSON *json,
	      struct error *error)
{
	const char *to, *from, *transfer_id;
	struct target target = {.rule = NULL};
	struct livecall *parent, *lc;
	char *hdrs = NULL;
	uint32_t timeout;
	struct ua *ua;
	bool keys;
	int err;

	if (!str_isset(rq->call_sid) || strlen(rq->call_sid) > SID_MAX)
		return error_set(error, "call_sid", "must have 1 to %u bytes",
				 SID_MAX);

	err = input_string(&to, json, "to", true, error);
	if (!err)
		err = input_string(&from, json, "from", false, error);
	if (!err)
		err = input_string(&transfer_id, json, "transfer_id", false,
				   error);
	if (!err)
		err = input_seconds(&timeout, json, "timeout", error);
	if (!err)
		err = input_bool(&keys, json, "dtmf", error);
	if (!err)
		err = headers_decode(&hdrs, json, "headers", header_print_line,
				     error);
	if (err)
		goto out;

	/* asked again, since its answer got lost */
	if (livecalls_find(rq->call_sid))
		goto out;

	err = find_parent(&parent, json, error);
	if (err)
		goto out;

	ua = parent ? parent->ua : agents_find(from);
	if (!ua) {
		err = error_set(error, "from",
				"must be the address of an account of this "
				"baresip");
		goto out;
	}

	err = encode(&target, to, ua, parent, error);
	if (err)
		goto out;

	err = connect_call(ua, target.uri, rq,
			   cJSON_GetObjectItemCaseSensitive(json, "headers"),
			   timeout, keys);
	lc = err ? NULL : livecalls_find(rq->call_sid);
	if (lc && parent && transfer_id)
		livecall_make_second(lc, parent, transfer_id);

out:
	mem_deref(hdrs);
	target_reset(&target);

	return err;
}
