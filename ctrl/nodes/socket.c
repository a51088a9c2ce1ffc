/**
 * @file socket.c  The Unix socket that nodes connect to
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE 1
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <ev.h>
#include "base/base.h"
#include "net/net.h"
#include "nodes.h"
#include "socket.h"
#include "wire.h"


/* Seconds between checks of the socket's path, where the system reports no
   changes, and between attempts to make the socket again */
static const double watch_time = 2.;

static struct {
	int fd;
	struct sockaddr_un addr;
	struct stat own; /* the socket as we made it */
	struct acceptor acceptor;
	ev_stat watch;      /* of its path */
	struct timer again; /* when it could not be made */
	int err;            /* why, as it was said */
	socket_h *h;
} listener = {.fd = -1};


/* The mode of the socket says the same, unless somebody has changed it */
static bool is_welcome(const struct ucred *peer, int fd)
{
	struct stat st = listener.own;

	if (wire_count() >= LINKS_MAX) {
		log_warning("link: a connection is refused: there are %d "
			    "links already",
			    LINKS_MAX);
		return false;
	}

	/* its group may have been changed since */
	(void)stat(listener.addr.sun_path, &st);
	if (process_may(peer->uid, peer->gid, fd, st.st_gid))
		return true;

	log_warning("link: process %d of user %u cannot connect: the user is "
		    "not in the group of the socket",
		    (int)peer->pid, (unsigned)peer->uid);

	return false;
}


static void accept_handler(int fd, const struct sockaddr *sa)
{
	struct ucred cred = {.uid = (uid_t)-1, .gid = (gid_t)-1};
	socklen_t len = sizeof(cred);
	(void)sa;

	(void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len);
	if (is_welcome(&cred, fd))
		listener.h(fd, cred.pid);
	else
		(void)close(fd);
}


/* A socket without a listener was left behind by a killed process */
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

	acceptor_close(&listener.acceptor);
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
		log_error("link: another referd uses %s", path);
	else if (err && err != listener.err)
		log_error("link: cannot listen on %s: %s", path,
			  strerror(err));
	listener.err = err;
	if (err) {
		close_socket();
		return err;
	}

	acceptor_open(&listener.acceptor, listener.fd, "link", accept_handler);

	return 0;
}


/* The obstacle may disappear without a change of the path */
static void again_handler(void *arg)
{
	(void)arg;

	if (serve())
		timer_start(&listener.again, watch_time);
	else
		log_info("link: listens on %s again", listener.addr.sun_path);
}


/* Somebody has cleaned up: nodes that come now would not find us */
static void watch_handler(EV_P_ ev_stat *w, int revents)
{
	struct stat st;
	(void)loop;
	(void)revents;

	if (listener.fd >= 0 && !stat(w->path, &st) && is_own(&st))
		return;

	/* the timer tries again */
	if (timer_runs(&listener.again))
		return;

	log_warning("link: %s was removed; it is made again", w->path);
	close_socket();
	if (serve())
		timer_start(&listener.again, watch_time);
}


/**
 * Listen for nodes, and make the socket again if it is removed.  Logs its
 * errors.
 *
 * @param path Path of the socket
 * @param h    Takes each connection that is welcome
 *
 * @return 0, ENAMETOOLONG, EADDRINUSE if another referd listens, or a system
 *         error
 */
int socket_listen(const char *path, socket_h *h)
{
	int err;

	if (strlen(path) >= sizeof(listener.addr.sun_path)) {
		log_error("link: the path %s must have at most %zu bytes",
			  path, sizeof(listener.addr.sun_path) - 1);
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
	ev_stat_start(loop_ev(), &listener.watch);
	timer_init(&listener.again, again_handler, NULL);

	return 0;
}


/**
 * Stop listening, and remove the socket
 */
void socket_unlisten(void)
{
	ev_stat_stop(loop_ev(), &listener.watch);
	timer_stop(&listener.again);
	close_socket();
}
