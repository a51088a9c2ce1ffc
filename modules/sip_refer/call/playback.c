/**
 * @file playback.c  The verb play: WAV files of the gateway to the caller
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


struct playback {
	struct livecall *lc; /* borrowed: ends before it */
	char *ref;
	char *files;     /* names, each ended by a zero, then an empty one */
	const char *now; /* that plays */
	const char *next;
	struct tmr tmr;  /* plays it anew */
	uint32_t rounds; /* still to play, 0: for ever */
	uint64_t started;
	bool endless;
};

static char directory[512] = "/usr/share/baresip";


static void destructor(void *arg)
{
	struct playback *p = arg;

	source_forget(p);
	tmr_cancel(&p->tmr);
	if (p->lc)
		p->lc->playback = NULL;
	mem_deref(p->ref);
	mem_deref(p->files);
}


static void report(const struct playback *p, const char *reason)
{
	link_report(&(struct report){
		.kind = REPORT_PLAYED,
		.call_sid = p->lc->sid,
		.ref = p->ref,
		.reason = reason,
		.ms = (int64_t)(deadline_now() - p->started),
	});
}


static void finish(struct playback *p, const char *reason)
{
	report(p, reason);
	mem_deref(p);
}


static void end_handler(bool whole, void *arg);


static int file_play(struct playback *p)
{
	char path[sizeof(directory) + HDR_VAL_MAX];

	(void)re_snprintf(path, sizeof(path), "%s/%s", directory, p->next);
	p->now = p->next;
	p->next += strlen(p->next) + 1;

	return source_play(call_audio(p->lc->call), path, end_handler, p);
}


static void tmr_handler(void *arg)
{
	struct playback *p = arg;

	if (!agents_have_call(p->lc->call))
		return;

	p->next = p->now;
	if (file_play(p))
		finish(p, "failed");
}


static void end_handler(bool whole, void *arg)
{
	struct playback *p = arg;

	/* ended by a re-INVITE of the far end, for example: the missed part is
	   unknown */
	if (!whole) {
		tmr_start(&p->tmr, 0, tmr_handler, p);
		return;
	}

	if (!*p->next) {

		if (!p->endless && --p->rounds == 0) {
			finish(p, "completed");
			return;
		}
		p->next = p->files;
	}

	if (file_play(p))
		finish(p, "failed");
}


int playback_start(struct livecall *lc, const struct sipverb *verb,
		   const char *ref, struct error *error)
{
	struct playback *p;
	int err;

	playback_stop(lc);

	p = mem_zalloc(sizeof(*p), destructor);
	if (!p)
		return ENOMEM;

	p->lc = lc;
	p->files = mem_ref(verb->files);
	p->next = p->files;
	p->rounds = verb->rounds;
	p->endless = verb->rounds == 0;
	p->started = deadline_now();
	lc->playback = p;

	err = str_dup(&p->ref, ref);
	if (!err)
		err = file_play(p);
	if (!err)
		return 0;

	mem_deref(p);
	if (err == ENOENT)
		return error_set(error, "url",
				 "must be the name of a file below baresip's "
				 "audio_path");

	return error_set(error, "url",
			 "must be a WAV file (16 bits or G.711, 8 to 48 kHz) "
			 "that can be played to this call");
}


void playback_stop(struct livecall *lc)
{
	if (!lc->playback)
		return;

	source_stop(call_audio(lc->call));
	finish(lc->playback, "stopped");
}


/**
 * The call is closed: nothing plays any more
 *
 * @param lc Live call
 */
void playback_call_closed(struct livecall *lc)
{
	if (lc->playback)
		finish(lc->playback, "closed");
}


int playback_init(void)
{
	(void)conf_get_str(conf_cur(), "audio_path", directory,
			   sizeof(directory));

	return source_init();
}
