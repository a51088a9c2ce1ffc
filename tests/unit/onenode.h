/**
 * @file onenode.h  A referd with one baresip that carries one call
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef UNIT_ONENODE_H
#define UNIT_ONENODE_H

#include <stdint.h>
#include "store/store.h"

#define ENDED(outcome)                                                        \
	"\"step\":\"ended\",\"refer_status\":202,\"outcome\":\"" outcome      \
	"\",\"evidence\":\"notify\",\"call_status\":486"

extern struct gw {
	unsigned last_n; /* number of the last report */
	int64_t now;     /* time of the next one, ms since 1970 */
} gw;

void turns(void);
void gw_say(const char *line);
void gw_greet(const char *instance, unsigned next);
void gw_connect(const char *instance);
void gw_leave(void);
void gw_report(const char *fmt, ...);
void gw_call(const char *event, const char *state);
void gw_sync(const char *transfers);
void gw_transfer(const char *ref, const char *id, const char *rest);
const char *gw_request(void);
char *member(const char *text, const char *key);
char *gw_expect(const char *text);

void bot(const char *text);
void refer_begin(char ref[128]);
unsigned rows(enum store_table table);
void restart(void);
void restart_live(const char *state, const char *transfers);

int onenode_setup(void **state);
int onenode_teardown(void **state);

#endif
