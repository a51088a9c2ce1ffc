/**
 * @file fields.h  The fields of a struct, and the members of its JSON
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef FIELDS_H
#define FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json;

/* The JSON form of a field of a struct */
enum field_sort {
	FIELD_TEXT,   /* char *, a string; NULL is not told */
	FIELD_JSON,   /* char *, JSON text of an object; NULL is not told */
	FIELD_LIST,   /* the same of an array */
	FIELD_INT,    /* int, or one of 64 bits; negative is not told */
	FIELD_STATUS, /* int, 1 to 999; 0 is not told */
	FIELD_MS,     /* int64_t, ms since 1970; 0 is not told */
	FIELD_TIME,   /* the same, but a string as RFC 3339 has it */
	FIELD_BOOL,   /* bool */
	FIELD_MAYBE,  /* enum maybe, a boolean */
};

/* A boolean that need not be told */
enum maybe { MAYBE_UNTOLD, MAYBE_FALSE, MAYBE_TRUE };

/* The table of a struct ends with FIELDS_END */
struct field {
	const char *key; /* of the member */
	enum field_sort sort;
	size_t offset;
	size_t size;
	unsigned groups; /* a bit for each that it belongs to */
};

#define FIELD(key, sort, type, name, groups)                                  \
	{                                                                     \
		key, FIELD_##sort, offsetof(struct type, name),               \
			sizeof(((struct type *)NULL)->name), groups           \
	}
#define FIELDS_END                                                            \
	{                                                                     \
		NULL, FIELD_TEXT, 0, 0, 0                                     \
	}

#define FIELDS_ALL (~0U)

bool field_is_text(const struct field *f);
const char *field_text_of(const void *obj, const struct field *f);
int64_t field_int_of(const void *obj, const struct field *f);
bool field_is_told(const struct field *f, int64_t value);

void fields_print(struct json *j, const void *obj, const struct field *table,
		  unsigned groups);
size_t fields_room(const void *obj, const struct field *table,
		   unsigned groups);
char *fields_move(void *obj, const struct field *table, unsigned groups,
		  char *room);

#endif
