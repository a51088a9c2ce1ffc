/**
 * @file target.c  Refer-To and Referred-By from what an application writes
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <ctype.h>
#include <string.h>
#include <re.h>
#include "text.h"
#include "syntax.h"
#include "uri.h"


/** A target in its parts */
struct parts {
	struct pl dname;  /* Display name as it was written, maybe quoted */
	struct pl uri;    /* URI, or a number or user */
	struct pl params; /* Parameters behind the '>' */
};


static const char rule_given[] = "given";


/* The '<' that begins the URI, not one inside the quoted display name */
static const char *find_langle(const struct pl *pl)
{
	bool quoted = false;
	size_t i;

	for (i = 0; i < pl->l; i++) {

		if (quoted && pl->p[i] == '\\')
			++i;
		else if (pl->p[i] == '"')
			quoted = !quoted;
		else if (pl->p[i] == '<' && !quoted)
			return pl->p + i;
	}

	return NULL;
}


static bool dname_is_valid(const struct pl *dname)
{
	size_t i;

	if (!dname->l)
		return true;

	if (*dname->p != '"') {
		/* tokens and spaces; it is quoted on the wire */
		for (i = 0; i < dname->l; i++) {
			if (strchr("\":;=@,()[]?/\\{}", dname->p[i]))
				return false;
		}
		return true;
	}

	for (i = 1; i < dname->l; i++) {
		if (dname->p[i] == '\\')
			++i;
		else if (dname->p[i] == '"')
			return i == dname->l - 1;
	}

	return false;
}


/* RFC 3261 section 20.10, name-addr; without '<' the whole text is the URI */
static int split(struct parts *parts, const struct pl *input,
		 const char *field, struct error *error)
{
	const char *langle = find_langle(input), *rangle;

	memset(parts, 0, sizeof(*parts));
	parts->uri = *input;

	if (!langle)
		return 0;

	parts->dname.p = input->p;
	parts->dname.l = langle - input->p;
	text_trim(&parts->dname);

	rangle = memchr(langle, '>', input->p + input->l - langle);
	if (!rangle)
		return error_set(error, field, "must end its URI with '>'");

	parts->uri.p = langle + 1;
	parts->uri.l = rangle - langle - 1;
	text_trim(&parts->uri);

	parts->params.p = rangle + 1;
	parts->params.l = input->p + input->l - parts->params.p;

	if (!dname_is_valid(&parts->dname))
		return error_set(error, field,
				 "must have a display name that is quoted "
				 "correctly");

	if (parts->params.l &&
	    (*parts->params.p != ';' || !text_is_uri(&parts->params)))
		return error_set(error, field,
				 "must have only parameters after its URI");

	return 0;
}


/* RFC 3986 section 3.1; a host and port alone do not count */
static bool has_scheme(const struct pl *pl)
{
	size_t i;

	if (!pl->l || !isalpha((uint8_t)*pl->p))
		return false;

	for (i = 1; i < pl->l; i++) {

		const char c = pl->p[i];

		if (c == ':')
			return true;

		if (!isalnum((uint8_t)c) && c != '+' && c != '-' && c != '.')
			return false;
	}

	return false;
}


/* An escaped line end becomes a line end when it is unescaped */
static int controls_check(const struct parts *parts, const char *field,
			  struct error *error)
{
	struct pl esc;

	if (uri_find_control(&esc, &parts->uri) ||
	    uri_find_control(&esc, &parts->params))
		return error_set(
			error, field,
			"must not contain the escaped control character %r",
			&esc);

	return 0;
}


static int tel_encode(char **urip, const struct pl *tel, const char *field,
		      struct error *error)
{
	struct pl number, params;
	char *str;
	int err;

	tel_split(&number, &params, tel);

	err = text_is_uri(&params) ? number_encode(&str, &number, &params)
				   : EBADMSG;
	if (err == EBADMSG)
		return error_set(error, field,
				 "must have a number in its tel: URI");
	if (err)
		return err;

	err = re_sdprintf(urip, "tel:%s%r", str, &params);
	mem_deref(str);

	return err;
}


static int sip_check(char **urip, const struct pl *pl, const char *field,
		     struct error *error)
{
	struct uri_parts parts;
	struct uri uri;

	if (!text_is_uri(pl))
		return error_set(error, field,
				 "must have each special character of its URI "
				 "escaped as %%XX");

	if (uri_split(&parts, pl) || pl_strchr(&parts.user, '@') ||
	    !uri_host_is_valid(&parts) || !uri_port_is_valid(&parts) ||
	    uri_decode(&uri, pl))
		return error_set(error, field,
				 "must be a SIP URI with a valid host and "
				 "port, such as sip:user@host:5060");

	return pl_strdup(urip, pl);
}


static int uri_check(char **urip, const struct pl *pl, const char *field,
		     struct error *error)
{
	struct pl scheme = *pl, rest = *pl;

	scheme.l = pl_strchr(pl, ':') - pl->p;
	pl_advance(&rest, scheme.l + 1);

	if (!pl_strcasecmp(&scheme, "tel"))
		return tel_encode(urip, &rest, field, error);

	if (!pl_strcasecmp(&scheme, "sip") || !pl_strcasecmp(&scheme, "sips"))
		return sip_check(urip, pl, field, error);

	return error_set(error, field,
			 "must be a sip:, sips: or tel: URI, a number or a "
			 "user, not %r:",
			 &scheme);
}


/* A number without its separators, a user with what must be escaped */
static int user_encode(char **userp, bool *is_numberp, const struct pl *pl)
{
	const int err = number_encode(userp, pl, NULL);

	*is_numberp = !err;

	return err == EBADMSG ? re_sdprintf(userp, "%H", uri_print_user, pl)
			      : err;
}


/* How a number or user is written that has no host of its own. A number is a
   tel: URI only if it is whole: RFC 3966 section 5.1.5 wants a context for any
   other. */
static int user_print(char **urip, const char **rulep, const char *name,
		      bool is_number, const struct farend *far)
{
	if (is_number && far->tel && *name == '+') {
		*rulep = "profile";
		return re_sdprintf(urip, "tel:%s", name);
	}

	*rulep = far->rule;

	return re_sdprintf(urip, "sip%s:%s@%s%s", far->sips ? "s" : "", name,
			   far->hostport,
			   is_number && far->user_phone ? ";user=phone" : "");
}


/* A number or user belongs to the far end, if it has no host of its own */
static int user_make(struct target *target, const struct pl *pl,
		     const struct farend *far, const char *field,
		     struct error *error)
{
	struct pl user = *pl, host, uri;
	const char *at = pl_strchr(pl, '@');
	bool is_number;
	char *str, *name;
	int err;

	if (!at && !far->hostport)
		return error_set(
			error, field,
			"must be a URI: the far end of the call has no host");

	user.l = at ? (size_t)(at - pl->p) : pl->l;
	err = user_encode(&name, &is_number, &user);
	if (err)
		return err;

	if (!at) {
		err = user_print(&target->uri, &target->rule, name, is_number,
				 far);
		goto out;
	}

	host.p = at;
	host.l = pl->p + pl->l - at;
	err = re_sdprintf(&str, "sip:%s%r", name, &host);
	if (err)
		goto out;

	pl_set_str(&uri, str);
	err = sip_check(&target->uri, &uri, field, error);
	mem_deref(str);

out:
	mem_deref(name);

	return err;
}


static int uri_make(struct target *target, const struct pl *pl,
		    const struct farend *far, const char *field,
		    struct error *error)
{
	target->rule = rule_given;

	if (!pl->l)
		return error_set(error, field, "must not be empty");

	if (has_scheme(pl))
		return uri_check(&target->uri, pl, field, error);

	return user_make(target, pl, far, field, error);
}


/* Header fields in a URI, RFC 3261 section 19.1.1 */
static int uri_add_hdrs(char **urip, const char *hdrs, const char *field,
			struct error *error)
{
	char *uri;
	int err;

	if (!str_isset(hdrs))
		return 0;

	if (!strncmp(*urip, "tel:", 4))
		return error_set(error, field,
				 "must be a SIP URI, not a tel: URI, to carry "
				 "header fields");

	err = re_sdprintf(&uri, "%s%c%s", *urip,
			  strchr(*urip, '?') ? '&' : '?', hdrs);
	if (err)
		return err;

	mem_deref(*urip);
	*urip = uri;

	return 0;
}


static int addr_print(char **addrp, const struct parts *parts,
		      const char *dname, const char *uri)
{
	if (str_isset(dname))
		return re_sdprintf(addrp, "\"%H\" <%s>%r", text_print_quoted,
				   dname, uri, &parts->params);

	if (!parts->dname.l)
		return re_sdprintf(addrp, "<%s>%r", uri, &parts->params);

	if (*parts->dname.p == '"')
		return re_sdprintf(addrp, "%r <%s>%r", &parts->dname, uri,
				   &parts->params);

	return re_sdprintf(addrp, "\"%r\" <%s>%r", &parts->dname, uri,
			   &parts->params);
}


int target_encode(struct target *target, const char *field, const char *input,
		  const char *dname, const char *hdrs,
		  const struct farend *far, struct error *error)
{
	struct target t = {.rule = NULL};
	struct parts parts;
	struct farend to;
	struct pl pl;
	int err;

	if (!target || !field || !input || !far)
		return EINVAL;

	/* a tel: URI has no room for them */
	to = *far;
	if (str_isset(hdrs))
		to.tel = false;

	if (!text_is_clean(input))
		return error_set(error, field,
				 "must be UTF-8 without control characters");

	if (str_len(input) > URI_MAX)
		return error_set(error, field, "must have at most %u bytes",
				 URI_MAX);

	pl_set_str(&pl, input);
	text_trim(&pl);

	err = split(&parts, &pl, field, error);
	if (!err)
		err = controls_check(&parts, field, error);
	if (!err)
		err = uri_make(&t, &parts.uri, &to, field, error);
	if (!err)
		err = uri_add_hdrs(&t.uri, hdrs, field, error);
	if (!err)
		err = addr_print(&t.addr, &parts, dname, t.uri);
	if (err) {
		target_reset(&t);
		return err;
	}

	target_reset(target);
	*target = t;

	return 0;
}


void target_reset(struct target *target)
{
	target->addr = mem_deref(target->addr);
	target->uri = mem_deref(target->uri);
	target->rule = NULL;
}
