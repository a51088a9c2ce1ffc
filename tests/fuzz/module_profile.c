/**
 * @file module_profile.c  Any text as a file of profiles: the input's first
 *                         three lines are a call's account, far end and
 *                         agent, the rest is the file
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>
#include "json.h"
#include "text/text.h"
#include "fuzz.h"


static const char verb_text[] = "{\"verb\":\"sip:refer\","
				"\"referTo\":\"+49301\"}";


static char *line(char **textp)
{
	char *str = strsep(textp, "\n");

	return str ? str : "";
}


/* A dry run reports JSON with any file */
static void check_json(const struct profile_call *call,
		       const struct sipverb *verb)
{
	cJSON *json;
	struct json j;

	json_init(&j);
	json_open(&j, NULL, '{');
	json_open(&j, "match", '[');
	profile_write_matches(&j, verb->profile, call);
	json_close(&j, ']');
	profile_write_rules(&j, verb);
	json_close(&j, '}');

	json = cJSON_Parse(json_done(&j));
	if (!json || cJSON_GetArraySize(json) != PROFILE_KEYC + 1)
		abort();
	cJSON_Delete(json);
	json_free(&j);
}


/* Values of an accepted file may stand in a REFER */
static void check_refer(const struct profile_call *call,
			struct profile *profile)
{
	struct farend far = {
		.identity = (char *)"sip:ann@far.example",
		.hostport = (char *)"far.example",
		.rule = "identity",
		.own = "sip:gw@own.example",
		.profile = profile,
	};
	struct error error = {.index = -1};
	cJSON *json = cJSON_Parse(verb_text);
	struct sipverb *verb;
	const char *by;

	if (sipverb_decode(&verb, json, &far, &error))
		abort();
	cJSON_Delete(json);

	by = verb->referred_by.addr;
	if (has_controls(verb->refer_to.addr) || (by && has_controls(by)))
		abort();
	if (profile->hangup > HANGUP_MAX * 1000 ||
	    profile->timeouts.notify > TIMEOUT_MAX * 1000 ||
	    profile->timeouts.ringing > TIMEOUT_MAX * 1000)
		abort();

	check_json(call, verb);
	mem_deref(verb);
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), *rest = text;
	struct profile_call call = {.source = "10.0.0.1:5080"};
	struct list list = LIST_INIT;
	char why[512] = "";
	struct profile *p;
	int err;

	call.account = line(&rest);
	call.peer = line(&rest);
	call.agent = line(&rest);

	err = profiles_decode(&list, rest ? rest : "", why, sizeof(why));
	if (err && (err != EBADMSG || strncmp(why, "line ", 5) ||
		    has_controls(why) || !list_isempty(&list)))
		abort();

	p = profiles_find(&list, &call);
	if (p)
		check_refer(&call, p);

	list_flush(&list);
	free(text);

	return 0;
}
