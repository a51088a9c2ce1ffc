/**
 * @file latehook.h  The eventHooks that get the late status of a transfer
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef LATEHOOK_H
#define LATEHOOK_H


struct call;
struct report;
struct transfer;
struct verb;

void latehook_add(const struct call *c, const struct verb *v,
		  const struct transfer *t);
void latehook_post(const struct report *r, const struct call *c);
void latehooks_over(const struct call *c);

#endif
