/**
 * @file link.c  The Unix socket to the nodes: connections and their lines
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE 1
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <ev.h>
#include "base/base.h"
#include "link.h"
#include "net/net.h"
#include "nodes.h"


enum {
	OUT_MAX = 4 << 20, /* bytes that a node may leave unread */
};

/* Seconds between looks at the socket's path, where nobody tells of changes,
   and between attempts to make the socket again */
static const double watch_time = 2.;

/* ... and for the first line of a link */
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

static struct {
	int fd;
	struct sockaddr_un addr;
	struct stat own; /* the socket as we made it */
	unsigned links;
	struct door door;
	ev_stat watch;  /* of its path */
	ev_timer again; /* when it could not be made */
	int err;        /* why, as it was said */
	link_accept_h *h;
} listener = {.fd = -1};


static void destroy(struct link *l)
{
	ev_io_stop(EV_DEFAULT_ & l->rd);
	ev_io_stop(EV_DEFAULT_ & l->wr);
	ev_timer_stop(EV_DEFAULT_ & l->silence);
	(void)close(l->fd);
	--listener.links;
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


/* The mode of the socket says the same, unless somebody has changed it */
static bool is_welcome(const struct ucred *peer, int fd)
{
	struct stat st = listener.own;

	if (listener.links >= LINKS_MAX) {
		log_warning("link: there are %d links already", LINKS_MAX);
		return false;
	}

	/* its group may have been changed since */
	(void)stat(listener.addr.sun_path, &st);
	if (process_may(peer->uid, peer->gid, fd, st.st_gid))
		return true;

	log_warning("link: process %d of user %u may not connect: it is not "
		    "in the group of the socket",
		    (int)peer->pid, (unsigned)peer->uid);

	return false;
}


static void accept_handler(int fd, const struct sockaddr *sa)
{
	struct ucred cred = {.uid = (uid_t)-1, .gid = (gid_t)-1};
	socklen_t len = sizeof(cred);
	struct link *l;
	(void)sa;

	(void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len);
	l = is_welcome(&cred, fd) ? calloc(1, sizeof(*l)) : NULL;
	if (!l) {
		(void)close(fd);
		return;
	}

	++listener.links;
	l->fd = fd;
	l->pid = cred.pid;
	ev_timer_init(&l->silence, silence_handler, hello_time, 0.);
	l->silence.data = l;
	ev_timer_start(EV_DEFAULT_ & l->silence);

	ev_io_init(&l->rd, read_handler, fd, EV_READ);
	ev_io_init(&l->wr, write_handler, fd, EV_WRITE);
	l->rd.data = l;
	l->wr.data = l;
	ev_io_start(EV_DEFAULT_ & l->rd);

	listener.h(l);
}


/* A socket that nobody answers is what a killed process left behind */
static int take_path(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int err = 0;

	if (fd < 0)
		return errno;

	if (!connect(fd, (const struct sockaddr *)addr, sizeof(*addr)))
		err = EADDRINUSE;
	else if (errno == ECONNREFUSED)
		err = unlink(addr->sun_path) ? errno : 0;
	else if (errno != ENOENT)
		err = errno;

	(void)close(fd);

	return err;
}


static int open_socket(void)
{
	const struct sockaddr_un *addr = &listener.addr;
	mode_t mask;
	int err;

	err = take_path(addr);
	if (err)
		return err;

	listener.fd = socket(AF_UNIX,
			     SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (listener.fd < 0)
		return errno;

	mask = umask(0117);
	err = bind(listener.fd, (const struct sockaddr *)addr, sizeof(*addr))
		      ? errno
		      : 0;
	(void)umask(mask);
	if (err)
		return err;

	if (stat(addr->sun_path, &listener.own))
		return errno;

	return listen(listener.fd, LINKS_MAX) ? errno : 0;
}


static bool is_own(const struct stat *st)
{
	return st->st_nlink && st->st_dev == listener.own.st_dev &&
	       st->st_ino == listener.own.st_ino;
}


static void make_dir(const char *path)
{
	char *dir = strdup(path);
	char *slash = dir ? strrchr(dir, '/') : NULL;

	if (slash && slash != dir) {
		*slash = '\0';
		(void)mkdir(dir, 0755);
	}

	free(dir);
}


static void close_socket(void)
{
	struct stat st;

	if (listener.fd < 0)
		return;

	door_close(&listener.door);
	(void)close(listener.fd);
	listener.fd = -1;

	if (!stat(listener.addr.sun_path, &st) && is_own(&st))
		(void)unlink(listener.addr.sun_path);
}


static int serve(void)
{
	const char *path = listener.addr.sun_path;
	int err;

	make_dir(path);

	err = open_socket();
	if (err == EADDRINUSE && err != listener.err)
		log_error("link: another referd serves %s", path);
	else if (err && err != listener.err)
		log_error("link: can't listen on %s: %s", path, strerror(err));
	listener.err = err;
	if (err) {
		close_socket();
		return err;
	}

	door_open(&listener.door, listener.fd, "link", accept_handler);

	return 0;
}


/* What was in the way may be gone without a change of the path */
static void again_handler(EV_P_ ev_timer *w, int revents)
{
	(void)revents;

	if (serve())
		return;

	log_info("link: listens on %s again", listener.addr.sun_path);
	ev_timer_stop(EV_A_ w);
}


/* Somebody has cleaned up: nodes that come now would not find us */
static void watch_handler(EV_P_ ev_stat *w, int revents)
{
	struct stat st;
	(void)loop;
	(void)revents;

	if (listener.fd >= 0 && !stat(w->path, &st) && is_own(&st))
		return;

	/* what could not be made is tried again by the timer */
	if (ev_is_active(&listener.again))
		return;

	log_warning("link: %s is gone, and made again", w->path);
	close_socket();
	if (serve())
		ev_timer_again(EV_DEFAULT_ & listener.again);
}


/**
 * Listen for nodes, also when the socket is removed.  Says itself what is
 * wrong.
 *
 * @param path Path of the socket
 * @param h    Called with each new link, to which it gives handlers
 *
 * @return 0 if success, otherwise errorcode
 */
int link_listen(const char *path, link_accept_h *h)
{
	int err;

	if (strlen(path) >= sizeof(listener.addr.sun_path)) {
		log_error("link: the path %s is longer than %zu bytes", path,
			  sizeof(listener.addr.sun_path) - 1);
		return ENAMETOOLONG;
	}

	listener.addr.sun_family = AF_UNIX;
	strcpy(listener.addr.sun_path, path);
	listener.h = h;

	err = serve();
	if (err)
		return err;

	ev_stat_init(&listener.watch, watch_handler, listener.addr.sun_path,
		     watch_time);
	ev_stat_start(EV_DEFAULT_ & listener.watch);
	ev_timer_init(&listener.again, again_handler, 0., watch_time);

	return 0;
}


/**
 * Stop listening, and remove the socket
 */
void link_unlisten(void)
{
	ev_stat_stop(EV_DEFAULT_ & listener.watch);
	ev_timer_stop(EV_DEFAULT_ & listener.again);
	close_socket();
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
 * @return 0 if success, otherwise errorcode
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
