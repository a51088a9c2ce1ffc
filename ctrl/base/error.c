/**
 * @file error.c  The fault of a message, as one sentence
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


/* Writes where the fault is, and the sentence.  Without a subject, the verb is
   that of the sentence, or the position is. */
static void write_text(struct error *f, const char *subject,
		       const char *sentence, bool whole)
{
	char pos[24] = "";
	const bool verb_leads = !whole && !subject && *f->verb;
	const bool pos_leads = !whole && !subject && !*f->verb;

	if (f->position >= 0)
		(void)snprintf(pos, sizeof(pos), "verbs[%d]%s", f->position,
			       pos_leads ? " " : ": ");

	(void)snprintf(f->text, sizeof(f->text), "%s%s%s%s%s%s", pos, f->verb,
		       verb_leads ? " "
		       : *f->verb ? ": "
				  : "",
		       subject ? subject : "", subject ? " " : "", sentence);

	/* the cut may have split a character */
	text_repair(f->text);
}


static void set_field(struct error *f, int status, const char *field)
{
	(void)snprintf(f->field, sizeof(f->field), "%s", field ? field : "");
	text_repair(f->field);
	f->status = status;
}


int error_set(struct error *f, int status, const char *field, const char *fmt,
	      ...)
{
	char rest[256];
	bool whole;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(rest, sizeof(rest), fmt, ap);
	va_end(ap);

	whole = *rest < 'a' || *rest > 'z';
	write_text(f, whole ? NULL : field, rest, whole);
	set_field(f, status, field);

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

	if (!field || !len || strcmp(field, f->verb) != 0) {
		write_text(f, NULL, error, true);
		set_field(f, status, field);
		return;
	}

	if (!strncmp(error, f->verb, len) && error[len] == ' ')
		error += len + 1;

	(void)error_set(f, 409, NULL, "%s", error);
}
