/**
 * @file fields.h  Options of the command line to fields of a message
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef FIELDS_H
#define FIELDS_H

#include <stddef.h>
#include <cjson/cJSON.h>
#include "args.h"

/* An option that is a field of the message */
struct field_option {
	const char *option;
	const char *name;
};

void fields_texts(cJSON *to, const struct args *a,
		  const struct field_option *fields, size_t n);
void fields_trace(cJSON *to, const struct args *a);
enum status fields_number(cJSON *to, const struct args *a, const char *option,
			  const char *name, const char *unit);
enum status fields_headers(cJSON *to, const struct args *a, const char *option,
			   const char *name);
enum status fields_uui(cJSON *to, const struct args *a);

#endif
