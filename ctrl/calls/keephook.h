/**
 * @file keephook.h  The actionHook of a transfer, told to the members of a
 * fleet
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef KEEPHOOK_H
#define KEEPHOOK_H


struct call;
struct transfer;
struct verb;

void keephook_tell(const struct call *c, const struct verb *v,
		   const struct transfer *t);
void keephook_wait(const struct call *c, const struct verb *v);
void keephook_over(const struct call *c, const struct verb *v);

#endif
