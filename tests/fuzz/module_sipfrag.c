/**
 * @file module_sipfrag.c  Any bytes as the body of a NOTIFY
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <stdlib.h>
#include <re.h>
#include "text/body.h"
#include "text/text.h"
#include "fuzz.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pl body = {.p = (const char *)data, .l = size};
	struct sipfrag frag;
	char *reason;

	if (sipfrag_decode(&frag, &body))
		return 0;

	if (frag.scode < 100 || frag.scode > 699)
		abort();

	/* the reason as a report contains it */
	if (!text_scrub(&reason, &frag.reason)) {
		if (has_controls(reason))
			abort();
		mem_deref(reason);
	}

	return 0;
}
