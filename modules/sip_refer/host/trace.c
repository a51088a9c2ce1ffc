/**
 * @file trace.c  The SIP messages of this baresip, as sent and as received
 *
 * libre tells one handler of each message, before it reads what was received.
 * baresip sets that handler for its own trace (option -s, command sip_trace):
 * it is called behind ours.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <re.h>
#include "host.h"
#include "import.h"


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


int trace_init(trace_h *h, char *why, size_t size)
{
	int err;

	err = import_replace("sip_set_trace_handler",
			     (uintptr_t)sip_set_trace_handler,
			     (uintptr_t)set_handler, why, size);
	if (err)
		return err;

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
