/**
 * @file number.c  Telephone numbers, as people write them
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <ctype.h>
#include <string.h>
#include <re.h>
#include "syntax.h"
#include "uri.h"


enum {
	NUMBER_MAX = 63, /* [digits] */
};


static bool is_separator(char c)
{
	return c == ' ' || c == '-' || c == '.' || c == '(' || c == ')' ||
	       c == '/';
}


/* The character that a text begins with, escaped or not; it is passed over */
static char next_char(struct pl *text)
{
	const int c = uri_escape(text);
	const char raw = *text->p;

	pl_advance(text, c < 0 ? 1 : 3);

	return c < 0 ? raw : (char)c;
}


/*
 * Copy a number without its visual separators (RFC 3966 section 5.1.1), and
 * without the "(0)" that people write between country code and number: nobody
 * dials it from abroad. A local number may have hexadecimal digits; one with a
 * plus is global. False if it is no number.
 */
static bool number_copy(char *buf, size_t size, struct pl left, bool local)
{
	bool digit = false;
	size_t n = 0;

	while (left.l) {

		char c;

		if (n && buf[0] == '+' && left.l > 2 &&
		    !memcmp(left.p, "(0)", 3)) {
			pl_advance(&left, 3);
			continue;
		}

		c = next_char(&left);
		if (is_separator(c))
			continue;

		if (isdigit((uint8_t)c) ||
		    (local && !(n && buf[0] == '+') && isxdigit((uint8_t)c)))
			digit = true;
		else if (c != '*' && c != '#' && !(c == '+' && n == 0))
			return false;

		if (n + 1 >= size)
			return false;

		buf[n++] = c;
	}

	buf[n] = '\0';

	return digit || (n && buf[0] != '+');
}


/**
 * Write a number for a URI: without visual separators, and with # escaped
 *
 * @param strp   Pointer to the number
 * @param pl     Number as written by a person
 * @param params Parameters of its tel: URI, NULL if it is in none: a local
 *               number may have the digits A to F
 *
 * @return 0, ENOMEM, or EBADMSG if it is no number
 *
 * Reference: RFC 3966 section 3
 */
int number_encode(char **strp, const struct pl *pl, const struct pl *params)
{
	char buf[NUMBER_MAX + 1];
	struct pl context;
	const bool local = params &&
			   text_param(&context, params, "phone-context");

	if (!number_copy(buf, sizeof(buf), *pl, local))
		return EBADMSG;

	return re_sdprintf(strp, "%H", text_print_user, buf);
}


/**
 * Split what follows the scheme of a tel: URI
 *
 * @param number Number
 * @param params Parameters, from the first semicolon on
 * @param tel    Both
 */
void tel_split(struct pl *number, struct pl *params, const struct pl *tel)
{
	const char *p = pl_strchr(tel, ';');

	*number = *tel;
	params->p = p ? p : tel->p + tel->l;
	params->l = tel->p + tel->l - params->p;
	number->l -= params->l;
}
