/**
 * @file capture.h  The SIP messages of transfers, byte for byte
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef CAPTURE_H
#define CAPTURE_H

struct referral;

void capture_begin(const struct referral *r, const char *call_sid,
		   const char *other_id);
void capture_told(const struct referral *r);
void capture_step(const struct referral *r, const char *step, const char *met,
		  bool response);

#endif
