/**
 * @file uui.c  User-to-User information, as an application writes it
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <cjson/cJSON.h>
#include <ctype.h>
#include <string.h>
#include <re.h>
#include "text.h"
#include "syntax.h"


static const char uui_field[] = "uui";
static const char hex[] = "hex";

/** One value of a header field User-to-User */
struct value {
	const char *data;
	const char *encoding;
	const char *purpose;
	const char *content;
};


static int string_get(const char **strp, const cJSON *json, const char *prefix,
		      const char *name, struct error *error)
{
	const cJSON *item = input_field(json, name);
	char field[64];

	*strp = NULL;
	if (!item)
		return 0;

	(void)re_snprintf(field, sizeof(field), "%s.%s", prefix, name);

	if (!cJSON_IsString(item))
		return error_set(error, field, "must be a string");

	if (!text_is_clean(item->valuestring))
		return error_set(error, field,
				 "must be UTF-8 without control characters");

	*strp = item->valuestring;

	return 0;
}


static int token_get(const char **strp, const cJSON *json, const char *prefix,
		     const char *name, struct error *error)
{
	char field[64];
	int err;

	err = string_get(strp, json, prefix, name, error);
	if (err || !*strp)
		return err;

	if (text_is_token(*strp) && str_len(*strp) <= HDR_NAME_MAX)
		return 0;

	(void)re_snprintf(field, sizeof(field), "%s.%s", prefix, name);

	return error_set(error, field,
			 "must be a SIP token of at most %u bytes",
			 HDR_NAME_MAX);
}


/* The members have no others beside them: a misspelt one would be lost */
static int members_check(const cJSON *json, const char *prefix,
			 struct error *error)
{
	static const char *const names[] = {"data", "encoding", "purpose",
					    "content"};
	const cJSON *item;
	size_t i;

	cJSON_ArrayForEach(item, json)
	{
		for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			if (!strcmp(item->string, names[i]))
				break;
		}
		if (i == sizeof(names) / sizeof(names[0]))
			return error_set(error, prefix,
					 "must have only the members data, "
					 "encoding, purpose and content");
	}

	return 0;
}


/**
 * Tell whether UUI data is octets in hex
 *
 * @param str Text
 *
 * @return True if so
 *
 * Reference: RFC 7433 section 4.2
 */
bool uui_is_hex(const char *str)
{
	const size_t len = str_len(str);
	size_t i;

	for (i = 0; i < len; i++) {
		if (!isxdigit((uint8_t)str[i]))
			return false;
	}

	return len > 0 && len % 2 == 0;
}


/* Values for ISDN must fit into its information element, RFC 7434; no purpose
   means ISDN */
static bool is_for_isdn(const struct value *v)
{
	return !v->purpose || !str_casecmp(v->purpose, "isdn-uui");
}


static int data_check(const struct value *v, const char *prefix,
		      struct error *error)
{
	const bool is_hex = !str_casecmp(v->encoding, hex);
	size_t len = str_len(v->data);
	char field[64];

	(void)re_snprintf(field, sizeof(field), "%s.data", prefix);

	if (!v->data)
		return error_set(error, field, "is required");

	if (is_hex && !uui_is_hex(v->data))
		return error_set(error, field,
				 "must be hex digits, two for each octet, if "
				 "encoding is hex");

	if (is_hex)
		len /= 2;
	if (is_for_isdn(v) && len > UUI_ISDN_MAX)
		return error_set(error, field,
				 "must have at most %u octets, not %zu, if "
				 "purpose is isdn-uui (the default)",
				 UUI_ISDN_MAX, len);

	return 0;
}


static int value_decode(struct value *v, const cJSON *json, const char *prefix,
			struct error *error)
{
	int err;

	if (!cJSON_IsObject(json))
		return error_set(error, prefix, "must be an object");

	err = members_check(json, prefix, error);
	if (!err)
		err = string_get(&v->data, json, prefix, "data", error);
	if (!err)
		err = token_get(&v->encoding, json, prefix, "encoding", error);
	if (!err)
		err = token_get(&v->purpose, json, prefix, "purpose", error);
	if (!err)
		err = token_get(&v->content, json, prefix, "content", error);
	if (err)
		return err;

	if (!v->encoding)
		v->encoding = hex;

	return data_check(v, prefix, error);
}


/* RFC 7433 section 4.1, uui-value */
static int value_print(struct mbuf *mb, const struct value *v)
{
	int err;

	err = mbuf_printf(mb, mb->end ? ", " : "");
	if (text_is_token(v->data))
		err |= mbuf_printf(mb, "%s", v->data);
	else
		err |= mbuf_printf(mb, "\"%H\"", text_print_quoted, v->data);

	err |= mbuf_printf(mb, ";encoding=%s", v->encoding);
	if (v->purpose)
		err |= mbuf_printf(mb, ";purpose=%s", v->purpose);
	if (v->content)
		err |= mbuf_printf(mb, ";content=%s", v->content);

	return err;
}


static int value_add(struct mbuf *mb, const cJSON *json, const char *prefix,
		     struct error *error)
{
	struct value v = {.data = NULL};
	int err;

	err = value_decode(&v, json, prefix, error);

	return err ? err : value_print(mb, &v);
}


static int list_add(struct mbuf *mb, const cJSON *list, struct error *error)
{
	const cJSON *item;
	char prefix[16];
	int err = 0, n = 0;

	cJSON_ArrayForEach(item, list)
	{
		(void)re_snprintf(prefix, sizeof(prefix), "%s[%d]", uui_field,
				  n++);
		err = value_add(mb, item, prefix, error);
		if (err)
			break;
	}

	return err;
}


static int hdrs_add(char **hdrsp, struct mbuf *mb)
{
	char *value = NULL, *hdrs;
	int err;

	mb->pos = 0;
	err = mbuf_strdup(mb, &value, mb->end);
	if (err)
		return err;

	err = re_sdprintf(&hdrs, "%s%s%s=%H", *hdrsp ? *hdrsp : "",
			  *hdrsp ? "&" : "", uui_name, text_print_hvalue,
			  value);
	mem_deref(value);
	if (err)
		return err;

	mem_deref(*hdrsp);
	*hdrsp = hdrs;

	return 0;
}


/**
 * Read the field `uui` of a verb: an object, or an array of them
 *
 * @param hdrsp Pointer to header fields of a URI, or to NULL; User-to-User is
 *              added to them
 * @param json  The verb
 * @param error Set if one is not valid
 *
 * @return 0, ENOMEM, or EBADMSG if it is wrong
 *
 * Reference: RFC 7433 section 4
 */
int uui_decode(char **hdrsp, const struct cJSON *json, struct error *error)
{
	const cJSON *uui = input_field(json, uui_field);
	struct mbuf *mb;
	int err;

	if (!uui)
		return 0;

	if (cJSON_GetArraySize(uui) > UUI_MAX ||
	    !(cJSON_IsObject(uui) || cJSON_IsArray(uui)))
		return error_set(error, uui_field,
				 "must be an object, or an array of at most "
				 "%u objects",
				 UUI_MAX);

	mb = mbuf_alloc(256);
	if (!mb)
		return ENOMEM;

	err = cJSON_IsArray(uui) ? list_add(mb, uui, error)
				 : value_add(mb, uui, uui_field, error);
	if (!err && mb->end > HDR_VAL_MAX)
		err = error_set(error, uui_field,
				"must have at most %u bytes in all as a "
				"header field",
				HDR_VAL_MAX);
	if (!err && mb->end)
		err = hdrs_add(hdrsp, mb);

	mem_deref(mb);

	return err;
}
