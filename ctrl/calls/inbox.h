/**
 * @file inbox.h  The lists of verbs that are under check, in order
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef INBOX_H
#define INBOX_H

#include <stdbool.h>
#include "calls.h"
#include "request.h"

struct sender;

struct cJSON;
struct error;
struct json;
struct verb;

/* A list of verbs that somebody sent */
struct instruction {
	struct instruction *next;
	struct verb *verbs;
	struct sender *sender; /* NULL for nobody */
	enum queue_mode mode;
	bool run;           /* the check starts the first verb, too ... */
	bool cancelled;     /* ... a transfer that a client gives up */
	char ref[REF_SIZE]; /* "" while its turn has not come */
};

struct inbox {
	struct instruction *head;
};

void inbox_clear(struct inbox *b);
bool inbox_full(const struct inbox *b);
int inbox_add(struct inbox *b, struct verb **verbsp, enum queue_mode mode,
	      const struct sender *sender);
void inbox_drop(struct inbox *b);
void inbox_refuse(struct inbox *b, struct error *f, const char *call_sid);
void inbox_save(struct json *j, const struct inbox *b);
int inbox_load(struct inbox *b, const struct cJSON *array);

#endif
