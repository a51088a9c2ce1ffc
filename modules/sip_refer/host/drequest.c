/**
 * @file drequest.c  One request in a dialog, its 401 and 407 answered
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <string.h>
#include <re.h>
#include "host.h"


struct drequest {
	struct compat_contact contact; /* first: the send handler reads it */
	struct sip_request *req;
	struct sip_auth *auth;
	struct sip_loopstate ls;
	struct dialog *dlg;
	const char *met;
	char *hdrs;
	char *body;    /* may be NULL */
	uint32_t cseq; /* of the latest attempt */
	drequest_h *h;
	void *arg;
};


static int attempt(struct drequest *req);


static void destructor(void *arg)
{
	struct drequest *req = arg;

	mem_deref(req->req);
	mem_deref(req->auth);
	mem_deref(req->dlg);
	mem_deref(req->hdrs);
	mem_deref(req->body);
}


static void finish(struct drequest *req, int err, const struct sip_msg *msg)
{
	drequest_h *h = req->h;
	void *arg = req->arg;

	req->h = NULL;
	if (h)
		h(err, msg, arg);
}


static bool is_challenge(const struct sip_msg *msg)
{
	return msg->scode == 401 || msg->scode == 407;
}


/* RFC 5057 section 5.4, RFC 6665 section 4.4.1 */
static bool is_refresh(const char *met)
{
	return !strcmp(met, "REFER") || !strcmp(met, "SUBSCRIBE") ||
	       !strcmp(met, "NOTIFY");
}


static void response_handler(int err, const struct sip_msg *msg, void *arg)
{
	struct drequest *req = arg;

	if (!err && msg->scode < 200)
		return;

	/* without credentials that fit, the challenge itself is the answer */
	if (!err && is_challenge(msg) &&
	    !sip_request_loops(&req->ls, msg->scode) &&
	    !sip_auth_authenticate(req->auth, msg)) {

		err = attempt(req);
		if (!err)
			return;
	}

	if (!err && msg->scode < 300 && is_refresh(req->met))
		dialog_refresh(req->dlg, msg);

	finish(req, err, err ? NULL : msg);
}


static int attempt(struct drequest *req)
{
	const bool message = !strcmp(req->met, "MESSAGE");
	const char *body = req->body ? req->body : "";

	req->cseq = sip_dialog_lseq(req->dlg->dlg);

	return sip_drequestf(
		&req->req, uag_sip(), true, req->met, req->dlg->dlg, 0,
		req->auth, message ? NULL : compat_send_handler,
		response_handler, req, "%sContent-Length: %zu\r\n\r\n%s",
		req->hdrs, strlen(body), body);
}


int drequest_send_body(struct drequest **reqp, struct dialog *dlg,
		       const char *met, const char *hdrs, const char *body,
		       drequest_h *h, void *arg)
{
	struct drequest *req;
	int err;

	if (!reqp || !dlg || !met || !hdrs)
		return EINVAL;

	req = mem_zalloc(sizeof(*req), destructor);
	if (!req)
		return ENOMEM;

	req->dlg = mem_ref(dlg);
	req->contact.cuser = dlg->cuser;
	req->met = met;
	req->h = h;
	req->arg = arg;

	err = str_dup(&req->hdrs, hdrs);
	if (!err && body)
		err = str_dup(&req->body, body);
	if (err)
		goto out;

	err = sip_auth_alloc(&req->auth, dlg->authh, dlg->aarg, true);
	if (err)
		goto out;

	err = attempt(req);

out:
	if (err)
		mem_deref(req);
	else
		*reqp = req;

	return err;
}


int drequest_send(struct drequest **reqp, struct dialog *dlg, const char *met,
		  const char *hdrs, drequest_h *h, void *arg)
{
	return drequest_send_body(reqp, dlg, met, hdrs, NULL, h, arg);
}


void drequest_give_up(struct drequest *req)
{
	if (req)
		req->auth = mem_deref(req->auth);
}


uint32_t drequest_cseq(const struct drequest *req)
{
	return req ? req->cseq : 0;
}
