/**
 * @file follow.c  Waits for what becomes of something
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "follow.h"
#include "http.h"
#include "print.h"
#include "ws.h"


enum {
	PATIENCE = 60, /* seconds that a restart of referd may take */
};

struct follow {
	const char *sid; /* of the call, NULL for all */
	const char *id;  /* of the verb, or of the message */
	bool json;
	bool quiet; /* nothing is said to people if all is well */
	bool begun;
	bool over;  /* the call is */
	bool ended; /* an attempt has, of those that there may be */
	enum status status;
};


static const cJSON *data_of(const cJSON *message)
{
	return cJSON_GetObjectItem(message, "data");
}


static bool is(const cJSON *message, const char *type)
{
	return !strcmp(json_text(message, "type"), type);
}


static bool is_over(const char *state)
{
	return !strcmp(state, "completed") || !strcmp(state, "failed") ||
	       !strcmp(state, "busy") || !strcmp(state, "no-answer");
}


/**
 * Get the numbers of the last messages, to follow from there.  Prints its
 * errors.
 *
 * @param m Their numbers
 * @param s Settings of the connection
 *
 * @return STATUS_DONE, otherwise the exit status
 */
enum status follow_now(struct moment *m, const struct settings *s)
{
	cJSON *health = NULL;
	enum status status = http_get(&health, s, "/healthz");

	m->seq = field_int(health, "last_seq", -1);
	m->fleet = field_int(health, "fleet_seq", -1);
	m->member = cJSON_HasObjectItem(health, "fleet");

	/* Without a token, the answer has only the health of referd */
	if (!status && m->seq < 0)
		status = http_no_token(s);
	cJSON_Delete(health);

	return status;
}


/**
 * Get the number of the last message of this referd.  Prints its errors.
 *
 * @param seqp Its number
 * @param s    Settings of the connection
 *
 * @return STATUS_DONE, otherwise the exit status
 */
enum status follow_seq(int64_t *seqp, const struct settings *s)
{
	struct moment m;
	enum status status = follow_now(&m, s);

	if (!status)
		*seqp = m.seq;

	return status;
}


static enum status outcome_status(const char *outcome)
{
	static const struct {
		const char *outcome;
		enum status status;
	} outcomes[] = {
		{"transferred", STATUS_DONE},    {"failed", STATUS_FAILED},
		{"presumed", STATUS_PRESUMED},   {"unknown", STATUS_UNKNOWN},
		{"cancelled", STATUS_CANCELLED},
	};

	for (size_t i = 0; i < sizeof(outcomes) / sizeof(*outcomes); i++) {
		if (!strcmp(outcome, outcomes[i].outcome))
			return outcomes[i].status;
	}

	return STATUS_UNKNOWN;
}


/* Whether another of several attempts may follow: not after a success, a
   cancel, the end of the call or the last one */
static bool may_follow(const struct follow *f, const cJSON *data)
{
	const bool cancelled = f->status == STATUS_CANCELLED &&
			       !strcmp(json_text(data, "evidence"),
				       "application");

	return !f->over && !cancelled && f->status != STATUS_DONE &&
	       f->status != STATUS_PRESUMED &&
	       field_int(data, "attempt", 1) < field_int(data, "attempts", 1);
}


/* One of its transfers: for a verb transfer, the end of the verb counts */
static bool take_step(struct follow *f, const cJSON *message)
{
	const cJSON *data = data_of(message);

	f->begun = true;
	f->ended = false;
	if (f->json)
		print_json(message);
	else
		print_step(data);
	if (strcmp(json_text(data, "step"), "ended"))
		return ferror(stdout);

	f->ended = true;
	f->status = outcome_status(json_text(data, "outcome"));

	return f->over || (strcmp(json_text(data, "verb"), "transfer") &&
			   !may_follow(f, data));
}


/* Steps of a verb transfer beside its REFERs, and its result */
static bool take_event(struct follow *f, const cJSON *message)
{
	const cJSON *data = data_of(message);
	const bool bridged = !strcmp(json_text(data, "transfer_result"),
				     "bridged");

	f->begun = true;
	if (f->json)
		print_json(message);
	else
		print_event(data);
	if (strcmp(json_text(data, "transfer_event"), "ended"))
		return ferror(stdout);

	/* Bridged includes presumed */
	if (!bridged || !f->ended)
		f->status = bridged ? STATUS_DONE : STATUS_FAILED;

	return true;
}


static bool take_call_end(struct follow *f)
{
	f->over = true;
	if (!f->begun)
		f->status = say_error(STATUS_FAILED, "the call ended before "
						     "the transfer began");

	return !f->begun || f->ended;
}


/* A verb that waits for its turn is lost when the call ends before it */
static bool transfer_handler(const cJSON *message, void *arg)
{
	const cJSON *data = data_of(message);
	struct follow *f = arg;

	if (strcmp(json_text(message, "call_sid"), f->sid))
		return false;
	if (is(message, "call:status"))
		return is_over(json_text(data, "call_status")) &&
		       take_call_end(f);
	if (is(message, "verb:status"))
		return f->ended &&
		       !strcmp(json_text(data, "event"), "finished") &&
		       !strcmp(json_text(data, "id"), f->id);
	if (strcmp(json_text(data, "verb_id"), f->id))
		return false;
	if (is(message, "transfer:status"))
		return take_step(f, message);

	return is(message, "transfer:event") && take_event(f, message);
}


static bool dial_handler(const cJSON *message, void *arg)
{
	const cJSON *data = data_of(message);
	const char *state = json_text(data, "call_status");
	struct follow *f = arg;

	if (strcmp(json_text(message, "call_sid"), f->sid) ||
	    (!is(message, "session:new") && !is(message, "call:status")))
		return false;

	if (f->json)
		print_json(message);
	else
		print_state(data);

	if (is_over(state))
		f->status = STATUS_FAILED;

	return is_over(state) || !strcmp(state, "in-progress") ||
	       ferror(stdout);
}


static bool all_handler(const cJSON *message, void *arg)
{
	const struct follow *f = arg;

	/* The hello of a later connection has nothing new */
	if (is(message, "hello") && !f->json)
		return false;
	if (f->sid && strcmp(json_text(message, "call_sid"), f->sid))
		return false;

	if (f->json)
		print_json(message);
	else
		print_message(message);

	return ferror(stdout);
}


static bool answer_handler(const cJSON *message, void *arg)
{
	const cJSON *data = data_of(message);
	struct follow *f = arg;

	if (is(message, "ack") && !strcmp(json_text(message, "msgid"), f->id))
		f->status = STATUS_DONE;
	else if (is(message, "jambonz:error") &&
		 !strcmp(json_text(data, "ref"), f->id))
		f->status = STATUS_ERROR;
	else
		return false;

	if (f->json)
		print_json(message);
	else if (f->status)
		(void)say_error(f->status, "%s", json_text(data, "error"));
	else if (!f->quiet)
		print_message(message);

	return true;
}


static enum status run(const struct settings *s, struct ws_request *r,
		       struct follow *f)
{
	enum status status;

	r->arg = f;
	status = ws_run(s, r);

	return status ? status : f->status;
}


/* The call is at another member of the fleet: only a referd with a view gets
   its messages */
static enum status run_elsewhere(const struct settings *s,
				 const struct moment *m, ws_message_h *h,
				 struct follow *f)
{
	if (m->fleet < 0)
		return say_error(STATUS_UNKNOWN,
				 "the result is unknown: the call is at "
				 "another member of the fleet, which this "
				 "referd does not view (--fleet-view)");

	return run(s,
		   &(struct ws_request){.since = m->fleet,
					.fleet = true,
					.patience = PATIENCE,
					.h = h},
		   f);
}


static enum status run_here(const struct settings *s, const struct moment *m,
			    ws_message_h *h, struct follow *f)
{
	return run(s,
		   &(struct ws_request){
			   .since = m->seq, .patience = PATIENCE, .h = h},
		   f);
}


/**
 * Show the steps of a transfer until it has ended.  Prints its errors.
 *
 * @param s    Settings of the connection
 * @param m    When it had not begun
 * @param here False if its call is at another member of the fleet
 * @param sid  Its call
 * @param id   Its verb
 * @param json Whether to print JSON
 *
 * @return Exit status
 */
enum status follow_transfer(const struct settings *s, const struct moment *m,
			    bool here, const char *sid, const char *id,
			    bool json)
{
	struct follow f = {.sid = sid, .id = id, .json = json};

	return here ? run_here(s, m, transfer_handler, &f)
		    : run_elsewhere(s, m, transfer_handler, &f);
}


/* One that has been made here is over, or is in the list */
static bool is_elsewhere(const struct settings *s, const char *sid)
{
	cJSON *calls = NULL;
	const cJSON *call;
	bool here = false;

	if (!http_try(&calls, s, "/calls")) {
		cJSON_ArrayForEach(call, calls)
			here |= !strcmp(json_text(call, "call_sid"), sid);
	}
	cJSON_Delete(calls);

	return !here;
}


/**
 * Show the states of a new call until it is answered or over.  Prints its
 * errors.
 *
 * @param s    Settings of the connection
 * @param m    When it was not made yet
 * @param sid  The call
 * @param json Whether to print JSON
 *
 * @return Exit status
 */
enum status follow_dial(const struct settings *s, const struct moment *m,
			const char *sid, bool json)
{
	struct follow f = {.sid = sid, .json = json};

	/* all members get its messages, whichever made it */
	return m->member && is_elsewhere(s, sid)
		       ? run_elsewhere(s, m, dial_handler, &f)
		       : run_here(s, m, dial_handler, &f);
}


/**
 * Show all messages, without end.  Prints its errors.
 *
 * @param s     Settings of the connection
 * @param since Number of a message, -1 to begin now
 * @param sid   A call, NULL for all
 * @param json  Whether to print JSON
 *
 * @return Exit status
 */
enum status follow_all(const struct settings *s, int64_t since,
		       const char *sid, bool json)
{
	struct follow f = {.sid = sid, .json = json};

	return run(s,
		   &(struct ws_request){.since = since,
					.patience = INT_MAX,
					.h = all_handler},
		   &f);
}


/* An array of verbs has its msgid in the first of them */
static const char *name_message(cJSON *message)
{
	cJSON *first = cJSON_IsArray(message) ? cJSON_GetArrayItem(message, 0)
					      : message;

	if (cJSON_IsObject(first) && !cJSON_HasObjectItem(first, "msgid"))
		(void)cJSON_AddStringToObject(first, "msgid", "referctl");

	return json_text(first, "msgid");
}


static enum status ask(const struct settings *s, cJSON *message, bool json,
		       bool quiet)
{
	bool ack = is(message, "ack");
	struct follow f = {.id = ack ? "" : name_message(message),
			   .json = json,
			   .quiet = quiet};
	char *text = cJSON_PrintUnformatted(message);
	struct ws_request r = {.send = text, .h = ack ? NULL : answer_handler};
	enum status status;

	if (!text)
		return say_error(STATUS_ERROR, "out of memory");

	/* Reports at once if referd is not there, or refuses */
	status = follow_seq(&r.since, s);
	if (!status)
		status = run(s, &r, &f);
	cJSON_free(text);

	return status;
}


/**
 * Send a message, and show the answer.  An ack gets none.  Prints its errors.
 *
 * @param s       Settings of the connection
 * @param message Message; gets a msgid if it has none
 * @param json    Whether to print JSON
 *
 * @return Exit status
 */
enum status follow_answer(const struct settings *s, cJSON *message, bool json)
{
	return ask(s, message, json, false);
}


/**
 * Send a command, and say to people only why it is refused
 *
 * @param s       Settings of the connection
 * @param message Command; gets a msgid if it has none
 * @param json    Whether to print the answer as JSON
 *
 * @return Exit status
 */
enum status follow_command(const struct settings *s, cJSON *message, bool json)
{
	return ask(s, message, json, true);
}
