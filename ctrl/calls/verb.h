/**
 * @file verb.h  Verbs, and lists of them
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef VERB_H
#define VERB_H

#include <stdbool.h>
#include <stddef.h>
#include "calls.h"

struct error;
struct sender;
struct verb;

struct cJSON;
struct json;

enum {
	VERB_LIST_MAX = 64,
	VERB_TEXT_MAX = 64900, /* bytes that a line of the link has room for */
};
int verbs_own(struct verb *list, const struct sender *sender);
int verbs_trace(struct verb *list, const char *trace);
size_t verbs_count(const struct verb *list);
void verbs_append(struct verb **listp, struct verb *list);
bool verb_find(enum verb_kind *kindp, const char *name);
const char *verb_name(enum verb_kind kind);
void verb_error(const struct verb *v, struct error *f);
bool verb_is_sip(const struct verb *v);
bool verb_is_warm(const struct verb *v);
size_t verb_texts(const struct verb *v);
const char *verb_text(const struct verb *v, size_t index);
const char *verb_target(const struct verb *v);
bool verbs_have_sip(const struct verb *list);
const struct verb *verbs_sip_at(const struct verb *list, int index,
				size_t *whichp);
bool verb_transfers(const struct verb *v);
bool verb_refers(const struct verb *v);
void verb_refusal(const struct verb *v, size_t which, const char *field,
		  const char *error, struct error *f);

/* verbparse.c */
void verbs_print(struct json *j, const char *key, const struct verb *list);
int verbs_load(struct verb **listp, const struct cJSON *array);

#endif
