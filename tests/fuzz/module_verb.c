/**
 * @file module_verb.c  Any text as a verb, as the module reads it
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>
#include "text/text.h"
#include "fuzz.h"


static const struct farend peer = {
	.identity = "sip:+4940999@carrier.example",
	.hostport = "carrier.example",
	.rule = "identity",
};


/* The text must have one named line, ended by CRLF, for each header field of
   the verb that is not left out, plus least to most further lines */
static void check_lines(const char *hdrs, const cJSON *headers, int least,
			int most)
{
	const cJSON *item;
	int lines = 0;

	for (; hdrs && *hdrs; lines++) {
		const char *end = strstr(hdrs, "\r\n");

		if (!end || strcspn(hdrs, "\r\n") != (size_t)(end - hdrs) ||
		    !memchr(hdrs, ':', (size_t)(end - hdrs)))
			abort();

		hdrs = end + 2;
	}

	cJSON_ArrayForEach(item, headers)
	{
		if (!input_is_absent(item))
			--lines;
	}

	if (lines < least || lines > most)
		abort();
}


/* A Contact, or a field that a NOTIFY and a body require or do not need */
static void check_hdrs(const struct sipverb *verb, const cJSON *json)
{
	const cJSON *headers = cJSON_GetObjectItemCaseSensitive(json,
								"headers");
	const int contacts = verb->type == SIPVERB_DECLINE &&
			     input_field(json, "contact");

	if (verb->type == SIPVERB_REQUEST)
		check_lines(verb->hdrs, headers, -1, 2);
	else
		check_lines(verb->hdrs, headers, contacts, contacts);
}


static void check_text(const char *str)
{
	if (str && has_controls(str))
		abort();
}


static void check(const struct sipverb *verb, const cJSON *json)
{
	if (verb->hdrs)
		check_hdrs(verb, json);

	check_text(verb->refer_to.addr);
	check_text(verb->refer_to.uri);
	check_text(verb->referred_by.addr);
	check_text(verb->referred_by.uri);
	check_text(verb->target_hdrs);
	check_text(verb->reason);

	for (const char *p = verb->files; p && *p; p += strlen(p) + 1) {
		if (*p == '/' || strstr(p, "../"))
			abort();
	}
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cJSON *json = cJSON_ParseWithLength((const char *)data, size);
	struct error error = {.index = -1};
	struct sipverb *verb = NULL;
	int err;

	if (!json)
		return 0;

	err = sipverb_decode(&verb, json, &peer, &error);
	if (!err)
		check(verb, json);
	else if (err != EBADMSG || !*error.text || !*error.field)
		abort();

	mem_deref(verb);
	cJSON_Delete(json);

	return 0;
}
