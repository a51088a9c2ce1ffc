/**
 * @file error.c  What is wrong with a message, as one sentence
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base.h"
#include "textcheck.h"


void error_init(struct error *f)
{
	memset(f, 0, sizeof(*f));
	f->position = -1;
	f->status = 400;
}


int error_set(struct error *f, int status, const char *field, const char *fmt,
	      ...)
{
	char pos[24] = "";
	char rest[256];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(rest, sizeof(rest), fmt, ap);
	va_end(ap);

	if (f->position >= 0)
		(void)snprintf(pos, sizeof(pos), "verbs[%d]: ", f->position);

	(void)snprintf(f->text, sizeof(f->text), "%s%s%s%s%s%s", pos, f->verb,
		       *f->verb ? ": " : "", field ? field : "",
		       field ? ": " : "", rest);
	(void)snprintf(f->field, sizeof(f->field), "%s", field ? field : "");
	f->status = status;

	/* what was cut off may have been half a character */
	text_repair(f->text);
	text_repair(f->field);

	return EBADMSG;
}


void error_trace(struct error *f, const char *trace)
{
	if (trace)
		(void)snprintf(f->trace, sizeof(f->trace), "%s", trace);
}


void error_set_node(struct error *f, int status, const char *field,
		    const char *error)
{
	const size_t len = strlen(f->verb);

	if (field && len && !strcmp(field, f->verb)) {
		field = NULL;
		status = 409;
		if (!strncmp(error, f->verb, len) &&
		    !strncmp(error + len, ": ", 2))
			error += len + 2;
	}

	(void)error_set(f, status, NULL, "%s", error);

	if (!field)
		return;

	(void)snprintf(f->field, sizeof(f->field), "%s", field);
	text_repair(f->field);
}
