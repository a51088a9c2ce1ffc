/**
 * @file attempts.h  The targets of a verb that are tried one after the other
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef ATTEMPTS_H
#define ATTEMPTS_H

#include <stdbool.h>
#include <stddef.h>
#include "disposition.h"

struct cJSON;
struct error;
struct json;
struct transfer;
struct verb;

enum {
	ATTEMPTS_MAX = 8, /* targets of one verb */
};

/* One target, and how its transfer has ended */
struct attempt {
	char *target;              /* as the verb names it */
	char *field;               /* ... and where */
	char *headers;             /* JSON text of an object, may be NULL */
	char *text;                /* sip:refer for the module; NULL if warm */
	struct transfer *transfer; /* NULL if it has not ended */
};

/* The mailbox comes after the targets, as an attempt of its own */
struct attempts {
	struct attempt list[ATTEMPTS_MAX + 1];
	size_t count; /* targets */
	size_t now;   /* the one at hand, or that comes first */
	bool mailbox; /* there is one behind them */
	bool go_on;   /* also if it is not known what became of one */
	bool begun;   /* the verb has */
	bool stopped; /* none follows the one at hand */

	/* Why the mailbox has its turn */
	enum failure failure;
	int status; /* SIP status that tells so, 0 if none does */
};

int attempts_create(struct attempts **ap);
void attempts_destroy(struct attempts *a);
int attempts_add(struct attempts *a, const char *target, const char *field,
		 const struct cJSON *headers, struct cJSON *refer);
int attempts_parse(struct attempts **ap, const struct cJSON *verb,
		   struct error *f);

size_t attempts_texts(const struct attempts *a);
const char *attempts_text(const struct attempts *a, size_t index);
size_t attempts_text_now(const struct attempts *a);
unsigned attempts_number(const struct attempts *a);
unsigned attempts_most(const struct attempts *a);
const struct attempt *attempts_at(const struct attempts *a);
const struct transfer *attempts_last(const struct attempts *a);
void attempts_stop(struct attempts *a);

int attempts_ended(struct attempts *a, const struct transfer *t);
bool attempts_goes_on(const struct attempts *a);
bool attempts_more(const struct attempts *a);
void attempts_next(struct attempts *a);
void attempts_mailbox(struct attempts *a);
bool attempts_at_mailbox(const struct attempts *a);

void attempts_refusal(const struct attempts *a, size_t index,
		      const char **fieldp, const char **errorp);

void attempts_print(struct json *j, const struct attempts *a);
int attempts_load(struct attempts *a, const struct cJSON *obj);

#endif
