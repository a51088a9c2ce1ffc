/**
 * @file trace.c  The SIP messages of this baresip, as sent and as received
 *
 * libre tells one handler of each message, before it reads what was received.
 * baresip sets that handler for its own trace (option -s), before it loads
 * modules or later: it is called behind ours.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <string.h>
#include <re.h>
#include "host.h"
#include "import.h"


enum { SIP_SIZE = 1024 }; /* no struct sip is larger [bytes] */

static struct {
	trace_h *h;
	sip_trace_h *baresip;
} trace;


static void handler(bool tx, enum sip_transp tp, const struct sa *src,
		    const struct sa *dst, const uint8_t *pkt, size_t len,
		    void *arg)
{
	if (trace.h)
		trace.h(&(struct traced){
			.sent = tx,
			.tp = tp,
			.src = src,
			.dst = dst,
			.pkt = (const char *)pkt,
			.len = len,
		});

	if (trace.baresip)
		trace.baresip(tx, tp, src, dst, pkt, len, arg);
}


/* Stands in for sip_set_trace_handler() */
static void set_handler(struct sip *sip, sip_trace_h *h)
{
	trace.baresip = h;
	sip_set_trace_handler(sip, handler);
}


/* libre has no function that returns the handler. It is where another SIP
   stack keeps the handler that it was given. */
static int get_handler(sip_trace_h **hp)
{
	const struct sip *sip = uag_sip();
	struct sip *other;
	sip_trace_h *h = NULL;
	size_t pos = 0;
	int err;

	if (!sip)
		return 0;

	err = sip_alloc(&other, NULL, 1, 1, 1, NULL, NULL, NULL);
	if (err)
		return err;

	sip_set_trace_handler(other, handler);
	for (; h != handler && pos < SIP_SIZE; pos += sizeof(h))
		memcpy(&h, (const char *)other + pos, sizeof(h));
	mem_deref(other);
	if (h != handler)
		return ENOTSUP;

	memcpy(hp, (const char *)sip + pos - sizeof(h), sizeof(h));

	return 0;
}


int trace_init(trace_h *h, char *why, size_t size)
{
	int err;

	err = import_replace("sip_set_trace_handler",
			     (uintptr_t)sip_set_trace_handler,
			     (uintptr_t)set_handler, why, size);
	if (err)
		return err;

	err = get_handler(&trace.baresip);
	if (err) {
		(void)re_snprintf(why, size,
				  "this libre keeps the handler of SIP "
				  "messages in an unknown way (%m)",
				  err);
		return err;
	}

	trace.h = h;
	sip_set_trace_handler(uag_sip(), handler);

	return 0;
}


void trace_close(void)
{
	if (!trace.h)
		return;

	trace.h = NULL;
	sip_set_trace_handler(uag_sip(), trace.baresip);
	trace.baresip = NULL;
}
