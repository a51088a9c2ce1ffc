/**
 * @file linkreport.h  Reports of a baresip to referd, see docs/link.md
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef LINKREPORT_H
#define LINKREPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "fields.h"

struct json;

enum {
	LINK_PROTOCOL = 1,
	LINK_LINE_MAX = 65536, /* without its end [bytes], either way */
};

enum report_kind {
	REPORT_HELLO,
	REPORT_SYNC,
	REPORT_CALL,
	REPORT_TRANSFER,
	REPORT_RESULT,
	REPORT_PLAYED,
	REPORT_DTMF,
	REPORT_RESPONSE,
	REPORT_CAPTURE,
};

enum { REPORT_KINDS = REPORT_CAPTURE + 1 };

/* A call, as a baresip reports it.  Its texts are borrowed from the report, or
   owned by the struct that took them over with fields_keep(). */
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
	const char *uui;     /* JSON text of an array, NULL likewise */
	int sip_status;
	int64_t started;  /* ms since 1970 */
	int64_t duration; /* seconds, -1 if not told */
};

extern const struct field call_info_fields[];

/* Texts are borrowed; NULL or 0 means not given */
struct report {
	enum report_kind kind;
	const char *type; /* its name, where it was read from a line */
	uint64_t n;
	int64_t time; /* ms since 1970 */
	const char *ref;

	/* hello */
	int64_t protocol;
	const char *node;
	const char *instance;
	const char *version;
	const char *baresip;
	const char *libre;
	const char *aor; /* of its first account, NULL if it has none */
	uint64_t first;
	uint64_t next;

	/* call */
	const char *event;
	char *call_text; /* JSON text of the call, where it was read */
	struct call_info call;

	/* sync */
	const char **transfers;
	size_t transferc;
	bool more; /* the next sync names others */

	/* transfer, played, dtmf */
	const char *call_sid;
	const char *transfer_id;
	const char *step;
	const char *refer_to;
	const char *referred_by;
	const char *reason;
	const char *outcome;
	const char *evidence;
	const char *confidence;
	enum maybe media; /* it still comes */
	int refer_status;
	int call_status;
	const char *sip; /* JSON text of a SIP message, NULL if not told */
	int64_t ms;      /* that were played */
	const char *digit;
	const char *by;      /* rtp, info */
	int sip_status;      /* of the answer to a request */
	const char *packets; /* JSON text of an array */

	/* result */
	bool ok;
	int index; /* -1 if not told */
	const char *field;
	const char *error;
	const char *dry_run; /* JSON text, NULL if the verb was no dry run */
};

extern const struct field report_fields[];

const char *report_name(enum report_kind kind);
void report_print(struct json *j, const struct report *r);
struct report *report_copy(const struct report *r, size_t *sizep);

#endif
