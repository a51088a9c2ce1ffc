/**
 * @file own.h  The verbs that are done here: pause, config, tag, redirect
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef OWN_H
#define OWN_H

#include "base/base.h"


struct task;

/* The pause is over */
typedef void(own_done_h)(void *arg);

/* Part of a run */
struct own {
	struct task *task; /* of the same run */
	struct timer pause;
	own_done_h *h;
	void *arg;
};

void own_init(struct own *o, struct task *task, own_done_h *h, void *arg);
void own_start(struct own *o);
void own_resume(struct own *o);
void own_stop(struct own *o);

#endif
