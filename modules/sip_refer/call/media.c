/**
 * @file media.c  Whether media still comes from the far end of a call
 *
 * By the packets that baresip counts. A far end may have hung up whom we talk
 * to, and leave the call with us up.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <re.h>
#include "host/host.h"
#include "call.h"
#include "livecall.h"


enum {
	SAMPLE_AGE = 1000, /* Longest gap between media [ms] */
};


static struct stream *stream_of(const struct livecall *lc)
{
	return audio_strm(call_audio(lc->call));
}


/**
 * Note the media that have come so far
 *
 * @param lc Live call, whose call baresip has
 *
 * @return True if it has media that can be counted
 */
bool media_sample(struct livecall *lc)
{
	const struct stream *strm = stream_of(lc);
	struct media_sample *s;

	if (!strm)
		return false;

	s = &lc->samplev[lc->samplec++ % MEDIA_SAMPLES];
	s->time = deadline_now();
	s->packets = stream_metric_get_rx_n_packets(strm);

	return true;
}


/* The latest that is old enough */
static const struct media_sample *find_sample(const struct livecall *lc)
{
	const uint64_t now = deadline_now();
	const struct media_sample *found = NULL;
	uint32_t i;

	for (i = 0; i < lc->samplec && i < MEDIA_SAMPLES; i++) {

		const struct media_sample *s = &lc->samplev[i];

		if (now - s->time >= SAMPLE_AGE &&
		    (!found || s->time > found->time))
			found = s;
	}

	return found;
}


/**
 * Tell whether something has come within the last second
 *
 * @param comesp Whether media come; unchanged if unknown
 * @param lc     Live call, whose call baresip has
 *
 * @return True if it is known
 */
bool media_comes(bool *comesp, const struct livecall *lc)
{
	const struct stream *strm = stream_of(lc);
	const struct media_sample *s = find_sample(lc);

	if (!strm || !s)
		return false;

	*comesp = stream_metric_get_rx_n_packets(strm) != s->packets;

	return true;
}
