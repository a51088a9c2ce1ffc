/**
 * @file farend.c  Identity of the far end of a call, and the host for its
 *                 numbers
 *
 * From and Contact of a far end may withhold its number, name a gateway by a
 * word that only its neighbours know, or lack escapes. All of that is read,
 * and none of it is passed on as it came.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <ctype.h>
#include <string.h>
#include <re.h>
#include "text.h"
#include "syntax.h"
#include "uri.h"


static const char rule_identity[] = "identity";
static const char rule_target[] = "remote target";
static const char rule_source[] = "source address";

static const char nobody[] = "sip:anonymous@anonymous.invalid";

/** What a host is good for */
enum reach {
	REACH_NONE,    /* it is none                                     */
	REACH_INVALID, /* it says that it is none, RFC 2606 section 2    */
	REACH_OWN,     /* it is where we listen ourselves                */
	REACH_NEAR,    /* a bare word, or this machine: some may know it */
	REACH_FAR,
};


static enum reach name_reach(struct pl name)
{
	struct pl top;
	const char *dot;
	size_t i;

	/* the end of a name that is complete */
	if (name.l > 1 && name.p[name.l - 1] == '.')
		--name.l;

	dot = pl_strrchr(&name, '.');
	if (!dot)
		return pl_strcasecmp(&name, "invalid") ? REACH_NEAR
						       : REACH_INVALID;

	top.p = dot + 1;
	top.l = name.p + name.l - top.p;
	if (!pl_strcasecmp(&top, "invalid"))
		return REACH_INVALID;
	if (!pl_strcasecmp(&top, "localhost"))
		return REACH_NEAR;

	/* an address with a fault, RFC 3261 section 25.1, toplabel */
	for (i = 0; i < top.l; i++) {
		if (isalpha((uint8_t)top.p[i]))
			return REACH_FAR;
	}

	return REACH_NONE;
}


static bool is_own(const struct uri_parts *uri, const struct sa *addr,
		   farend_own_h *ownh)
{
	struct sa sa = *addr;
	uint32_t port = uri->sips ? SIP_PORT_TLS : SIP_PORT;

	if (uri->port.p && uri_port_is_valid(uri))
		port = pl_u32(&uri->port);
	sa_set_port(&sa, port);

	return ownh && ownh(&sa);
}


static enum reach host_reach(const struct uri_parts *uri, farend_own_h *ownh)
{
	struct sa sa;

	if (!uri_host_is_valid(uri))
		return REACH_NONE;

	if (sa_set(&sa, &uri->host, 0))
		return name_reach(uri->host);

	if (sa_is_any(&sa))
		return REACH_NONE;

	if (is_own(uri, &sa, ownh))
		return REACH_OWN;

	return sa_is_loopback(&sa) ? REACH_NEAR : REACH_FAR;
}


static int split_str(struct uri_parts *uri, const char *str)
{
	struct pl pl;

	if (!str)
		return ENOENT;

	pl_set_str(&pl, str);
	text_trim(&pl);

	return uri_split(uri, &pl);
}


static bool has_host(const char *str, const struct pl *host)
{
	struct uri_parts uri;

	return !split_str(&uri, str) && !pl_casecmp(&uri.host, host);
}


/* Whether requests in the call's dialog pass a host, or end there */
static bool is_on_the_way(const struct farend_names *names,
			  const struct pl *host)
{
	struct pl left, uri;
	struct uri_parts parts;

	if (has_host(names->target, host))
		return true;

	pl_set_str(&left, names->routes ? names->routes : "");
	while (!re_regex(left.p, left.l, "<[^>]+>", &uri)) {

		if (!uri_split(&parts, &uri) && !pl_casecmp(&parts.host, host))
			return true;

		pl_advance(&left, uri.p + uri.l - left.p);
	}

	return false;
}


static int take_host(struct farend *far, const struct uri_parts *uri,
		     const char *rule)
{
	const bool ipv6 = memchr(uri->host.p, ':', uri->host.l);
	const bool port = uri->port.p && uri_port_is_valid(uri);

	far->rule = rule;
	far->sips = uri->sips;

	return re_sdprintf(&far->hostport, "%s%r%s%s%r", ipv6 ? "[" : "",
			   &uri->host, ipv6 ? "]" : "", port ? ":" : "",
			   port ? &uri->port : &pl_null);
}


/* The host for a number: the remote target, unless its name cannot be looked
   up (RFC 7118 section 5); then the source of the message. Some carriers write
   our own address into From: a number sent there would come back to us. */
static int find_host(struct farend *far, const struct farend_names *names)
{
	struct uri_parts identity, target;
	const bool has_identity = !split_str(&identity, names->identity);
	const bool has_target = !split_str(&target, names->target);
	const enum reach near = has_identity
					? host_reach(&identity, names->ownh)
					: REACH_NONE;

	if (near == REACH_FAR ||
	    (near == REACH_NEAR && is_on_the_way(names, &identity.host)))
		return take_host(far, &identity, rule_identity);

	if (has_target && host_reach(&target, names->ownh) >= REACH_NEAR)
		return take_host(far, &target, rule_target);

	if (names->source) {
		far->rule = rule_source;
		far->sips = (has_identity && identity.sips) ||
			    (has_target && target.sips);
		return str_dup(&far->hostport, names->source);
	}

	return near == REACH_NONE ? 0
				  : take_host(far, &identity, rule_identity);
}


/* The parameters of a URI that may be passed on */
static int print_params(struct mbuf *mb, const struct pl *params)
{
	struct pl left = *params, param, esc;
	int err = 0;

	while (!err && !re_regex(left.p, left.l, ";[^;]+", &param)) {

		if (text_is_uri(&param) && !memchr(param.p, '@', param.l) &&
		    !uri_find_control(&esc, &param))
			err = mbuf_printf(mb, ";%r", &param);

		pl_advance(&left, param.p + param.l - left.p);
	}

	return err;
}


/* RFC 3261 section 25.1, userinfo; nothing without a user */
static int print_userinfo(struct mbuf *mb, const struct pl *userinfo)
{
	struct pl user = *userinfo, password = PL_INIT;
	const char *colon = pl_strchr(userinfo, ':');
	char *str;
	int err;

	if (colon) {
		user.l = colon - user.p;
		password.p = colon + 1;
		password.l = userinfo->l - user.l - 1;
	}

	err = re_sdprintf(&str, "%H%s%H", uri_print_user, &user,
			  password.l ? ":" : "", uri_print_user, &password);
	if (err)
		return err;

	if (*str && *str != ':')
		err = mbuf_printf(mb, "%s@", str);
	mem_deref(str);

	return err;
}


/* The host for numbers replaces an invalid one */
static int print_sip(struct mbuf *mb, const struct farend *far,
		     const struct uri_parts *uri)
{
	const bool ipv6 = memchr(uri->host.p, ':', uri->host.l);
	int err;

	if (!uri_host_is_valid(uri) && !far->hostport)
		return mbuf_write_str(mb, nobody);

	err = mbuf_printf(mb, "sip%s:", uri->sips ? "s" : "");
	err |= print_userinfo(mb, &uri->user);

	if (uri_host_is_valid(uri)) {
		err |= mbuf_printf(mb, ipv6 ? "[%r]" : "%r", &uri->host);
		if (uri->port.p && uri_port_is_valid(uri))
			err |= mbuf_printf(mb, ":%r", &uri->port);
	}
	else {
		err |= mbuf_write_str(mb, far->hostport);
	}

	return err | print_params(mb, &uri->params);
}


static int print_host(struct mbuf *mb, const struct farend *far)
{
	return far->hostport ? mbuf_printf(mb, "sip%s:%s",
					   far->sips ? "s" : "", far->hostport)
			     : mbuf_write_str(mb, nobody);
}


/* An invalid number in a tel: URI is a user */
static int print_as_user(struct mbuf *mb, const struct farend *far,
			 const struct pl *user)
{
	int err;

	if (!far->hostport)
		return mbuf_write_str(mb, nobody);

	err = mbuf_printf(mb, "sip%s:", far->sips ? "s" : "");
	err |= print_userinfo(mb, user);

	return err | mbuf_write_str(mb, far->hostport);
}


/* RFC 3966 section 3. The remaining parameters decide whether it is a number:
   a phone-context that is not allowed makes no local number. */
static int print_tel(struct mbuf *mb, const struct farend *far,
		     const struct pl *tel)
{
	struct mbuf *clean = mbuf_alloc(64);
	struct pl number, params;
	char *str = NULL;
	int err;

	if (!clean)
		return ENOMEM;

	tel_split(&number, &params, tel);
	err = print_params(clean, &params);
	if (err)
		goto out;

	params.p = (char *)clean->buf;
	params.l = clean->end;
	err = number_encode(&str, &number, &params);
	if (err == EBADMSG)
		err = print_as_user(mb, far, &number);
	else if (!err)
		err = mbuf_printf(mb, "tel:%s%r", str, &params);

out:
	mem_deref(str);
	mem_deref(clean);

	return err;
}


static int print_identity(struct mbuf *mb, const struct farend *far,
			  const char *identity)
{
	static const char tel[] = "tel:";
	struct uri_parts uri;
	struct pl pl;

	if (!split_str(&uri, identity))
		return print_sip(mb, far, &uri);

	pl_set_str(&pl, identity);
	text_trim(&pl);
	if (pl.l > strlen(tel) && !strncasecmp(pl.p, tel, strlen(tel))) {
		pl_advance(&pl, strlen(tel));
		return print_tel(mb, far, &pl);
	}

	return print_host(mb, far);
}


static int identity_make(struct farend *far, const char *identity)
{
	struct mbuf *mb = mbuf_alloc(128);
	int err;

	if (!mb)
		return ENOMEM;

	err = print_identity(mb, far, identity);
	if (!err && mb->end > URI_MAX) {
		mbuf_rewind(mb);
		err = print_host(mb, far);
	}

	mb->pos = 0;
	if (!err)
		err = mbuf_strdup(mb, &far->identity, mb->end);
	mem_deref(mb);

	return err;
}


bool farend_is_clear(const struct farend_names *names)
{
	struct uri_parts uri;

	return !split_str(&uri, names->identity) &&
	       host_reach(&uri, names->ownh) == REACH_FAR;
}


int farend_init(struct farend *far, const struct farend_names *names)
{
	int err;

	if (!far || !names || !names->identity)
		return EINVAL;

	memset(far, 0, sizeof(*far));

	err = find_host(far, names);
	if (!err)
		err = identity_make(far, names->identity);
	if (err)
		farend_reset(far);

	return err;
}


void farend_reset(struct farend *far)
{
	far->identity = mem_deref(far->identity);
	far->hostport = mem_deref(far->hostport);
	far->profile = mem_deref(far->profile);
}


int farend_target(char **urip, const struct farend *far, const char *target)
{
	struct farend other = {.hostport = far->hostport, .sips = far->sips};
	int err;

	err = identity_make(&other, target);
	if (!err)
		*urip = other.identity;

	return err;
}
