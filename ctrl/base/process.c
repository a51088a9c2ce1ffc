/**
 * @file process.c  Processes at the other end of a socket: may they, do they
 * live
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE 1
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base.h"


static void exit_handler(EV_P_ ev_io *w, int revents)
{
	struct process *p = w->data;
	(void)loop;
	(void)revents;

	process_forget(p);
	p->exited = true;
	p->h(p->arg);
}


/* Start time, which tells a process from a later one with the same id [ticks
   since boot]; 0 if unknown */
static uint64_t started(pid_t pid)
{
	char path[32], text[1024];
	unsigned long long ticks;
	const char *p;
	size_t n;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return 0;

	n = fread(text, 1, sizeof(text) - 1, f);
	(void)fclose(f);
	text[n] = '\0';

	/* proc(5): the second field is its name, in parentheses, and this is
	   the 22nd */
	p = strrchr(text, ')');
	for (int i = 2; p && i < 22; i++)
		p = strchr(p + 1, ' ');

	return p && sscanf(p, " %llu", &ticks) == 1 ? ticks : 0;
}


void process_watch(struct process *p, pid_t pid, process_exit_h *h, void *arg)
{
	int fd;

	process_forget(p);
	p->pid = pid;
	p->start = 0;
	p->exited = false;
	p->h = h;
	p->arg = arg;
	if (pid <= 0)
		return;

	/* glibc knows pidfd_open() since 2.36 only */
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0) {
		p->exited = errno == ESRCH;
		return;
	}

	ev_io_init(&p->io, exit_handler, fd, EV_READ);
	p->io.data = p;
	ev_io_start(loop_ev(), &p->io);
	p->start = started(pid);
}


void process_watch_again(struct process *p, pid_t pid, uint64_t start,
			 process_exit_h *h, void *arg)
{
	process_watch(p, pid, h, arg);
	if (!start || !p->start || start == p->start)
		return;

	process_forget(p);
	p->exited = true;
}


bool process_is_same(const struct process *a, const struct process *b)
{
	return a->pid > 0 && a->pid == b->pid && a->start == b->start;
}


void process_forget(struct process *p)
{
	if (!ev_is_active(&p->io))
		return;

	ev_io_stop(loop_ev(), &p->io);
	(void)close(p->io.fd);
}


bool process_may(uid_t uid, gid_t gid, int fd, gid_t group)
{
	gid_t gids[256];
	socklen_t len = sizeof(gids);

	if (uid == 0 || uid == geteuid() || gid == group)
		return true;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, gids, &len))
		return false;

	for (size_t i = 0; i < len / sizeof(*gids); i++) {
		if (gids[i] == group)
			return true;
	}

	return false;
}
