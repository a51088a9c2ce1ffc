/**
 * @file textcheck.c  Checks of text that came from outside
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include "textcheck.h"


enum { DEPTH_MAX = 32 }; /* of arrays and objects in each other */


static size_t count(const char *text, size_t len, char c)
{
	const char *p = text, *end = text + len;
	size_t n = 0;

	while ((p = memchr(p, c, (size_t)(end - p)))) {
		++p;
		++n;
	}

	return n;
}


/* Length of the escape at p, 0 if the parser would make a NUL of it.  An
   escape of NUL becomes U+0001. */
static size_t escape_len(char *p, size_t len)
{
	if (len < 2 || p[1] != 'u')
		return 2;

	for (size_t i = 2; i < 6; i++) {
		if (i >= len || !isxdigit((unsigned char)p[i]))
			return 0;
	}

	if (!memcmp(p, "\\u0000", 6))
		p[5] = '1';

	return 6;
}


/* Outside of strings the parser accepts no escape */
static bool check_escapes(char *text, size_t len)
{
	char *p = text, *end = text + len;
	size_t n;

	while ((p = memchr(p, '\\', (size_t)(end - p)))) {
		n = escape_len(p, (size_t)(end - p));
		if (!n)
			return false;
		if (n >= (size_t)(end - p))
			return true;
		p += n;
	}

	return true;
}


/* Brackets in strings are no nesting */
static bool is_deep(const char *text, size_t len)
{
	bool quoted = false;
	int depth = 0;

	if (count(text, len, '{') + count(text, len, '[') <= DEPTH_MAX)
		return false;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"')
			quoted = !quoted;
		else if (quoted)
			i += text[i] == '\\';
		else if (text[i] == '{' || text[i] == '[')
			++depth;
		else if (text[i] == '}' || text[i] == ']')
			--depth;

		if (depth > DEPTH_MAX)
			return true;
	}

	return false;
}


/**
 * Check a text for what the parser would accept, but referd cannot use:
 * unlimited nesting, NUL characters, which would cut strings short, and
 * invalid escapes.  An escaped NUL becomes U+0001, which the reader of the
 * string refuses as a control character.
 *
 * @param text JSON text from outside
 * @param len  Length in bytes
 *
 * @return The rule that the text breaks, NULL if it breaks none
 */
const char *json_error(char *text, size_t len)
{
	if (memchr(text, '\0', len))
		return "must not contain NUL characters";

	if (is_deep(text, len))
		return "must not be nested deeper than 32";

	return check_escapes(text, len)
		       ? NULL
		       : "must have four hexadecimal digits after \\u";
}


/* How many bytes at the beginning are ASCII, eight by eight */
static size_t ascii_len(const char *text, size_t len)
{
	size_t n = 0;

	for (uint64_t word; n + sizeof(word) <= len; n += sizeof(word)) {
		memcpy(&word, text + n, sizeof(word));
		if (word & 0x8080808080808080)
			break;
	}

	return n;
}


/* Length of the UTF-8 character at p (RFC 3629), 0 if it is not valid */
static size_t utf8_char(const unsigned char *p, size_t len)
{
	unsigned char lo = 0x80, hi = 0xbf;
	size_t n;

	if (p[0] < 0x80)
		return 1;

	n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || n > len)
		return 0;

	/* overlong forms, surrogates, and what lies beyond U+10FFFF */
	if (p[0] == 0xe0)
		lo = 0xa0;
	else if (p[0] == 0xed)
		hi = 0x9f;
	else if (p[0] == 0xf0)
		lo = 0x90;
	else if (p[0] == 0xf4)
		hi = 0x8f;

	if (p[1] < lo || p[1] > hi)
		return 0;

	for (size_t i = 2; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}

	return n;
}


/**
 * Check whether a text is UTF-8
 *
 * @param text Text
 * @param len  Length in bytes
 *
 * @return True if it is
 */
bool utf8_valid(const char *text, size_t len)
{
	for (size_t i = ascii_len(text, len); i < len;) {
		size_t n = utf8_char((const unsigned char *)text + i, len - i);

		if (!n)
			return false;
		i += n;
	}

	return true;
}


/**
 * Replace invalid UTF-8 by question marks.  SIP headers carry any bytes, but a
 * WebSocket text frame must not.
 *
 * @param text Text
 * @param len  Length in bytes
 */
void utf8_repair(char *text, size_t len)
{
	for (size_t i = ascii_len(text, len); i < len;) {
		size_t n = utf8_char((unsigned char *)text + i, len - i);

		if (!n)
			text[i] = '?';
		i += n ? n : 1;
	}
}


/* Length of the control character at p: C0, DEL or C1; 0 for another character
 */
static size_t control_char(const char *p)
{
	const unsigned char *s = (const unsigned char *)p;

	if (s[0] < 0x20 || s[0] == 0x7f)
		return 1;

	return s[0] == 0xc2 && s[1] >= 0x80 && s[1] < 0xa0 ? 2 : 0;
}


/**
 * Look for control characters
 *
 * @param text Text in UTF-8
 *
 * @return True if the text has one
 */
bool text_controls(const char *text)
{
	for (; *text; text++) {
		if (control_char(text))
			return true;
	}

	return false;
}


/**
 * Replace invalid UTF-8 and control characters by question marks.  A sentence
 * that quotes bad input must not end early, nor colour a terminal.
 *
 * @param text Text
 */
void text_repair(char *text)
{
	utf8_repair(text, strlen(text));
	for (; *text; text++)
		memset(text, '?', control_char(text));
}
