/**
 * @file verb.c  A verb from JSON, every field checked
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <cjson/cJSON.h>
#include <string.h>
#include <re.h>
#include "compat/compat.h"
#include "sip_refer.h"


/* Header fields that the SIP stack writes, with their compact forms
   (RFC 3261 section 7.3.3, RFC 3515, RFC 3892, RFC 6665) */
static const char *const stack_hdrs[] = {
	"Via",
	"v",
	"From",
	"f",
	"To",
	"t",
	"Call-ID",
	"i",
	"CSeq",
	"Contact",
	"m",
	"Max-Forwards",
	"Route",
	"Record-Route",
	"Authorization",
	"Proxy-Authorization",
	"Refer-To",
	"r",
	"Referred-By",
	"b",
	"Event",
	"o",
	"Allow-Events",
	"u",
	"Subscription-State",
	"Expires",
	"User-Agent",
	"Server",
	"l",
	"c",
	"e",
};

static const char stack_prefix[] = "Content-";


static void destructor(void *arg)
{
	struct verb *verb = arg;

	mem_deref(verb->refer_to);
	mem_deref(verb->refer_to_uri);
	mem_deref(verb->referred_by);
	mem_deref(verb->referred_by_uri);
	mem_deref(verb->hdrs);
	mem_deref(verb->reason);
}


static bool is_stack_hdr(const char *name)
{
	size_t i;

	if (!strncasecmp(name, stack_prefix, strlen(stack_prefix)))
		return true;

	for (i = 0; i < RE_ARRAY_SIZE(stack_hdrs); i++) {
		if (!str_casecmp(name, stack_hdrs[i]))
			return true;
	}

	return false;
}


static int header_value(char *buf, size_t size, const cJSON *item,
			const char *field, struct fault *fault)
{
	if (cJSON_IsNumber(item)) {
		if (!cJSON_PrintPreallocated((cJSON *)item, buf, (int)size,
					     false))
			return fault_set(fault, field, "is too long");
		return 0;
	}

	if (!cJSON_IsString(item))
		return fault_set(fault, field, "must be a string or a number");

	if (!text_is_clean(item->valuestring))
		return fault_set(fault, field,
				 "must be UTF-8 without control characters");

	if (str_len(item->valuestring) > HDR_VAL_MAX)
		return fault_set(fault, field, "must have at most %u bytes",
				 HDR_VAL_MAX);

	str_ncpy(buf, item->valuestring, size);

	return 0;
}


static int header_check(char *buf, size_t size, const cJSON *item,
			struct fault *fault)
{
	char field[64];

	if (str_len(item->string) > HDR_NAME_MAX ||
	    !text_is_token(item->string))
		return fault_set(fault, "headers",
				 "must have names that are SIP tokens of at "
				 "most %u bytes",
				 HDR_NAME_MAX);

	(void)re_snprintf(field, sizeof(field), "headers.%s", item->string);

	if (is_stack_hdr(item->string))
		return fault_set(fault, field,
				 "is written by the SIP stack and must not be "
				 "set");

	return header_value(buf, size, item, field, fault);
}


/**
 * Decode the field `headers` of a verb
 *
 * @param hdrsp Pointer to the header fields as text, each with CRLF; left
 *              alone if there are none
 * @param json  The verb
 * @param fault What is wrong
 *
 * @return 0 if success, EBADMSG if a header is wrong, otherwise errorcode
 */
int verb_decode_headers(char **hdrsp, const struct cJSON *json,
			struct fault *fault)
{
	const cJSON *headers, *item;
	char buf[HDR_VAL_MAX + 1];
	struct mbuf *mb;
	int err = 0;

	headers = cJSON_GetObjectItemCaseSensitive(json, "headers");
	if (!headers || cJSON_IsNull(headers))
		return 0;

	if (!cJSON_IsObject(headers))
		return fault_set(fault, "headers", "must be an object");

	if (cJSON_GetArraySize(headers) > HDR_MAX)
		return fault_set(fault, "headers",
				 "must have at most %u "
				 "members",
				 HDR_MAX);

	mb = mbuf_alloc(256);
	if (!mb)
		return ENOMEM;

	cJSON_ArrayForEach(item, headers)
	{
		err = header_check(buf, sizeof(buf), item, fault);
		if (err)
			goto out;

		err = mbuf_printf(mb, "%s: %s\r\n", item->string, buf);
		if (err)
			goto out;
	}

	mb->pos = 0;
	err = mbuf_strdup(mb, hdrsp, mbuf_get_left(mb));

out:
	mem_deref(mb);

	return err;
}


static int refer_decode(struct verb *verb, const cJSON *json,
			const char *peer_uri, struct fault *fault)
{
	const char *refer_to, *referred_by, *dname;
	int err;

	err = json_string(&refer_to, json, "referTo", true, fault);
	if (err)
		return err;

	err = target_encode(&verb->refer_to, &verb->refer_to_uri, "referTo",
			    refer_to, NULL, peer_uri, fault);
	if (err)
		return err;

	err = json_string(&referred_by, json, "referredBy", false, fault);
	if (err)
		return err;

	err = json_text(&dname, json, "referredByDisplayName", DNAME_MAX,
			fault);
	if (err)
		return err;

	/* by default the identity of the party that is transferred */
	err = target_encode(&verb->referred_by, &verb->referred_by_uri,
			    "referredBy", referred_by ? referred_by : peer_uri,
			    dname, peer_uri, fault);
	if (err)
		return err;

	return verb_decode_headers(&verb->hdrs, json, fault);
}


static int decline_decode(struct verb *verb, const cJSON *json,
			  struct fault *fault)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, "status");
	const char *reason;
	int err;

	if (!cJSON_IsNumber(item) || item->valuedouble != item->valueint ||
	    item->valueint < 400 || item->valueint > 699)
		return fault_set(fault, "status",
				 "must be a SIP status from 400 to 699");

	verb->status = item->valueint;

	err = json_text(&reason, json, "reason", HDR_NAME_MAX, fault);
	if (err)
		return err;

	return str_dup(&verb->reason, reason ? reason : "Declined");
}


static int type_decode(enum verb_type *typep, const cJSON *json,
		       struct fault *fault)
{
	static const struct {
		const char *name;
		enum verb_type type;
	} verbs[] = {
		{"sip:refer", VERB_REFER},
		{"answer", VERB_ANSWER},
		{"sip:decline", VERB_DECLINE},
		{"hangup", VERB_HANGUP},
	};
	const char *name;
	size_t i;
	int err;

	err = json_string(&name, json, "verb", true, fault);
	if (err)
		return err;

	for (i = 0; i < RE_ARRAY_SIZE(verbs); i++) {
		if (!strcmp(name, verbs[i].name)) {
			*typep = verbs[i].type;
			return 0;
		}
	}

	return fault_set(fault, "verb", "is not one that baresip runs");
}


/**
 * Decode a verb and check every field of it
 *
 * @param verbp    Pointer to the verb
 * @param json     The verb as it was sent
 * @param peer_uri URI of the far end of the call
 * @param fault    What is wrong with it
 *
 * @return 0 if success, EBADMSG if a field is wrong, otherwise errorcode
 */
int verb_decode(struct verb **verbp, const struct cJSON *json,
		const char *peer_uri, struct fault *fault)
{
	struct verb *verb;
	int err;

	if (!verbp || !peer_uri)
		return EINVAL;

	if (!cJSON_IsObject(json))
		return fault_set(fault, "verb", "must be an object");

	verb = mem_zalloc(sizeof(*verb), destructor);
	if (!verb)
		return ENOMEM;

	err = type_decode(&verb->type, json, fault);
	if (err)
		goto out;

	switch (verb->type) {

	case VERB_REFER:
		err = refer_decode(verb, json, peer_uri, fault);
		break;

	case VERB_DECLINE: err = decline_decode(verb, json, fault); break;

	case VERB_ANSWER:
	case VERB_HANGUP: break;
	}

out:
	if (err)
		mem_deref(verb);
	else
		*verbp = verb;

	return err;
}
