/**
 * @file roster.h  The baresips that are known, connected or not
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef ROSTER_H
#define ROSTER_H

#include <stdbool.h>
#include <stdint.h>
#include <ev.h>
#include "process.h"
#include "table.h"

struct json;
struct link;
struct nodes_events;

/* A baresip process as it loaded the module: lives on while disconnected */
struct node {
	char *boot;
	char *name;
	char *version;
	char *baresip;
	char *libre;
	struct link *link; /* NULL while disconnected */
	int64_t since;     /* ms since 1970: connected, or disconnected */
	uint64_t n;        /* last report that was taken */
	uint64_t acked;
	uint64_t next; /* the first that is no repetition */
	struct process process;
	bool whole;    /* every report of it came to this referd */
	bool synced;   /* said which calls live, since it connected */
	bool doubtful; /* may be another, that counts anew */
	bool rival;    /* another one has its name, which was told */
	bool dirty;
	ev_timer grace;
};

int roster_init(const struct nodes_events *events);
void roster_close(void);
int roster_add(struct node **nodep, const char *boot, const char *name);
void roster_remove(struct node *node);
struct node *roster_find(const char *boot);
struct node *roster_other(const struct node *node, bool connected);
void roster_each(table_each_h *h, void *arg);

void roster_print(struct json *j, const char *key);
void roster_print_node(struct json *j, const struct node *node);
unsigned roster_count(void);
const char *roster_pick(const char *name);

#endif
