/**
 * @file multipart.c  One part of a body that has several
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <string.h>
#include <re.h>
#include "body.h"


enum {
	BOUNDARY_MAX = 70, /* RFC 2046 section 5.1.1 [bytes] */
	HEADER_MAX = 256,  /* of a part, unfolded [bytes]    */
};


static bool is_ws(char c)
{
	return c == ' ' || c == '\t';
}


/* Up to the end of a line, with CRLF or LF alone, which is passed over; false
   if nothing is left */
static bool line_get(struct pl *line, struct pl *left)
{
	const char *end;

	if (!left->l)
		return false;

	end = pl_strchr(left, '\n');
	line->p = left->p;
	line->l = end ? (size_t)(end - left->p) : left->l;
	pl_advance(left, end ? line->l + 1 : line->l);

	if (line->l && line->p[line->l - 1] == '\r')
		--line->l;

	return true;
}


/* libre takes the quotes off */
static bool boundary_get(struct pl *boundary, const struct msg_ctype *ctyp)
{
	if (pl_strcasecmp(&ctyp->type, "multipart") ||
	    msg_param_decode(&ctyp->params, "boundary", boundary))
		return false;

	return boundary->l > 0 && boundary->l <= BOUNDARY_MAX;
}


/* White space may follow it; the last one has two more hyphens */
static bool is_delimiter(const struct pl *line, const struct pl *boundary,
			 bool *last)
{
	struct pl end = *line;

	if (line->l < 2 + boundary->l || memcmp(line->p, "--", 2) ||
	    memcmp(line->p + 2, boundary->p, boundary->l))
		return false;

	pl_advance(&end, 2 + boundary->l);
	*last = end.l >= 2 && !memcmp(end.p, "--", 2);
	if (*last)
		pl_advance(&end, 2);
	while (end.l && is_ws(*end.p))
		pl_advance(&end, 1);

	return !end.l;
}


/* The lines of a folded field become one; too long a field is cut */
static void header_collect(char *buf, const struct pl *line, bool folded)
{
	size_t len = folded ? strlen(buf) : 0;
	const size_t n = min(line->l, HEADER_MAX - 1 - len);

	memcpy(buf + len, line->p, n);
	buf[len + n] = '\0';
}


static bool header_is_type(const char *buf, const char *type,
			   const char *subtype)
{
	static const char name[] = "Content-Type";
	struct msg_ctype ctyp;
	struct pl pl, val;

	pl_set_str(&pl, buf);
	val.p = pl_strchr(&pl, ':');
	if (!val.p)
		return false;

	val.l = pl.l - (val.p - pl.p);
	pl.l -= val.l;
	while (pl.l && is_ws(pl.p[pl.l - 1]))
		--pl.l;
	if (pl_strcasecmp(&pl, name) && pl_strcasecmp(&pl, "c"))
		return false;

	pl_advance(&val, 1);

	return !msg_ctype_decode(&ctyp, &val) &&
	       msg_ctype_cmp(&ctyp, type, subtype);
}


/* Pass over the header fields of a part */
static bool part_is_type(struct pl *left, const char *type,
			 const char *subtype)
{
	char buf[HEADER_MAX] = "";
	struct pl line;
	bool is = false;

	while (line_get(&line, left) && line.l) {

		const bool folded = is_ws(*line.p);

		if (!folded)
			is = is || header_is_type(buf, type, subtype);
		header_collect(buf, &line, folded);
	}

	return is || header_is_type(buf, type, subtype);
}


/* Up to the delimiter that ends the part, or to the end of a body that was cut
   off */
static struct pl part_get(struct pl *left, const struct pl *boundary)
{
	struct pl part = {.p = left->p}, before, line;
	bool last;

	for (before = *left; line_get(&line, left); before = *left) {
		if (is_delimiter(&line, boundary, &last)) {
			*left = before;
			break;
		}
		part.l = (size_t)(line.p + line.l - part.p);
	}

	return part;
}


/**
 * Find the first part of a type in a body of type multipart, of whatever
 * subtype. Line ends may be LF alone, and the end of the body may be missing.
 *
 * @param part    Its body, borrows from body
 * @param body    Body
 * @param ctyp    Type of the body
 * @param type    Type of the part
 * @param subtype Subtype of the part
 *
 * @return 0, EINVAL, or ENOENT if the body is no multipart, or has no such
 *         part
 *
 * Reference: RFC 2046 section 5.1, RFC 5621
 */
int multipart_find(struct pl *part, const struct pl *body,
		   const struct msg_ctype *ctyp, const char *type,
		   const char *subtype)
{
	struct pl boundary, line, left, body_of;
	bool last, is;

	if (!part || !body || !ctyp)
		return EINVAL;

	if (!boundary_get(&boundary, ctyp))
		return ENOENT;

	left = *body;
	while (line_get(&line, &left)) {

		if (!is_delimiter(&line, &boundary, &last))
			continue;
		if (last)
			break;

		is = part_is_type(&left, type, subtype);
		body_of = part_get(&left, &boundary);
		if (is) {
			*part = body_of;
			return 0;
		}
	}

	return ENOENT;
}
