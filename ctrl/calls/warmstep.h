/**
 * @file warmstep.h  The parts of a transfer that calls the target first
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef WARMSTEP_H
#define WARMSTEP_H

#include "warm.h"
#include <stdbool.h>

struct attempt;

/* warmstep.c */
void warm_set_stage(struct warm *w, enum warm_stage stage, double seconds);
void warm_settle(struct warm *w);
void warm_unhold(struct warm *w);
void warm_fail(struct warm *w, enum failure failure, int status,
	       const char *reason);
void warm_dial(struct warm *w);
void warm_not_answered(struct warm *w, enum failure failure, int status,
		       const char *reason);
void warm_join(struct warm *w);
void warm_brief(struct warm *w);
void warm_confirm(struct warm *w);
void warm_leave(struct warm *w);
void warm_decline(struct warm *w, const char *reason);
void warm_expire(struct warm *w);
void warm_second_over(struct warm *w, int status, const char *reason);

/* warmtarget.c */
const struct attempt *warm_target(const struct warm *w);
unsigned warm_timeout(const struct warm *w);
void warm_missed(struct warm *w, int status, const char *reason);

/* warmask.c */
void warm_ask(struct warm *w, enum warm_act act);
void warm_ask_again(const struct warm *w);
bool warm_answered(struct warm *w, const char *ref, enum warm_act *actp);

/* warmtell.c */
void warm_tell(const struct warm *w, const char *event, int status,
	       const char *reason);
void warm_hook(struct warm *w);
void warm_complain(const struct warm *w, const char *field, const char *error);

#endif
