/**
 * @file keys.c  The keys that the far end of a call presses
 *
 * baresip reports keys that come by RTP. Keys that come by INFO are read here,
 * before baresip, which accepts the form of one vendor only.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <re.h>
#include "linkreport.h"
#include "host/host.h"
#include "link/link.h"
#include "text/text.h"
#include "call.h"
#include "livecall.h"


enum {
	CSEQS = 16, /* of INFOs, that are remembered */
};

struct keys {
	struct le le;        /* among all                   */
	struct livecall *lc; /* borrowed: ends before it    */
	struct dialog *dlg;  /* once an INFO has come       */
	struct dtmf dtmf;
	uint32_t cseqv[CSEQS]; /* of the latest INFOs       */
	uint32_t cseqc;        /* of all INFOs              */
};

static struct list all;


static void destructor(void *arg)
{
	struct keys *k = arg;

	k->lc->keys = NULL;
	list_unlink(&k->le);
	mem_deref(k->dlg);
}


static void pressed(struct keys *k, char key, bool info)
{
	if (!key || !dtmf_is_new(&k->dtmf, key, info, deadline_now()))
		return;

	link_report(&(struct report){
		.kind = REPORT_DTMF,
		.call_sid = k->lc->sid,
		.digit = (const char[]){key, '\0'},
		.by = info ? "info" : "rtp",
	});
}


/**
 * Report the keys of a call from now on
 *
 * @param lc Live call
 *
 * @return 0, or ENOMEM
 */
int keys_begin(struct livecall *lc)
{
	struct keys *k = mem_zalloc(sizeof(*k), destructor);

	if (!k)
		return ENOMEM;

	k->lc = lc;
	lc->keys = k;
	list_append(&all, &k->le, k);

	return 0;
}


/**
 * Note a key that came by RTP
 *
 * @param lc  Live call
 * @param prm Text of baresip's event
 */
void keys_event(struct livecall *lc, const char *prm)
{
	if (lc->keys)
		pressed(lc->keys, dtmf_event(prm), false);
}


/* One that is sent again, since its answer was lost */
static bool is_repeated(struct keys *k, uint32_t cseq)
{
	uint32_t i;

	for (i = 0; i < k->cseqc && i < CSEQS; i++) {
		if (k->cseqv[i] == cseq)
			return true;
	}

	k->cseqv[k->cseqc++ % CSEQS] = cseq;

	return false;
}


static bool is_of(struct keys *k, const struct sip_msg *msg)
{
	const struct livecall *lc = k->lc;

	if (!livecall_established(lc) ||
	    pl_strcmp(&msg->callid, call_id(lc->call)))
		return false;

	if (!k->dlg && dialog_take(&k->dlg, lc->call, lc->account))
		return false;

	return sip_dialog_cmp(k->dlg->dlg, msg);
}


static struct keys *find(const struct sip_msg *msg)
{
	struct le *le;

	for (le = list_head(&all); le; le = le->next) {
		if (is_of(le->data, msg))
			return le->data;
	}

	return NULL;
}


bool keys_info(const struct sip_msg *msg)
{
	struct keys *k = find(msg);
	char key;
	int err;

	if (!k)
		return false;

	err = dtmf_decode(&key, msg);
	if (err == ENOENT)
		return false;

	if (err) {
		(void)sip_reply(uag_sip(), msg, 400, "Bad Request");
		return true;
	}

	(void)sip_reply(uag_sip(), msg, 200, "OK");
	if (!is_repeated(k, msg->cseq.num))
		pressed(k, key, true);

	return true;
}
