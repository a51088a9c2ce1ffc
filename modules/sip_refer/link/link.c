/**
 * @file link.c  The link, over a socket or within the process
 *
 * To a referd in this process it goes directly, otherwise over its socket;
 * docs/link.md describes the messages.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <sched.h>
#include <re.h>
#include "linkreport.h"
#include "linkrequest.h"
#include "host/host.h"
#include "connection.h"
#include "handover.h"
#include "link.h"
#include "unacked.h"
#include "ways.h"


enum {
	BACKOFF_MIN = 100, /* wait before the next attempt [ms] */
	BACKOFF_MAX = 2000,
	LATER_MAX = 2, /* that a report may wait for the next [ms] */
};

static struct {
	struct deadline deadline; /* of the next attempt */
	uint32_t backoff;
	char *node;
	char instance[17]; /* tells this start of the module from others */
	struct link_handlers h;
	struct tmr flush;      /* at the end of a turn of the loop */
	struct deadline later; /* for what may wait                */
	struct tmr resume;
	bool held; /* requests wait */
} lnk;


static void connect_handler(void *arg)
{
	int err;
	(void)arg;

	err = handover_open();
	if (err)
		err = connection_open();
	if (err)
		link_lost();
}


/**
 * referd is not there (any more): try again in a while
 */
void link_lost(void)
{
	deadline_start(&lnk.deadline, lnk.backoff, connect_handler, NULL);
	lnk.backoff = min(lnk.backoff * 2, BACKOFF_MAX);
}


/**
 * A referd is in this process: attach to it, whatever the state
 */
void link_offer(void)
{
	if (handover_is_up())
		return;

	connection_drop();
	deadline_start(&lnk.deadline, 0, connect_handler, NULL);
}


/**
 * Get the module's description of itself for referd
 *
 * @param hello Report
 */
void link_hello(struct report *hello)
{
	*hello = (struct report){
		.kind = REPORT_HELLO,
		.protocol = LINK_PROTOCOL,
		.node = lnk.node,
		.instance = lnk.instance,
		.version = PROJECT_VERSION,
		.baresip = compat_baresip_version(),
		.libre = sys_libre_version_get(),
		.aor = agents_aor(),
		.first = unacked_first(),
		.next = unacked_next(),
	};
}


/**
 * referd takes reports from now on
 *
 * @param n Number of the last one that it has
 */
void link_welcome(uint64_t n)
{
	if (n < unacked_next())
		unacked_forget(n);
	unacked_rewind();
	lnk.backoff = BACKOFF_MIN;

	lnk.h.sync();
}


/**
 * referd asks for something
 *
 * @param rq   Request
 * @param body Its verbs, or the data of a dial
 */
void link_asked(const struct node_request *rq, const struct cJSON *body)
{
	lnk.h.request(rq, body);
}


static void flush_handler(void *arg)
{
	(void)arg;

	deadline_cancel(&lnk.later);
	if (!handover_is_up())
		connection_flush();
	else if (!handover_flush())
		tmr_start(&lnk.flush, 0, flush_handler, NULL);
}


void link_flush(void)
{
	tmr_cancel(&lnk.flush);
	flush_handler(NULL);

	/* referd may wait for this processor: the kernel woke it there,
	   expecting this process to sleep soon.  Without yielding, the client
	   gets a NOTIFY 1.3 times as late (tests/bench/run latency). */
	if (connection_is_up())
		(void)sched_yield();
}


static bool add(const struct report *r, bool passing)
{
	const int err = unacked_add(r, passing, handover_is_up());

	if (err)
		warning("sip_refer: a report is lost (%m)\n", err);

	return !err;
}


void link_report(const struct report *r)
{
	/* the reports of a turn of the loop go out together, after its
	   messages to the network */
	if (add(r, false))
		tmr_start(&lnk.flush, 0, flush_handler, NULL);
}


static void report_later(const struct report *r, bool passing)
{
	if (add(r, passing) && !deadline_runs(&lnk.later))
		deadline_start(&lnk.later, LATER_MAX, flush_handler, NULL);
}


void link_report_later(const struct report *r)
{
	report_later(r, false);
}


void link_report_step(const struct report *r)
{
	report_later(r, true);
}


static void resume_handler(void *arg)
{
	(void)arg;

	connection_resume();
	handover_resume();
}


/**
 * Let referd's requests wait, or go on with them
 *
 * @param hold True to let them wait
 */
void link_hold(bool hold)
{
	if (hold == lnk.held)
		return;

	lnk.held = hold;
	if (hold)
		connection_hold();
	else
		tmr_start(&lnk.resume, 0, resume_handler, NULL);
}


/**
 * Tell whether referd's requests wait
 *
 * @return True if they do
 */
bool link_is_held(void)
{
	return lnk.held;
}


int link_init(const char *path, const char *node,
	      const struct link_handlers *h)
{
	int err;

	err = connection_init(path);
	err |= str_dup(&lnk.node, node);
	if (err)
		return err;

	(void)re_snprintf(lnk.instance, sizeof(lnk.instance), "%016llx",
			  rand_u64());
	lnk.h = *h;
	lnk.backoff = BACKOFF_MIN;
	deadline_start(&lnk.deadline, 0, connect_handler, NULL);

	return 0;
}


void link_close(void)
{
	handover_close();
	connection_close();
	tmr_cancel(&lnk.flush);
	tmr_cancel(&lnk.resume);
	deadline_cancel(&lnk.later);
	deadline_cancel(&lnk.deadline);
	unacked_close();
	lnk.held = false;
	lnk.node = mem_deref(lnk.node);
}
