/**
 * @file verb.h  Lists of verbs, checked as far as they are not SIP
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef VERB_H
#define VERB_H

#include <stdbool.h>
#include <stddef.h>
#include "fault.h"
#include "hook.h"
#include "sender.h"

struct cJSON;
struct json;

enum {
	VERB_LIST_MAX = 64,
	VERB_TEXT_MAX = 64900, /* bytes that a line of the link has room for */
};

enum verb_kind {
	VERB_SIP_REFER,
	VERB_ANSWER,
	VERB_SIP_DECLINE,
	VERB_HANGUP,
	VERB_PLAY, /* the last that the module runs */
	VERB_PAUSE,
	VERB_CONFIG,
	VERB_TAG,
	VERB_REDIRECT,
};

struct verb {
	struct verb *next;
	enum verb_kind kind;
	char *text; /* the verb as it came, for the module */
	char *id;   /* may be NULL */
	struct hook action;
	struct hook event;
	double length; /* of a pause, in seconds */
	int notify;    /* of a config: notifyEvents, -1 if not told */
	char *tag;     /* of a tag: data, as JSON text */
	int position;  /* in the list it came in, -1 if it came alone */
	enum dialect dialect;
	struct sender *owner; /* whom to ask, NULL for nobody */
};

int verbs_parse(struct verb **listp, const struct cJSON *item,
		struct fault *f);
int verbs_own(struct verb *list, const struct sender *sender);
void verbs_free(struct verb *list);
size_t verbs_count(const struct verb *list);
void verbs_append(struct verb **listp, struct verb *list);
const char *verb_name(enum verb_kind kind);
void verb_fault(const struct verb *v, struct fault *f);
bool verb_is_sip(const struct verb *v);
bool verb_refers(const struct verb *v, char **target);
void verbs_print(struct json *j, const char *key, const struct verb *list);
int verbs_load(struct verb **listp, const struct cJSON *array);

#endif
