/**
 * @file linkreport.c  Reports of a baresip to referd, see docs/link.md
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdlib.h>
#include <string.h>
#include "json.h"
#include "linkreport.h"
#include "textcheck.h"


/* The kinds of reports that have a field are its groups */
enum {
	H = 1 << REPORT_HELLO,
	S = 1 << REPORT_SYNC,
	C = 1 << REPORT_CALL,
	T = 1 << REPORT_TRANSFER,
	R = 1 << REPORT_RESULT,
	P = 1 << REPORT_PLAYED,
	D = 1 << REPORT_DTMF,
	A = 1 << REPORT_RESPONSE,
	K = 1 << REPORT_CAPTURE,
};

static const char *const names[REPORT_KINDS] = {
	"hello",  "sync", "call",     "transfer", "result",
	"played", "dtmf", "response", "capture"};

const struct field report_fields[] = {
	FIELD("type", TEXT, report, type, 0),
	FIELD("n", INT, report, n, S | C | T | R | P | D | A | K),
	FIELD("time", MS, report, time, S | C | T | R | P | D | A | K),
	FIELD("ref", TEXT, report, ref, T | R | P | A),
	FIELD("protocol", INT, report, protocol, H),
	FIELD("node", TEXT, report, node, H),
	FIELD("boot", TEXT, report, instance, H),
	FIELD("version", TEXT, report, version, H),
	FIELD("baresip", TEXT, report, baresip, H),
	FIELD("libre", TEXT, report, libre, H),
	FIELD("aor", TEXT, report, aor, H),
	FIELD("first", INT, report, first, H),
	FIELD("next", INT, report, next, H),
	FIELD("event", TEXT, report, event, C),
	FIELD("call_sid", TEXT, report, call_sid, T | P | D | A | K),
	FIELD("transfer_id", TEXT, report, transfer_id, T | K),
	FIELD("step", TEXT, report, step, T),
	FIELD("refer_to", TEXT, report, refer_to, T),
	FIELD("referred_by", TEXT, report, referred_by, T),
	FIELD("reason", TEXT, report, reason, T | P | A),
	FIELD("outcome", TEXT, report, outcome, T),
	FIELD("evidence", TEXT, report, evidence, T),
	FIELD("confidence", TEXT, report, confidence, T),
	FIELD("media", MAYBE, report, media, T),
	FIELD("refer_status", STATUS, report, refer_status, T),
	FIELD("call_status", STATUS, report, call_status, T),
	FIELD("sip", JSON, report, sip, T),
	FIELD("ms", INT, report, ms, P),
	FIELD("digit", TEXT, report, digit, D),
	FIELD("by", TEXT, report, by, D),
	FIELD("sip_status", STATUS, report, sip_status, A),
	FIELD("packets", LIST, report, packets, K),
	FIELD("ok", BOOL, report, ok, R),
	FIELD("index", INT, report, index, R),
	FIELD("field", TEXT, report, field, R),
	FIELD("error", TEXT, report, error, R | A),
	FIELD("dry_run", JSON, report, dry_run, R),
	FIELD("more", BOOL, report, more, 0),
	FIELD("call", JSON, report, call_text, 0),
	FIELDS_END,
};

const struct field call_info_fields[] = {
	FIELD("sid", TEXT, call_info, sid, 1),
	FIELD("call_id", TEXT, call_info, call_id, 1),
	FIELD("direction", TEXT, call_info, direction, 1),
	FIELD("from", TEXT, call_info, from, 1),
	FIELD("to", TEXT, call_info, to, 1),
	FIELD("caller_name", TEXT, call_info, caller_name, 1),
	FIELD("account", TEXT, call_info, account, 1),
	FIELD("state", TEXT, call_info, state, 1),
	FIELD("sip_status", STATUS, call_info, sip_status, 1),
	FIELD("sip_reason", TEXT, call_info, sip_reason, 1),
	FIELD("started", MS, call_info, started, 1),
	FIELD("duration", INT, call_info, duration, 1),
	FIELD("headers", JSON, call_info, headers, 1),
	FIELD("uui", LIST, call_info, uui, 1),
	FIELD("ref", TEXT, call_info, ref, 1),
	FIELDS_END,
};


/**
 * Get the name of a kind of reports
 *
 * @param kind Kind
 *
 * @return Its `type` on the link
 */
const char *report_name(enum report_kind kind)
{
	return names[kind];
}


static void print_sync(struct json *j, const struct report *r)
{
	json_open(j, "transfers", '[');
	for (size_t i = 0; i < r->transferc; i++)
		json_str(j, NULL, r->transfers[i]);
	json_close(j, ']');

	if (r->more)
		json_bool(j, "more", true);
}


static void print_call(struct json *j, const struct report *r)
{
	json_open(j, "call", '{');
	fields_print(j, &r->call, call_info_fields, FIELDS_ALL);
	json_close(j, '}');
}


/**
 * Write a report as a line of the link has it
 *
 * @param j Text
 * @param r Report
 */
void report_print(struct json *j, const struct report *r)
{
	json_open(j, NULL, '{');
	json_str(j, "type", names[r->kind]);
	fields_print(j, r, report_fields, 1U << r->kind);
	if (r->kind == REPORT_SYNC)
		print_sync(j, r);
	else if (r->kind == REPORT_CALL)
		print_call(j, r);
	json_close(j, '}');
}


static size_t transfers_room(const struct report *r)
{
	size_t room = 0;

	for (size_t i = 0; i < r->transferc; i++)
		room += strlen(r->transfers[i]) + 1;

	return room;
}


static char *transfers_move(struct report *r, const char **list, char *room)
{
	for (size_t i = 0; i < r->transferc; i++) {
		const size_t size = strlen(r->transfers[i]) + 1;

		memcpy(room, r->transfers[i], size);
		list[i] = room;
		room += size;
	}
	r->transfers = list;

	return room;
}


/**
 * Copy a report with all its texts.  The reader may rely on UTF-8: the copy
 * repairs invalid bytes, as a line does.
 *
 * @param r     Report that was not read from a line
 * @param sizep Size of the copy [bytes]
 *
 * @return Copy in one piece, to be freed with free(); NULL if out of memory
 */
struct report *report_copy(const struct report *r, size_t *sizep)
{
	const size_t lists = r->transferc * sizeof(*r->transfers);
	const unsigned groups = 1U << r->kind;
	const bool call = r->kind == REPORT_CALL;
	struct report *copy;
	char *texts, *end;
	size_t room;

	room = fields_room(r, report_fields, groups) + transfers_room(r);
	if (call)
		room += fields_room(&r->call, call_info_fields, FIELDS_ALL);

	*sizep = sizeof(*copy) + lists + room;
	copy = malloc(*sizep);
	if (!copy)
		return NULL;

	*copy = *r;
	copy->type = names[r->kind];
	texts = (char *)(copy + 1) + lists;
	end = fields_move(copy, report_fields, groups, texts);
	end = transfers_move(copy, (const char **)(void *)(copy + 1), end);
	if (call)
		(void)fields_move(&copy->call, call_info_fields, FIELDS_ALL,
				  end);
	utf8_repair(texts, room);

	return copy;
}
