/**
 * @file ctrl_client.c  Lines as the frames of a client, with two live calls
 *
 * Marks may stand before a frame: '~' it is not the last of its message, '#'
 * it is binary, '$' and '%' it is the body of a POST to /calls and to
 * /calls/c1/verbs, '-' baresip does not answer the resulting requests, '!' all
 * timers fire first, '+' baresip is lost and comes back, '*' and '/' the
 * client ends its connection with 1000 and 1011. An input that begins with '@'
 * uses the jambonz dialect, one that begins with '&' plays an application that
 * referd has connected to.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <stdlib.h>
#include <string.h>
#include "calls/calls.h"
#include "fuzz.h"
#include "referd.h"


enum kind { FRAME, BINARY, DIAL, VERBS };

static struct {
	enum kind kind;
	bool app;
	bool last;
	bool silent;
} now;


static void take_mark(char mark)
{
	switch (mark) {
	case '~': now.last = false; break;
	case '#': now.kind = BINARY; break;
	case '$': now.kind = DIAL; break;
	case '%': now.kind = VERBS; break;
	case '-': now.silent = true; break;
	case '!': referd_time_passes(); break;
	case '*': app_leave(1000); break;
	case '/': app_leave(1011); break;

	case '+':
		gateway_connect();
		gateway_hello();
		break;
	}
}


static void post(const char *body, size_t len)
{
	struct sender sender = {.kind = SENDER_HTTP, .name = "http-1"};
	char *copy = malloc(len + 1);

	memcpy(copy, body, len);
	if (now.kind == DIAL)
		command_dial(&sender, copy, len);
	else
		command_verbs(&sender, "c1", copy, len);

	free(copy);
	referd_turns();
}


static void say(const char *p, const char *end)
{
	now.kind = FRAME;
	now.last = true;
	now.silent = false;
	while (p < end && strchr("~#$%-!*/+", *p) && *p)
		take_mark(*p++);

	if (now.kind >= DIAL)
		post(p, (size_t)(end - p));
	else if (now.app)
		app_say(p, (size_t)(end - p), now.last, now.kind == BINARY);
	else
		bot_say(p, (size_t)(end - p), now.last, now.kind == BINARY);

	gateway_answer(now.silent);
	if (!now.silent)
		(void)hook_answer(200, "", 0);
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *end = p + size, *nl;
	bool jambonz = size && *p == '@';

	now.app = size && *p == '&';
	referd_open(now.app ? "ws://127.0.0.1:3000/bot#rc=1" : "");
	gateway_connect();
	gateway_hello();
	gateway_call("new", "c1", "in-progress");
	gateway_call("new", "c2", "ringing");
	bot_connect(jambonz);

	for (p += jambonz || now.app; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		nl = nl ? nl : end;
		say(p, nl);
	}

	referd_close();

	return 0;
}
