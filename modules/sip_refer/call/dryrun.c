/**
 * @file dryrun.c  The REFER that would go out
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <cjson/cJSON.h>
#include <stdlib.h>
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


/* One of so many in one report */
static int report(char **reportp, const struct livecall *lc,
		  const struct sipverb *verb, int count)
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
	json_cut(&j, "refer", text, SHOWN_MAX / count);

	prospect_init(&prospect, lc, verb);
	json_open(&j, "doubts", '[');
	warnings_write(&j, &prospect, text);
	json_close(&j, ']');
	profiles_write(&j, lc, verb);
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


int dryrun_report(char **reportp, const struct livecall *lc,
		  const struct sipverb *verb)
{
	return report(reportp, lc, verb, 1);
}


/* The first result has the form of that of a verb with one target */
static int attempt_print(struct json *j, const struct livecall *lc,
			 const struct sipverb *verb, int index, int count)
{
	char *text;
	int err;

	err = report(&text, lc, verb, count + 1);
	if (err)
		return err;

	if (!index) {
		json_members(j, text);
		json_open(j, "attempts", '[');
	}
	json_raw(j, NULL, text);
	free(text);

	return 0;
}


int dryruns_report(char **reportp, const struct livecall *lc,
		   const struct farend *far, const struct cJSON *verbs,
		   int count, struct error *error)
{
	const cJSON *item = verbs->child;
	struct sipverb *verb;
	struct json j;
	int err = 0;

	json_init(&j);
	json_open(&j, NULL, '{');
	for (int i = 0; i < count && item && !err; i++) {
		error->index = i;
		err = sipverb_decode(&verb, item, far, error);
		if (!err) {
			err = attempt_print(&j, lc, verb, i, count);
			mem_deref(verb);
		}
		item = item->next;
	}
	if (err)
		goto out;

	json_close(&j, ']');
	json_close(&j, '}');
	*reportp = json_take(&j);
	if (!*reportp)
		err = ENOMEM;

out:
	json_free(&j);

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
