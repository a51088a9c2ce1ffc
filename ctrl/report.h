/**
 * @file report.h  A line of a node to struct report
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CALL_SID_MAX = 40, /* bytes */
};

enum report_kind {
	REPORT_HELLO,
	REPORT_SYNC,
	REPORT_CALL,
	REPORT_TRANSFER,
	REPORT_RESULT,
	REPORT_PLAYED,
};

/* What a node says of a call */
struct call_info {
	const char *sid;
	const char *call_id;
	const char *direction;
	const char *from;
	const char *to;
	const char *caller_name;
	const char *account;
	const char *state;
	const char *sip_reason;
	const char *ref;
	const char *headers; /* JSON text, NULL if not told */
	int sip_status;
	int64_t started;  /* ms since 1970 */
	int64_t duration; /* seconds, -1 if not told */
};

/* Strings are borrowed from the line that it was; NULL or 0 is what was not
   told */
struct report {
	enum report_kind kind;
	const char *type;
	uint64_t n;
	int64_t time; /* ms since 1970 */
	const char *ref;

	/* hello */
	int64_t protocol;
	const char *node;
	const char *boot;
	const char *version;
	const char *baresip;
	const char *libre;
	uint64_t first;
	uint64_t next;

	/* call */
	const char *event;
	char *call_text; /* JSON text of the call */
	struct call_info call;

	/* sync */
	const char **transfers;
	size_t transferc;
	bool more; /* the next sync names others */

	/* transfer, played */
	const char *call_sid;
	const char *transfer_id;
	const char *step;
	const char *refer_to;
	const char *referred_by;
	const char *reason;
	const char *outcome;
	const char *evidence;
	int refer_status;
	int call_status;
	const char *sip; /* JSON text of a SIP message, NULL if not told */
	int64_t ms;      /* that were played */

	/* result */
	bool ok;
	int index; /* -1 if not told */
	const char *field;
	const char *error;
	const char *dry_run; /* JSON text, NULL if the verb was no dry run */
};

int report_decode(struct report **rp, char *line, size_t len,
		  const char **whyp);
void report_free(struct report *r);
bool call_info_load(struct call_info *c, char *text);

#endif
