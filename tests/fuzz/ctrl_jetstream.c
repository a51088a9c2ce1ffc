/**
 * @file ctrl_jetstream.c  Any text as an answer of JetStream
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <stdlib.h>
#include <string.h>
#include "fuzz.h"
#include "fleet/ackreply.h"
#include "jetstream.h"


static void check_stream(const char *text)
{
	struct jetstream_stream s;
	struct jetstream_error e;

	if (!jetstream_stream_read(&s, &e, text, "fleet")) {
		(void)jetstream_stream_wrong(&s, 3);
		if (e.code || s.max_bytes < -1 || s.replicas > 99)
			abort();
	}
}


/* It is whole, with a zero behind it, or it is not there */
static void check_message(const char *text)
{
	struct jetstream_message m;
	struct jetstream_error e;
	const int err = jetstream_message_read(&m, &e, text);

	if (err ? m.data != NULL : !m.data || !m.seq || m.data[m.len])
		abort();
	free(m.data);
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ackreply place;
	struct jetstream_error e;
	struct jetstream_ack ack;
	char *text = malloc(size + 1);

	if (!text)
		return 0;

	memcpy(text, data, size);
	text[size] = '\0';
	if (!jetstream_ack_read(&ack, &e, text) && !ack.seq)
		abort();
	(void)ackreply_parse(&place, text);
	check_stream(text);
	check_message(text);
	free(text);

	return 0;
}
