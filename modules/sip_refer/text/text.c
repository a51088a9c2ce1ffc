/**
 * @file text.c  Syntax of SIP messages, for reading and writing
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <ctype.h>
#include <string.h>
#include <re.h>
#include "text.h"
#include "syntax.h"


/* RFC 3261 section 25.1, token */
static const char token_marks[] = "-.!%*_+`'~";

/* RFC 3261 section 25.1, user: mark and user-unreserved */
static const char user_marks[] = "-_.!~*'()&=+$,;?/";

/* RFC 3261 section 25.1, hvalue: mark and hnv-unreserved */
static const char hvalue_marks[] = "-_.!~*'()[]/?:+$";

/* RFC 3261 section 25.1, all characters that a URI may have unescaped, and %
 */
static const char uri_marks[] = "-_.!~*'()&=+$,;?/:@[]%";


static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}


static bool is_of(char c, const char *marks)
{
	return c != '\0' && strchr(marks, c);
}


/**
 * Get the length of a UTF-8 sequence
 *
 * @param s Text, which ends with a zero
 *
 * @return Length [bytes], 0 if it does not begin with one
 *
 * Reference: RFC 3629
 */
size_t text_utf8_len(const unsigned char *s)
{
	size_t n, i;

	if (s[0] < 0x80)
		return 1;
	else if (s[0] >= 0xc2 && s[0] <= 0xdf)
		n = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		n = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		n = 4;
	else
		return 0;

	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}

	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;

	return n;
}


/**
 * Check that a header field can have a text: UTF-8 without CR, LF or any other
 * control character. This keeps an application from writing header fields of
 * its own.
 *
 * @param str Text
 *
 * @return True if it can
 */
bool text_is_clean(const char *str)
{
	const unsigned char *s = (const unsigned char *)str;
	size_t n;

	if (!s)
		return false;

	for (; *s; s += n) {

		if (*s < 0x20 || *s == 0x7f)
			return false;

		n = text_utf8_len(s);
		if (!n)
			return false;

		/* C1 controls, U+0080 to U+009F */
		if (s[0] == 0xc2 && s[1] < 0xa0)
			return false;
	}

	return true;
}


bool text_is_token(const char *str)
{
	if (!str || !*str)
		return false;

	for (; *str; str++) {
		if (!is_alnum(*str) && !is_of(*str, token_marks))
			return false;
	}

	return true;
}


/**
 * Check that a text has only characters that a SIP or tel URI may have
 *
 * @param pl Text
 *
 * @return True if so
 */
bool text_is_uri(const struct pl *pl)
{
	size_t i;

	for (i = 0; i < pl->l; i++) {

		const char c = pl->p[i];

		if (!is_alnum(c) && !is_of(c, uri_marks))
			return false;

		if (c == '%' &&
		    (i + 2 >= pl->l || !isxdigit((uint8_t)pl->p[i + 1]) ||
		     !isxdigit((uint8_t)pl->p[i + 2])))
			return false;
	}

	return true;
}


/**
 * Tell whether a character is white space in a header field
 *
 * @param c Character
 *
 * @return True if it is
 */
bool text_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}


/**
 * Leave out the white space around a text, folded lines too
 *
 * @param pl Text
 */
void text_trim(struct pl *pl)
{
	while (pl->l && text_is_space(*pl->p))
		pl_advance(pl, 1);

	while (pl->l && text_is_space(pl->p[pl->l - 1]))
		--pl->l;
}


/* The parameter at the begin of a text, which is passed over */
static void param_next(struct pl *name, struct pl *val, struct pl *text)
{
	const char *eq = NULL;
	bool quoted = false;

	name->p = text->p;
	for (; text->l && (quoted || *text->p != ';'); pl_advance(text, 1)) {

		if (quoted && *text->p == '\\' && text->l > 1)
			pl_advance(text, 1);
		else if (*text->p == '"')
			quoted = !quoted;
		else if (*text->p == '=' && !eq)
			eq = text->p;
	}

	name->l = (eq ? eq : text->p) - name->p;
	val->p = eq ? eq + 1 : text->p;
	val->l = text->p - val->p;
	text_trim(name);
	text_trim(val);

	if (text->l)
		pl_advance(text, 1);
}


/**
 * Get a parameter of a header field
 *
 * @param val    Its value; a quoted string without its quotes, empty if the
 *               parameter has none
 * @param params Parameters, each after a semicolon
 * @param name   Name
 *
 * @return True if it exists
 *
 * Reference: RFC 3261 section 25.1, generic-param
 */
bool text_param(struct pl *val, const struct pl *params, const char *name)
{
	struct pl left = *params, key, v;

	while (left.l) {

		param_next(&key, &v, &left);
		if (pl_strcasecmp(&key, name))
			continue;

		if (v.l > 1 && *v.p == '"' && v.p[v.l - 1] == '"') {
			pl_advance(&v, 1);
			--v.l;
		}
		*val = v;

		return true;
	}

	return false;
}


void text_unescape(char *str)
{
	char *to = str;

	for (; *str; str++) {
		if (*str == '\\' && str[1])
			++str;
		*to++ = *str;
	}
	*to = '\0';
}


/**
 * Print a text as the inside of a quoted-string (RFC 3261 section 25.1)
 *
 * @param pf  Print function
 * @param str Text
 *
 * @return 0, or what pf fails with
 */
int text_print_quoted(struct re_printf *pf, const char *str)
{
	int err = 0;

	for (; *str && !err; str++) {
		if (*str == '"' || *str == '\\')
			err = pf->vph("\\", 1, pf->arg);
		if (!err)
			err = pf->vph(str, 1, pf->arg);
	}

	return err;
}


static int print_escaped(struct re_printf *pf, const char *str,
			 const char *marks)
{
	int err = 0;

	for (; *str && !err; str++) {
		if (is_alnum(*str) || is_of(*str, marks))
			err = pf->vph(str, 1, pf->arg);
		else
			err = re_hprintf(pf, "%%%02X", (uint8_t)*str);
	}

	return err;
}


/**
 * Print a user part, escaped (RFC 3261 section 25.1)
 *
 * @param pf   Print function
 * @param user User part, unescaped
 *
 * @return 0, or what pf fails with
 */
int text_print_user(struct re_printf *pf, const char *user)
{
	return print_escaped(pf, user, user_marks);
}


int text_print_hvalue(struct re_printf *pf, const char *str)
{
	return print_escaped(pf, str, hvalue_marks);
}
