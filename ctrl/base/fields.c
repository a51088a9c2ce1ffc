/**
 * @file fields.c  Structs from the members of JSON, and from each other
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base.h"


static char **text_at(void *obj, const struct field *f)
{
	return (char **)((char *)obj + f->offset);
}


static bool bool_of(const void *obj, const struct field *f)
{
	return *(const bool *)((const char *)obj + f->offset);
}


static void set_int(void *obj, const struct field *f, int64_t value)
{
	char *p = (char *)obj + f->offset;

	if (f->size == sizeof(int))
		*(int *)p = (int)value;
	else
		*(int64_t *)p = value;
}


void fields_free(void *obj, const struct field *table)
{
	for (const struct field *f = table; f->key; f++) {
		if (field_is_text(f)) {
			free(*text_at(obj, f));
			*text_at(obj, f) = NULL;
		}
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


/* Loads a field that needs no memory */
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

	if (field_is_told(f, value))
		set_int(obj, f, value);
}


static int load_json(void *obj, const struct field *f, const cJSON *item)
{
	char *text;

	if (f->sort == FIELD_LIST ? !cJSON_IsArray(item)
				  : !cJSON_IsObject(item))
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
		else if (field_is_text(f))
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
	if (field_is_told(f, value))
		set_int(obj, f, value);
}


/* Another JSON value in place of a text */
static enum member_type type_of(const struct field *f)
{
	switch (f->sort) {
	case FIELD_JSON: return MEMBER_OBJECT;
	case FIELD_LIST: return MEMBER_ARRAY;
	default: return MEMBER_STRING;
	}
}


void fields_borrow(void *obj, const struct field *table,
		   const struct member *m)
{
	const struct field *f = find(table, m->key);

	if (!f)
		return;

	if (f->sort == FIELD_BOOL || f->sort == FIELD_MAYBE)
		borrow_bool(obj, f, m);
	else if (!field_is_text(f))
		borrow_int(obj, f, m);
	else if (m->type == type_of(f))
		*text_at(obj, f) = m->text;
}


static int keep(void *to, const struct field *f, const void *from,
		const struct field *g)
{
	if (field_is_text(f))
		return field_keep(text_at(to, f), field_text_of(from, g));

	if (f->sort == FIELD_BOOL)
		*(bool *)((char *)to + f->offset) = bool_of(from, g);
	else if (field_is_told(f, field_int_of(from, g)))
		set_int(to, f, field_int_of(from, g));

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
