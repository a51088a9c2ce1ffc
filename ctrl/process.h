/**
 * @file process.h  Processes at the other end of a socket: may they, do they
 * live
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef PROCESS_H
#define PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <ev.h>

typedef void(process_exit_h)(void *arg);

struct process {
	pid_t pid;      /* 0 if it is not known */
	uint64_t start; /* of it, 0 if that is not known */
	bool exited;
	ev_io io;
	process_exit_h *h;
	void *arg;
};

void process_watch(struct process *p, pid_t pid, process_exit_h *h, void *arg);
void process_watch_again(struct process *p, pid_t pid, uint64_t start,
			 process_exit_h *h, void *arg);
bool process_is_same(const struct process *a, const struct process *b);
void process_forget(struct process *p);
bool process_may(uid_t uid, gid_t gid, int fd, gid_t group);

#endif
