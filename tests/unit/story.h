/**
 * @file story.h  A call with its transfers, as a story of a few words
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef STORY_H
#define STORY_H

#include <stdbool.h>

struct call;

extern struct story {
	struct call *call;
	char sid[64];
	unsigned cseq;   /* of the far end */
	bool closed;     /* the call is */
	char error[256]; /* of the last result */
	char told[512];  /* results, and steps of transfers */

	/* Contents of the `ended` step */
	struct {
		unsigned count;
		char outcome[16], evidence[16], confidence[16], reason[256];
		const char *media; /* yes, no, or untold */
	} ended;
} story;

void story_begin(const char *headers, bool media);
void story_verb(const char *fields);
void story_refer(const char *fields);
void story_cancel(const char *fields);
void story_play(const char *text);
void story_end(void);

#endif
