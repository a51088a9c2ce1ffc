/**
 * @file member.h  The members of JSON objects, read where they stand
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef MEMBER_H
#define MEMBER_H

#include <stdint.h>


enum member_type {
	MEMBER_STRING,
	MEMBER_NUMBER,
	MEMBER_LITERAL, /* true, false and null */
	MEMBER_OBJECT,
	MEMBER_ARRAY,
};

struct member {
	const char *key; /* NULL in an array */
	enum member_type type;
	char *text; /* of a string what it says, of others the JSON text */
};

typedef void(member_h)(const struct member *m, void *arg);

int members_read(char *text, member_h *h, void *arg);
int64_t member_int(const struct member *m, int64_t missing);

#endif
