/**
 * @file source.c  An audio source for baresip that plays WAV files
 *
 * baresip's own source for files ends the call at the end of the file. This
 * one is silent, and costs nothing, until it is given files.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <string.h>
#include <re.h>
#include "host.h"


enum {
	PTIME_MAX = 60,                /* longest frame [ms]       */
	SAMP_MAX = 48 * 2 * PTIME_MAX, /* of 48 kHz, two channels */
};

struct ausrc_st {
	struct compat_source begin; /* first: baresip reads it */
	struct le le;
	struct ausrc_prm prm;
	ausrc_read_h *rh;
	struct audio *audio; /* of the call, the argument of rh */
	bool borrowed;       /* the call's own source comes back */
	struct deadline deadline;
	uint64_t next; /* when the next frame is due [ms] */
	struct aufile *file;
	struct aufile_prm fprm;
	struct auresamp resamp;
	source_end_h *endh;
	void *arg;
};

static const char name[] = "sip_refer";

static struct ausrc *ausrc;
static struct list sources;


static void destructor(void *arg)
{
	struct ausrc_st *st = arg;

	deadline_cancel(&st->deadline);
	list_unlink(&st->le);
	if (st->file && st->endh)
		st->endh(false, st->arg);
	mem_deref(st->file);
}


static int alloc_handler(struct ausrc_st **stp, const struct ausrc_prm *prm,
			 ausrc_read_h *rh, void *arg)
{
	struct ausrc_st *st;

	if (prm->fmt != AUFMT_S16LE || prm->ptime > PTIME_MAX || !prm->ptime)
		return ENOTSUP;

	st = mem_zalloc(sizeof(*st), destructor);
	if (!st)
		return ENOMEM;

	st->prm = *prm;
	st->rh = rh;
	st->audio = arg;
	list_append(&sources, &st->le, st);

	*stp = st;

	return 0;
}


static struct ausrc_st *find(const struct audio *audio)
{
	struct le *le;

	for (le = list_head(&sources); le; le = le->next) {

		struct ausrc_st *st = le->data;

		if (st->audio == audio)
			return st;
	}

	return NULL;
}


/* The source that baresip's config names, "module,device" */
static void give_back(struct audio *audio)
{
	char buf[256], *dev;

	if (conf_get_str(conf_cur(), "audio_source", buf, sizeof(buf)))
		buf[0] = '\0';

	dev = strchr(buf, ',');
	if (dev)
		*dev++ = '\0';

	(void)audio_set_source(audio, buf, dev);
}


static size_t samples(uint32_t srate, uint8_t ch, uint32_t ptime)
{
	return (size_t)srate * ch * ptime / 1000;
}


/* Samples from the file; fewer than asked for, or none, at its end */
static size_t file_read(struct ausrc_st *st, int16_t *sampv, size_t sampc)
{
	const bool pcm = st->fprm.fmt == AUFMT_S16LE;
	uint8_t buf[SAMP_MAX * sizeof(*sampv)];
	size_t size = sampc * (pcm ? sizeof(*sampv) : 1), i;

	if (aufile_read(st->file, buf, &size))
		return 0;

	if (pcm)
		size /= sizeof(*sampv);

	for (i = 0; i < size; i++) {
		if (pcm)
			sampv[i] = (int16_t)(buf[2 * i] | buf[2 * i + 1] << 8);
		else if (st->fprm.fmt == AUFMT_PCMU)
			sampv[i] = g711_ulaw2pcm(buf[i]);
		else
			sampv[i] = g711_alaw2pcm(buf[i]);
	}

	return size;
}


/* Reads one frame from the file, the last one filled up with silence; false at
   the end */
static bool frame_read(struct ausrc_st *st, int16_t *sampv)
{
	const size_t inc = samples(st->fprm.srate, st->fprm.channels,
				   st->prm.ptime);
	int16_t inv[SAMP_MAX] = {0};
	size_t outc = SAMP_MAX;

	if (!file_read(st, inv, inc))
		return false;

	if (st->resamp.resample)
		return !auresamp(&st->resamp, sampv, &outc, inv, inc);

	memcpy(sampv, inv, inc * sizeof(*inv));

	return true;
}


static void deadline_handler(void *arg)
{
	struct ausrc_st *st = arg;
	int16_t sampv[SAMP_MAX];
	const uint64_t now = deadline_now();
	source_end_h *endh = st->endh;
	void *endarg = st->arg;

	while (st->next <= now) {

		if (!frame_read(st, sampv)) {
			/* may free the source */
			source_stop(st->audio);
			if (endh)
				endh(true, endarg);
			return;
		}

		st->next += st->prm.ptime;
		compat_source_frame(
			st->rh, st->audio, sampv,
			samples(st->prm.srate, st->prm.ch, st->prm.ptime),
			&st->prm);
	}

	deadline_start(&st->deadline, st->next - now, deadline_handler, st);
}


static bool is_playable(const struct aufile_prm *fprm)
{
	if (fprm->fmt != AUFMT_S16LE && fprm->fmt != AUFMT_PCMU &&
	    fprm->fmt != AUFMT_PCMA)
		return false;

	return fprm->channels >= 1 && fprm->channels <= 2 &&
	       fprm->srate >= 8000 && fprm->srate <= 48000;
}


static int file_open(struct ausrc_st *st, const char *path)
{
	struct aufile *file;
	int err;

	err = aufile_open(&file, &st->fprm, path, AUFILE_READ);
	if (err)
		return err;

	mem_deref(st->file);
	st->file = file;

	if (!is_playable(&st->fprm))
		return ENOTSUP;

	auresamp_init(&st->resamp);

	return auresamp_setup(&st->resamp, st->fprm.srate, st->fprm.channels,
			      st->prm.srate, st->prm.ch);
}


int source_play(struct audio *audio, const char *path, source_end_h *endh,
		void *arg)
{
	struct ausrc_st *st = find(audio);
	int err;

	if (!st) {
		err = audio_set_source(audio, name, NULL);
		if (err)
			return err;

		st = find(audio);
		if (!st)
			return ENOTSUP;

		st->borrowed = true;
	}

	err = file_open(st, path);
	if (err) {
		source_stop(audio);
		return err;
	}

	st->endh = endh;
	st->arg = arg;
	st->next = deadline_now();
	deadline_start(&st->deadline, 0, deadline_handler, st);

	return 0;
}


void source_stop(struct audio *audio)
{
	struct ausrc_st *st = find(audio);

	if (!st)
		return;

	deadline_cancel(&st->deadline);
	st->file = mem_deref(st->file);

	if (st->borrowed)
		give_back(audio);
}


void source_forget(const void *arg)
{
	struct le *le;

	for (le = list_head(&sources); le; le = le->next) {

		struct ausrc_st *st = le->data;

		if (st->arg == arg)
			st->endh = NULL;
	}
}


int source_init(void)
{
	return compat_source_register(&ausrc, name, alloc_handler);
}


void source_close(void)
{
	struct le *le;

	while ((le = list_head(&sources)) != NULL) {

		struct ausrc_st *st = le->data;

		list_unlink(&st->le);
		(void)audio_set_source(st->audio, NULL, NULL);
	}

	ausrc = mem_deref(ausrc);
}
