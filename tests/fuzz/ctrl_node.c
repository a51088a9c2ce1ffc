/**
 * @file ctrl_node.c  Lines as a baresip says them on the link
 *
 * A client is there and sends verbs to each call that becomes known, so that
 * results and transfers have something that they belong to. A line "=" is a
 * new connection, "!" lets all timers fire.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include "calls/calls.h"
#include "calls/sessions.h"
#include "fuzz.h"
#include "referd.h"


static const char verbs[] =
	"[{\"verb\":\"sip:refer\",\"referTo\":\"100\",\"id\":\"v\","
	"\"eventHook\":\"/e\"},{\"verb\":\"play\",\"url\":\"a.wav\"},"
	"{\"verb\":\"hangup\"}]";


static bool sent;


/* Verbs for the first call, once */
static void send_verbs(void)
{
	const struct session *s = session_only();

	if (sent || !s || call_over(s->call))
		return;

	sent = true;
	bot_say_text(verbs);
}


static void say(const char *line, size_t len, bool whole)
{
	if (len == 1 && *line == '=')
		gateway_connect();
	else if (len == 1 && *line == '!')
		referd_time_passes();
	else
		gateway_say(line, len + whole);

	send_verbs();
	gateway_answer(true);
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	sent = false;
	referd_open("");
	bot_connect(false);
	gateway_connect();
	fuzz_lines(data, size, say);
	referd_close();

	return 0;
}
