/**
 * @file farend.c  A far end that sends SIP messages to the whole module
 *
 * It also plays the requests of referd, and lets time pass.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "unit.h"
#include <cjson/cJSON.h>
#include <string.h>
#include <re.h>
#include "linkrequest.h"
#include "host/host.h"
#include "text/text.h"
#include "control.h"
#include "baresip.h"
#include "anninvite.h"
#include "farend.h"


/**
 * Call the gateway, which answers
 *
 * @param headers Further headers of the INVITE, "" for none
 *
 * @return The call
 */
struct call *farend_call(const char *headers)
{
	char invite[512];
	struct call *call;

	(void)re_snprintf(invite, sizeof(invite), ANN_INVITE, headers);
	call = baresip_call(invite);
	baresip_answered(call);
	time_passes(0);
	referd_read();

	return call;
}


/**
 * Send a message
 *
 * @param fmt Message, as re_printf() has it
 */
void farend_send(const char *fmt, ...)
{
	struct mbuf *mb = mbuf_alloc(1024);
	struct sip_msg *msg;
	va_list ap;

	va_start(ap, fmt);
	assert_int_equal(mbuf_vprintf(mb, fmt, ap), 0);
	va_end(ap);

	mb->pos = 0;
	assert_int_equal(sip_msg_decode(&msg, mb), 0);
	sip_receive(msg);
	mem_deref(msg);
	mem_deref(mb);
	referd_read();
}


/**
 * Answer a request of the module
 *
 * @param method Its method
 * @param cseq   Its number
 * @param status Status line behind the version
 */
void farend_answer(const char *method, unsigned cseq, const char *status)
{
	farend_send("SIP/2.0 %s\r\n"
		    "Via: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK2\r\n"
		    "From: <sip:gw@10.0.0.2>;tag=7\r\n"
		    "To: <sip:ann@10.0.0.1>;tag=a\r\n"
		    "Call-ID: c\r\n"
		    "CSeq: %u %s\r\n"
		    "Content-Length: 0\r\n\r\n",
		    status, cseq, method);
}


/**
 * Send a NOTIFY of a transfer
 *
 * @param cseq   Its number
 * @param state  Subscription-State
 * @param status Status line of the sipfrag behind the version, NULL for none
 */
void farend_notify(unsigned cseq, const char *state, const char *status)
{
	char body[64] = "";

	if (status)
		(void)re_snprintf(body, sizeof(body), "SIP/2.0 %s", status);

	farend_send("NOTIFY sip:gw@10.0.0.2 SIP/2.0\r\n"
		    "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKn%u\r\n"
		    "From: <sip:ann@10.0.0.1>;tag=a\r\n"
		    "To: <sip:gw@10.0.0.2>;tag=0000000000000007\r\n"
		    "Call-ID: c\r\n"
		    "CSeq: %u NOTIFY\r\n"
		    "Event: refer\r\n"
		    "Subscription-State: %s\r\n"
		    "%s"
		    "Content-Length: %zu\r\n\r\n"
		    "%s",
		    cseq, cseq, state,
		    status ? "Content-Type: message/sipfrag\r\n" : "",
		    strlen(body), body);
}


/**
 * Have referd ask something of the module
 *
 * @param sid Call
 * @param fmt Request, as re_printf() has it: JSON text
 */
void farend_request(const char *sid, const char *fmt, ...)
{
	struct node_request rq = {.ref = "r", .call_sid = sid, .run = true};
	char text[512];
	cJSON *json;
	va_list ap;

	va_start(ap, fmt);
	(void)re_vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);

	json = cJSON_Parse(text);
	rq.type = cJSON_GetStringValue(cJSON_GetObjectItem(json, "type"));
	rq.evidence = cJSON_GetStringValue(
		cJSON_GetObjectItem(json, "evidence"));
	rq.reason = cJSON_GetStringValue(cJSON_GetObjectItem(json, "reason"));
	rq.unsubscribe = cJSON_IsTrue(
		cJSON_GetObjectItem(json, "unsubscribe"));
	control_request(&rq, cJSON_GetObjectItem(json, "verbs"));
	cJSON_Delete(json);
	time_passes(0);
	referd_read();
}


static void nothing_handler(void *arg)
{
	(void)arg;
}


/**
 * Let time pass without any other event
 *
 * @param ms Time to pass [ms]
 */
void farend_wait(uint64_t ms)
{
	static struct deadline d;

	deadline_start(&d, ms, nothing_handler, NULL);
	time_passes(ms);
	assert_false(deadline_runs(&d));
	referd_read();
}


/**
 * Copy a text from a message of the module
 *
 * @param to   Buffer; "" if the message has no such member
 * @param size Its size
 * @param json Message of the module
 * @param name Name of the member
 */
void farend_copy(char *to, size_t size, const cJSON *json, const char *name)
{
	const char *text = cJSON_GetStringValue(
		cJSON_GetObjectItem(json, name));

	str_ncpy(to, text ? text : "", size);
}
