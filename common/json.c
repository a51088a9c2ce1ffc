/**
 * @file json.c  Writes JSON text
 *
 * It builds no tree.  Building one with cJSON and printing it takes 2.6 to 3.5
 * times the CPU, printing an existing one 2 to 2.6 times; `tests/bench/run
 * savings` measures both side by side.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "json.h"


enum {
	SIZE_MIN = 512,
	SPARE_MAX = 4, /* buffers kept for the next texts */
	SPARE_SIZE = 8192,
};

/* Replaces the part that was cut off: U+2026 */
static const char mark[] = "\xe2\x80\xa6";

/* Texts come and go all the time, of a size that malloc() takes long for */
static _Thread_local struct {
	char *text;
	size_t size;
} spares[SPARE_MAX];
static _Thread_local unsigned sparec;


static void take_spare(struct json *j)
{
	if (!sparec)
		return;

	--sparec;
	j->text = spares[sparec].text;
	j->size = spares[sparec].size;
}


static void give_spare(struct json *j)
{
	if (!j->text || j->size > SPARE_SIZE || sparec == SPARE_MAX) {
		free(j->text);
		return;
	}

	spares[sparec].text = j->text;
	spares[sparec].size = j->size;
	++sparec;
}


/**
 * Free the buffers that this thread has kept: it ends
 */
void json_forget(void)
{
	while (sparec)
		free(spares[--sparec].text);
}


/* Get a place for so many more bytes; NULL if out of memory */
static char *room(struct json *j, size_t len)
{
	size_t size;
	char *text;

	if (j->failed)
		return NULL;

	if (!j->text)
		take_spare(j);

	if (j->len + len + 1 > j->size) {
		size = j->size ? j->size : SIZE_MIN;
		while (size < j->len + len + 1)
			size *= 2;

		text = realloc(j->text, size);
		if (!text) {
			j->failed = true;
			return NULL;
		}

		j->text = text;
		j->size = size;
	}

	return j->text + j->len;
}


static void advance(struct json *j, size_t len)
{
	j->len += len;
	j->text[j->len] = '\0';
}


static void append(struct json *j, const char *p, size_t len)
{
	char *to = room(j, len);

	if (to) {
		memcpy(to, p, len);
		advance(j, len);
	}
}


static void put(struct json *j, char c)
{
	char *to = room(j, 1);

	if (to) {
		*to = c;
		advance(j, 1);
	}
}


static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c != '"' && c != '\\';
}


/* Like JSON.stringify(), so that a reader that writes the text again has the
   same bytes to check a signature with */
static size_t escape(char esc[8], char c)
{
	static const char plain[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	const char *p = strchr(plain, c);
	int n;

	n = p ? snprintf(esc, 8, "\\%c", letters[p - plain])
	      : snprintf(esc, 8, "\\u%04x", (unsigned char)c);

	return (size_t)n;
}


static void append_escaped(struct json *j, const char *s, size_t len)
{
	char esc[8];

	for (const char *end = s + len; s < end; s++) {
		if (is_plain((unsigned char)*s))
			put(j, *s);
		else
			append(j, esc, escape(esc, *s));
	}
}


/* Number of bytes of the text that fit into the given room in written form,
   without splitting a character */
static size_t fitting(const char *s, size_t max)
{
	size_t used = 0, fits = 0, i;
	char esc[8];

	for (i = 0; s[i] && used <= max; i++) {
		if (used + strlen(mark) <= max && (s[i] & 0xc0) != 0x80)
			fits = i;
		used += is_plain((unsigned char)s[i]) ? 1 : escape(esc, s[i]);
	}

	return used <= max ? i : fits;
}


static void append_quoted(struct json *j, const char *s, size_t len)
{
	char *p = json_plain(s, len) ? room(j, len + 2) : NULL;

	if (p) {
		p[0] = p[len + 1] = '"';
		memcpy(p + 1, s, len);
		advance(j, len + 2);
		return;
	}

	put(j, '"');
	append_escaped(j, s, len);
	put(j, '"');
}


/* The last byte tells whether a comma is due.  Half of all output are keys,
   which take the fast path. */
static void begin(struct json *j, const char *key)
{
	const char last = j->len ? j->text[j->len - 1] : '{';
	const bool comma = last != '{' && last != '[' && last != ':';
	const size_t len = key ? strlen(key) : 0;
	char *p = key && json_plain(key, len) ? room(j, len + 4) : NULL;

	if (p) {
		if (comma)
			*p++ = ',';
		p[0] = p[len + 1] = '"';
		memcpy(p + 1, key, len);
		p[len + 2] = ':';
		advance(j, len + 3 + comma);
		return;
	}

	if (comma)
		put(j, ',');
	if (key) {
		append_quoted(j, key, len);
		put(j, ':');
	}
}


/**
 * Begin a text
 *
 * @param j Text, uninitialised
 */
void json_init(struct json *j)
{
	memset(j, 0, sizeof(*j));
}


/**
 * Free a text
 *
 * @param j Text
 */
void json_free(struct json *j)
{
	give_spare(j);
	json_init(j);
}


/**
 * Get the finished text
 *
 * @param j Text
 *
 * @return The text, which is still owned by j; NULL if out of memory
 */
const char *json_done(const struct json *j)
{
	return j->failed ? NULL : j->text;
}


/**
 * Take the finished text
 *
 * @param j Text, empty afterwards
 *
 * @return The text, to be freed; NULL if out of memory
 */
char *json_take(struct json *j)
{
	char *text = j->text;

	if (j->failed) {
		json_free(j);
		return NULL;
	}

	json_init(j);

	return text;
}


/**
 * Open an object or an array
 *
 * @param j       Text
 * @param key     Name of the member
 * @param bracket { or [
 */
void json_open(struct json *j, const char *key, char bracket)
{
	begin(j, key);
	put(j, bracket);
}


/**
 * Close an object or an array
 *
 * @param j       Text
 * @param bracket } or ]
 */
void json_close(struct json *j, char bracket)
{
	put(j, bracket);
}


/**
 * Write a string
 *
 * @param j     Text
 * @param key   Name of the member
 * @param value Value in UTF-8; if NULL, nothing is written
 */
void json_str(struct json *j, const char *key, const char *value)
{
	if (!value)
		return;

	json_strn(j, key, value, strlen(value));
}


/**
 * Write a string that need not end with a NUL
 *
 * @param j     Text
 * @param key   Name of the member
 * @param value Value in UTF-8
 * @param len   Its length in bytes
 */
void json_strn(struct json *j, const char *key, const char *value, size_t len)
{
	begin(j, key);
	append_quoted(j, value, len);
}


/**
 * Get a text that may be too long for its place: a mark replaces the end that
 * is cut off
 *
 * @param copyp The shortened copy, to be freed; unchanged if nothing was cut
 * @param value Text in UTF-8, may be NULL
 * @param max   Bytes that it may take between its quotes, escapes and the mark
 *              included; at least those of the mark
 *
 * @return The text itself or the copy; NULL if out of memory
 */
const char *json_shorten(char **copyp, const char *value, size_t max)
{
	size_t len = value ? strlen(value) : 0;
	char *copy;

	if (len > max / 6) /* else no escapes make it too long */
		len = fitting(value, max);
	if (!value || !value[len])
		return value;

	copy = malloc(len + sizeof(mark));
	if (!copy)
		return NULL;

	memcpy(copy, value, len);
	memcpy(copy + len, mark, sizeof(mark));
	*copyp = copy;

	return copy;
}


/**
 * Write a string that may be too long, see json_shorten()
 *
 * @param j     Text
 * @param key   Name of the member
 * @param value Value in UTF-8; if NULL, nothing is written
 * @param max   Bytes that it may take
 */
void json_cut(struct json *j, const char *key, const char *value, size_t max)
{
	char *copy = NULL;

	json_str(j, key, json_shorten(&copy, value, max));
	free(copy);
}


/**
 * Write an integer
 *
 * @param j     Text
 * @param key   Name of the member
 * @param value Value
 */
void json_int(struct json *j, const char *key, int64_t value)
{
	char num[20], *p = num + sizeof(num);
	uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;

	do {
		*--p = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest);
	if (value < 0)
		*--p = '-';

	begin(j, key);
	append(j, p, (size_t)(num + sizeof(num) - p));
}


/**
 * Write true or false
 *
 * @param j     Text
 * @param key   Name of the member
 * @param value Value
 */
void json_bool(struct json *j, const char *key, bool value)
{
	begin(j, key);
	append(j, value ? "true" : "false", value ? 4 : 5);
}


/**
 * Write a value that is JSON already
 *
 * @param j    Text
 * @param key  Name of the member
 * @param text JSON text; if NULL, nothing is written
 */
void json_raw(struct json *j, const char *key, const char *text)
{
	if (!text)
		return;

	begin(j, key);
	append(j, text, strlen(text));
}


/**
 * Write the members of an object into the object that is open
 *
 * @param j      Text
 * @param object JSON text of an object, without space around it; may be NULL
 */
void json_members(struct json *j, const char *object)
{
	size_t len = object ? strlen(object) : 0;

	if (len <= 2)
		return;

	begin(j, NULL);
	append(j, object + 1, len - 2);
}


/* Sixteen bytes at once, on every processor: gcc and clang have such types */
typedef unsigned char bytes __attribute__((vector_size(16)));

enum { BYTES = sizeof(bytes) };


/* Not 0 for each byte that must be escaped */
static bytes specials(const char *s)
{
	bytes v;

	memcpy(&v, s, sizeof(v));

	return (bytes)((v == '"') | (v == '\\') | (v < 0x20));
}


static bool is_none(bytes found)
{
	static const bytes none;

	return !memcmp(&found, &none, sizeof(found));
}


/**
 * Tell whether a string can hold a text unchanged (RFC 8259 section 7)
 *
 * @param s   Text
 * @param len Its length in bytes
 *
 * @return True if no byte must be escaped
 */
bool json_plain(const char *s, size_t len)
{
	bytes found = {0};
	char few[BYTES];

	if (len < BYTES) {
		memset(few, ' ', sizeof(few));
		memcpy(few, s, len);
		return is_none(specials(few));
	}

	for (size_t n = 0; n + BYTES <= len; n += BYTES)
		found |= specials(s + n);

	/* what is left together with what was before */
	return is_none(found | specials(s + len - BYTES));
}


/**
 * Tell how much of a text can stand in a string as it is
 *
 * @param s   Text
 * @param len Its length in bytes
 *
 * @return Bytes up to the first one that is to be escaped
 */
size_t json_plain_len(const char *s, size_t len)
{
	size_t n = 0;

	while (n + BYTES <= len && is_none(specials(s + n)))
		n += BYTES;

	while (n < len && (unsigned char)s[n] >= 0x20 && s[n] != '"' &&
	       s[n] != '\\')
		++n;

	return n;
}
