/**
 * @file runstep.h  The parts of a run
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef RUNSTEP_H
#define RUNSTEP_H

#include "own.h"
#include "run.h"
#include "task.h"

struct warm;

/* Of the files that begin with run */
struct run {
	struct task task;
	struct own own;
	struct warm *warm; /* what the verb at hand is done by, or NULL */
	const struct run_events *e;
	void *arg;
};

/* run.c */
void run_begin(struct run *r, const char *dry_run);
void run_finish(struct run *r);
void run_conclude(struct run *r);

#endif
