/**
 * @file referto.c  Parts of a URI that Refer-To must not have
 *
 * Some far ends do as a URI says, and put parts into their INVITE that an
 * application must not set: the module refuses these.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <string.h>
#include <re.h>
#include "text.h"
#include "syntax.h"
#include "uri.h"


/* The name of "name" or "name=value" */
static struct pl name_of(const struct pl *param)
{
	const char *equals = pl_strchr(param, '=');
	struct pl name = *param;

	if (equals)
		name.l = equals - name.p;

	return name;
}


/* The text after the first of these characters, up to the next */
static bool next_param(struct pl *param, struct pl *left, char sep)
{
	const char *end;

	if (!left->l)
		return false;

	pl_advance(left, 1);
	*param = *left;
	end = left->l ? memchr(left->p, sep, left->l) : NULL;
	if (end)
		param->l = end - param->p;
	pl_advance(left, param->l);

	return true;
}


/* Asterisk (chan_pjsip 22.10.1, 16.28.0) answers 400 */
static int addr_check(const char *addr, const char *field, struct error *error)
{
	struct pl left, param, name;

	pl_set_str(&left, strrchr(addr, '>') + 1);
	if (!next_param(&param, &left, ';'))
		return 0;

	name = name_of(&param);

	return error_set(error, field,
			 "must not have the parameter \"%r\" after its >: far "
			 "ends refuse it",
			 &name);
}


static int hdrs_check(const struct pl *hdrs, const char *field,
		      struct error *error)
{
	struct pl left = *hdrs, param, name;
	char *str;
	bool taken;

	while (next_param(&param, &left, '&')) {

		name = name_of(&param);
		if (re_sdprintf(&str, "%H", uri_print_unescaped, &name))
			return ENOMEM;

		taken = header_may_be_in_uri(str);
		mem_deref(str);
		if (!taken)
			return error_set(error, field,
					 "must not have the header field %r",
					 &name);
	}

	return 0;
}


/* RFC 3261 section 19.1.1: the method is an INVITE's unless it is named */
static int params_check(const struct pl *params, const char *field,
			struct error *error)
{
	struct pl left = *params, param, name;
	bool is_method;
	char *str;

	while (next_param(&param, &left, ';')) {

		name = name_of(&param);
		if (re_sdprintf(&str, "%H", uri_print_unescaped, &name))
			return ENOMEM;

		is_method = !str_casecmp(str, "method");
		mem_deref(str);
		pl_advance(&param, name.l);
		if (is_method && pl_strcmp(&param, "=INVITE"))
			return error_set(
				error, field,
				"must have no method other than INVITE");
	}

	return 0;
}


int referto_check(const struct target *target, const char *field,
		  struct error *error)
{
	struct uri_parts parts;
	struct pl uri, hdrs = PL_INIT;
	int err;

	err = addr_check(target->addr, field, error);
	if (err)
		return err;

	pl_set_str(&uri, target->uri);
	if (!uri_split(&parts, &uri)) {
		err = params_check(&parts.params, field, error);
		hdrs = parts.hdrs;
	}
	else {
		/* they have no meaning in a tel: URI, but are refused to be
		   safe */
		pl_set_str(&hdrs, strchr(target->uri, '?'));
	}

	return err ? err : hdrs_check(&hdrs, field, error);
}


static unsigned hdr_count(const struct pl *hdrs, const char *name)
{
	struct pl left = *hdrs, param, key;
	char buf[HDR_NAME_MAX];
	unsigned n = 0;

	while (next_param(&param, &left, '&')) {
		key = name_of(&param);
		if (re_snprintf(buf, sizeof(buf), "%H", uri_print_unescaped,
				&key) > 0)
			n += !str_casecmp(buf, name);
	}

	return n;
}


/**
 * Check that a target is given User-to-User once: by the verb's uui, and not
 * by its targetHeaders or referTo as well
 *
 * @param verb  Verb that has uui; its target, if it names one, is made
 * @param error Set if it is not valid
 *
 * @return 0, or EBADMSG
 */
int referto_check_uui(const struct sipverb *verb, struct error *error)
{
	struct uri_parts parts = {.sips = false};
	struct pl uri, hdrs;
	char *text = NULL;
	unsigned n;

	/* with replaces alone, the target is made later */
	if (!verb->refer_to.uri &&
	    re_sdprintf(&text, "?%s",
			verb->target_hdrs ? verb->target_hdrs : ""))
		return ENOMEM;

	pl_set_str(&hdrs, text ? text : "");
	pl_set_str(&uri, text ? "" : verb->refer_to.uri);
	if (!uri_split(&parts, &uri))
		hdrs = parts.hdrs;
	n = hdr_count(&hdrs, uui_name);
	mem_deref(text);

	return n < 2 ? 0
		     : error_set(error, "uui",
				 "must not be given with another %s in "
				 "targetHeaders or referTo",
				 uui_name);
}
