/**
 * @file sipfrag.c  The status line of a message/sipfrag body
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <re.h>
#include "text.h"
#include "body.h"


enum {
	VERSION_LEN = 7, /* "SIP/2.0" */
};


static bool is_ws(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}


static bool is_eol(char c)
{
	return c == '\r' || c == '\n';
}


static void skip_spaces(struct pl *pl)
{
	while (pl->l && (*pl->p == ' ' || *pl->p == '\t'))
		pl_advance(pl, 1);
}


/**
 * Decode the status line at the begin of a message/sipfrag body. Carriers
 * leave out the reason phrase, end the line with a bare LF or not at all, and
 * append header fields: all of that is accepted.
 *
 * @param frag Status line, borrows from body
 * @param body Body of the NOTIFY
 *
 * @return 0, EINVAL, or EBADMSG without a status line
 *
 * Reference: RFC 3420 section 2, RFC 3515 section 2.4.5
 */
int sipfrag_decode(struct sipfrag *frag, const struct pl *body)
{
	struct pl pl, version;
	uint16_t scode = 0;
	int i;

	if (!frag || !body || !body->p)
		return EINVAL;

	pl = *body;
	while (pl.l && is_ws(*pl.p))
		pl_advance(&pl, 1);

	if (pl.l < VERSION_LEN + 4)
		return EBADMSG;

	version.p = pl.p;
	version.l = VERSION_LEN;
	if (pl_strcasecmp(&version, "SIP/2.0"))
		return EBADMSG;

	pl_advance(&pl, VERSION_LEN);
	if (*pl.p != ' ' && *pl.p != '\t')
		return EBADMSG;

	skip_spaces(&pl);
	if (pl.l < 3)
		return EBADMSG;

	for (i = 0; i < 3; i++) {
		if (pl.p[i] < '0' || pl.p[i] > '9')
			return EBADMSG;
		scode = scode * 10 + (pl.p[i] - '0');
	}

	pl_advance(&pl, 3);
	if (scode < 100 || scode > 699 || (pl.l && !is_ws(*pl.p)))
		return EBADMSG;

	skip_spaces(&pl);

	frag->scode = scode;
	frag->reason.p = pl.p;
	frag->reason.l = 0;
	while (frag->reason.l < pl.l && !is_eol(pl.p[frag->reason.l]))
		++frag->reason.l;

	return 0;
}
