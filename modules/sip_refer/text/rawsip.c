/**
 * @file rawsip.c  Identifies a SIP message by its bytes alone
 *
 * The module looks at each message of a baresip, and needs few of them.  It
 * reads only the first line and the names of the header fields.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <string.h>
#include <strings.h>
#include <re.h>
#include "syntax.h"
#include "text.h"


static const char version[] = "SIP/2.0 ";


/* A line without its end, and the rest behind it */
static bool line_next(struct pl *line, struct pl *left)
{
	const char *end;

	if (!left->l)
		return false;

	end = memchr(left->p, '\n', left->l);
	line->p = left->p;
	line->l = end ? (size_t)(end - left->p) : left->l;
	pl_advance(left, end ? line->l + 1 : line->l);
	if (line->l && line->p[line->l - 1] == '\r')
		--line->l;

	return line->l > 0;
}


/* The value, if the line is a field of that name, or of its short form */
static bool is_field(struct pl *val, const struct pl *line, const char *name,
		     char brief)
{
	const size_t len = strlen(name);
	size_t n = 0;

	if (line->l > len && !strncasecmp(line->p, name, len))
		n = len;
	else if (line->l > 1 && (line->p[0] | 0x20) == brief)
		n = 1;
	else
		return false;

	while (n < line->l && (line->p[n] == ' ' || line->p[n] == '\t'))
		++n;
	if (n == line->l || line->p[n] != ':')
		return false;

	val->p = line->p + n + 1;
	val->l = line->l - n - 1;
	text_trim(val);

	return true;
}


static void method_of_cseq(struct pl *met, const struct pl *val)
{
	size_t n = val->l;

	while (n && val->p[n - 1] != ' ' && val->p[n - 1] != '\t')
		--n;
	met->p = val->p + n;
	met->l = val->l - n;
}


static bool has_tag(const struct pl *val)
{
	struct pl left = *val;

	for (;;) {

		const char *p = pl_strchr(&left, ';');

		if (!p)
			return false;

		pl_advance(&left, p + 1 - left.p);
		while (left.l && (*left.p == ' ' || *left.p == '\t'))
			pl_advance(&left, 1);
		if (left.l < 4 || strncasecmp(left.p, "tag", 3))
			continue;

		pl_advance(&left, 3);
		while (left.l && (*left.p == ' ' || *left.p == '\t'))
			pl_advance(&left, 1);
		if (left.l && *left.p == '=')
			return true;
	}
}


/* Only the few names that matter are compared */
static void field_read(struct rawsip *raw, const struct pl *line)
{
	struct pl val;

	switch (line->p[0] | 0x20) {

	case 'c':
		if (is_field(&val, line, "Call-ID", 0))
			raw->call_id = val;
		else if (is_field(&val, line, "CSeq", 0))
			method_of_cseq(&raw->met, &val);
		break;

	case 'i':
		if (is_field(&val, line, "i", 'i'))
			raw->call_id = val;
		break;

	case 't':
		if (is_field(&val, line, "To", 't'))
			raw->in_dialog = has_tag(&val);
		break;

	case 'a':
		raw->secret |= is_field(&val, line, "Authorization", 0);
		break;

	case 'p':
		raw->secret |= is_field(&val, line, "Proxy-Authorization", 0);
		break;
	}
}


int rawsip_read(struct rawsip *raw, const char *pkt, size_t len)
{
	struct pl left = {pkt, len}, line;

	if (!raw || !pkt)
		return EINVAL;

	memset(raw, 0, sizeof(*raw));
	if (!line_next(&line, &left))
		return EBADMSG;

	if (line.l > sizeof(version) + 2 &&
	    !memcmp(line.p, version, sizeof(version) - 1)) {
		const struct pl scode = {line.p + sizeof(version) - 1, 3};

		raw->scode = (uint16_t)pl_u32(&scode);
	}

	while (line_next(&line, &left))
		field_read(raw, &line);

	return pl_isset(&raw->call_id) && pl_isset(&raw->met) ? 0 : EBADMSG;
}


/* The value of `response` among the parameters of a digest */
static bool digest_response(struct pl *resp, const struct pl *val)
{
	static const char name[] = "response";
	const size_t len = sizeof(name) - 1;

	for (size_t i = 1; i + len < val->l; i++) {

		struct pl left = {val->p + i + len, val->l - i - len};

		if (!strchr(" \t\r\n,", val->p[i - 1]) ||
		    strncasecmp(val->p + i, name, len))
			continue;

		while (left.l && (*left.p == ' ' || *left.p == '\t'))
			pl_advance(&left, 1);
		if (!left.l || *left.p != '=')
			continue;

		pl_advance(&left, 1);
		resp->p = left.p;
		resp->l = 0;
		while (resp->l < left.l && left.p[resp->l] != ',')
			++resp->l;
		return true;
	}

	return false;
}


/* Blank the value computed from the password in a digest, otherwise everything
   behind the scheme */
static void blank(char *p, size_t len)
{
	struct pl val = {p, len}, what;
	size_t scheme = 0;

	text_trim(&val);
	while (scheme < val.l && !strchr(" \t\r\n", val.p[scheme]))
		++scheme;

	what.p = val.p + scheme;
	what.l = val.l - scheme;
	if (scheme == 6 && !strncasecmp(val.p, "Digest", scheme) &&
	    !digest_response(&what, &val))
		return;

	for (size_t i = 0; i < what.l; i++) {

		char *c = p + (what.p - p) + i;

		if (!strchr("\" \t\r\n", *c))
			*c = 'x';
	}
}


void rawsip_blank(char *pkt, size_t len)
{
	struct pl left = {pkt, len}, line, val;

	(void)line_next(&line, &left);
	while (line_next(&line, &left)) {

		if (!is_field(&val, &line, "Authorization", 0) &&
		    !is_field(&val, &line, "Proxy-Authorization", 0))
			continue;

		/* folded lines belong to the field */
		while (left.l && (left.p[0] == ' ' || left.p[0] == '\t')) {
			(void)line_next(&line, &left);
			val.l = line.p + line.l - val.p;
		}
		blank(pkt + (val.p - pkt), val.l);
	}
}
