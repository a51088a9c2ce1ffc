/**
 * @file json.h  Writes JSON text
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A text under construction.  A failed allocation sticks, so that one check at
   the end, with json_done(), is enough. */
struct json {
	char *text;
	size_t len;
	size_t size;
	bool failed;
};

void json_init(struct json *j);
void json_free(struct json *j);
void json_forget(void);
const char *json_done(const struct json *j);
char *json_take(struct json *j);

/* key is NULL for an element of an array and for the outermost value */
void json_open(struct json *j, const char *key, char bracket);
void json_close(struct json *j, char bracket);
void json_str(struct json *j, const char *key, const char *value);
void json_strn(struct json *j, const char *key, const char *value, size_t len);
const char *json_shorten(char **copyp, const char *value, size_t max);
void json_cut(struct json *j, const char *key, const char *value, size_t max);
void json_int(struct json *j, const char *key, int64_t value);
void json_bool(struct json *j, const char *key, bool value);
void json_raw(struct json *j, const char *key, const char *text);
void json_members(struct json *j, const char *object);

bool json_plain(const char *s, size_t len);
size_t json_plain_len(const char *s, size_t len);

#endif
