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
#include "text/text.h"
#include "call.h"
#include "livecall.h"


/* A message in the other call's dialog has all parts of its id. For the
   receiver of the Replaces, to-tag is its own tag and from-tag is ours. */
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


static int refer_to_encode(struct sipverb *verb, const struct sip_msg *msg,
			   const char *target, const struct farend *far,
			   struct error *error)
{
	char *hdrs = NULL, *uri = NULL;
	struct farend to;
	int err;

	profile_refer_to(&to, far, verb->profile);
	err = print_replaces(&hdrs, msg, verb->target_hdrs);
	if (!err)
		err = farend_target(&uri, far, target);
	if (!err)
		err = target_encode(&verb->refer_to, "referTo",
				    verb->input ? verb->input : uri, NULL,
				    hdrs, &to, error);
	if (!err && !verb->input)
		verb->refer_to.rule = "remote target";

	mem_deref(hdrs);
	mem_deref(uri);

	return err;
}


int attended_prepare(struct sipverb *verb, const struct livecall *lc,
		     struct error *error)
{
	struct livecall *other;
	struct farend far;
	struct sip_msg *msg;
	char *target;
	int err;

	if (!verb->replaces)
		return 0;

	other = livecalls_find(verb->replaces);
	if (!other || other == lc || other->transferred ||
	    !livecall_established(other))
		return error_set(error, "replaces",
				 "must name another live call that is "
				 "answered");

	if (other->referral)
		return error_set(error, "replaces",
				 "must name a call that has no transfer in "
				 "progress");

	err = remote_farend(&far, other);
	if (err)
		return err;

	err = remote_request(&msg, &target, other);
	if (!err) {
		err = refer_to_encode(verb, msg, target, &far, error);
		mem_deref(msg);
		mem_deref(target);
	}

	farend_reset(&far);

	return err;
}
