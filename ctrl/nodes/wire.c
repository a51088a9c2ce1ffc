/**
 * @file wire.c  A connection of a node, and its lines
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <ev.h>
#include "base/base.h"
#include "json.h"
#include "linkreport.h"
#include "linkrequest.h"
#include "nodelink.h"
#include "store/store.h"
#include "wire.h"


enum {
	OUT_MAX = 4 << 20, /* bytes that a node may leave unread */
};

/* Seconds for the first line of a link */
static const double hello_time = 10.;

struct wire {
	struct nodelink link; /* first */
	int fd;
	ev_io rd, wr;
	struct timer silence; /* until the first line */
	char *out;
	size_t outlen, outsize;
	uint64_t sent;      /* bytes that have gone */
	struct seals seals; /* bytes, gone and waiting */
	size_t inlen;
	bool skipping;              /* the rest of a line that is too long */
	char in[LINK_LINE_MAX + 1]; /* with the newline */
};

static unsigned count;


static void destroy(struct wire *w)
{
	ev_io_stop(loop_ev(), &w->rd);
	ev_io_stop(loop_ev(), &w->wr);
	timer_stop(&w->silence);
	(void)close(w->fd);
	--count;
	free(w->out);
	free(w);
}


static void fail(struct wire *w)
{
	nodelink_close_h *h = w->link.closeh;

	if (h)
		h(&w->link, w->link.arg);

	destroy(w);
}


static int take_line(struct wire *w, char *line, size_t len)
{
	struct nodelink *l = &w->link;

	if (w->skipping) {
		w->skipping = false;
		return 0;
	}

	timer_stop(&w->silence);

	return l->lineh ? l->lineh(l, line, len, l->arg) : 0;
}


/* Pass on each whole line; an incomplete one moves to the front */
static int take_lines(struct wire *w)
{
	char *p = w->in, *end = w->in + w->inlen, *nl;
	int err;

	while ((nl = memchr(p, '\n', (size_t)(end - p)))) {
		*nl = '\0';
		err = take_line(w, p, (size_t)(nl - p));
		if (err)
			return err;

		p = nl + 1;
	}

	w->inlen = (size_t)(end - p);
	memmove(w->in, p, w->inlen);

	if (w->inlen < sizeof(w->in))
		return 0;

	if (!w->skipping)
		log_warning("link: process %d sent a line of more than %d "
			    "bytes; it is skipped",
			    (int)w->link.pid, LINK_LINE_MAX);
	w->skipping = true;
	w->inlen = 0;

	/* a process that begins like this is not a baresip */
	return timer_runs(&w->silence) ? EMSGSIZE : 0;
}


static void read_handler(EV_P_ ev_io *io, int revents)
{
	struct wire *w = io->data;
	ssize_t n;
	(void)loop;
	(void)revents;

	n = read(w->fd, w->in + w->inlen, sizeof(w->in) - w->inlen);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;

	if (n > 0) {
		w->inlen += (size_t)n;
		if (!take_lines(w))
			return;
	}

	fail(w);
}


/* What need not wait for the disk */
static size_t bytes_kept(struct wire *w)
{
	return (size_t)(seals_get(&w->seals, store_kept()) - w->sent);
}


/* Write what waits, as far as the socket takes it; the rest follows by
   itself */
static int write_out(struct wire *w)
{
	size_t left = bytes_kept(w);
	ssize_t n;

	while (left) {
		n = send(w->fd, w->out, left, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0)
			return errno;

		left -= (size_t)n;
		w->sent += (uint64_t)n;
		w->outlen -= (size_t)n;
		memmove(w->out, w->out + n, w->outlen);
	}

	if (left)
		ev_io_start(loop_ev(), &w->wr);
	else
		ev_io_stop(loop_ev(), &w->wr);

	return 0;
}


static void write_handler(EV_P_ ev_io *io, int revents)
{
	struct wire *w = io->data;
	(void)loop;
	(void)revents;

	if (write_out(w))
		fail(w);
}


static void silence_handler(void *arg)
{
	log_warning("link: a process has connected and sent nothing; it is "
		    "disconnected");
	fail(arg);
}


/* The way of a link is this one */
static struct wire *wire_of(struct nodelink *l)
{
	return (struct wire *)(void *)l;
}


/**
 * Send a line
 *
 * @param l    Link
 * @param line Line without a newline, NULL if there was no memory for it
 */
void wire_send(struct nodelink *l, const char *line)
{
	struct wire *w = wire_of(l);
	size_t len = line ? strlen(line) : 0;
	char *out;

	if (!line || w->outlen + len + 1 > OUT_MAX) {
		log_error("link: a request is lost; the link is closed");
		(void)shutdown(w->fd, SHUT_RDWR);
		return;
	}

	if (w->outlen + len + 1 > w->outsize) {
		out = realloc(w->out, (w->outlen + len + 1) * 2);
		if (!out) {
			(void)shutdown(w->fd, SHUT_RDWR);
			return;
		}

		w->out = out;
		w->outsize = (w->outlen + len + 1) * 2;
	}

	memcpy(w->out + w->outlen, line, len);
	w->out[w->outlen + len] = '\n';
	w->outlen += len + 1;
	seals_add(&w->seals, store_turn(), w->sent + w->outlen);
}


static void send_welcome(struct nodelink *l, uint64_t n)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "type", "welcome");
	json_int(&j, "protocol", LINK_PROTOCOL);
	json_str(&j, "version", PROJECT_VERSION);
	json_int(&j, "n", (int64_t)n);
	json_close(&j, '}');

	wire_send(l, json_done(&j));
	json_free(&j);
}


static void send_ack(struct nodelink *l, uint64_t n)
{
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	json_str(&j, "type", "ack");
	json_int(&j, "n", (int64_t)n);
	json_close(&j, '}');

	wire_send(l, json_done(&j));
	json_free(&j);
}


/* The caller has checked the size of its request; the other end would skip a
   longer line and never answer */
static void send_request(struct nodelink *l, const struct node_request *rq)
{
	struct json j;
	const char *line;

	json_init(&j);
	if (rq)
		node_request_print(&j, rq);
	line = json_done(&j);

	if (line && strlen(line) > LINK_LINE_MAX) {
		log_error("link: a request of %zu bytes to process %d is not "
			  "sent",
			  strlen(line), (int)l->pid);
	}
	else {
		log_debug("link: %d <- %s", (int)l->pid, line ? line : "");
		wire_send(l, line);
	}

	json_free(&j);
}


static int flush(struct nodelink *l)
{
	return write_out(wire_of(l));
}


static void close_wire(struct nodelink *l)
{
	destroy(wire_of(l));
}


static const struct nodelink_way way = {
	.welcome = send_welcome,
	.ack = send_ack,
	.request = send_request,
	.flush = flush,
	.close = close_wire,
};


/**
 * Make a link of a connection
 *
 * @param lp  Pointer to the new link
 * @param fd  Connection, closed with the link, or if the link cannot be made
 * @param pid Process at the other end, 0 if it is not in our namespace
 *
 * @return 0, or ENOMEM
 */
int wire_create(struct nodelink **lp, int fd, pid_t pid)
{
	struct wire *w = calloc(1, sizeof(*w));

	if (!w) {
		(void)close(fd);
		return ENOMEM;
	}

	++count;
	w->link.way = &way;
	w->link.pid = pid;
	w->fd = fd;
	timer_init(&w->silence, silence_handler, w);
	timer_start(&w->silence, hello_time);

	ev_io_init(&w->rd, read_handler, fd, EV_READ);
	ev_io_init(&w->wr, write_handler, fd, EV_WRITE);
	w->rd.data = w;
	w->wr.data = w;
	ev_io_start(loop_ev(), &w->rd);
	*lp = &w->link;

	return 0;
}


/**
 * Count the connections
 *
 * @return Their number
 */
unsigned wire_count(void)
{
	return count;
}
