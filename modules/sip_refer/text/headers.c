/**
 * @file headers.c  The header fields that a verb brings
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <cjson/cJSON.h>
#include <ctype.h>
#include <string.h>
#include <re.h>
#include "text.h"
#include "syntax.h"


/* Compact forms, as IANA lists them */
static const struct {
	char compact;
	const char *name;
} compact_hdrs[] = {
	{'a', "Accept-Contact"},
	{'b', "Referred-By"},
	{'c', "Content-Type"},
	{'d', "Request-Disposition"},
	{'e', "Content-Encoding"},
	{'f', "From"},
	{'i', "Call-ID"},
	{'j', "Reject-Contact"},
	{'k', "Supported"},
	{'l', "Content-Length"},
	{'m', "Contact"},
	{'n', "Identity-Info"},
	{'o', "Event"},
	{'r', "Refer-To"},
	{'s', "Subject"},
	{'t', "To"},
	{'u', "Allow-Events"},
	{'v', "Via"},
	{'x', "Session-Expires"},
	{'y', "Identity"},
};

/* Header fields that the SIP stack writes, beside Content-... */
static const char *const stack_hdrs[] = {
	"Via",
	"From",
	"To",
	"Call-ID",
	"CSeq",
	"Contact",
	"Max-Forwards",
	"Route",
	"Record-Route",
	"Authorization",
	"Proxy-Authorization",
	"Refer-To",
	"Referred-By",
	"Event",
	"Allow-Events",
	"Subscription-State",
	"Expires",
	"User-Agent",
	"Server",
};

static const char stack_prefix[] = "Content-";

/* Other header fields that a URI should not set: RFC 3261 section 19.1.5 */
static const char *const no_uri_hdrs[] = {
	"Accept", "Accept-Encoding", "Accept-Language",
	"Allow",  "Supported",       "Organization",
	"body",
};


/**
 * Make a compact name of a header field the full one
 *
 * @param name Name
 *
 * Reference: RFC 3261 section 7.3.3
 */
void header_full_name(struct pl *name)
{
	size_t i;

	if (name->l != 1)
		return;

	for (i = 0; i < sizeof(compact_hdrs) / sizeof(compact_hdrs[0]); i++) {
		if (tolower((uint8_t)*name->p) == compact_hdrs[i].compact) {
			pl_set_str(name, compact_hdrs[i].name);
			return;
		}
	}
}


static bool is_among(const struct pl *name, const char *const *namev,
		     size_t namec)
{
	size_t i;

	for (i = 0; i < namec; i++) {
		if (!pl_strcasecmp(name, namev[i]))
			return true;
	}

	return false;
}


static bool is_stack_hdr(const char *str)
{
	struct pl name, prefix;

	pl_set_str(&name, str);
	header_full_name(&name);

	prefix.p = name.p;
	prefix.l = min(name.l, strlen(stack_prefix));

	return !pl_strcasecmp(&prefix, stack_prefix) ||
	       is_among(&name, stack_hdrs,
			sizeof(stack_hdrs) / sizeof(stack_hdrs[0]));
}


/**
 * Tell whether a URI may have a header field for the target
 *
 * @param str Its name, unescaped, maybe compact
 *
 * @return True if so
 *
 * Reference: RFC 3261 section 19.1.5
 */
bool header_may_be_in_uri(const char *str)
{
	struct pl name;

	pl_set_str(&name, str);
	header_full_name(&name);

	return !is_stack_hdr(str) &&
	       !is_among(&name, no_uri_hdrs,
			 sizeof(no_uri_hdrs) / sizeof(no_uri_hdrs[0]));
}


static int header_value(char *buf, size_t size, const cJSON *item,
			const char *field, struct error *error)
{
	if (cJSON_IsNumber(item)) {
		if (!cJSON_PrintPreallocated((cJSON *)item, buf, (int)size,
					     false))
			return error_set(error, field, "must be shorter");
		return 0;
	}

	if (!cJSON_IsString(item))
		return error_set(error, field, "must be a string or a number");

	if (!text_is_clean(item->valuestring))
		return error_set(error, field,
				 "must be UTF-8 without control characters");

	if (str_len(item->valuestring) > HDR_VAL_MAX)
		return error_set(error, field, "must have at most %u bytes",
				 HDR_VAL_MAX);

	str_ncpy(buf, item->valuestring, size);

	return 0;
}


static int header_check(char *buf, size_t size, const cJSON *item,
			const char *name, bool in_uri, struct error *error)
{
	char field[64];

	if (str_len(item->string) > HDR_NAME_MAX ||
	    !text_is_token(item->string))
		return error_set(error, name,
				 "must have names that are SIP tokens of at "
				 "most %u bytes",
				 HDR_NAME_MAX);

	(void)re_snprintf(field, sizeof(field), "%s.%s", name, item->string);

	if (is_stack_hdr(item->string))
		return error_set(error, field,
				 "must not be set: the SIP stack writes it");

	if (in_uri && !header_may_be_in_uri(item->string))
		return error_set(
			error, field,
			"must not be set: it does not belong in a URI");

	return header_value(buf, size, item, field, error);
}


/**
 * Take a header field that the SIP stack normally writes out of those of a
 * verb, where it may be set
 *
 * @param valuep Pointer to a copy of its value, for the caller to free even
 *               after an error; unchanged if it is missing
 * @param json   The verb; the member of its `headers` is removed
 * @param name   Its full name
 * @param error  Set if it is not valid
 *
 * @return 0, ENOMEM, or EBADMSG if its value is wrong, or it stands twice
 */
int header_take(char **valuep, struct cJSON *json, const char *name,
		struct error *error)
{
	cJSON *headers = cJSON_GetObjectItemCaseSensitive(json, "headers");
	char field[64], buf[HDR_VAL_MAX + 1];
	cJSON *item, *next;
	struct pl full;
	int err = 0;

	(void)re_snprintf(field, sizeof(field), "headers.%s", name);

	item = cJSON_IsObject(headers) ? headers->child : NULL;
	for (; item && !err; item = next) {

		next = item->next;
		pl_set_str(&full, item->string);
		header_full_name(&full);
		if (pl_strcasecmp(&full, name) || input_is_absent(item))
			continue;

		if (*valuep)
			return error_set(error, field,
					 "must appear only once");

		err = header_value(buf, sizeof(buf), item, field, error);
		if (!err)
			err = str_dup(valuep, buf);
		cJSON_Delete(cJSON_DetachItemViaPointer(headers, item));
	}

	return err;
}


int headers_decode(char **strp, const struct cJSON *json, const char *field,
		   header_print_h *printh, struct error *error)
{
	const cJSON *headers, *item;
	char buf[HDR_VAL_MAX + 1];
	struct mbuf *mb;
	int err = 0;

	headers = input_field(json, field);
	if (!headers)
		return 0;

	if (!cJSON_IsObject(headers))
		return error_set(error, field, "must be an object");

	if (cJSON_GetArraySize(headers) > HDR_MAX)
		return error_set(error, field, "must have at most %u members",
				 HDR_MAX);

	mb = mbuf_alloc(256);
	if (!mb)
		return ENOMEM;

	cJSON_ArrayForEach(item, headers)
	{
		if (input_is_absent(item))
			continue;

		err = header_check(buf, sizeof(buf), item, field,
				   printh == header_print_uri, error);
		if (!err)
			err = printh(mb, item->string, buf);
		if (err)
			goto out;
	}

	mb->pos = 0;
	if (mb->end)
		err = mbuf_strdup(mb, strp, mbuf_get_left(mb));

out:
	mem_deref(mb);

	return err;
}


int header_print_line(struct mbuf *mb, const char *name, const char *value)
{
	return mbuf_printf(mb, "%s: %s\r\n", name, value);
}


int header_print_uri(struct mbuf *mb, const char *name, const char *value)
{
	return mbuf_printf(mb, "%s%H=%H", mb->end ? "&" : "",
			   text_print_hvalue, name, text_print_hvalue, value);
}
