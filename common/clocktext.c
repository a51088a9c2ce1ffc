/**
 * @file clocktext.c  A time as text
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE 1
#include <string.h>
#include <time.h>
#include "clocktext.h"


/**
 * Write a time as RFC 3339 has it, in UTC
 *
 * @param text Buffer
 * @param ms   Milliseconds since 1970
 */
void clock_text(char text[CLOCK_TEXT_SIZE], int64_t ms)
{
	static _Thread_local time_t last =
		-1; /* second: many messages fall into one */
	static _Thread_local char known[CLOCK_TEXT_SIZE];
	static _Thread_local size_t len;
	time_t sec = (time_t)(ms / 1000);
	int rest = (int)(ms % 1000);
	struct tm tm;

	if (sec != last) {
		(void)gmtime_r(&sec, &tm);
		len = strftime(known, sizeof(known), "%Y-%m-%dT%H:%M:%S.000Z",
			       &tm);
		last = sec;
	}

	memcpy(text, known, sizeof(known));
	for (size_t i = len - 2; rest > 0 && i > len - 5; i--) {
		text[i] = (char)('0' + rest % 10);
		rest /= 10;
	}
}
