/**
 * @file remote.c  The far end of a call, from its messages
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <cjson/cJSON.h>
#include <string.h>
#include <re.h>
#include "host/host.h"
#include "text/text.h"
#include "call.h"
#include "livecall.h"


/** Of the dialog of a call; of its INVITE, before there is one */
struct remote {
	char *target;
	char *routes;
};


static void remote_reset(struct remote *r)
{
	r->target = mem_deref(r->target);
	r->routes = mem_deref(r->routes);
}


/* The values of all header fields Route in a request */
static int routes_get(char **routesp, const char *text)
{
	struct mbuf *mb = mbuf_alloc(256);
	struct pl left, route;
	int err = 0;

	if (!mb)
		return ENOMEM;

	pl_set_str(&left, text);
	while (!err &&
	       !re_regex(left.p, left.l, "\nRoute: [^\r\n]+", &route)) {
		err = mbuf_printf(mb, "%s%r", mb->end ? ", " : "", &route);
		pl_advance(&left, route.p + route.l - left.p);
	}

	mb->pos = 0;
	if (!err)
		err = mbuf_strdup(mb, routesp, mb->end);
	mem_deref(mb);

	return err;
}


static int from_dialog(struct remote *r, const struct livecall *lc)
{
	struct dialog *dlg;
	char *text = NULL;
	int err;

	err = dialog_take(&dlg, lc->call, lc->account);
	if (err)
		return err;

	err = str_dup(&r->target, sip_dialog_uri(dlg->dlg));
	if (!err && !dialog_print(&text, dlg, "REFER",
				  sip_dialog_lseq(dlg->dlg), "", false))
		err = routes_get(&r->routes, text);

	mem_deref(text);
	mem_deref(dlg);

	return err;
}


static int from_headers(struct remote *r, const struct livecall *lc)
{
	cJSON *json = lc->headers ? cJSON_Parse(lc->headers) : NULL;
	const char *contact, *routes;
	struct sip_addr addr;
	struct pl pl;
	int err = 0;

	contact = cJSON_GetStringValue(cJSON_GetObjectItem(json, "Contact"));
	routes = cJSON_GetStringValue(
		cJSON_GetObjectItem(json, "Record-Route"));

	if (contact) {
		pl_set_str(&pl, contact);
		if (!sip_addr_decode(&addr, &pl))
			err = pl_strdup(&r->target, &addr.auri);
	}
	if (routes)
		err |= str_dup(&r->routes, routes);

	cJSON_Delete(json);

	return err;
}


static bool is_own_handler(const struct sa *sa)
{
	return sip_transp_isladdr(uag_sip(), SIP_TRANSP_NONE, sa);
}


static int find_farend(struct farend *far, const struct livecall *lc)
{
	struct farend_names names = {.identity = lc->peer,
				     .ownh = is_own_handler};
	struct remote r = {.target = NULL};
	int err = 0;

	if (farend_is_clear(&names))
		return farend_init(far, &names);

	if (!livecall_established(lc) || from_dialog(&r, lc)) {
		remote_reset(&r);
		err = from_headers(&r, lc);
	}

	names.target = r.target;
	names.routes = r.routes;
	names.source = lc->source;
	if (!err)
		err = farend_init(far, &names);
	remote_reset(&r);

	return err;
}


int remote_farend(struct farend *far, const struct livecall *lc)
{
	int err;

	err = find_farend(far, lc);
	if (err)
		return err;

	far->own = lc->account;
	far->profile = mem_ref(profiles_choose(lc));

	return 0;
}


/* The first line has the remote target, which may be no URI */
static int request_decode(struct sip_msg **msgp, const char *text)
{
	const char *rest = strstr(text, "\r\n");
	struct mbuf *mb = mbuf_alloc(str_len(text) + 64);
	int err;

	if (!mb)
		return ENOMEM;

	err = mbuf_printf(mb, "REFER sip:anonymous.invalid SIP/2.0%s",
			  rest ? rest : "");
	mb->pos = 0;
	if (!err)
		err = sip_msg_decode(msgp, mb);
	mem_deref(mb);

	return err;
}


/**
 * Make a request in the dialog of a call, for what names the dialog
 *
 * @param msgp    Pointer to the request; only its header fields are true
 * @param targetp Pointer to the remote target, as it came
 * @param lc      Live call that is answered
 *
 * @return 0, ENOMEM, EBADMSG if it cannot be decoded, or what dialog_take()
 *         and dialog_print() return
 */
int remote_request(struct sip_msg **msgp, char **targetp,
		   const struct livecall *lc)
{
	struct dialog *dlg;
	char *text = NULL, *target = NULL;
	int err;

	err = dialog_take(&dlg, lc->call, lc->account);
	if (err)
		return err;

	err = dialog_print(&text, dlg, "REFER", sip_dialog_lseq(dlg->dlg), "",
			   false);
	if (!err)
		err = str_dup(&target, sip_dialog_uri(dlg->dlg));
	if (!err)
		err = request_decode(msgp, text);

	if (err)
		mem_deref(target);
	else
		*targetp = target;
	mem_deref(text);
	mem_deref(dlg);

	return err;
}
