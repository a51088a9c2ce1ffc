/**
 * @file notify.c  The content of a NOTIFY about a transfer
 *
 * Read as tolerantly as carriers write: without Subscription-State, without
 * Event, with or without id, in any case.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <string.h>
#include <re.h>
#include "text.h"
#include "body.h"
#include "syntax.h"


static bool is_sipfrag(const struct sip_msg *msg)
{
	return msg_ctype_cmp(&msg->ctyp, "message", "sipfrag");
}


/* The value of a header field up to its parameters */
static struct pl hdr_token(const struct sip_hdr *hdr, struct pl *params)
{
	struct pl token = hdr->val;
	const char *p = pl_strchr(&hdr->val, ';');

	*params = pl_null;
	if (p) {
		token.l = p - token.p;
		params->p = p;
		params->l = hdr->val.p + hdr->val.l - p;
	}

	text_trim(&token);

	return token;
}


static bool is_digits(const struct pl *pl)
{
	size_t i;

	for (i = 0; i < pl->l; i++) {
		if (pl->p[i] < '0' || pl->p[i] > '9')
			return false;
	}

	return pl->l > 0 && pl->l <= 10;
}


static bool may_be_sent(const struct pl *event)
{
	char str[EVENT_MAX + 1];

	return !pl_strcpy(event, str, sizeof(str)) &&
	       strlen(str) == event->l && text_is_clean(str);
}


/* RFC 3515 section 2.4.4 and 2.4.6; an id that is not a CSeq names no REFER */
static int event_decode(struct notify *notify, const struct sip_msg *msg)
{
	const struct sip_hdr *hdr = sip_msg_hdr(msg, SIP_HDR_EVENT);
	struct pl event, params, id;

	if (!hdr)
		return is_sipfrag(msg) ? 0 : ENOENT;

	event = hdr_token(hdr, &params);
	if (pl_strcasecmp(&event, "refer"))
		return ENOENT;

	if (may_be_sent(&hdr->val))
		notify->event = hdr->val;

	if (!text_param(&id, &params, "id"))
		return 0;

	notify->has_id = true;
	notify->id = is_digits(&id) ? pl_u32(&id) : NOTIFY_ID_NONE;

	return 0;
}


/* linphone writes `reason=reason=noresource` */
static void skip_name(struct pl *val)
{
	static const char name[] = "reason=";
	const size_t len = sizeof(name) - 1;
	struct pl head = {.p = val->p, .l = min(val->l, len)};

	if (!pl_strcasecmp(&head, name))
		pl_advance(val, len);
}


/* RFC 6665 section 4.1.3; without the header the subscription is active */
static void substate_decode(struct notify *notify, const struct sip_msg *msg)
{
	const struct sip_hdr *hdr = sip_msg_hdr(msg,
						SIP_HDR_SUBSCRIPTION_STATE);
	struct pl state, params, expires;

	if (!hdr)
		return;

	state = hdr_token(hdr, &params);
	notify->terminated = !pl_strcasecmp(&state, "terminated");

	if (text_param(&notify->reason, &params, "reason"))
		skip_name(&notify->reason);

	if (text_param(&expires, &params, "expires") && is_digits(&expires))
		notify->expires = pl_u32(&expires);
}


/* A status line is read whatever the type of the body. A body of another type
   without one is not understood. RFC 3420 allows a fragment without one. */
static void body_decode(struct notify *notify, const struct sip_msg *msg)
{
	struct pl body, part;

	pl_set_mbuf(&body, msg->mb);

	if (!body.l)
		notify->body = BODY_NONE;
	else if (!multipart_find(&part, &body, &msg->ctyp, "message",
				 "sipfrag"))
		notify->body = sipfrag_decode(&notify->frag, &part)
				       ? BODY_UNREADABLE
				       : BODY_FRAG;
	else if (!sipfrag_decode(&notify->frag, &body))
		notify->body = BODY_FRAG;
	else if (is_sipfrag(msg) || !pl_isset(&msg->ctyp.type))
		notify->body = BODY_UNREADABLE;
	else
		notify->body = BODY_FOREIGN;
}


int notify_decode(struct notify *notify, const struct sip_msg *msg)
{
	int err;

	if (!notify || !msg)
		return EINVAL;

	*notify = (struct notify){.msg = msg, .cseq = msg->cseq.num};

	err = event_decode(notify, msg);
	if (err)
		return err;

	substate_decode(notify, msg);
	body_decode(notify, msg);

	return 0;
}


bool notify_is_final(const struct notify *notify)
{
	return notify->body == BODY_FRAG && notify->frag.scode >= 200;
}


bool notify_is_last(const struct notify *notify)
{
	return notify_is_final(notify) ||
	       (notify->terminated &&
		(notify->body != BODY_FRAG || pl_isset(&notify->reason)));
}
