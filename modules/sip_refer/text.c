/**
 * @file text.c  What may stand in a SIP message, and how it is written there
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <ctype.h>
#include <stdarg.h>
#include <string.h>
#include <re.h>
#include "sip_refer.h"


/* RFC 3261 section 25.1, token */
static const char token_marks[] = "-.!%*_+`'~";

/* RFC 3261 section 25.1, user: mark and user-unreserved */
static const char user_marks[] = "-_.!~*'()&=+$,;?/";

/* RFC 3261 section 25.1, hvalue: mark and hnv-unreserved */
static const char hvalue_marks[] = "-_.!~*'()[]/?:+$";

/* RFC 3261 section 25.1, all that may stand in a URI unescaped, and % */
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


/* Length of the UTF-8 sequence at s, 0 if it is not one (RFC 3629) */
static size_t utf8_seq(const unsigned char *s)
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
 * Say what is wrong with a field. The first error stands.
 *
 * @param error Error to set, may be NULL
 * @param field Name of the field
 * @param fmt   What it should be, e.g. "must be a string"
 *
 * @return EBADMSG, so that a check can return it
 */
int error_set(struct error *error, const char *field, const char *fmt, ...)
{
	va_list ap;

	if (!error || error->text[0])
		return EBADMSG;

	va_start(ap, fmt);
	(void)re_snprintf(error->text, sizeof(error->text), "%s: %v", field,
			  fmt, &ap);
	va_end(ap);

	str_ncpy(error->field, field, sizeof(error->field));

	return EBADMSG;
}


/**
 * Check that a text can stand in a header field: UTF-8 without CR, LF or any
 * other control character. This is what keeps an application from writing
 * header fields of its own.
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

		n = utf8_seq(s);
		if (!n)
			return false;

		/* C1 controls, U+0080 to U+009F */
		if (s[0] == 0xc2 && s[1] < 0xa0)
			return false;
	}

	return true;
}


/**
 * Check that a text is a token (RFC 3261 section 25.1)
 *
 * @param str Text
 *
 * @return True if it is
 */
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
 * Check that a text has only characters that may stand in a SIP or tel URI
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


/* Length of the linear white space at p: spaces, tabs and folds (RFC 3261
   section 25.1, LWS); whether it is of spaces alone */
static size_t lws_len(const char *p, const char *end, bool *spaces)
{
	const char *begin = p, *q;

	for (*spaces = true; p < end; p = q) {

		q = p;
		if (q < end && *q == '\r')
			++q;
		if (q < end && *q == '\n')
			++q;
		else
			q = p;

		if (q == end || (*q != ' ' && *q != '\t'))
			break;

		*spaces = *spaces && *p == ' ';
		++q;
	}

	return p - begin;
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


/* What stands for the text at p, and how long that is there */
static size_t scrub_next(const char *p, const char *end, const char **sp,
			 size_t *lp)
{
	bool spaces;
	size_t n;

	*sp = p;
	*lp = 1;
	if (*p > 0x20 && *p < 0x7f)
		return 1; /* nearly everything */

	n = lws_len(p, end, &spaces);
	if (n) {
		*lp = spaces ? n : 1;
		if (!spaces)
			*sp = " ";
		return n;
	}

	n = *p & 0x80 ? utf8_seq((const unsigned char *)p) : 0;
	if (n)
		*lp = n;
	else
		*sp = "?";

	return n ? n : 1;
}


/**
 * Copy a text that came from the network, so that it can stand in JSON: folded
 * lines and tabs become a space (RFC 3261 section 7.3.1), what else is not
 * clean a question mark
 *
 * @param strp Pointer to the allocated copy
 * @param pl   Text
 *
 * @return 0 if success, otherwise errorcode
 */
int text_scrub(char **strp, const struct pl *pl)
{
	const char *p, *end, *s;
	char *str, *to;
	size_t l;
	int err;

	err = pl_strdup(&str, pl);
	if (err)
		return err;

	/* it gets no longer, so that it can be written over itself */
	end = str + pl->l;
	for (p = to = str; p < end; to += l) {
		p += scrub_next(p, end, &s, &l);
		memmove(to, s, l);
	}
	*to = '\0';

	*strp = str;

	return 0;
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
 * @param params Parameters, each behind a semicolon
 * @param name   Name
 *
 * @return True if it is there
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


/**
 * Cut a text to a length, but not within a character
 *
 * @param pl  Text
 * @param max Most that it may have [bytes]
 *
 * @return True if something was cut off
 */
bool text_cut(struct pl *pl, size_t max)
{
	if (pl->l <= max)
		return false;

	while (max && (pl->p[max] & 0xc0) == 0x80)
		--max;
	pl->l = max;

	return true;
}


/**
 * Copy a text that came from the network as text_scrub() does, and if it is
 * too long cut it: then it ends with a mark
 *
 * @param strp Pointer to the allocated copy
 * @param pl   Text
 * @param max  Most that is copied of it, the mark not included [bytes]
 *
 * @return 0 if success, otherwise errorcode
 */
int text_scrub_cut(char **strp, const struct pl *pl, size_t max)
{
	struct pl head = *pl;
	char *str;
	int err;

	if (!text_cut(&head, max))
		return text_scrub(strp, pl);

	err = text_scrub(&str, &head);
	if (err)
		return err;

	err = re_sdprintf(strp, "%s" TEXT_MARK, str);
	mem_deref(str);

	return err;
}


/**
 * Make the inside of a quoted-string the text that it stands for: each
 * quoted-pair is the character behind its backslash
 *
 * @param str Text, changed in place
 *
 * Reference: RFC 3261 section 25.1
 */
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
 * @return 0 if success, otherwise errorcode
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
 * @return 0 if success, otherwise errorcode
 */
int text_print_user(struct re_printf *pf, const char *user)
{
	return print_escaped(pf, user, user_marks);
}


/**
 * Print the name or value of a header field in a URI, escaped (RFC 3261
 * section 25.1)
 *
 * @param pf  Print function
 * @param str Name or value, unescaped
 *
 * @return 0 if success, otherwise errorcode
 */
int text_print_hvalue(struct re_printf *pf, const char *str)
{
	return print_escaped(pf, str, hvalue_marks);
}
