/**
 * @file route.h  The way of a message to the member that has its call
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef ROUTE_H
#define ROUTE_H

#include <stdbool.h>

struct cJSON;
struct errand;
struct fleet_config;
struct sender;

int route_start(const struct fleet_config *c);
void route_stop(void);
int route_add(const struct errand *e, const char *member,
	      const struct error *f);

int route_capture(const char *request, const char *member,
		  const char *transfer_id);

/* served.c */
enum { SERVED_NAME_SIZE = 192 };
int served_http(struct sender *s, char name[SERVED_NAME_SIZE],
		const struct cJSON *rq, const char *from);
int served_start(const struct fleet_config *c);
void served_stop(void);
bool served_foreign(void);

#endif
