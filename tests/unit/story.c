/**
 * @file story.c  A call with its transfers, as a story of a few words
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "unit.h"
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>
#include "baresip.h"
#include "farend.h"
#include "story.h"


struct story story;


/* Records one member of a message of that type */
static void tell(const cJSON *json, const char *type, const char *value,
		 const char *member)
{
	const size_t len = strlen(story.told);
	char text[16];

	farend_copy(text, sizeof(text), json, type);
	if (strcmp(text, value))
		return;

	farend_copy(text, sizeof(text), json, member);
	(void)re_snprintf(story.told + len, sizeof(story.told) - len, "%s%s",
			  len ? " " : "", text);
}


static void read_end(const cJSON *json)
{
	const cJSON *media = cJSON_GetObjectItem(json, "media");

	++story.ended.count;
	farend_copy(story.ended.outcome, sizeof(story.ended.outcome), json,
		    "outcome");
	farend_copy(story.ended.evidence, sizeof(story.ended.evidence), json,
		    "evidence");
	farend_copy(story.ended.confidence, sizeof(story.ended.confidence),
		    json, "confidence");
	farend_copy(story.ended.reason, sizeof(story.ended.reason), json,
		    "reason");
	story.ended.media = "untold";
	if (media)
		story.ended.media = cJSON_IsTrue(media) ? "yes" : "no";
}


static void line_handler(const cJSON *json)
{
	const cJSON *c = cJSON_GetObjectItem(json, "call");
	char text[16];

	if (c && !*story.sid)
		farend_copy(story.sid, sizeof(story.sid), c, "sid");

	farend_copy(text, sizeof(text), json, "event");
	if (!strcmp(text, "closed"))
		story.closed = true;

	if (cJSON_HasObjectItem(json, "ok"))
		farend_copy(story.error, sizeof(story.error), json, "error");

	tell(json, "type", "result", "ref");
	tell(json, "type", "transfer", "step");
	farend_copy(text, sizeof(text), json, "step");
	if (!strcmp(text, "ended"))
		read_end(json);
}


/**
 * Load the module, and have a far end call
 *
 * @param headers Further headers of its INVITE, "" for none
 * @param media   True if it sends media
 */
void story_begin(const char *headers, bool media)
{
	memset(&story, 0, sizeof(story));
	story.cseq = 1;

	baresip_open(false);
	if (media)
		baresip_media(10);
	referd_listener(line_handler);
	referd_welcome();
	story.call = farend_call(headers);
}


/**
 * Unload the module
 */
void story_end(void)
{
	referd_listener(NULL);
	baresip_close();
	baresip_settings(NULL);
}


/**
 * Have referd run a verb
 *
 * @param fields JSON text of its members
 */
void story_verb(const char *fields)
{
	farend_request(story.sid,
		       "{\"type\":\"verbs\",\"ref\":\"r\",\"call_sid\":\"%s\","
		       "\"run\":true,\"verbs\":[{%s}]}",
		       story.sid, fields);
}


/**
 * Have referd run sip:refer
 *
 * @param fields Further members, with a comma before each, "" for none
 */
void story_refer(const char *fields)
{
	char text[256];

	(void)re_snprintf(text, sizeof(text),
			  "\"verb\":\"sip:refer\",\"referTo\":\"100\"%s",
			  fields);
	story_verb(text);
}


/**
 * Have referd give the transfer up
 *
 * @param fields Further members of its request, with a comma before each, ""
 *               for none
 */
void story_cancel(const char *fields)
{
	farend_request(
		story.sid,
		"{\"type\":\"cancel\",\"ref\":\"x\",\"call_sid\":\"%s\"%s}",
		story.sid, fields);
}


static void bye(void)
{
	farend_send("BYE sip:gw@10.0.0.2 SIP/2.0\r\n"
		    "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKb\r\n"
		    "From: <sip:ann@10.0.0.1>;tag=a\r\n"
		    "To: <sip:gw@10.0.0.2>;tag=0000000000000007\r\n"
		    "Call-ID: c\r\n"
		    "CSeq: 1000 BYE\r\n"
		    "Content-Length: 0\r\n\r\n");
}


static void notify(const char *state, const char *status)
{
	farend_notify(++story.cseq, state, *status ? status : NULL);
}


static void play_step(const char *step)
{
	if (!strcmp(step, "cancel"))
		story_cancel("");
	else if (!strcmp(step, "bye"))
		bye();
	else if (!strcmp(step, "media"))
		baresip_media(10);
	else if (!strcmp(step, "timeout"))
		sip_fail(ETIMEDOUT);
	else if (!strcmp(step, "transport"))
		sip_fail(ECONNREFUSED);
	else if (!strcmp(step, "closed"))
		baresip_closed(story.call, "Connection reset by peer");
	else if (*step == 'n')
		notify("active", step + 1);
	else if (*step == 't')
		notify("terminated;reason=noresource", step + 1);
	else if (step[strspn(step, "0123456789")])
		farend_answer("REFER", 1, step);
	else
		farend_wait(strtoul(step, NULL, 10));
}


/**
 * Play events in order of time
 *
 * @param text Events, with a comma between. A status line is the answer to the
 *             REFER, or a NOTIFY after "n"; "t" is the end of the
 *             subscription, with or without a status; a number is a pause in
 *             ms; "timeout" and "transport" are failures to send the REFER;
 *             "closed" is the end of the call.
 */
void story_play(const char *text)
{
	char *copy = strdup(text), *rest = copy, *step;

	while ((step = strsep(&rest, ",")) != NULL)
		play_step(step);

	free(copy);
	time_passes(0);
	referd_read();
}
