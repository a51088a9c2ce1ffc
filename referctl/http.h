/**
 * @file http.h  One HTTP request to referd
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef HTTP_H
#define HTTP_H

#include <cjson/cJSON.h>
#include "settings.h"

enum status http_get(cJSON **treep, const struct settings *s,
		     const char *path);
enum status http_try(cJSON **treep, const struct settings *s,
		     const char *path);
enum status http_post(cJSON **treep, const struct settings *s,
		      const char *path, const cJSON *body);
enum status http_get_file(char **bytesp, size_t *lenp,
			  const struct settings *s, const char *path);
enum status http_no_token(const struct settings *s);
char *http_escape(const char *text);

#endif
