/**
 * @file outcome.h  How a transfer is reported
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef OUTCOME_H
#define OUTCOME_H

#include <stdbool.h>

struct pl;
struct referral;
struct sip_msg;

void outcome_reason(struct referral *r, const char *reason);
void outcome_reason_pl(struct referral *r, const struct pl *reason);
void outcome_message(struct referral *r, char *message);
void outcome_result(const struct referral *r);
void outcome_unsent(const struct referral *r);
void outcome_begin(struct referral *r);
void outcome_step(struct referral *r, const char *step,
		  const struct sip_msg *msg);
void outcome_late(struct referral *r, const struct sip_msg *msg);
void outcome_end(struct referral *r, const char *outcome, const char *evidence,
		 bool up);

#endif
