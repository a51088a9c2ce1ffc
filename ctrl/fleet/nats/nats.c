/**
 * @file nats.c  A client of NATS, in threads that referd's loop never waits
 * for
 *
 * libnats blocks its caller: at each attempt to connect, and while it waits
 * for a lock of its own threads.  So one thread makes all calls.  It is also
 * the event loop of libnats, so that no message passes through further
 * threads.  None of them takes signals.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include "parts.h"


enum {
	LOST_TIME = 10,        /* from a loss to the first attempt [ms] */
	RETRY_TIME = 500,      /* until the next attempt, and from one
				  connection to the next at least [ms] */
	REFUSED_TIME = 5000,   /* ... if we were refused */
	CLOSE_TIME = 2000,     /* that the end may take */
	CALM_TIME = 100,       /* after which what can wait is told of [ms] */
	BUFFER_MAX = 16 << 20, /* bytes that wait for a server */
	LIBRARY_TIME = 500,    /* ... and that of a connection */
	URL_SIZE = 512,
	TRIES = 4, /* if libnats cannot send a signature */
};

struct sub {
	struct sub *next;
	natsSubscription *nats; /* NULL: not yet */
	char subject[];
};

struct fleetbus {
	struct fleetbus_config c;
	struct fleetbus_options options;
	struct inbox in;
	pthread_t thread;
	natsConnection *nc; /* of the thread */
	pthread_t self;     /* the thread, as it knows itself */
	struct spent spent; /* of the thread, too */

	int efd;           /* readable when the thread has something to do */
	atomic_bool awake; /* it has been told */
	atomic_int socket; /* -1 for none */
	atomic_bool reads, writes; /* libnats waits for that */

	pthread_mutex_t lock; /* of all that follows */
	pthread_cond_t cond;
	struct outbox out;
	struct sub *subs;
	bool news;      /* in subs */
	bool up;        /* there is a connection */
	bool unsettled; /* a handler may be called at any time */
	bool attached;  /* libnats has its socket watched */
	bool closed;    /* it is lost */
	bool stop;
	bool done; /* the thread has ended */
	bool left; /* nobody waits for that */
	char why[512];
};


static void at_time(struct timespec *ts, int ms)
{
	(void)clock_gettime(CLOCK_MONOTONIC, ts);
	ts->tv_sec += ms / 1000;
	ts->tv_nsec += (long)(ms % 1000) * 1000000;
	if (ts->tv_nsec >= 1000000000) {
		++ts->tv_sec;
		ts->tv_nsec -= 1000000000;
	}
}


static bool is_past(const struct timespec *ts)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);

	return now.tv_sec > ts->tv_sec ||
	       (now.tv_sec == ts->tv_sec && now.tv_nsec >= ts->tv_nsec);
}


static void wake(struct fleetbus *b)
{
	const uint64_t one = 1;

	if (!atomic_exchange(&b->awake, true))
		(void)!write(b->efd, &one, sizeof(one));
}


/* Locked: without the lock, b may be gone.  Both the thread and its owner may
   wait for the condition. */
static void alert(struct fleetbus *b)
{
	wake(b);
	(void)pthread_cond_broadcast(&b->cond);
}


static natsStatus attach_handler(void **userp, void *loop, natsConnection *nc,
				 natsSock socket)
{
	struct fleetbus *b = loop;
	(void)nc;

	*userp = b;
	atomic_store(&b->reads, true);
	atomic_store(&b->writes, false);
	atomic_store(&b->socket, socket);
	(void)pthread_mutex_lock(&b->lock);
	b->attached = true;
	(void)pthread_mutex_unlock(&b->lock);

	return NATS_OK;
}


/* libnats's timers call these from a thread of their own */
static void change(struct fleetbus *b, atomic_bool *wish, bool add)
{
	atomic_store(wish, add);
	if (!pthread_equal(pthread_self(), b->self))
		wake(b);
}


static natsStatus read_handler(void *user, bool add)
{
	struct fleetbus *b = user;

	change(b, &b->reads, add);

	return NATS_OK;
}


static natsStatus write_handler(void *user, bool add)
{
	struct fleetbus *b = user;

	change(b, &b->writes, add);

	return NATS_OK;
}


static natsStatus detach_handler(void *user)
{
	struct fleetbus *b = user;

	(void)pthread_mutex_lock(&b->lock);
	atomic_store(&b->socket, -1);
	b->attached = false;
	alert(b);
	(void)pthread_mutex_unlock(&b->lock);

	return NATS_OK;
}


static void set_up(struct fleetbus *b, bool up)
{
	(void)pthread_mutex_lock(&b->lock);
	b->up = up;
	(void)pthread_mutex_unlock(&b->lock);
}


/* It may have a password in it */
static void tell_up(struct fleetbus *b, natsConnection *nc)
{
	char url[URL_SIZE] = "";
	char *at, *begin;

	(void)natsConnection_GetConnectedUrl(nc, url, sizeof(url));
	at = strrchr(url, '@');
	begin = strstr(url, "://");
	if (at && begin)
		memmove(begin + 3, at + 1, strlen(at + 1) + 1);

	set_up(b, true);
	inbox_tell(&b->in, FLEETBUS_UP, url);
}


static void tell_down(struct fleetbus *b, const char *why)
{
	set_up(b, false);
	inbox_tell(&b->in, FLEETBUS_DOWN, why);
}


static const char *last_error(natsConnection *nc, const char *none)
{
	const char *text = NULL;

	(void)natsConnection_GetLastError(nc, &text);

	return text && *text ? text : none;
}


static void closed_handler(natsConnection *nc, void *arg)
{
	const char *why = last_error(nc,
				     "the server has closed the connection");
	struct fleetbus *b = arg;

	(void)pthread_mutex_lock(&b->lock);
	b->closed = true;
	(void)snprintf(b->why, sizeof(b->why), "%s", why);
	alert(b);
	(void)pthread_mutex_unlock(&b->lock);
}


static void error_handler(natsConnection *nc, natsSubscription *sub,
			  natsStatus status, void *arg)
{
	struct fleetbus *b = arg;
	(void)sub;

	inbox_tell(&b->in, FLEETBUS_ERROR,
		   last_error(nc, natsStatus_GetText(status)));
}


static natsStatus set_handlers(natsOptions *o, struct fleetbus *b)
{
	natsStatus s = natsOptions_SetClosedCB(o, closed_handler, b);

	if (s == NATS_OK)
		s = natsOptions_SetErrorHandler(o, error_handler, b);
	if (s == NATS_OK)
		s = natsOptions_SetEventLoop(o, b, attach_handler,
					     read_handler, write_handler,
					     detach_handler);

	return s;
}


/* Locked, for the time or until something is to be done */
static void wait_for(struct fleetbus *b, int ms)
{
	struct timespec ts;

	at_time(&ts, ms);
	while (!b->stop &&
	       pthread_cond_timedwait(&b->cond, &b->lock, &ts) != ETIMEDOUT)
		;
}


/* Nothing that was queued is for another connection */
static void forget_out(struct fleetbus *b)
{
	(void)pthread_mutex_lock(&b->lock);
	outbox_free(outbox_take(&b->out));
	(void)pthread_mutex_unlock(&b->lock);
}


static void subscribe_all(struct fleetbus *b)
{
	struct sub *s;

	(void)pthread_mutex_lock(&b->lock);
	b->news = false;
	s = b->subs;
	(void)pthread_mutex_unlock(&b->lock);

	/* only this thread takes any away, and new ones come at the head */
	for (; s; s = s->next) {
		if (!s->nats)
			(void)natsConnection_SubscribeSync(&s->nats, b->nc,
							   s->subject);
	}
}


static void tell_failed(struct fleetbus *b, natsStatus s)
{
	char *why = b->options.why;

	if (s == NATS_CONNECTION_AUTH_FAILED)
		identity_refused(&b->options.who, why, options_error(s));
	tell_down(b, *why ? why : options_error(s));
}


static natsStatus log_in(struct fleetbus *b)
{
	natsStatus s;
	int tries = TRIES;

	do
		s = natsConnection_Connect(&b->nc, b->options.nats);
	while (s != NATS_OK && b->options.who.unlucky && --tries);

	return s;
}


static natsStatus connect_once(struct fleetbus *b)
{
	natsStatus s;

	s = options_create(&b->options, &b->c);
	if (s == NATS_OK)
		s = set_handlers(b->options.nats, b);
	if (s == NATS_OK)
		s = log_in(b);
	if (s != NATS_OK)
		tell_failed(b, s);
	options_destroy(&b->options);

	return s;
}


/* Until no handler is called any more */
static void await_handlers(struct fleetbus *b)
{
	struct timespec ts;

	at_time(&ts, LIBRARY_TIME);
	(void)pthread_mutex_lock(&b->lock);
	while ((!b->closed || b->attached) &&
	       pthread_cond_timedwait(&b->cond, &b->lock, &ts) != ETIMEDOUT)
		;
	b->unsettled = b->unsettled || !b->closed || b->attached;
	b->closed = false;
	(void)pthread_mutex_unlock(&b->lock);
}


static void disconnect(struct fleetbus *b)
{
	struct sub *s;

	set_up(b, false);
	spent_free(&b->spent);
	(void)pthread_mutex_lock(&b->lock);
	s = b->subs;
	(void)pthread_mutex_unlock(&b->lock);

	/* it would wait in vain for the server to answer what these send */
	natsConnection_Close(b->nc);
	await_handlers(b);
	for (; s; s = s->next) {
		natsSubscription_Destroy(s->nats);
		s->nats = NULL;
	}
	natsConnection_Destroy(b->nc);
	b->nc = NULL;
}


/* libnats writes an error for each that is asked for and is not there */
static int count_messages(const struct sub *s)
{
	int count = 0;

	if (s->nats)
		(void)natsSubscription_GetPending(s->nats, &count, NULL);

	return count;
}


static void take_messages(struct fleetbus *b)
{
	struct sub *s;
	natsMsg *msg;

	(void)pthread_mutex_lock(&b->lock);
	s = b->subs;
	(void)pthread_mutex_unlock(&b->lock);
	for (; s; s = s->next) {
		for (int n = count_messages(s); n > 0; n--) {
			if (natsSubscription_NextMsg(&msg, s->nats, 0) !=
			    NATS_OK)
				continue;

			inbox_message(&b->in, msg);
			spent_add(&b->spent, msg);
		}
	}
}


/* Waits until there is something to read, or to do; true if something was read
 */
static bool await_event(struct fleetbus *b)
{
	struct pollfd fds[] = {
		{.fd = b->efd, .events = POLLIN},
		{.fd = atomic_load(&b->socket),
		 .events = (short)((atomic_load(&b->reads) ? POLLIN : 0) |
				   (atomic_load(&b->writes) ? POLLOUT : 0))},
	};
	uint64_t count;
	bool readable;
	int n;

	n = poll(fds, 2, inbox_waits(&b->in) ? CALM_TIME : -1);
	if (!n)
		inbox_hurry(&b->in);
	if (n <= 0)
		return false;

	if (fds[0].revents) {
		(void)!read(b->efd, &count, sizeof(count));
		atomic_store(&b->awake, false);
	}
	readable = fds[1].revents & (POLLIN | POLLHUP | POLLERR);
	if (readable)
		natsConnection_ProcessReadEvent(b->nc);
	if (fds[1].revents & POLLOUT)
		natsConnection_ProcessWriteEvent(b->nc);

	return readable;
}


/* A server that takes nothing does not fill the memory */
static void send_all(struct fleetbus *b, struct out *list)
{
	if (natsConnection_Buffered(b->nc) < BUFFER_MAX)
		outbox_send(b->nc, list, &b->spent);
	else
		outbox_free(list);

	if (atomic_load(&b->writes))
		natsConnection_ProcessWriteEvent(b->nc);
}


/* Runs until the connection is lost, or closed */
static void serve(struct fleetbus *b)
{
	struct out *list;
	bool subs, closed, stop;

	for (;;) {
		(void)pthread_mutex_lock(&b->lock);
		list = outbox_take(&b->out);
		subs = b->news;
		closed = b->closed;
		stop = b->stop && !list;
		(void)pthread_mutex_unlock(&b->lock);

		if (closed || stop) {
			outbox_free(list);
			return;
		}

		if (subs)
			subscribe_all(b);
		if (list || atomic_load(&b->writes))
			send_all(b, list);
		if (await_event(b))
			take_messages(b);
	}
}


static bool is_stopped(struct fleetbus *b)
{
	bool stop;

	(void)pthread_mutex_lock(&b->lock);
	stop = b->stop;
	(void)pthread_mutex_unlock(&b->lock);

	return stop;
}


static bool is_refusal(natsStatus s)
{
	return s == NATS_CONNECTION_AUTH_FAILED || s == NATS_NOT_PERMITTED ||
	       s == NATS_INVALID_ARG || s == NATS_SSL_ERROR;
}


static void live(struct fleetbus *b)
{
	int wait = RETRY_TIME;
	natsStatus s = connect_once(b);
	struct timespec settled;

	if (s == NATS_OK) {
		at_time(&settled, RETRY_TIME);
		forget_out(b);
		subscribe_all(b);
		tell_up(b, b->nc);
		serve(b);
		if (!is_stopped(b))
			tell_down(b, b->why);
		disconnect(b);
		if (is_past(&settled))
			wait = LOST_TIME;
	}
	else if (is_refusal(s)) {
		wait = REFUSED_TIME;
	}

	(void)pthread_mutex_lock(&b->lock);
	wait_for(b, wait);
	(void)pthread_mutex_unlock(&b->lock);
}


static void destroy(struct fleetbus *b)
{
	struct sub *s;

	while ((s = b->subs)) {
		b->subs = s->next;
		free(s);
	}
	outbox_free(outbox_take(&b->out));
	inbox_destroy(&b->in);
	(void)close(b->efd);
	(void)pthread_cond_destroy(&b->cond);
	(void)pthread_mutex_destroy(&b->lock);
	free(b);
}


static void *thread_handler(void *arg)
{
	struct fleetbus *b = arg;
	bool left, settled;

	b->self = pthread_self();
	while (!is_stopped(b))
		live(b);

	/* nats_Close() would free the state of OpenSSL, which other code uses
	 */
	nats_ReleaseThreadMemory();

	(void)pthread_mutex_lock(&b->lock);
	settled = !b->unsettled;
	b->done = true;
	left = b->left;
	(void)pthread_cond_signal(&b->cond);
	(void)pthread_mutex_unlock(&b->lock);
	if (left && settled)
		destroy(b);

	return settled ? b : NULL;
}


static int init_locks(struct fleetbus *b)
{
	pthread_condattr_t attr;
	int err = pthread_condattr_init(&attr);

	if (err)
		return err;

	err = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	if (!err)
		err = pthread_cond_init(&b->cond, &attr);
	(void)pthread_condattr_destroy(&attr);

	return err ? err : pthread_mutex_init(&b->lock, NULL);
}


/* libnats ignores SIGPIPE from here on, in the whole process; the owner
   of the process decides about that */
static void open_library(void)
{
	struct sigaction pipe;

	(void)sigaction(SIGPIPE, NULL, &pipe);
	(void)nats_Open(-1);
	(void)sigaction(SIGPIPE, &pipe, NULL);
}


/* All threads that libnats makes have the mask of this one */
static int start_thread(struct fleetbus *b)
{
	sigset_t all, mask;
	int err;

	(void)sigfillset(&all);
	err = pthread_sigmask(SIG_SETMASK, &all, &mask);
	if (err)
		return err;

	open_library();
	err = pthread_create(&b->thread, NULL, thread_handler, b);
	(void)pthread_sigmask(SIG_SETMASK, &mask, NULL);

	return err;
}


static int bus_open(struct fleetbus **bp, const struct fleetbus_config *c,
		    fleetbus_notify_h *h, void *arg)
{
	struct fleetbus *b = calloc(1, sizeof(*b));
	int err;

	if (!b)
		return ENOMEM;

	b->c = *c;
	b->out.tail = &b->out.head;
	atomic_store(&b->socket, -1);
	b->efd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	err = b->efd < 0 ? errno : inbox_init(&b->in, c->calm, h, arg);
	if (!err)
		err = init_locks(b);
	if (!err)
		err = start_thread(b);
	if (err)
		free(b);
	else
		*bp = b;

	return err;
}


/* A thread that is in libnats may take longer: it frees the rest then */
static void bus_close(struct fleetbus *b)
{
	struct timespec ts;
	void *settled = NULL;
	bool done;

	inbox_close(&b->in);
	at_time(&ts, CLOSE_TIME);
	(void)pthread_mutex_lock(&b->lock);
	b->stop = true;
	alert(b);
	while (!b->done &&
	       pthread_cond_timedwait(&b->cond, &b->lock, &ts) != ETIMEDOUT)
		;
	done = b->done;
	b->left = !done;
	(void)pthread_mutex_unlock(&b->lock);

	if (!done) {
		(void)pthread_detach(b->thread);
		return;
	}

	(void)pthread_join(b->thread, &settled);
	if (settled)
		destroy(b);
}


static int bus_subscribe(struct fleetbus *b, const char *subject)
{
	struct sub *s = calloc(1, sizeof(*s) + strlen(subject) + 1);

	if (!s)
		return ENOMEM;

	strcpy(s->subject, subject);
	(void)pthread_mutex_lock(&b->lock);
	s->next = b->subs;
	b->subs = s;
	b->news = true;
	(void)pthread_mutex_unlock(&b->lock);
	wake(b);

	return 0;
}


static int bus_publish(struct fleetbus *b, const char *subject,
		       const char *reply,
		       const struct fleetbus_header *headers, unsigned count,
		       const void *data, size_t len)
{
	int err = ENOTCONN;

	(void)pthread_mutex_lock(&b->lock);
	if (b->up)
		err = outbox_add(&b->out, subject, reply, headers, count, data,
				 len);
	(void)pthread_mutex_unlock(&b->lock);
	if (!err)
		wake(b);

	return err;
}


static struct fleetbus_news *bus_take(struct fleetbus *b)
{
	return inbox_take(&b->in);
}


static void bus_hurry(struct fleetbus *b)
{
	inbox_hurry(&b->in);
}


__attribute__((visibility("default")))
const struct fleetbus_plugin fleetbus_plugin = {
	.version = FLEETBUS_VERSION,
	.open = bus_open,
	.close = bus_close,
	.subscribe = bus_subscribe,
	.publish = bus_publish,
	.take = bus_take,
	.free = inbox_free,
	.hurry = bus_hurry,
};
