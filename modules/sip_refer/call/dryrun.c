/**
 * @file dryrun.c  The REFER that would go out
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <re.h>
#include "json.h"
#include "host/host.h"
#include "text/text.h"
#include "transfer/transfer.h"
#include "call.h"


enum {
	SHOWN_MAX = 24576, /* of the REFER, as JSON [bytes] */
};


static void prospect_init(struct prospect *p, const struct livecall *lc,
			  const struct sipverb *verb)
{
	p->verb = verb;
	p->shown = &lc->shown;
	p->referred = lc->dlg && lc->dlg->subscribed;
	p->calling = referrals_calling(lc->dlg);
}


int dryrun_report(char **reportp, const struct livecall *lc,
		  const struct sipverb *verb)
{
	char *hdrs = NULL, *text = NULL;
	struct dialog *dlg = NULL;
	struct prospect prospect;
	struct json j;
	int err;

	err = referral_print_hdrs(&hdrs, verb);
	if (!err)
		err = dialog_take(&dlg, lc->call, verb->refer_to.uri);
	if (!err)
		err = dialog_print(&text, dlg, "REFER",
				   sip_dialog_lseq(dlg->dlg), hdrs, true);
	if (err)
		goto out;

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "refer_to", verb->refer_to.uri);
	json_str(&j, "refer_to_host", verb->refer_to.rule);
	json_str(&j, "referred_by", verb->referred_by.uri);
	json_str(&j, "referred_by_host", verb->referred_by.rule);
	json_cut(&j, "refer", text, SHOWN_MAX);

	prospect_init(&prospect, lc, verb);
	json_open(&j, "doubts", '[');
	warnings_write(&j, &prospect, text);
	json_close(&j, ']');
	json_close(&j, '}');

	*reportp = json_take(&j);
	if (!*reportp)
		err = ENOMEM;
	json_free(&j);

out:
	mem_deref(hdrs);
	mem_deref(dlg);
	mem_deref(text);

	return err;
}


void dryrun_log(const struct livecall *lc, const struct sipverb *verb,
		const char *id)
{
	struct prospect prospect;
	char *line = NULL;

	prospect_init(&prospect, lc, verb);
	if (doubts_line(&line, &prospect) || !line)
		return;

	info("sip_refer: transfer %s: %s\n", id, line);
	mem_deref(line);
}
