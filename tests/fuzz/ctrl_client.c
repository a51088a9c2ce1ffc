/**
 * @file ctrl_client.c  Lines as the frames of a client, with two live calls
 *
 * Marks may stand before a frame: '~' it is not the last of its message, '#'
 * it is binary, '-' baresip does not answer what comes of it, '!' all timers
 * fire first, '+' baresip is lost and comes back. An input that begins with
 * '@' speaks the jambonz dialect.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <stdlib.h>
#include <string.h>
#include "fuzz.h"
#include "referd.h"


/* Returns where the frame begins */
static const char *take_marks(const char *p, const char *end, bool *lastp,
			      bool *binaryp, bool *silentp)
{
	*lastp = true;
	*binaryp = *silentp = false;

	for (; p < end; p++) {
		switch (*p) {
		case '~': *lastp = false; break;
		case '#': *binaryp = true; break;
		case '-': *silentp = true; break;
		case '!': referd_time_passes(); break;

		case '+':
			gateway_connect();
			gateway_hello();
			break;

		default: return p;
		}
	}

	return p;
}


static void say(const char *line, size_t len)
{
	const char *end = line + len;
	bool last, binary, silent;
	const char *frame = take_marks(line, end, &last, &binary, &silent);

	bot_say(frame, (size_t)(end - frame), last, binary);
	gateway_answer(silent);
	if (!silent)
		(void)hook_answer(200, "", 0);
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *end = p + size, *nl;
	bool jambonz = size && *p == '@';

	referd_open("");
	gateway_connect();
	gateway_hello();
	gateway_call("new", "c1", "in-progress");
	gateway_call("new", "c2", "ringing");
	bot_connect(jambonz);

	for (p += jambonz; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		nl = nl ? nl : end;
		say(p, (size_t)(nl - p));
	}

	referd_close();

	return 0;
}
