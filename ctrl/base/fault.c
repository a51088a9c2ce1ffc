/**
 * @file fault.c  What is wrong with a message, as one sentence
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base.h"
#include "json.h"


void fault_init(struct fault *f)
{
	memset(f, 0, sizeof(*f));
	f->position = -1;
	f->status = 400;
}


int fault_set(struct fault *f, int status, const char *field, const char *fmt,
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


void fault_set_node(struct fault *f, int status, const char *field,
		    const char *error)
{
	(void)fault_set(f, status, NULL, "%s", error);

	if (!field)
		return;

	(void)snprintf(f->field, sizeof(f->field), "%s", field);
	text_repair(f->field);
}
