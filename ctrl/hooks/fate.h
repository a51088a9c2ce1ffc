/**
 * @file fate.h  What becomes of each hook
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef FATE_H
#define FATE_H


struct delivery;

void fate_tell(const struct delivery *d, const char *event, long status,
	       double retry, const char *reason);

#endif
