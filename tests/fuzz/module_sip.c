/**
 * @file module_sip.c  SIP messages of a far end, while its call is transferred
 *
 * A line "%%" separates the messages, both responses and requests. A word may
 * stand in place of a message: "timeout" and "transport" fail the waiting
 * request, "time" lets all timers fire, "second" those that end within one,
 * "refer" transfers the call again, "force" does so regardless of the transfer
 * before, "cancel" gives the transfer up, "hold" and "resume" do so to the
 * call, "close" ends it.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#define _GNU_SOURCE 1
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>
#include "linkrequest.h"
#include "call/call.h"
#include "control.h"
#include "baresip.h"
#include "fuzz.h"


static const char invite[] = "INVITE sip:gw@10.0.0.2 SIP/2.0\r\n"
			     "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\n"
			     "From: <sip:ann@10.0.0.1>;tag=a\r\n"
			     "To: <sip:gw@10.0.0.2>\r\n"
			     "Call-ID: c1\r\n"
			     "CSeq: 1 INVITE\r\n"
			     "Contact: <sip:ann@10.0.0.1:5070>\r\n"
			     "Content-Length: 0\r\n\r\n";

static const char sid[] = "00000000-0000-4003-8000-000000000004";

static struct call *call;


static void request(const char *fmt, ...)
{
	struct node_request rq = {.ref = "r", .call_sid = sid, .run = true};
	char text[512];
	cJSON *json;
	va_list ap;

	va_start(ap, fmt);
	(void)re_vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);

	json = cJSON_Parse(text);
	rq.hold = cJSON_IsTrue(cJSON_GetObjectItem(json, "hold"));
	rq.type = cJSON_GetStringValue(cJSON_GetObjectItem(json, "type"));
	control_request(&rq, cJSON_GetObjectItem(json, "verbs"));
	cJSON_Delete(json);
}


static void refer(bool force)
{
	request("{\"type\":\"verbs\",\"ref\":\"r\",\"call_sid\":\"%s\","
		"\"run\":true,\"verbs\":[{\"verb\":\"sip:refer\","
		"\"referTo\":\"100\",\"force\":%s}]}",
		sid, force ? "true" : "false");
}


static void hold(bool on)
{
	request("{\"type\":\"hold\",\"ref\":\"h\",\"call_sid\":\"%s\","
		"\"hold\":%s}",
		sid, on ? "true" : "false");
}


static void message(const struct pl *text)
{
	struct mbuf *mb = mbuf_alloc(text->l + 1);
	struct sip_msg *msg;

	if (mbuf_write_pl(mb, text))
		abort();

	mb->pos = 0;
	if (!sip_msg_decode(&msg, mb)) {
		sip_receive(msg);
		mem_deref(msg);
	}

	mem_deref(mb);
}


static void step(const struct pl *text)
{
	if (!pl_strcmp(text, "timeout"))
		sip_fail(ETIMEDOUT);
	else if (!pl_strcmp(text, "transport"))
		sip_fail(ECONNREFUSED);
	else if (!pl_strcmp(text, "time"))
		time_passes(UINT64_MAX);
	else if (!pl_strcmp(text, "second"))
		time_passes(1000);
	else if (!pl_strcmp(text, "refer"))
		refer(false);
	else if (!pl_strcmp(text, "force"))
		refer(true);
	else if (!pl_strcmp(text, "cancel"))
		request("{\"type\":\"cancel\",\"ref\":\"x\","
			"\"call_sid\":\"%s\"}",
			sid);
	else if (!pl_strcmp(text, "hold") || !pl_strcmp(text, "resume"))
		hold(text->p[0] == 'h');
	else if (!pl_strcmp(text, "close") && livecalls_find(sid))
		baresip_closed(call, "Connection reset by peer");
	else
		message(text);
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char mark[] = "\n%%\n";
	const char *p = (const char *)data, *end = p + size, *next;

	baresip_open(true);
	referd_welcome();
	call = baresip_call(invite);
	baresip_answered(call);
	if (!livecalls_find(sid))
		abort();
	refer(false);

	for (; p < end; p = next + strlen(mark)) {
		struct pl text = {.p = p};

		next = memmem(p, (size_t)(end - p), mark, strlen(mark));
		next = next ? next : end;
		text.l = (size_t)(next - p);
		step(&text);
		referd_read();
		if (next == end)
			break;
	}

	baresip_close();

	return 0;
}
