/**
 * @file link.c  A connection of a node, and its lines
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
#include "link.h"
#include "nodes.h"


enum {
	OUT_MAX = 4 << 20, /* bytes that a node may leave unread */
};

/* Seconds for the first line of a link */
static const double hello_time = 10.;

struct link {
	int fd;
	pid_t pid;
	ev_io rd, wr;
	ev_timer silence; /* until the first line */
	link_line_h *lineh;
	link_close_h *closeh;
	void *arg;
	char *out;
	size_t outlen, outsize;
	size_t inlen;
	bool skipping;              /* the rest of a line that is too long */
	char in[LINK_LINE_MAX + 1]; /* with the newline */
};

static unsigned count;


static void destroy(struct link *l)
{
	ev_io_stop(EV_DEFAULT_ & l->rd);
	ev_io_stop(EV_DEFAULT_ & l->wr);
	ev_timer_stop(EV_DEFAULT_ & l->silence);
	(void)close(l->fd);
	--count;
	free(l->out);
	free(l);
}


static void fail(struct link *l)
{
	link_close_h *h = l->closeh;
	void *arg = l->arg;

	if (h)
		h(l, arg);

	destroy(l);
}


static int take_line(struct link *l, char *line, size_t len)
{
	if (l->skipping) {
		l->skipping = false;
		return 0;
	}

	ev_timer_stop(EV_DEFAULT_ & l->silence);

	return l->lineh ? l->lineh(l, line, len, l->arg) : 0;
}


/* Hand on each whole line; what is left over moves to the front */
static int take_lines(struct link *l)
{
	char *p = l->in, *end = l->in + l->inlen, *nl;
	int err;

	while ((nl = memchr(p, '\n', (size_t)(end - p)))) {
		*nl = '\0';
		err = take_line(l, p, (size_t)(nl - p));
		if (err)
			return err;

		p = nl + 1;
	}

	l->inlen = (size_t)(end - p);
	memmove(l->in, p, l->inlen);

	if (l->inlen < sizeof(l->in))
		return 0;

	if (!l->skipping)
		log_warning("link: process %d says a line that is longer than "
			    "%d bytes, and is skipped",
			    (int)l->pid, LINK_LINE_MAX);
	l->skipping = true;
	l->inlen = 0;

	/* who begins so is none of ours */
	return ev_is_active(&l->silence) ? EMSGSIZE : 0;
}


static void read_handler(EV_P_ ev_io *w, int revents)
{
	struct link *l = w->data;
	ssize_t n;
	(void)loop;
	(void)revents;

	n = read(l->fd, l->in + l->inlen, sizeof(l->in) - l->inlen);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;

	if (n > 0) {
		l->inlen += (size_t)n;
		if (!take_lines(l))
			return;
	}

	fail(l);
}


static void write_handler(EV_P_ ev_io *w, int revents)
{
	struct link *l = w->data;
	(void)loop;
	(void)revents;

	if (link_flush(l))
		fail(l);
}


static void silence_handler(EV_P_ ev_timer *w, int revents)
{
	(void)loop;
	(void)revents;

	log_warning("link: who has connected says nothing");
	fail(w->data);
}


/**
 * Make a link of a connection
 *
 * @param lp  Pointer to the new link
 * @param fd  Connection, which is closed with the link, or if there is none
 * @param pid Process at the other end, 0 if it is not in our namespace
 *
 * @return 0, or ENOMEM
 */
int link_create(struct link **lp, int fd, pid_t pid)
{
	struct link *l = calloc(1, sizeof(*l));

	if (!l) {
		(void)close(fd);
		return ENOMEM;
	}

	++count;
	l->fd = fd;
	l->pid = pid;
	ev_timer_init(&l->silence, silence_handler, hello_time, 0.);
	l->silence.data = l;
	ev_timer_start(EV_DEFAULT_ & l->silence);

	ev_io_init(&l->rd, read_handler, fd, EV_READ);
	ev_io_init(&l->wr, write_handler, fd, EV_WRITE);
	l->rd.data = l;
	l->wr.data = l;
	ev_io_start(EV_DEFAULT_ & l->rd);
	*lp = l;

	return 0;
}


/**
 * Count the links
 *
 * @return How many there are
 */
unsigned link_count(void)
{
	return count;
}


/**
 * Say who takes what comes over a link
 *
 * @param l      Link
 * @param lineh  Takes each line
 * @param closeh Called before the link is freed because it has ended, but
 *               not by link_close()
 * @param arg    Handler argument
 */
void link_handlers(struct link *l, link_line_h *lineh, link_close_h *closeh,
		   void *arg)
{
	l->lineh = lineh;
	l->closeh = closeh;
	l->arg = arg;
}


/**
 * Get the process at the other end
 *
 * @param l Link
 *
 * @return Its id, 0 if it is not in our namespace
 */
pid_t link_pid(const struct link *l)
{
	return l->pid;
}


/**
 * Send a line; it leaves with link_flush()
 *
 * @param l    Link
 * @param line Line without a newline, NULL if there was no memory for it
 */
void link_send(struct link *l, const char *line)
{
	size_t len = line ? strlen(line) : 0;
	char *out;

	if (!line || l->outlen + len + 1 > OUT_MAX) {
		log_error("link: a request is lost, the link is closed");
		(void)shutdown(l->fd, SHUT_RDWR);
		return;
	}

	if (l->outlen + len + 1 > l->outsize) {
		out = realloc(l->out, (l->outlen + len + 1) * 2);
		if (!out) {
			(void)shutdown(l->fd, SHUT_RDWR);
			return;
		}

		l->out = out;
		l->outsize = (l->outlen + len + 1) * 2;
	}

	memcpy(l->out + l->outlen, line, len);
	l->out[l->outlen + len] = '\n';
	l->outlen += len + 1;
}


/**
 * Write what waits, as far as the socket takes it.  The rest follows by
 * itself.
 *
 * @param l Link
 *
 * @return 0, or what send(2) says: the link has ended
 */
int link_flush(struct link *l)
{
	ssize_t n;

	while (l->outlen) {
		n = send(l->fd, l->out, l->outlen, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0)
			return errno;

		l->outlen -= (size_t)n;
		memmove(l->out, l->out + n, l->outlen);
	}

	if (l->outlen)
		ev_io_start(EV_DEFAULT_ & l->wr);
	else
		ev_io_stop(EV_DEFAULT_ & l->wr);

	return 0;
}


/**
 * Close a link
 *
 * @param l Link
 */
void link_close(struct link *l)
{
	destroy(l);
}
