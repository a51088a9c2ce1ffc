/**
 * @file log.c  Log of the parts of referd in this program
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdarg.h>
#include <stdio.h>
#include "base/base.h"
#include "say.h"


enum { SENTENCE_MAX = 2048 };


void log_print(enum log_level level, const char *fmt, ...)
{
	char text[SENTENCE_MAX];
	va_list ap;
	(void)level;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)say_error(STATUS_ERROR, "%s", text);
}
