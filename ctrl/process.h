/**
 * @file process.h  Watches a process for its end
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef PROCESS_H
#define PROCESS_H

#include <stdbool.h>
#include <sys/types.h>
#include <ev.h>

typedef void(process_exit_h)(void *arg);

struct process {
	pid_t pid; /* 0 if it is not known */
	bool exited;
	ev_io io;
	process_exit_h *h;
	void *arg;
};

void process_watch(struct process *p, pid_t pid, process_exit_h *h, void *arg);
void process_forget(struct process *p);

#endif
