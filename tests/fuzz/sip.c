/**
 * @file sip.c  The sockets and the clock of libre
 *
 * Requests do not reach a network: the code that plays the far end answers
 * them. Timers fire on command, and a descriptor is read after a write. The
 * rest is libre's own code.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>
#include "host/host.h"
#include "baresip.h"


enum {
	TIMERS_MAX = 1024,
	RUNS_MAX = 256, /* timers that fire one after the other */
	AGAIN_MAX = 8,  /* times that one of them fires         */
};

struct sip_lsnr {
	struct le le;
	bool req;
	sip_msg_h *msgh;
	void *arg;
};

struct sip_request {
	struct le le;
	struct sip_request **reqp;
	const char *met;
	sip_resp_h *resph;
	void *arg;
};

static struct list listeners;
static struct list requests;
static struct tmr *timers[TIMERS_MAX];
static size_t timerc;
static struct deadline *deadlines[TIMERS_MAX]; /* their `at` is in ms */
static size_t deadlinec;
static const void *firedv[RUNS_MAX]; /* in the time that passes */
static int firedc;
static uint64_t now = 1; /* [ms] */
static uint16_t replied; /* answer to the last request */
static unsigned subscribes;
static char sent[4096]; /* header fields of the last request */
static uint64_t last_random;

static struct {
	int fd;
	fd_h *h;
	void *arg;
} watch = {.fd = -1};


static void lsnr_destructor(void *arg)
{
	struct sip_lsnr *lsnr = arg;

	list_unlink(&lsnr->le);
}


int sip_listen(struct sip_lsnr **lsnrp, struct sip *sip, bool req,
	       sip_msg_h *msgh, void *arg)
{
	struct sip_lsnr *lsnr = mem_zalloc(sizeof(*lsnr), lsnr_destructor);
	(void)sip;

	lsnr->req = req;
	lsnr->msgh = msgh;
	lsnr->arg = arg;
	list_append(&listeners, &lsnr->le, lsnr);
	*lsnrp = lsnr;

	return 0;
}


static void request_destructor(void *arg)
{
	struct sip_request *req = arg;

	list_unlink(&req->le);
}


/* The dialog counts it, and its Contact is written */
static int request_print(struct sip_dialog *dlg, const char *met,
			 sip_send_h *sendh, void *arg)
{
	struct mbuf *mb = mbuf_alloc(1024);
	struct sa src;
	int err;

	err = sa_set_str(&src, "10.0.0.2", SIP_PORT);
	err |= sip_dialog_encode(mb, dlg, 0, met);
	if (sendh)
		err |= sendh(SIP_TRANSP_UDP, &src, &src, mb, arg);
	mem_deref(mb);

	return err;
}


/* Header fields, the last of them the length, and a body of exactly that
   length: an injected one fails */
static void check_request(const char *text)
{
	static const char name[] = "Content-Length: ";
	const char *body = strstr(text, "\r\n\r\n");
	const char *last;

	for (last = body; last > text && last[-1] != '\n'; --last)
		;
	if (strncmp(last, name, strlen(name)) ||
	    strtoul(last + strlen(name), NULL, 10) != strlen(body + 4))
		abort();
}


int sip_drequestf(struct sip_request **reqp, struct sip *sip, bool stateful,
		  const char *met, struct sip_dialog *dlg, uint32_t cseq,
		  struct sip_auth *auth, sip_send_h *sendh, sip_resp_h *resph,
		  void *arg, const char *fmt, ...)
{
	struct sip_request *req;
	char *text = NULL;
	va_list ap;
	int err;
	(void)sip;
	(void)stateful;
	(void)cseq;
	(void)auth;

	va_start(ap, fmt);
	err = re_vsdprintf(&text, fmt, ap);
	va_end(ap);
	if (err)
		return err;

	check_request(text);
	str_ncpy(sent, text, sizeof(sent));
	mem_deref(text);

	err = request_print(dlg, met, sendh, arg);
	if (err)
		return err;

	if (!strcmp(met, "SUBSCRIBE"))
		++subscribes;

	req = mem_zalloc(sizeof(*req), request_destructor);
	req->reqp = reqp;
	req->met = met;
	req->resph = resph;
	req->arg = arg;
	list_append(&requests, &req->le, req);
	*reqp = req;

	return 0;
}


static void finish(struct sip_request *req, int err, const struct sip_msg *msg)
{
	sip_resp_h *resph = req->resph;
	void *arg = req->arg;

	*req->reqp = NULL;
	mem_deref(req);
	resph(err, msg, arg);
}


/* The request that waits longest, with its method if possible */
static struct sip_request *find_request(const struct sip_msg *msg)
{
	struct le *le;

	for (le = list_head(&requests); le; le = le->next) {

		struct sip_request *req = le->data;

		if (!pl_strcmp(&msg->cseq.met, req->met))
			return req;
	}

	return list_ledata(list_head(&requests));
}


static bool listeners_take(const struct sip_msg *msg)
{
	struct le *le = list_head(&listeners);

	while (le) {

		struct sip_lsnr *lsnr = le->data;

		le = le->next;
		if (lsnr->req == msg->req && lsnr->msgh(msg, lsnr->arg))
			return true;
	}

	return false;
}


/**
 * Receive a message from the far end
 *
 * @param msg SIP message
 */
void sip_receive(const struct sip_msg *msg)
{
	struct sip_request *req;

	if (listeners_take(msg) || msg->req)
		return;

	req = find_request(msg);
	if (!req)
		return;

	if (msg->scode < 200)
		req->resph(0, msg, req->arg);
	else
		finish(req, 0, msg);
}


/**
 * Let the request that waits longest fail
 *
 * @param err Why
 */
void sip_fail(int err)
{
	struct sip_request *req = list_ledata(list_head(&requests));

	if (req)
		finish(req, err, NULL);
}


/**
 * Forget abandoned requests, and reset the random numbers
 */
void sip_reset(void)
{
	list_flush(&requests);
	last_random = 0;
	now = 1;
	replied = 0;
	subscribes = 0;
	sent[0] = '\0';
}


/**
 * Get the header fields that the last request brought, beside those of its
 * dialog
 *
 * @return Their text
 */
const char *sip_sent(void)
{
	return sent;
}


/**
 * Tell how often somebody was subscribed to
 *
 * @return SUBSCRIBEs since sip_reset()
 */
unsigned sip_subscribes(void)
{
	return subscribes;
}


static int reply(uint16_t scode)
{
	replied = scode;

	return 0;
}


int sip_reply(struct sip *sip, const struct sip_msg *msg, uint16_t scode,
	      const char *reason)
{
	(void)sip;
	(void)msg;
	(void)reason;

	return reply(scode);
}


int sip_replyf(struct sip *sip, const struct sip_msg *msg, uint16_t scode,
	       const char *reason, const char *fmt, ...)
{
	(void)sip;
	(void)msg;
	(void)reason;
	(void)fmt;

	return reply(scode);
}


/**
 * Tell the status of the answer to the last request
 *
 * @return Status, 0 if libre answers; later calls return 0
 */
uint16_t sip_replied(void)
{
	const uint16_t scode = replied;

	replied = 0;

	return scode;
}


int sip_treply(struct sip_strans **stp, struct sip *sip,
	       const struct sip_msg *msg, uint16_t scode, const char *reason)
{
	(void)stp;
	(void)sip;
	(void)msg;
	(void)scode;
	(void)reason;

	return 0;
}


int sip_transp_laddr(struct sip *sip, struct sa *laddr, enum sip_transp tp,
		     const struct sa *dst)
{
	(void)sip;
	(void)tp;
	(void)dst;

	return sa_set_str(laddr, "10.0.0.2", SIP_PORT);
}


int sipsess_reject(struct sipsess *sess, uint16_t scode, const char *reason,
		   const char *fmt, ...)
{
	(void)sess;
	(void)scode;
	(void)reason;
	(void)fmt;

	return 0;
}


int sipsess_set_close_headers(struct sipsess *sess, const char *hdrs, ...)
{
	(void)sess;
	(void)hdrs;

	return 0;
}


/* Names are not random, so that an input does the same each time */
uint64_t rand_u64(void)
{
	return ++last_random;
}


void tmr_cancel(struct tmr *tmr)
{
	size_t i;

	tmr->th = NULL;

	for (i = 0; i < timerc; i++) {
		if (timers[i] != tmr)
			continue;

		memmove(timers + i, timers + i + 1,
			(--timerc - i) * sizeof(*timers));
		break;
	}
}


void tmr_start(struct tmr *tmr, uint64_t delay, tmr_h *th, void *arg)
{
	tmr_cancel(tmr);
	if (!th || timerc == TIMERS_MAX)
		return;

	tmr->jfs = now + delay;
	tmr->th = th;
	tmr->arg = arg;
	timers[timerc++] = tmr;
}


int deadline_init(void)
{
	return 0;
}


void deadline_close(void)
{
	deadlinec = 0;
}


void deadline_cancel(struct deadline *d)
{
	size_t i;

	for (i = 0; i < deadlinec; i++) {
		if (deadlines[i] != d)
			continue;

		memmove(deadlines + i, deadlines + i + 1,
			(--deadlinec - i) * sizeof(*deadlines));
		break;
	}
}


void deadline_start(struct deadline *d, uint64_t ms, deadline_h *h, void *arg)
{
	deadline_cancel(d);
	if (deadlinec == TIMERS_MAX)
		return;

	d->node.at = now + ms;
	d->h = h;
	d->arg = arg;
	deadlines[deadlinec++] = d;
}


bool deadline_runs(const struct deadline *d)
{
	size_t i;

	for (i = 0; i < deadlinec; i++) {
		if (deadlines[i] == d)
			return true;
	}

	return false;
}


uint64_t deadline_now(void)
{
	return now;
}


/* A timer that always restarts itself would keep all others from firing */
static bool is_worn_out(const void *timer)
{
	int i, n = 0;

	for (i = 0; i < firedc; i++)
		n += firedv[i] == timer;

	return n >= AGAIN_MAX;
}


static struct deadline *deadline_due(uint64_t ms)
{
	struct deadline *d = NULL;
	size_t i;

	for (i = 0; i < deadlinec; i++) {
		if (deadlines[i]->node.at <= ms &&
		    (!d || deadlines[i]->node.at < d->node.at) &&
		    !is_worn_out(deadlines[i]))
			d = deadlines[i];
	}

	return d;
}


static struct tmr *due(uint64_t ms)
{
	struct tmr *tmr = NULL;
	size_t i;

	for (i = 0; i < timerc; i++) {
		if (timers[i]->jfs <= ms &&
		    (!tmr || timers[i]->jfs < tmr->jfs) &&
		    !is_worn_out(timers[i]))
			tmr = timers[i];
	}

	return tmr;
}


/**
 * Let time pass: timers fire, the earliest first
 *
 * @param ms Time [ms]; UINT64_MAX until no timer is left
 */
void time_passes(uint64_t ms)
{
	const uint64_t end = ms == UINT64_MAX ? ms : now + ms;
	struct deadline *d;
	struct tmr *tmr;

	for (firedc = 0; firedc < RUNS_MAX;) {

		tmr = due(end);
		d = deadline_due(end);
		if (tmr && (!d || tmr->jfs <= d->node.at)) {

			tmr_h *th = tmr->th;

			firedv[firedc++] = tmr;
			now = max(now, tmr->jfs);
			tmr_cancel(tmr);
			th(tmr->arg);
		}
		else if (d) {
			firedv[firedc++] = d;
			now = max(now, d->node.at);
			deadline_cancel(d);
			d->h(d->arg);
		}
		else {
			break;
		}
	}

	if (ms != UINT64_MAX)
		now = end;
}


int fd_listen(int fd, int flags, fd_h *fh, void *arg)
{
	(void)flags;

	watch.fd = fd;
	watch.h = fh;
	watch.arg = arg;

	return 0;
}


void fd_close(int fd)
{
	if (fd == watch.fd)
		watch.fd = -1;
}


/**
 * Let the module read its input
 */
void fds_ready(void)
{
	while (watch.fd >= 0) {

		struct pollfd pfd = {.fd = watch.fd, .events = POLLIN};

		if (poll(&pfd, 1, 0) <= 0)
			break;

		watch.h(FD_READ, watch.arg);
	}
}
