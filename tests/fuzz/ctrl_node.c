/**
 * @file ctrl_node.c  Lines as a baresip says them on the link
 *
 * A client is there and sends verbs to each call that becomes known, so that
 * results and transfers have something that they belong to. A line "=" is a
 * new connection, "!" lets all timers fire.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <stdlib.h>
#include <string.h>
#include "call.h"
#include "fuzz.h"
#include "referd.h"
#include "session.h"


static const char verbs[] =
	"[{\"verb\":\"sip:refer\",\"referTo\":\"100\",\"id\":\"v\","
	"\"eventHook\":\"/e\"},{\"verb\":\"play\",\"url\":\"a.wav\"},"
	"{\"verb\":\"hangup\"}]";


/* Verbs for the first call, once */
static void send_verbs(bool *sentp)
{
	const struct session *s = session_only();

	if (*sentp || !s || call_over(s->call))
		return;

	*sentp = true;
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
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *end = p + size, *nl;
	bool sent = false;

	referd_open("");
	bot_connect(false);
	gateway_connect();

	for (; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (nl)
			say(p, (size_t)(nl - p), true);
		else
			say(p, (size_t)((nl = end) - p), false);

		send_verbs(&sent);
		gateway_answer(true);
	}

	referd_close();

	return 0;
}
