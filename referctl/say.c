/**
 * @file say.c  Errors, each in one sentence
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdarg.h>
#include <stdio.h>
#include "print.h"
#include "say.h"


enum { SENTENCE_MAX = 2048 };


/**
 * Print an error
 *
 * @param status Exit status that it leads to
 * @param fmt    Format of the sentence, without a newline
 *
 * @return The status
 */
enum status say_error(enum status status, const char *fmt, ...)
{
	char text[SENTENCE_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);

	/* Earlier output comes first */
	(void)fflush(stdout);
	print_clean(text);
	(void)fprintf(stderr, "referctl: %s\n", text);

	return status;
}
