/**
 * @file print.c  Output for people
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "print.h"


enum {
	TIME_START = 11, /* of an ISO 8601 time: past the date */
	TIME_LEN = 12,
	SID_LEN = 8, /* what usually tells calls apart */
};

/**
 * Get a text from an object
 *
 * @param tree Object, may be NULL
 * @param key  Name of the member
 *
 * @return The text, "" if missing
 */
const char *json_text(const cJSON *tree, const char *key)
{
	const char *text = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(tree, key));

	return text ? text : "";
}


/**
 * Get a number from an object
 *
 * @param tree Object, may be NULL
 * @param key  Name of the member
 *
 * @return The number, 0 if missing
 */
double json_number(const cJSON *tree, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(tree, key);

	return cJSON_IsNumber(item) ? item->valuedouble : 0;
}


/* cJSON keeps it within what an int can hold */
static int json_int(const cJSON *tree, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(tree, key);

	return item ? item->valueint : 0;
}


/**
 * Replace control characters, those of UTF-8 as well: much of the output comes
 * from far ends, and must not command a terminal
 *
 * @param text Text
 */
void print_clean(char *text)
{
	for (unsigned char *p = (unsigned char *)text; *p; p++) {
		if (*p < 0x20 || *p == 0x7f)
			*p = '?';
		else if (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)
			p[0] = p[1] = '?';
	}
}


/**
 * Print a line for people, without control characters
 *
 * @param fmt Format of the line, without a newline
 */
void print_line(const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);

	if (text) {
		size_t len;

		print_clean(text);
		len = strlen(text);
		while (len && text[len - 1] == ' ')
			text[--len] = '\0';
		(void)puts(text);
		(void)fflush(stdout);
	}
	free(text);
}


/**
 * Print JSON, on a line of its own
 *
 * @param tree Tree to print
 */
void print_json(const cJSON *tree)
{
	char *text = cJSON_PrintUnformatted(tree);

	if (text)
		(void)puts(text);
	(void)fflush(stdout);
	cJSON_free(text);
}


/* "486 Busy Here", "" without a status.  The reason of a call that was refused
   has the status in it. */
static const char *code_text(char *buf, size_t size, int code,
			     const char *reason)
{
	char number[16];
	int n = snprintf(number, sizeof(number), "%d ", code);

	*buf = '\0';
	if (code)
		(void)snprintf(buf, size, "%s%s",
			       strncmp(reason, number, (size_t)n) ? number
								  : "",
			       reason);

	return buf;
}


static size_t add_note(char *buf, size_t size, size_t len, const char *note)
{
	int n;

	if (len + 3 > size)
		return len;

	n = snprintf(buf + len, size - len, "%s%s", len ? ", " : "", note);

	return n > 0 && (size_t)n < size - len ? len + (size_t)n : size - 1;
}


/* Number of the attempt, "" if there is only one */
static const char *attempt_text(char *buf, size_t size, const cJSON *t)
{
	const int of = json_int(t, "attempts");

	*buf = '\0';
	if (of > 1)
		(void)snprintf(buf, size, "attempt %d of %d",
			       json_int(t, "attempt"), of);

	return buf;
}


/* Further facts about an outcome, "" if there are none */
static const char *notes_text(char *buf, size_t size, const cJSON *t,
			      const char *evidence)
{
	const int late = json_int(t, "late_status");
	char code[256], note[272], attempt[64];
	size_t len = 0;

	*buf = '\0';
	if (*evidence)
		len = add_note(buf, size, len, evidence);
	if (*attempt_text(attempt, sizeof(attempt), t))
		len = add_note(buf, size, len, attempt);
	if (!strcmp(json_text(t, "confidence"), "low"))
		len = add_note(buf, size, len, "low confidence");
	if (cJSON_IsFalse(cJSON_GetObjectItem(t, "media")))
		len = add_note(buf, size, len, "no media");
	if (late) {
		(void)snprintf(note, sizeof(note), "late %s",
			       code_text(code, sizeof(code), late,
					 json_text(t, "late_reason")));
		(void)add_note(buf, size, len, note);
	}

	return buf;
}


/**
 * Print calls as a table
 *
 * @param calls Array of calls
 */
void print_calls(const cJSON *calls)
{
	const cJSON *call;

	print_line("%-36s  %-11s  %-8s  %-16s  %-16s  %s", "CALL", "STATUS",
		   "WAY", "FROM", "TO", "STARTED");
	cJSON_ArrayForEach(call, calls)
	{
		print_line("%-36s  %-11s  %-8s  %-16s  %-16s  %s",
			   json_text(call, "call_sid"),
			   json_text(call, "call_status"),
			   json_text(call, "direction"),
			   json_text(call, "from"), json_text(call, "to"),
			   json_text(call, "started"));
	}
}


/**
 * Print transfers as a table
 *
 * @param transfers Array of transfers
 */
void print_transfers(const cJSON *transfers)
{
	const cJSON *t;
	char code[256], notes[512], status_text[800];

	print_line("%-24s  %-16s  %-36s  %-11s  %-24s  %s", "STARTED",
		   "TRANSFER", "CALL", "OUTCOME", "STATUS", "TARGET");
	cJSON_ArrayForEach(t, transfers)
	{
		int status = json_int(t, "call_status");

		if (!status)
			status = json_int(t, "refer_status");

		(void)code_text(code, sizeof(code), status,
				json_text(t, "reason"));
		(void)notes_text(notes, sizeof(notes), t, "");
		(void)snprintf(status_text, sizeof(status_text), "%s%s%s%s",
			       code, *notes ? " (" : "", notes,
			       *notes ? ")" : "");
		print_line("%-24s  %-16s  %-36s  %-11s  %-24s  %s",
			   json_text(t, "started"),
			   json_text(t, "transfer_id"),
			   json_text(t, "call_sid"),
			   *json_text(t, "outcome") ? json_text(t, "outcome")
						    : "running",
			   status_text, json_text(t, "refer_to"));
	}
}


/* The profile of the far end, and its effects */
static void print_profile(const cJSON *profile)
{
	const cJSON *rule;
	const char *error = json_text(profile, "error");

	if (*json_text(profile, "name"))
		print_line("profile: %s", json_text(profile, "name"));
	cJSON_ArrayForEach(rule, cJSON_GetObjectItem(profile, "rules"))
	{
		const char *what = cJSON_GetStringValue(rule);

		if (what && !strncmp(what, "line ", 5))
			print_line("profile: %s", what);
	}
	if (*error)
		print_line("profile: %s", error);
}


static void print_refer(const cJSON *dry_run)
{
	char *refer = strdup(json_text(dry_run, "refer"));
	char *rest = refer, *header;
	const cJSON *doubt;

	while (rest && (header = strsep(&rest, "\n"))) {
		header[strcspn(header, "\r")] = '\0';
		if (*header)
			print_line("%s", header);
	}
	free(refer);

	print_profile(cJSON_GetObjectItem(dry_run, "profile"));
	cJSON_ArrayForEach(doubt, cJSON_GetObjectItem(dry_run, "doubts"))
	{
		print_line("doubtful: %s", doubt->valuestring);
	}
}


/**
 * Print the result of a dry run for each target
 *
 * @param dry_run The REFER, and the doubts about it; for several targets all
 *                attempts
 */
void print_dry_run(const cJSON *dry_run)
{
	const cJSON *attempts = cJSON_GetObjectItem(dry_run, "attempts");
	const cJSON *attempt;

	if (!attempts)
		print_refer(dry_run);
	cJSON_ArrayForEach(attempt, attempts)
	{
		if (attempt != attempts->child)
			print_line("%s", "");
		print_refer(attempt);
	}
}


static const char *step_text(char *buf, size_t size, const cJSON *data)
{
	const char *step = json_text(data, "step");
	const char *reason = json_text(data, "reason");
	int status = json_int(data, "call_status");
	char code[256], notes[512], attempt[64];

	if (!status)
		status = json_int(data, "refer_status");

	(void)attempt_text(attempt, sizeof(attempt), data);
	if (!strcmp(step, "requested"))
		(void)snprintf(buf, size, "%-11s  %s%s%s%s", step,
			       json_text(data, "refer_to"),
			       *attempt ? " (" : "", attempt,
			       *attempt ? ")" : "");
	else if (strcmp(step, "ended"))
		(void)snprintf(buf, size, "%-11s  %d %s", step, status,
			       reason);
	else
		(void)snprintf(
			buf, size, "%-11s  %s (%s)",
			json_text(data, "outcome"),
			status ? code_text(code, sizeof(code), status, reason)
			       : reason,
			notes_text(notes, sizeof(notes), data,
				   json_text(data, "evidence")));

	return buf;
}


/**
 * Print a step of a transfer
 *
 * @param data Data of transfer:status
 */
void print_step(const cJSON *data)
{
	char text[4096];

	print_line("%s", step_text(text, sizeof(text), data));
}


/* A step of a verb transfer beside its REFERs; for its end the result */
static const char *event_text(char *buf, size_t size, const cJSON *data)
{
	const char *result = json_text(data, "transfer_result");
	const char *target = json_text(data, "target");
	const char *reason = json_text(data, "reason");
	const int status = json_int(data, "call_status");
	char code[256];

	if (*result)
		reason = json_text(data, "transfer_reason");
	(void)snprintf(buf, size, "%-11s  %s",
		       *result ? result : json_text(data, "transfer_event"),
		       *result  ? reason
		       : status ? code_text(code, sizeof(code), status, reason)
		       : *reason ? reason
				 : target);

	return buf;
}


/**
 * Print a step of a verb transfer.  If the far end calls the target, its REFER
 * and the NOTIFYs show all but the result.
 *
 * @param data Data of transfer:event
 */
void print_event(const cJSON *data)
{
	char text[4096];

	if (!strcmp(json_text(data, "mode"), "warm") ||
	    *json_text(data, "transfer_result"))
		print_line("%s", event_text(text, sizeof(text), data));
}


static const char *state_text(char *buf, size_t size, const cJSON *data)
{
	char code[256];

	(void)snprintf(buf, size, "%-11s  %s", json_text(data, "call_status"),
		       code_text(code, sizeof(code),
				 json_int(data, "sip_status"),
				 json_text(data, "sip_reason")));

	return buf;
}


/**
 * Print the state of a call
 *
 * @param data Data of session:new or call:status
 */
void print_state(const cJSON *data)
{
	char text[4096];

	print_line("%s", state_text(text, sizeof(text), data));
}


/* Summary of a message, by its type */
static const char *message_text(char *buf, size_t size, const char *type,
				const cJSON *m, const cJSON *data)
{
	if (!strcmp(type, "session:new"))
		(void)snprintf(buf, size, "%-11s  %s call from %s to %s",
			       json_text(data, "call_status"),
			       json_text(data, "direction"),
			       json_text(data, "from"), json_text(data, "to"));
	else if (!strcmp(type, "call:status"))
		(void)state_text(buf, size, data);
	else if (!strcmp(type, "transfer:status"))
		(void)step_text(buf, size, data);
	else if (!strcmp(type, "transfer:event"))
		(void)event_text(buf, size, data);
	else if (!strcmp(type, "verb:status"))
		(void)snprintf(buf, size, "%-11s  %s %s",
			       json_text(data, "event"),
			       json_text(data, "verb"), json_text(data, "id"));
	else if (!strcmp(type, "hook:status"))
		(void)snprintf(buf, size, "%-11s  %s",
			       json_text(data, "event"),
			       json_text(data, "hook"));
	else if (!strcmp(type, "node:status"))
		(void)snprintf(
			buf, size, "%-11s  %s %s",
			cJSON_IsTrue(cJSON_GetObjectItem(data, "connected"))
				? "connected"
				: "gone",
			json_text(data, "node"), json_text(data, "reason"));
	else
		(void)snprintf(buf, size, "%-11s  %s", json_text(m, "hook"),
			       json_text(data, "error"));

	return buf;
}


/**
 * Print a message
 *
 * @param message Message of referd
 */
void print_message(const cJSON *message)
{
	const cJSON *data = cJSON_GetObjectItem(message, "data");
	const char *type = json_text(message, "type");
	const char *time = json_text(message, "time");
	char text[4096];

	print_line("%.*s  %-*.*s  %-15s  %s", TIME_LEN,
		   strlen(time) > TIME_START ? time + TIME_START : time,
		   SID_LEN, SID_LEN, json_text(message, "call_sid"), type,
		   message_text(text, sizeof(text), type, message, data));
}
