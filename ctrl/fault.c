/**
 * @file fault.c  What is wrong with a message, as one sentence
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "fault.h"
#include "json.h"


/**
 * Begin with nothing wrong
 *
 * @param f Fault
 */
void fault_init(struct fault *f)
{
	memset(f, 0, sizeof(*f));
	f->position = -1;
	f->status = 400;
}


/**
 * Say what is wrong.  The sentence begins with the verb's position and name,
 * as far as they are known, and with the name of the field.
 *
 * @param f      Fault
 * @param status HTTP status for it
 * @param field  Name of the field at fault, NULL if none is
 * @param fmt    Rest of the sentence
 *
 * @return EBADMSG, for the caller to pass on
 */
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


/**
 * Say what a node found wrong.  Its sentence has the field already.
 *
 * @param f      Fault
 * @param status HTTP status for it
 * @param field  Name of the field at fault, NULL if none is
 * @param error  The sentence
 */
void fault_set_node(struct fault *f, int status, const char *field,
		    const char *error)
{
	(void)fault_set(f, status, NULL, "%s", error);

	if (!field)
		return;

	(void)snprintf(f->field, sizeof(f->field), "%s", field);
	text_repair(f->field);
}
