/**
 * @file fields.c  The fields of a struct, and the members of its JSON
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base.h"
#include "json.h"


enum { STATUS_MAX = 999 };

/* The last millisecond of the year 9999, since 1970: RFC 3339 has no later */
static const int64_t time_max = INT64_C(253402300799999);


static char **text_at(void *obj, const struct field *f)
{
	return (char **)((char *)obj + f->offset);
}


static const char *text_of(const void *obj, const struct field *f)
{
	return *(const char *const *)((const char *)obj + f->offset);
}


static bool bool_of(const void *obj, const struct field *f)
{
	return *(const bool *)((const char *)obj + f->offset);
}


static int64_t int_of(const void *obj, const struct field *f)
{
	const char *p = (const char *)obj + f->offset;

	return f->size == sizeof(int) ? *(const int *)p : *(const int64_t *)p;
}


static void set_int(void *obj, const struct field *f, int64_t value)
{
	char *p = (char *)obj + f->offset;

	if (f->size == sizeof(int))
		*(int *)p = (int)value;
	else
		*(int64_t *)p = value;
}


/* What can't be a value of the field counts as not told */
static bool is_told(const struct field *f, int64_t value)
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


static bool is_text(const struct field *f)
{
	return f->sort == FIELD_TEXT || f->sort == FIELD_JSON;
}


void fields_free(void *obj, const struct field *table)
{
	for (const struct field *f = table; f->key; f++) {
		if (is_text(f)) {
			free(*text_at(obj, f));
			*text_at(obj, f) = NULL;
		}
	}
}


static void print_time(struct json *j, const char *key, int64_t ms)
{
	char text[CLOCK_TEXT_SIZE];

	clock_text(text, ms);
	json_str(j, key, text);
}


static void print(struct json *j, const void *obj, const struct field *f)
{
	switch (f->sort) {
	case FIELD_TEXT: json_str(j, f->key, text_of(obj, f)); break;
	case FIELD_JSON: json_raw(j, f->key, text_of(obj, f)); break;
	case FIELD_BOOL: json_bool(j, f->key, bool_of(obj, f)); break;
	case FIELD_MAYBE:
		if (is_told(f, int_of(obj, f)))
			json_bool(j, f->key, int_of(obj, f) == MAYBE_TRUE);
		break;
	case FIELD_TIME:
		if (is_told(f, int_of(obj, f)))
			print_time(j, f->key, int_of(obj, f));
		break;
	default:
		if (is_told(f, int_of(obj, f)))
			json_int(j, f->key, int_of(obj, f));
		break;
	}
}


void fields_print(struct json *j, const void *obj, const struct field *table,
		  unsigned groups)
{
	for (const struct field *f = table; f->key; f++) {
		if (f->groups & groups)
			print(j, obj, f);
	}
}


static const struct field *find(const struct field *table, const char *key)
{
	for (const struct field *f = table; key && f->key; f++) {
		if (*f->key == *key && !strcmp(f->key, key))
			return f;
	}

	return NULL;
}


static enum maybe maybe(const cJSON *item)
{
	if (!cJSON_IsBool(item))
		return MAYBE_UNTOLD;

	return cJSON_IsTrue(item) ? MAYBE_TRUE : MAYBE_FALSE;
}


/* What needs no memory */
static void load_plain(void *obj, const struct field *f, const cJSON *item)
{
	int64_t value = -1;

	if (f->sort == FIELD_BOOL) {
		*(bool *)((char *)obj + f->offset) = cJSON_IsTrue(item);
		return;
	}

	if (f->sort == FIELD_TIME)
		value = clock_parse(cJSON_GetStringValue(item));
	else if (f->sort == FIELD_MAYBE)
		value = maybe(item);
	else
		value = field_number(item, -1);

	if (is_told(f, value))
		set_int(obj, f, value);
}


static int load_json(void *obj, const struct field *f, const cJSON *item)
{
	char *text;

	if (!cJSON_IsObject(item))
		return 0;

	text = cJSON_PrintUnformatted(item);
	if (!text)
		return ENOMEM;

	free(*text_at(obj, f));
	*text_at(obj, f) = text;

	return 0;
}


int fields_load(void *obj, const struct field *table, const cJSON *tree)
{
	const struct field *f;
	const cJSON *item;
	int err = 0;

	cJSON_ArrayForEach(item, tree)
	{
		f = find(table, item->string);
		if (!f)
			continue;

		if (f->sort == FIELD_TEXT)
			err |= field_keep(text_at(obj, f),
					  cJSON_GetStringValue(item));
		else if (f->sort == FIELD_JSON)
			err |= load_json(obj, f, item);
		else
			load_plain(obj, f, item);
	}

	return err;
}


static void borrow_bool(void *obj, const struct field *f,
			const struct member *m)
{
	const bool told = m->type == MEMBER_LITERAL && *m->text != 'n';
	const bool value = told && *m->text == 't';

	if (f->sort == FIELD_BOOL)
		*(bool *)((char *)obj + f->offset) = value;
	else if (told)
		set_int(obj, f, value ? MAYBE_TRUE : MAYBE_FALSE);
}


static void borrow_int(void *obj, const struct field *f,
		       const struct member *m)
{
	int64_t value = member_int(m, -1);

	if (f->sort == FIELD_TIME && m->type == MEMBER_STRING)
		value = clock_parse(m->text);
	if (is_told(f, value))
		set_int(obj, f, value);
}


void fields_borrow(void *obj, const struct field *table,
		   const struct member *m)
{
	const struct field *f = find(table, m->key);

	if (!f)
		return;

	if (f->sort == FIELD_BOOL || f->sort == FIELD_MAYBE)
		borrow_bool(obj, f, m);
	else if (!is_text(f))
		borrow_int(obj, f, m);
	else if (m->type ==
		 (f->sort == FIELD_TEXT ? MEMBER_STRING : MEMBER_OBJECT))
		*text_at(obj, f) = m->text;
}


static int keep(void *to, const struct field *f, const void *from,
		const struct field *g)
{
	if (is_text(f))
		return field_keep(text_at(to, f), text_of(from, g));

	if (f->sort == FIELD_BOOL)
		*(bool *)((char *)to + f->offset) = bool_of(from, g);
	else if (is_told(f, int_of(from, g)))
		set_int(to, f, int_of(from, g));

	return 0;
}


int fields_keep(void *to, const struct field *table, unsigned groups,
		const void *from, const struct field *others)
{
	const struct field *g;
	int err = 0;

	for (const struct field *f = table; f->key; f++) {
		g = f->groups & groups ? find(others, f->key) : NULL;
		if (g)
			err |= keep(to, f, from, g);
	}

	return err;
}
