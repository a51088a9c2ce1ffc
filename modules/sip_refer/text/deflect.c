/**
 * @file deflect.c  A call that is declined, or sent elsewhere by that
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <cjson/cJSON.h>
#include <re.h>
#include "text.h"
#include "syntax.h"


enum {
	CONTACTS_MAX = 8,
	Q_MAX = 10, /* tenths: RFC 3261 section 20.10 */
};

static const char field_contact[] = "contact";


static const char *default_reason(uint16_t status)
{
	switch (status) {

	case 300: return "Multiple Choices";
	case 301: return "Moved Permanently";
	case 302: return "Moved Temporarily";
	case 305: return "Use Proxy";
	case 380: return "Alternative Service";
	default: return status < 400 ? "Redirected" : "Declined";
	}
}


static int contact_print(struct mbuf *mb, const char *input, const char *field,
			 const struct farend *far, struct error *error)
{
	struct target target = {.addr = NULL};
	int err;

	err = target_encode(&target, field, input, NULL, NULL, far, error);
	if (!err)
		err = referto_check(&target, field, error);
	if (!err)
		err = mbuf_write_str(mb, target.addr);
	target_reset(&target);

	return err;
}


/* The first of several contacts is first choice: without q they may be called
   at once */
static int contacts_print(struct mbuf *mb, const cJSON *array,
			  const struct farend *far, struct error *error)
{
	const cJSON *item;
	char field[32];
	unsigned i = 0;
	int err = 0;

	if (!array->child || cJSON_GetArraySize(array) > CONTACTS_MAX)
		return error_set(error, field_contact,
				 "must have 1 to %u members", CONTACTS_MAX);

	cJSON_ArrayForEach(item, array)
	{
		(void)re_snprintf(field, sizeof(field), "%s[%u]",
				  field_contact, i);
		if (!cJSON_IsString(item))
			return error_set(error, field, "must be a string");

		if (i)
			err = mbuf_write_str(mb, ", ");
		if (!err)
			err = contact_print(mb, item->valuestring, field, far,
					    error);
		if (!err && array->child->next)
			err = mbuf_printf(mb, ";q=%u.%u", (Q_MAX - i) / 10,
					  (Q_MAX - i) % 10);
		if (err)
			break;
		++i;
	}

	return err;
}


static int contact_decode(struct mbuf *mb, const cJSON *json,
			  const char *from_hdrs, const struct farend *far,
			  struct error *error)
{
	const cJSON *item = input_field(json, field_contact);
	int err;

	if (item && from_hdrs)
		return error_set(error, field_contact,
				 "must not be given with headers.Contact");

	err = mbuf_write_str(mb, "Contact: ");
	if (err)
		return err;

	if (cJSON_IsArray(item))
		err = contacts_print(mb, item, far, error);
	else if (cJSON_IsString(item))
		err = contact_print(mb, item->valuestring, field_contact, far,
				    error);
	else if (item)
		err = error_set(error, field_contact,
				"must be a string or an array of strings");
	else if (from_hdrs)
		err = contact_print(mb, from_hdrs, "headers.Contact", far,
				    error);
	else
		err = error_set(error, field_contact,
				"is required with a status from 300 to 399");

	return err ? err : mbuf_write_str(mb, "\r\n");
}


/* RFC 3261 section 21.3: the Contact that the caller shall call instead */
static int deflect_decode(struct sipverb *verb, cJSON *json,
			  const struct farend *far, struct error *error)
{
	char *from_hdrs = NULL, *rest = NULL;
	struct mbuf *mb;
	int err;

	mb = mbuf_alloc(256);
	if (!mb)
		return ENOMEM;

	err = header_take(&from_hdrs, json, "Contact", error);
	if (!err)
		err = contact_decode(mb, json, from_hdrs, far, error);
	if (!err)
		err = headers_decode(&rest, json, "headers", header_print_line,
				     error);
	if (!err && rest)
		err = mbuf_write_str(mb, rest);
	if (!err) {
		mb->pos = 0;
		err = mbuf_strdup(mb, &verb->hdrs, mbuf_get_left(mb));
	}

	mem_deref(from_hdrs);
	mem_deref(rest);
	mem_deref(mb);

	return err;
}


static int hdrs_decode(struct sipverb *verb, const cJSON *json,
		       const struct farend *far, struct error *error)
{
	cJSON *copy;
	int err;

	if (verb->status >= 400) {
		if (input_field(json, field_contact))
			return error_set(error, field_contact,
					 "must be given only with a status "
					 "from 300 to 399");

		return headers_decode(&verb->hdrs, json, "headers",
				      header_print_line, error);
	}

	copy = cJSON_Duplicate(json, true);
	if (!copy)
		return ENOMEM;

	err = deflect_decode(verb, copy, far, error);
	cJSON_Delete(copy);

	return err;
}


/**
 * Decode the members of a sip:decline
 *
 * @param verb  Verb
 * @param json  The verb as it was sent
 * @param far   Far end of the call, to which numbers in `contact` belong
 * @param error Set if one is not valid
 *
 * @return 0, ENOMEM, or EBADMSG if a field is wrong
 */
int decline_decode(struct sipverb *verb, const cJSON *json,
		   const struct farend *far, struct error *error)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, "status");
	const char *reason;
	int err;

	if (!cJSON_IsNumber(item) || item->valuedouble != item->valueint ||
	    item->valueint < 300 || item->valueint > 699)
		return error_set(error, "status",
				 "must be a SIP status from 300 to 699");

	verb->status = item->valueint;

	err = input_text(&reason, json, "reason", HDR_NAME_MAX, error);
	if (err)
		return err;

	err = str_dup(&verb->reason,
		      reason ? reason : default_reason(verb->status));
	if (err)
		return err;

	return hdrs_decode(verb, json, far, error);
}
