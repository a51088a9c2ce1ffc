/**
 * @file warmverb.h  The members of a verb transfer about the second call
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef WARMVERB_H
#define WARMVERB_H

#include "hooks/hooks.h"

struct cJSON;
struct error;
struct json;
struct verb;

struct warmverb {
	char *brief;      /* WAV file, NULL if there is none */
	char *prompt;     /* WAV file, NULL if nothing is to be confirmed */
	char digit[2];    /* that confirms, "" if nothing does */
	struct hook hold; /* asked what the caller hears meanwhile */
};

int warmverb_parse(struct warmverb **wp, const struct cJSON *obj,
		   struct error *f);
void warmverb_free(struct warmverb *w);
void warmverb_print_play(struct json *j, const struct warmverb *w);
int warmverb_music(char **textp, const struct verb *list, struct error *f);

#endif
