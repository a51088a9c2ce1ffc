/**
 * @file handover.c  The link to a referd in this process
 *
 * Reports are handed over, and requests taken, by calls. None of the two sides
 * runs within the other: see direct.h.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <re.h>
#include "directexport.h"
#include "host/host.h"
#include "handover.h"
#include "link.h"
#include "unacked.h"
#include "ways.h"


/** A request that waits */
struct waiting {
	struct le le;
	struct node_request *rq;
};

static struct {
	const struct direct_service *service; /* NULL while there is none */
	bool handing;                         /* it is on the stack, by us */
	bool asked;                           /* ... and has called us     */
	bool warned;                          /* of another release        */
	struct list waiting;
	struct tmr resume;
} ho;


static void waiting_destructor(void *arg)
{
	struct waiting *w = arg;

	list_unlink(&w->le);
	free(w->rq);
}


static void run(const struct node_request *rq)
{
	const char *text = rq->verbs ? rq->verbs : rq->dial;
	cJSON *body = text ? cJSON_Parse(text) : NULL;

	link_asked(rq, body);
	cJSON_Delete(body);
}


static void resume_handler(void *arg)
{
	(void)arg;

	while (!list_isempty(&ho.waiting) && !link_is_held()) {

		struct waiting *w = list_ledata(list_head(&ho.waiting));

		list_unlink(&w->le);
		run(w->rq);
		mem_deref(w);
	}
}


static void put_off(const struct node_request *rq)
{
	struct waiting *w = mem_zalloc(sizeof(*w), waiting_destructor);

	if (w)
		w->rq = node_request_copy(rq);
	if (!w || !w->rq) {
		warning("sip_refer: a request of referd is lost (%m)\n",
			ENOMEM);
		mem_deref(w);
		return;
	}

	list_append(&ho.waiting, &w->le, w);
	tmr_start(&ho.resume, 0, resume_handler, NULL);
}


static void request(const struct node_request *rq)
{
	if (!ho.service)
		return;

	if (ho.handing || link_is_held() || !list_isempty(&ho.waiting)) {
		put_off(rq);
		return;
	}

	ho.asked = true;
	run(rq);
	ho.asked = false;
}


static void leave(void)
{
	if (!ho.service)
		return;

	warning("sip_refer: lost referd.so; calls go on, reports are kept\n");
	ho.service = NULL;
	list_flush(&ho.waiting);
	link_lost();
}


const struct direct_node direct_node = {
	.offer = link_offer,
	.request = request,
	.ack = unacked_forget,
	.leave = leave,
};


static int find(const struct direct_service **servicep)
{
	const void *functions;
	const char *release;
	int err;

	err = direct_find(&functions, &release, "referd");
	if (err == ENOTSUP && !ho.warned)
		warning("sip_refer: referd.so is of %s%s and is not used: "
			"this is %s\n",
			*release ? "release " : "another release", release,
			PROJECT_VERSION);
	ho.warned = err == ENOTSUP;
	if (!err)
		*servicep = functions;

	return err;
}


/**
 * Attach to a referd in this process
 *
 * @return 0, ENOENT or ENOTCONN without one, ENOTSUP if it is of another
 *         release, or its error
 */
int handover_open(void)
{
	const struct direct_service *service;
	struct report hello;
	uint64_t n = 0;
	int err;

	err = find(&service);
	if (err)
		return err;

	link_hello(&hello);
	err = service->attach(&direct_node, &hello, &n);
	if (err)
		return err;

	ho.service = service;
	info("sip_refer: attached to referd.so\n");
	link_welcome(n);

	return 0;
}


/**
 * Tell whether a referd is in this process
 *
 * @return True if we are attached to it
 */
bool handover_is_up(void)
{
	return ho.service != NULL;
}


/**
 * Hand over the reports, and let referd act on them. Its requests wait
 * meanwhile: the caller may be in the middle of an action.
 *
 * @return False if it has called us: then this is to be done later
 */
bool handover_flush(void)
{
	if (ho.handing || ho.asked)
		return false;

	ho.handing = true;
	if (unacked_hand(&ho.service) && ho.service)
		ho.service->flush();
	ho.handing = false;

	return true;
}


/**
 * Go on with the requests that wait
 */
void handover_resume(void)
{
	if (!list_isempty(&ho.waiting))
		resume_handler(NULL);
}


/**
 * Hand over the last words, and detach
 */
void handover_close(void)
{
	const struct direct_service *service;

	if (ho.service)
		(void)handover_flush();

	service = ho.service;
	ho.service = NULL;
	if (service)
		service->detach();

	tmr_cancel(&ho.resume);
	list_flush(&ho.waiting);
}
