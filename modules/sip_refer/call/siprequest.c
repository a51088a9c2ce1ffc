/**
 * @file siprequest.c  The verb sip:request: a request in the dialog of a call
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <string.h>
#include <re.h>
#include "linkreport.h"
#include "host/host.h"
#include "link/link.h"
#include "text/text.h"
#include "call.h"
#include "livecall.h"


enum {
	REASON_MAX = 128, /* bytes */
};

/** A request that waits for its answer */
struct siprequest {
	struct le le; /* among those of its call, which it ends before */
	struct drequest *req;
	struct deadline deadline;
	char *call_sid;
	char *ref;
	uint32_t timeout; /* [ms] */
};


static void destructor(void *arg)
{
	struct siprequest *r = arg;

	list_unlink(&r->le);
	deadline_cancel(&r->deadline);
	mem_deref(r->req);
	mem_deref(r->call_sid);
	mem_deref(r->ref);
}


static void finish(struct siprequest *r, uint16_t scode, const char *reason,
		   const char *error)
{
	link_report(&(struct report){
		.kind = REPORT_RESPONSE,
		.call_sid = r->call_sid,
		.ref = r->ref,
		.sip_status = scode,
		.reason = reason,
		.error = error,
	});
	mem_deref(r);
}


static void timeout_handler(void *arg)
{
	struct siprequest *r = arg;
	char error[64];

	(void)re_snprintf(error, sizeof(error), "no answer within %.1f s",
			  r->timeout / 1000.0);
	finish(r, 0, NULL, error);
}


/* A 481 says that the far end knows no such call: RFC 3261 section 12.2.1.2 */
static void answered(struct siprequest *r, const struct sip_msg *msg)
{
	char *sid = NULL, *reason = NULL;

	if (msg->scode == 481)
		sid = mem_ref(r->call_sid);

	(void)text_scrub_cut(&reason, &msg->reason, REASON_MAX);
	finish(r, msg->scode, reason, NULL);
	mem_deref(reason);

	if (sid)
		livecalls_unknown(sid);
	mem_deref(sid);
}


static void answer_handler(int err, const struct sip_msg *msg, void *arg)
{
	struct siprequest *r = arg;

	if (err == ETIMEDOUT)
		timeout_handler(r);
	else if (err)
		finish(r, 0, NULL, strerror(err));
	else
		answered(r, msg);
}


static int alloc(struct siprequest **rp, struct livecall *lc, const char *ref,
		 uint32_t timeout)
{
	struct siprequest *r;
	int err;

	r = mem_zalloc(sizeof(*r), destructor);
	if (!r)
		return ENOMEM;

	r->timeout = timeout;
	err = str_dup(&r->call_sid, lc->sid);
	err |= str_dup(&r->ref, ref);
	if (err) {
		mem_deref(r);
		return ENOMEM;
	}

	list_append(&lc->requests, &r->le, r);
	*rp = r;

	return 0;
}


int siprequest_send(struct livecall *lc, const struct sipverb *verb,
		    const char *ref)
{
	struct siprequest *r;
	int err;

	err = livecall_take_dialog(lc, lc->peer);
	if (!err)
		err = alloc(&r, lc, ref, verb->timeout);
	if (err)
		return err;

	err = drequest_send_body(&r->req, lc->dlg, verb->method, verb->hdrs,
				 verb->body, answer_handler, r);
	if (err) {
		mem_deref(r);
		return err;
	}

	deadline_start(&r->deadline, verb->timeout, timeout_handler, r);

	return 0;
}


/**
 * The call is closed: no answer is waited for any more
 *
 * @param lc Live call
 */
void siprequest_call_closed(struct livecall *lc)
{
	struct le *le;

	while ((le = list_head(&lc->requests)) != NULL)
		finish(le->data, 0, NULL, "the call has ended");
}
