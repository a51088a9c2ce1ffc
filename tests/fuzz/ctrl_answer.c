/**
 * @file ctrl_answer.c  Lines as the answers of HTTP servers to hooks
 *
 * Each line is a status, a space and a body. The first is the answer to the
 * hook of an incoming call, the others answer the hooks that follow, or else a
 * redirect. '!' before the status lets all timers fire, '-' keeps baresip from
 * answering.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <stdlib.h>
#include <string.h>
#include "fuzz.h"
#include "referd.h"


static const char app[] = "http://user:password@127.0.0.1:3000/app";

static const char redirect[] =
	"[{\"call_sid\":\"c2\",\"verb\":\"redirect\",\"actionHook\":"
	"{\"url\":\"https://127.0.0.1/next\",\"method\":\"GET\"}}]";


static void answer(const char *p, const char *end)
{
	bool silent = false;
	long status = 0;

	for (; p < end && (*p == '!' || *p == '-'); p++) {
		if (*p == '!')
			referd_time_passes();
		else
			silent = true;
	}

	for (; p < end && *p >= '0' && *p <= '9'; p++)
		status = (status * 10 + *p - '0') % 1000;
	if (p < end)
		++p;

	if (!hook_answer(status, p, (size_t)(end - p))) {
		bot_say_text(redirect);
		(void)hook_answer(status, p, (size_t)(end - p));
	}

	gateway_answer(silent);
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *end = p + size, *nl;

	referd_open(app);
	bot_connect(false);
	gateway_connect();
	gateway_hello();
	gateway_call("new", "c1", "ringing");
	gateway_call("live", "c2", "in-progress");

	for (; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		nl = nl ? nl : end;
		answer(p, nl);
	}

	referd_close();

	return 0;
}
