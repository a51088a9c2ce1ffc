/**
 * @file member.c  The members of JSON objects, read where they stand
 *
 * A node reports much about each transfer, and referd passes most of it on
 * unchanged.  So it builds no tree, but checks each byte (RFC 8259).  Reading
 * a line with cJSON takes 4 times the CPU (`tests/bench/run savings`); a
 * referd with cJSON here takes 1.14 times the CPU for a whole transfer.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "base.h"
#include "json.h"


static char *walk(char *p, member_h *h, void *arg);


static char *space(char *p)
{
	while (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')
		++p;

	return p;
}


static bool is_hex4(const char *p)
{
	for (int i = 0; i < 4; i++) {
		if (!isxdigit((unsigned char)p[i]))
			return false;
	}

	return true;
}


static unsigned hex4(const char *p)
{
	char digits[5] = {p[0], p[1], p[2], p[3]};

	return (unsigned)strtoul(digits, NULL, 16);
}


/* Position after \uXXXX, with the other half of a surrogate pair; NULL if it
   is not a character (RFC 8259 section 8.2), since a client may not be able to
   read it */
static char *unicode_end(char *p, unsigned *c)
{
	unsigned low;

	if (!is_hex4(p + 2))
		return NULL;

	*c = hex4(p + 2);
	p += 6;
	if (*c < 0xd800 || *c >= 0xe000)
		return p;

	if (*c >= 0xdc00 || p[0] != '\\' || p[1] != 'u' || !is_hex4(p + 2))
		return NULL;

	low = hex4(p + 2);
	*c = 0x10000 + ((*c - 0xd800) << 10) + (low - 0xdc00);

	return low >= 0xdc00 && low < 0xe000 ? p + 6 : NULL;
}


/* Position after an escape, NULL if it is not valid */
static char *escape_end(char *p)
{
	unsigned c;

	if (p[1] == 'u')
		return unicode_end(p, &c);

	if (p[1] == 'n')
		return p + 2; /* nearly all of them */

	return p[1] && strchr("\"\\/bfrt", p[1]) ? p + 2 : NULL;
}


/* Position after the closing quote of a string; NULL if it is not valid */
static char *string_end(char *p)
{
	char *quote;

	if (*p++ != '"')
		return NULL;

	quote = strchr(p, '"');
	if (quote && json_plain(p, (size_t)(quote - p)))
		return quote + 1;

	/* the quote may be one that is escaped */
	while (p && quote) {
		p += json_plain_len(p, (size_t)(quote - p));
		if (p == quote)
			return p + 1;
		if (*p != '\\')
			return NULL;

		p = escape_end(p);
		if (p && p > quote)
			quote = strchr(p, '"');
	}

	return NULL;
}


static char *digits_end(char *p)
{
	char *begin = p;

	while (isdigit((unsigned char)*p))
		++p;

	return p > begin ? p : NULL;
}


static char *number_end(char *p)
{
	if (*p == '-')
		++p;

	p = *p == '0' ? p + 1 : digits_end(p);
	if (p && *p == '.')
		p = digits_end(p + 1);
	if (p && (*p == 'e' || *p == 'E')) {
		++p;
		p = digits_end(*p == '+' || *p == '-' ? p + 1 : p);
	}

	return p;
}


static char *literal_end(char *p)
{
	static const char *const names[] = {"true", "false", "null"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const size_t len = strlen(names[i]);

		if (!strncmp(p, names[i], len))
			return p + len;
	}

	return NULL;
}


static enum member_type type_of(const char *p)
{
	switch (*p) {
	case '"': return MEMBER_STRING;
	case '{': return MEMBER_OBJECT;
	case '[': return MEMBER_ARRAY;
	case 't':
	case 'f':
	case 'n': return MEMBER_LITERAL;
	default: return MEMBER_NUMBER;
	}
}


/* Position after a value; NULL if it is not valid */
static char *value_end(char *p)
{
	switch (type_of(p)) {
	case MEMBER_STRING: return string_end(p);
	case MEMBER_NUMBER: return number_end(p);
	case MEMBER_LITERAL: return literal_end(p);
	default: return walk(p, NULL, NULL);
	}
}


static char *put_utf8(char *to, unsigned c)
{
	if (c < 0x80) {
		*to++ = (char)c;
		return to;
	}

	if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
	}
	else {
		if (c < 0x10000) {
			*to++ = (char)(0xe0 | c >> 12);
		}
		else {
			*to++ = (char)(0xf0 | c >> 18);
			*to++ = (char)(0x80 | (c >> 12 & 0x3f));
		}
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
	}
	*to++ = (char)(0x80 | (c & 0x3f));

	return to;
}


/* The value of a string is never longer than its JSON form */
static char *string_text(char *quote, char *end)
{
	static const char letters[] = "bfnrt", means[] = "\b\f\n\r\t";
	char *text = quote + 1, *to = memchr(text, '\\', (size_t)(end - text));
	char *p = to, *letter;
	unsigned c = 0;

	end[-1] = '\0';
	while (p && *p) {
		if (*p != '\\') {
			*to++ = *p++;
		}
		else if (p[1] == 'u') {
			p = unicode_end(p, &c);
			to = put_utf8(to, c);
		}
		else {
			letter = strchr(letters, p[1]);
			*to++ = letter ? means[letter - letters] : p[1];
			p += 2;
		}
	}
	if (to)
		*to = '\0';

	return text;
}


/* Position after the name of a member and its colon; NULL if it is not valid
 */
static char *name_end(char *p, char **endp)
{
	*endp = string_end(p);
	if (!*endp)
		return NULL;

	p = space(*endp);

	return *p == ':' ? space(p + 1) : NULL;
}


/* Behind an object or an array, which is not nested without end */
static char *walk(char *p, member_h *h, void *arg)
{
	const bool named = *p == '{';
	const char close = named ? '}' : ']';
	char behind = ',';

	p = space(p + 1);
	if (*p == close)
		return p + 1;

	while (behind == ',') {
		char *name = p, *namend = NULL, *end;
		struct member m;

		if (named)
			p = name_end(p, &namend);
		end = p ? value_end(p) : NULL;
		if (!end)
			return NULL;

		m.type = type_of(p);
		m.text = p;
		p = space(end);
		behind = *p;
		if (h) {
			m.key = named ? string_text(name, namend) : NULL;
			*end = '\0';
			if (m.type == MEMBER_STRING)
				m.text = string_text(m.text, end);
			h(&m, arg);
		}
		p = behind == ',' ? space(p + 1) : p + 1;
	}

	return behind == close ? p : NULL;
}


int members_read(char *text, member_h *h, void *arg)
{
	char *p = space(text);

	p = *p == '{' || *p == '[' ? walk(p, h, arg) : value_end(p);

	return p && !*space(p) ? 0 : EBADMSG;
}


int64_t member_int(const struct member *m, int64_t missing)
{
	double value;

	if (m->type != MEMBER_NUMBER)
		return missing;

	/* from 2^53 on a double is no exact integer any more */
	if (strlen(m->text) < 16 && !m->text[strspn(m->text, "0123456789")])
		return strtoll(m->text, NULL, 10);

	value = strtod(m->text, NULL);

	return value >= 0 && value < 9007199254740992. ? (int64_t)value
						       : missing;
}
