/**
 * @file archive.h  The transfers on disk
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef ARCHIVE_H
#define ARCHIVE_H

#include <stdbool.h>
#include <stdint.h>
#include "store.h"

enum {
	ARCHIVE_OUTCOMES = 6, /* the last one is `running` */
	ARCHIVE_WORDS = 6,
};

/* Times are in ms since 1970 */
struct archive_transfer {
	const char *id;
	const char *call_sid;
	const char *node;
	const char *outcome; /* NULL while in progress */
	int64_t started;
	int64_t ended;        /* 0 if not yet */
	int code;             /* final status, 0 if there is none */
	bool notified;        /* a NOTIFY told the outcome */
	uint64_t seq;         /* of the last message about it */
	const char *refer_to; /* may be NULL */
	const char *words[ARCHIVE_WORDS]; /* to search in; may be NULL */
	const char *data;                 /* JSON text */
};

/* What is NULL, or 0, lets everything pass */
struct archive_filter {
	const char *outcomes[ARCHIVE_OUTCOMES]; /* or `running` */
	unsigned outcomec;
	int code_min;
	int code_max;
	const char *node;
	const char *call_sid;
	const char *target; /* in small letters, as is q */
	const char *q;
	bool stepped; /* since `since` */
	uint64_t since;
	uint64_t last; /* seq of the last message */
	int64_t from;  /* started then, or later */
	int64_t to;    /* ... but before this */
	const char *before;
	unsigned limit;
};

typedef void(archive_count_h)(int64_t minute, const char *outcome,
			      int64_t count, void *arg);

extern const char *const archive_outcomes[ARCHIVE_OUTCOMES];

void archive_put(const struct archive_transfer *t);
bool archive_ended(const char *id);
void archive_running(store_each_h *h, void *arg);
int archive_find(const struct archive_filter *f, store_each_h *h, void *arg);
int archive_get(const char *id, store_each_h *h, void *arg);
void archive_starts(int64_t from, archive_count_h *h, void *arg);
void archive_ends(int64_t from, archive_count_h *h, void *arg);
int64_t archive_finals(int64_t from);
int64_t archive_final(int64_t from, int64_t count, unsigned percent);
void archive_lower(char *text);

#endif
