/**
 * @file attached.c  The link to a module in this process
 *
 * Reports come, and requests go, by calls: see direct.h.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "attached.h"
#include "base/base.h"
#include "decode.h"
#include "direct.h"
#include "greet.h"
#include "node.h"
#include "nodelink.h"
#include "nodes.h"
#include "store/store.h"


/* Requests that wait for the end of the turn */
struct waiting {
	struct asked {
		struct node_request *rq;
		uint64_t turn; /* that must be kept before */
	} * v;
	size_t count, size;
};

static struct {
	struct nodelink link;
	const struct direct_node *peer; /* NULL while none is attached */
	loop_turn_h *turn_h;
	bool listening;
	bool lost;  /* a request, for want of memory */
	uint64_t n; /* last report that was there when it came */
	struct waiting waiting;
} at;


static void waiting_free(struct waiting *w)
{
	while (w->count)
		free(w->v[--w->count].rq);
	free(w->v);
	*w = (struct waiting){.v = NULL};
}


static void welcome(struct nodelink *l, uint64_t n)
{
	(void)l;

	at.n = n;
}


static void ack(struct nodelink *l, uint64_t n)
{
	(void)l;

	at.peer->ack(n);
}


static int grow(struct waiting *w)
{
	const size_t size = w->size ? 2 * w->size : 16;
	struct asked *v = realloc(w->v, size * sizeof(*v));

	if (!v)
		return ENOMEM;

	w->v = v;
	w->size = size;

	return 0;
}


static void request(struct nodelink *l, const struct node_request *rq)
{
	struct waiting *w = &at.waiting;
	struct node_request *copy = rq ? node_request_copy(rq) : NULL;
	(void)l;

	if (!copy || (w->count == w->size && grow(w))) {
		at.lost = true;
		free(copy);
		return;
	}

	w->v[w->count++] = (struct asked){copy, store_turn()};
}


static void forget(void)
{
	at.peer = NULL;
	at.lost = false;
	waiting_free(&at.waiting);
}


static void close_link(struct nodelink *l)
{
	const struct direct_node *peer = at.peer;
	(void)l;

	forget();
	if (peer)
		peer->leave();
}


/* It attaches again, and is asked again */
static void let_go(struct nodelink *l)
{
	log_error("node: a request is lost; the link is closed");
	l->closeh(l, l->arg);
	close_link(l);
}


static struct node_request *take_first(struct waiting *w)
{
	struct node_request *rq = w->v[0].rq;

	--w->count;
	memmove(w->v, w->v + 1, w->count * sizeof(*w->v));

	return rq;
}


/* Their results are reported later; one of them may end all this */
static int flush(struct nodelink *l)
{
	struct waiting *w = &at.waiting;

	if (at.lost) {
		let_go(l);
		return ENOMEM;
	}

	while (at.peer && w->count && w->v[0].turn <= store_kept()) {
		struct node_request *rq = take_first(w);

		at.peer->request(rq);
		free(rq);
	}

	return 0;
}


static const struct nodelink_way way = {
	.welcome = welcome,
	.ack = ack,
	.request = request,
	.flush = flush,
	.close = close_link,
};


static int attach(const struct direct_node *peer, const struct report *hello,
		  uint64_t *np)
{
	struct report r = *hello;
	int err;

	if (!at.listening)
		return ENOTCONN;
	if (at.peer || !report_check(&r))
		return EBADMSG;

	at.peer = peer;
	at.link = (struct nodelink){.way = &way, .pid = getpid(), .own = true};
	err = greet(&at.link, &r);
	if (err)
		forget();
	else
		*np = at.n;

	return err;
}


/* Its texts are the module's, and stay as they are */
static void report(const struct report *r)
{
	struct report own = *r;

	if (!at.peer)
		return;

	log_debug("node: %s %llu", report_name(r->kind),
		  (unsigned long long)r->n);
	if (report_check(&own))
		node_take(at.link.arg, &own);
	else
		log_warning("node: a %s of the module in this process is not "
			    "valid; it is skipped",
			    report_name(r->kind));
}


static void line(char *text, size_t len)
{
	if (at.peer)
		(void)at.link.lineh(&at.link, text, len, at.link.arg);
}


static void flushed(void)
{
	if (at.turn_h)
		at.turn_h();
	else
		loop_turn();
}


static void detach(void)
{
	if (!at.peer)
		return;

	forget();
	at.link.closeh(&at.link, at.link.arg);
	flushed();
}


const struct direct_service direct_service = {
	.attach = attach,
	.report = report,
	.line = line,
	.flush = flushed,
	.detach = detach,
};


void nodes_direct_listen(const struct direct_node *peer, loop_turn_h *h)
{
	at.listening = true;
	at.turn_h = h;
	if (peer && !at.peer)
		peer->offer();
}


/**
 * Take no module any more; one that is attached is left with its node
 */
void attached_unlisten(void)
{
	at.listening = false;
	at.turn_h = NULL;
}
