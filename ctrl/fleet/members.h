/**
 * @file members.h  The members of the fleet, from their heartbeats
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef MEMBERS_H
#define MEMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fleet_config;

struct machine {
	char *name;
	char *boot;   /* of its last heartbeat, NULL if none was heard */
	char *before; /* ... of those before, NULL if there were none */
	int64_t age;  /* ms since it began, as it said last */
	char *version;
	char *labels; /* JSON text of an array */
	char *nodes;  /* the same */
	bool view;
	bool reachable;
	uint64_t seq; /* of its last message, at its own place */
	uint64_t lag;
	int calls;
	int transfers;
	int64_t heard;  /* by a clock that never jumps [ms]; 0 for never */
	int64_t seen;   /* ms since 1970 */
	int64_t silent; /* ms that count, since it was heard */
	int64_t told;   /* when it was told to be lost [steady ms], or 0 */
};

typedef void(member_each_h)(struct machine *m, void *arg);

int members_start(const struct fleet_config *c);
void members_stop(void);
void members_flush(void);
void members_soon(void);
struct machine *member_get(const char *name);
void members_each(member_each_h *h, void *arg);
bool members_reachable(const char *name);
const char *members_boot(const char *name);
unsigned members_count(void);
const char *members_node(const char *node);
const char *members_label(const char *label);
const char *members_least(void);

#endif
