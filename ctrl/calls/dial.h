/**
 * @file dial.h  Calls that a client asked for and no node has made yet
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef DIAL_H
#define DIAL_H

#include <stdbool.h>

struct error;

struct message;
struct report;
struct sender;
int dial(const struct message *m, const struct sender *sender,
	 struct error *f);
bool dial_result(const struct report *r, const char *instance);
void dial_made(const char *ref, const char *instance);
void dials_resume(const char *instance);
void dials_gone(const char *instance);

#endif
