/**
 * @file attended.c  A transfer to the far end of another call of ours
 *
 * The far end of the one call is asked to call the far end of the other, and
 * to take our place there: Refer-To names the other call's remote target, and
 * the dialog that is to be replaced.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <re.h>
#include "sip_refer.h"


/* A message in the other call's dialog has all that names it. For who gets
   the Replaces, to-tag is his own tag and from-tag is ours. */
static int print_replaces(char **hdrsp, const struct sip_msg *msg,
			  const char *target_hdrs)
{
	char *val = NULL;
	int err;

	err = re_sdprintf(&val, "%r;to-tag=%r;from-tag=%r", &msg->callid,
			  &msg->to.tag, &msg->from.tag);
	if (err)
		return err;

	err = re_sdprintf(hdrsp, "Replaces=%H%s%s", text_print_hvalue, val,
			  target_hdrs ? "&" : "",
			  target_hdrs ? target_hdrs : "");
	mem_deref(val);

	return err;
}


static int refer_to_encode(struct verb *verb, const struct sip_msg *msg,
			   const char *peer_uri, struct fault *fault)
{
	char *addr = NULL, *uri = NULL, *hdrs = NULL, *ruri = NULL;
	int err;

	err = print_replaces(&hdrs, msg, verb->target_hdrs);
	err |= pl_strdup(&ruri, &msg->ruri);
	if (err)
		goto out;

	err = target_encode(&addr, &uri, "referTo",
			    verb->input ? verb->input : ruri, NULL, hdrs,
			    peer_uri, fault);
	if (err)
		goto out;

	mem_deref(verb->refer_to);
	mem_deref(verb->refer_to_uri);
	verb->refer_to = addr;
	verb->refer_to_uri = uri;

out:
	mem_deref(hdrs);
	mem_deref(ruri);

	return err;
}


static int dialog_message(struct sip_msg **msgp, const struct livecall *lc)
{
	struct dialog *dlg;
	struct mbuf *mb = NULL;
	char *text = NULL;
	int err;

	err = dialog_take(&dlg, lc->call, livecall_peer(lc));
	if (err)
		return err;

	err = dialog_print(&text, dlg, "REFER", sip_dialog_lseq(dlg->dlg), "",
			   false);
	mem_deref(dlg);
	if (err)
		return err;

	mb = mbuf_alloc(str_len(text));
	if (!mb) {
		err = ENOMEM;
		goto out;
	}

	err = mbuf_write_str(mb, text);
	mb->pos = 0;
	if (!err)
		err = sip_msg_decode(msgp, mb);

out:
	mem_deref(mb);
	mem_deref(text);

	return err;
}


/**
 * Make the Refer-To of a verb that names another call of ours; harmless for
 * one that does not
 *
 * @param verb  Verb sip:refer
 * @param lc    The call that is to be transferred
 * @param fault What is wrong
 *
 * @return 0 if success, EBADMSG if the other call will not do, otherwise
 *         errorcode
 *
 * Reference: RFC 3891 section 3, RFC 5589 section 7
 */
int attended_prepare(struct verb *verb, const struct livecall *lc,
		     struct fault *fault)
{
	struct livecall *other;
	struct sip_msg *msg;
	int err;

	if (!verb->replaces)
		return 0;

	other = calls_find(verb->replaces);
	if (!other || other == lc || !livecall_established(other))
		return fault_set(fault, "replaces",
				 "must name another live call that is "
				 "answered");

	if (other->transfer)
		return fault_set(fault, "replaces",
				 "must name a call that has no transfer in "
				 "progress");

	err = dialog_message(&msg, other);
	if (err)
		return err;

	err = refer_to_encode(verb, msg, livecall_peer(other), fault);
	mem_deref(msg);

	return err;
}
