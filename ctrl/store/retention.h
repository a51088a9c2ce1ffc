/**
 * @file retention.h  How long the past is kept
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef RETENTION_H
#define RETENTION_H


enum retention_state {
	RETENTION_RUNS,
	RETENTION_MORE,
	RETENTION_DONE,
};

void retention_step(void);
enum retention_state retention_state(void);

#endif
