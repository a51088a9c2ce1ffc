/**
 * @file gateway.c  The baresip at the other end of referd's socket
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cjson/cJSON.h>
#include "referd.h"


enum {
	IN_SIZE = 1 << 18,
	LINE_SIZE = 4096,
	ROUNDS = 32, /* of requests and answers, for one input */
};

static int fd = -1;
static unsigned last_n, last_transfer;
static char in[IN_SIZE];
static size_t inlen;


/**
 * Connect
 */
void gateway_connect(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	gateway_disconnect();
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s",
		       referd_socket());

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		abort();

	referd_turns();
}


/**
 * Lose the connection
 */
void gateway_disconnect(void)
{
	if (fd < 0)
		return;

	(void)close(fd);
	fd = -1;
	inlen = 0;
	referd_turns();
}


/**
 * Forget all that was said
 */
void gateway_reset(void)
{
	gateway_disconnect();
	last_n = 0;
	last_transfer = 0;
}


/**
 * Send data to referd, which may have closed the link
 *
 * @param data Data
 * @param len  Length in bytes
 */
void gateway_say(const void *data, size_t len)
{
	const char *p = data;

	while (fd >= 0 && len) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n <= 0)
			break;

		p += n;
		len -= (size_t)n;
		referd_turns();
	}
}


/**
 * Report something to referd
 *
 * @param fmt Members of the report, but for its number and time
 */
void gateway_report(const char *fmt, ...)
{
	char line[LINE_SIZE];
	size_t len;
	va_list ap;

	len = (size_t)snprintf(line, sizeof(line), "{\"n\":%u,\"time\":1,",
			       ++last_n);
	va_start(ap, fmt);
	len += (size_t)vsnprintf(line + len, sizeof(line) - len, fmt, ap);
	va_end(ap);

	/* a reference may be longer than any that referd makes */
	if (len + 3 > sizeof(line))
		return;

	strcpy(line + len, "}\n");
	gateway_say(line, len + 2);
}


/**
 * Greet, and tell which calls live
 */
void gateway_hello(void)
{
	static const char hello[] =
		"{\"type\":\"hello\",\"protocol\":1,\"node\":\"gw1\","
		"\"boot\":\"b1\",\"version\":\"0.1.0\",\"baresip\":\"1.0.0\","
		"\"libre\":\"1.1.0\",\"first\":1,\"next\":1}\n";

	gateway_say(hello, sizeof(hello) - 1);
	gateway_report("\"type\":\"sync\",\"transfers\":[]");
}


/**
 * Report a call
 *
 * @param event Event of the call
 * @param sid   Its call_sid
 * @param state Its state
 */
void gateway_call(const char *event, const char *sid, const char *state)
{
	gateway_report("\"type\":\"call\",\"event\":\"%s\",\"call\":{"
		       "\"sid\":\"%s\",\"direction\":\"inbound\","
		       "\"from\":\"sip:+4930123@10.0.0.1\","
		       "\"to\":\"sip:100@10.0.0.2\",\"state\":\"%s\","
		       "\"sip_status\":200,\"sip_reason\":\"OK\","
		       "\"headers\":{\"X-Customer\":\"17\"}}",
		       event, sid, state);
}


static void transfer(const char *sid, const char *ref)
{
	static const char *const steps[] = {
		"\"step\":\"requested\",\"refer_to\":\"sip:100@10.0.0.1\"",
		"\"step\":\"accepted\",\"refer_status\":202",
		"\"step\":\"progress\",\"refer_status\":202,"
		"\"call_status\":180,\"reason\":\"Ringing\"",
		"\"step\":\"ended\",\"refer_status\":202,\"call_status\":486,"
		"\"outcome\":\"failed\",\"evidence\":\"notify\"",
	};

	++last_transfer;
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		gateway_report("\"type\":\"transfer\",\"call_sid\":\"%s\","
			       "\"transfer_id\":\"t%u\",\"ref\":\"%s\",%s",
			       sid, last_transfer, ref, steps[i]);
}


static const char *member(const cJSON *obj, const char *name)
{
	const char *s = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(obj, name));

	/* text that needs escapes is not sent back */
	return s && !strpbrk(s, "\"\\") ? s : "";
}


static void run(const cJSON *verb, const char *sid, const char *ref)
{
	const char *name = member(verb, "verb");

	if (!strcmp(name, "sip:refer"))
		transfer(sid, ref);
	else if (!strcmp(name, "answer"))
		gateway_call("status", sid, "in-progress");
	else if (!strcmp(name, "play"))
		gateway_report("\"type\":\"played\",\"call_sid\":\"%s\","
			       "\"ref\":\"%s\",\"reason\":\"completed\","
			       "\"ms\":20",
			       sid, ref);
	else if (*name)
		gateway_call("closed", sid, "completed");
}


/* Confirms a request, and reports its effects at once */
static void answer(const cJSON *request)
{
	const cJSON *verbs = cJSON_GetObjectItemCaseSensitive(request,
							      "verbs");
	const cJSON *first = verbs ? verbs->child : NULL;
	const char *sid = member(request, "call_sid");
	const char *ref = member(request, "ref");
	bool dry = cJSON_IsTrue(
		cJSON_GetObjectItemCaseSensitive(first, "dryRun"));

	if (!*ref)
		return;

	gateway_report("\"type\":\"result\",\"ref\":\"%s\",\"ok\":true%s", ref,
		       dry ? ",\"dry_run\":{\"refer\":\"x\",\"doubts\":[]}"
			   : "");

	if (!strcmp(member(request, "type"), "dial"))
		gateway_call("new", sid, "trying");
	else if (!dry && cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(request,
								       "run")))
		run(first, sid, ref);
}


/* referd sends lines, each a JSON object with a type */
static bool next_request(cJSON **requestp)
{
	char *nl = memchr(in, '\n', inlen);
	size_t len = nl ? (size_t)(nl - in) : 0;

	if (!nl)
		return false;

	*requestp = cJSON_ParseWithLength(in, len);
	if (!cJSON_IsString(cJSON_GetObjectItem(*requestp, "type")))
		abort();

	inlen -= len + 1;
	memmove(in, nl + 1, inlen);

	return true;
}


static bool receive(void)
{
	ssize_t n = -1;

	if (fd >= 0)
		n = recv(fd, in + inlen, sizeof(in) - inlen, MSG_DONTWAIT);
	if (n <= 0)
		return false;

	inlen += (size_t)n;

	return true;
}


/**
 * Get the next request of referd
 *
 * @param text Set to the request, or to ""
 * @param size Room there, in bytes
 *
 * @return Its reference, "" if none is left
 */
const char *gateway_request(char *text, size_t size)
{
	static char ref[128];
	cJSON *request = NULL;

	*text = *ref = '\0';
	while (!*ref && (next_request(&request) || receive())) {
		if (!request)
			continue;

		(void)snprintf(ref, sizeof(ref), "%s", member(request, "ref"));
		if (!cJSON_PrintPreallocated(request, text, (int)size, false))
			abort();
		cJSON_Delete(request);
		request = NULL;
	}

	return ref;
}


/**
 * Confirm the next request of referd
 *
 * @return Reference of the request, "" if none is left
 */
const char *gateway_accept(void)
{
	char text[LINE_SIZE];
	const char *ref = gateway_request(text, sizeof(text));

	if (*ref)
		gateway_report(
			"\"type\":\"result\",\"ref\":\"%s\",\"ok\":true", ref);

	return ref;
}


/**
 * Serve the requests of referd
 *
 * @param silent True to read them only
 */
void gateway_answer(bool silent)
{
	cJSON *request;

	for (int i = 0; i < ROUNDS && receive(); i++) {
		while (next_request(&request)) {
			if (!silent)
				answer(request);
			cJSON_Delete(request);
		}
	}
}
