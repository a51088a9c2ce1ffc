/**
 * @file fields.c  The fields of a struct, and the members of its JSON
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <string.h>
#include "clocktext.h"
#include "fields.h"
#include "json.h"


enum { STATUS_MAX = 999 };

/* The last millisecond of the year 9999, since 1970: RFC 3339 has no later */
static const int64_t time_max = INT64_C(253402300799999);


/**
 * Tell whether a field is a text
 *
 * @param f Field
 *
 * @return True if it is, of JSON too
 */
bool field_is_text(const struct field *f)
{
	return f->sort == FIELD_TEXT || f->sort == FIELD_JSON ||
	       f->sort == FIELD_LIST;
}


/**
 * Get a text
 *
 * @param obj Struct
 * @param f   One of its text fields
 *
 * @return The text, NULL if it is not told
 */
const char *field_text_of(const void *obj, const struct field *f)
{
	return *(const char *const *)((const char *)obj + f->offset);
}


static bool bool_of(const void *obj, const struct field *f)
{
	return *(const bool *)((const char *)obj + f->offset);
}


/**
 * Get a number
 *
 * @param obj Struct
 * @param f   One of its fields that is neither a text nor a bool
 *
 * @return The number
 */
int64_t field_int_of(const void *obj, const struct field *f)
{
	const char *p = (const char *)obj + f->offset;

	return f->size == sizeof(int) ? *(const int *)p : *(const int64_t *)p;
}


/**
 * Tell whether a number is a valid value of a field.  An invalid value counts
 * as missing.
 *
 * @param f     Field
 * @param value Number
 *
 * @return True if it is
 */
bool field_is_told(const struct field *f, int64_t value)
{
	switch (f->sort) {
	case FIELD_STATUS: return value > 0 && value <= STATUS_MAX;
	case FIELD_MAYBE: return value != MAYBE_UNTOLD;
	case FIELD_MS:
	case FIELD_TIME: return value > 0 && value <= time_max;
	default:
		return value >= 0 &&
		       (f->size != sizeof(int) || value <= INT32_MAX);
	}
}


static void print_int(struct json *j, const struct field *f, int64_t value)
{
	char text[CLOCK_TEXT_SIZE];

	if (!field_is_told(f, value))
		return;

	if (f->sort == FIELD_MAYBE) {
		json_bool(j, f->key, value == MAYBE_TRUE);
	}
	else if (f->sort == FIELD_TIME) {
		clock_text(text, value);
		json_str(j, f->key, text);
	}
	else {
		json_int(j, f->key, value);
	}
}


static void print(struct json *j, const void *obj, const struct field *f)
{
	switch (f->sort) {
	case FIELD_TEXT: json_str(j, f->key, field_text_of(obj, f)); break;
	case FIELD_JSON:
	case FIELD_LIST: json_raw(j, f->key, field_text_of(obj, f)); break;
	case FIELD_BOOL: json_bool(j, f->key, bool_of(obj, f)); break;
	default: print_int(j, f, field_int_of(obj, f)); break;
	}
}


/**
 * Write the fields that have a value as members
 *
 * @param j      Text, in an open object
 * @param obj    Struct
 * @param table  Its fields
 * @param groups The groups to write, FIELDS_ALL for all fields that are in a
 *               group
 */
void fields_print(struct json *j, const void *obj, const struct field *table,
		  unsigned groups)
{
	for (const struct field *f = table; f->key; f++) {
		if (f->groups & groups)
			print(j, obj, f);
	}
}


/**
 * Get the room that the texts of a struct take
 *
 * @param obj    Struct
 * @param table  Its fields
 * @param groups The groups that count
 *
 * @return Room, with a zero behind each text [bytes]
 */
size_t fields_room(const void *obj, const struct field *table, unsigned groups)
{
	size_t room = 0;

	for (const struct field *f = table; f->key; f++) {
		const bool counts = f->groups & groups && field_is_text(f);
		const char *text = counts ? field_text_of(obj, f) : NULL;

		room += text ? strlen(text) + 1 : 0;
	}

	return room;
}


/**
 * Have a struct borrow its texts from elsewhere, where they are copied to
 *
 * @param obj    Struct
 * @param table  Its fields
 * @param groups The groups whose texts move
 * @param room   Where the texts are copied to, see fields_room()
 *
 * @return Behind them
 */
char *fields_move(void *obj, const struct field *table, unsigned groups,
		  char *room)
{
	for (const struct field *f = table; f->key; f++) {
		const bool moves = f->groups & groups && field_is_text(f);
		const char *text = moves ? field_text_of(obj, f) : NULL;
		size_t size;

		if (!text)
			continue;

		size = strlen(text) + 1;
		memcpy(room, text, size);
		*(char **)(void *)((char *)obj + f->offset) = room;
		room += size;
	}

	return room;
}
