/**
 * @file coming.h  Which clients come here and leave, for the other members
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef COMING_H
#define COMING_H

#include <stdbool.h>
#include <stdint.h>

struct cJSON;
struct json;

/* n: number of the client's connection; resumes: it gets missed messages */
typedef void(came_h)(const char *client, const char *badge, int64_t n,
		     bool resumes, void *arg);
typedef void(left_h)(const char *client, int64_t n, void *arg);

int coming_start(void);
void coming_stop(void);
void coming_up(const char *name, const char *badge, bool resumes);
void coming_down(const char *name);
const char *coming_badge(const char *name);
int64_t coming_n(const char *name);
void coming_print(struct json *j);
void coming_read(const struct cJSON *heartbeat, came_h *came, left_h *left,
		 void *arg);

#endif
