/**
 * @file sipverb.c  A verb from JSON, every field checked
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <cjson/cJSON.h>
#include <string.h>
#include <re.h>
#include "text.h"
#include "syntax.h"


static void destructor(void *arg)
{
	struct sipverb *verb = arg;

	mem_deref(verb->input);
	mem_deref(verb->target_hdrs);
	mem_deref(verb->replaces);
	target_reset(&verb->refer_to);
	target_reset(&verb->referred_by);
	mem_deref(verb->profile);
	mem_deref(verb->hdrs);
	mem_deref(verb->reason);
	mem_deref(verb->files);
	mem_deref(verb->body);
}


static int hdrs_decode(struct sipverb *verb, const cJSON *json,
		       struct error *error)
{
	return headers_decode(&verb->hdrs, json, "headers", header_print_line,
			      error);
}


static void say(struct sipverb *verb, enum profile_key key, bool said)
{
	if (said)
		verb->said |= 1U << key;
}


/* [s] to [ms] */
static int timeout_decode(uint32_t *msp, const cJSON *item,
			  struct error *error)
{
	char field[64];

	if (input_is_absent(item))
		return 0;

	(void)re_snprintf(field, sizeof(field), "timeouts.%s", item->string);

	if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0.1) ||
	    item->valuedouble > TIMEOUT_MAX)
		return error_set(error, field,
				 "must be a number of seconds from 0.1 to %u",
				 TIMEOUT_MAX);

	*msp = item->valuedouble * 1000;

	return 0;
}


/* The same, but for what RFC 3261 section 14.1 allows; 0 is for never */
static int retry_decode(uint32_t *msp, const cJSON *item, struct error *error)
{
	if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0) ||
	    item->valuedouble * 1000 > RETRY_MAX)
		return error_set(error, "timeouts.retry",
				 "must be a number of seconds from 0 to %u",
				 RETRY_MAX / 1000);

	*msp = item->valuedouble * 1000;
	if (!*msp)
		*msp = RETRY_NEVER;

	return 0;
}


static int unsubscribe_decode(enum unsubscribe *unsubscribe, const cJSON *item,
			      struct error *error)
{
	if (input_is_absent(item))
		return 0;

	if (!cJSON_IsBool(item))
		return error_set(error, "timeouts.unsubscribe",
				 "must be true or false");

	*unsubscribe = cJSON_IsTrue(item) ? UNSUBSCRIBE : UNSUBSCRIBE_NEVER;

	return 0;
}


static int timeouts_decode(struct timeouts *timeouts, const cJSON *json,
			   struct error *error)
{
	const cJSON *object, *item;
	int err = 0;

	object = input_field(json, "timeouts");
	if (!object)
		return 0;

	if (!cJSON_IsObject(object))
		return error_set(error, "timeouts", "must be an object");

	cJSON_ArrayForEach(item, object)
	{
		if (!strcmp(item->string, "notify"))
			err = timeout_decode(&timeouts->notify, item, error);
		else if (!strcmp(item->string, "ringing"))
			err = timeout_decode(&timeouts->ringing, item, error);
		else if (!strcmp(item->string, "answer"))
			err = timeout_decode(&timeouts->answer, item, error);
		else if (!strcmp(item->string, "retry"))
			err = retry_decode(&timeouts->retry, item, error);
		else if (!strcmp(item->string, "unsubscribe"))
			err = unsubscribe_decode(&timeouts->unsubscribe, item,
						 error);
		else
			err = error_set(
				error, "timeouts",
				"must have only the members notify, ringing, "
				"answer, retry and unsubscribe");
		if (err)
			break;
	}

	return err;
}


/* Referred-By if the verb has none; NULL for none */
static const char *referrer(const struct farend *far, const char **rulep)
{
	const struct profile *p = far->profile;

	*rulep = "profile";
	switch (p ? p->referrer : REFERRER_FAR_END) {

	case REFERRER_NONE: *rulep = "none"; return NULL;
	case REFERRER_FIXED: return p->referred_by;

	case REFERRER_OWN:
		if (far->own) {
			*rulep = "account";
			return far->own;
		}
		break;

	case REFERRER_FAR_END: break;
	}

	*rulep = "identity";

	return far->identity;
}


/* The target is a URI, or a live call of ours; then attended_prepare() makes
   the address, when that call is known to live */
static int refer_to_decode(struct sipverb *verb, const cJSON *json,
			   const struct farend *far, struct error *error)
{
	const char *input, *replaces;
	struct farend to;
	int err;

	err = input_text(&replaces, json, "replaces", HDR_NAME_MAX, error);
	if (!err)
		err = input_string(&input, json, "referTo", !replaces, error);
	if (!err)
		err = headers_decode(&verb->target_hdrs, json, "targetHeaders",
				     header_print_uri, error);
	if (!err)
		err = uui_decode(&verb->target_hdrs, json, error);
	if (err)
		return err;

	profile_refer_to(&to, far, far->profile);
	if (input)
		err = target_encode(&verb->refer_to, "referTo", input, NULL,
				    verb->target_hdrs, &to, error);
	if (!err && input)
		err = referto_check(&verb->refer_to, "referTo", error);
	if (!err && input_field(json, "uui"))
		err = referto_check_uui(verb, error);
	if (!err && input)
		err = str_dup(&verb->input, input);
	if (!err && replaces)
		err = str_dup(&verb->replaces, replaces);

	return err;
}


static int referred_by_none(struct sipverb *verb, const char *rule)
{
	verb->referred_by.rule = rule;

	return str_dup(&verb->referred_by.uri, "");
}


static int referred_by_decode(struct sipverb *verb, const cJSON *json,
			      const struct farend *far, struct error *error)
{
	const char *input, *dname, *rule = NULL;
	int err;

	err = input_string(&input, json, "referredBy", false, error);
	if (!err)
		err = input_text(&dname, json, "referredByDisplayName",
				 DNAME_MAX, error);
	if (err)
		return err;

	say(verb, PROFILE_REFERRED_BY, input != NULL);

	/* by default the identity of the party that is transferred */
	if (!input)
		input = referrer(far, &rule);
	if (!input)
		return referred_by_none(verb, rule);

	err = target_encode(&verb->referred_by, "referredBy", input, dname,
			    NULL, far, error);
	if (!err && rule)
		verb->referred_by.rule = rule;

	return err;
}


int sipverb_check_size(const struct sipverb *verb, struct error *error)
{
	const size_t refer_to = str_len(verb->refer_to.addr);
	const size_t referred_by = str_len(verb->referred_by.addr);
	const size_t hdrs = str_len(verb->hdrs);
	const size_t len = refer_to + referred_by + hdrs;
	const char *field = "referTo";

	if (len <= BROUGHT_MAX)
		return 0;

	if (hdrs > refer_to)
		field = "headers";
	else if (str_len(verb->target_hdrs) > refer_to / 2)
		field = "targetHeaders";

	return error_set(
		error, field,
		"must be shorter: Refer-To, Referred-By and the headers must "
		"have at most %u bytes in all as sent, not %zu",
		BROUGHT_MAX, len);
}


/* A target with a host of its own, or another call's, is as the verb has it */
static void say_rest(struct sipverb *verb)
{
	const struct timeouts *t = &verb->timeouts;
	const bool whole = !verb->input ||
			   !str_cmp(verb->refer_to.rule, "given");

	say(verb, PROFILE_REFER_TO, whole);
	say(verb, PROFILE_USER_PHONE, whole);
	say(verb, PROFILE_NOTIFY, t->notify);
	say(verb, PROFILE_RINGING, t->ringing);
	say(verb, PROFILE_RETRY, t->retry);
	say(verb, PROFILE_UNSUBSCRIBE, t->unsubscribe != UNSUBSCRIBE_UNSET);
}


static int refer_decode(struct sipverb *verb, const cJSON *json,
			const struct farend *far, struct error *error)
{
	int err;

	err = refer_to_decode(verb, json, far, error);
	if (!err)
		err = referred_by_decode(verb, json, far, error);
	if (!err)
		err = hdrs_decode(verb, json, error);
	if (!err)
		err = timeouts_decode(&verb->timeouts, json, error);
	if (!err)
		err = input_bool(&verb->force, json, "force", error);
	if (!err)
		err = input_bool(&verb->dry_run, json, "dryRun", error);
	if (!err)
		err = sipverb_check_size(verb, error);
	if (err)
		return err;

	verb->profile = mem_ref(far->profile);
	say_rest(verb);

	return 0;
}


/* The file must be below the directory: no client may read other files */
static bool is_inside(const char *name)
{
	return name[0] && name[0] != '/' && !strstr(name, "..") &&
	       !strstr(name, "://");
}


static int file_decode(struct mbuf *mb, const cJSON *item, struct error *error)
{
	if (!cJSON_IsString(item) || !text_is_clean(item->valuestring) ||
	    strlen(item->valuestring) > HDR_VAL_MAX ||
	    !is_inside(item->valuestring))
		return error_set(
			error, "url",
			"must be the name of a WAV file below baresip's "
			"audio_path, or an array of such names");

	return mbuf_write_mem(mb, (const uint8_t *)item->valuestring,
			      strlen(item->valuestring) + 1);
}


/* Names, each ended by a zero, then an empty one */
static int files_decode(char **filesp, const cJSON *json, struct error *error)
{
	const cJSON *url = cJSON_GetObjectItemCaseSensitive(json, "url");
	const cJSON *item;
	struct mbuf *mb;
	int err = 0;

	mb = mbuf_alloc(256);
	if (!mb)
		return ENOMEM;

	if (!cJSON_IsArray(url) || !url->child)
		err = file_decode(mb, url, error);

	for (item = cJSON_IsArray(url) ? url->child : NULL; item && !err;
	     item = item->next)
		err = file_decode(mb, item, error);

	if (!err)
		err = mbuf_write_u8(mb, 0);
	if (err)
		goto out;

	*filesp = mem_alloc(mb->end, NULL);
	if (*filesp)
		memcpy(*filesp, mb->buf, mb->end);
	else
		err = ENOMEM;

out:
	mem_deref(mb);

	return err;
}


static int loop_decode(uint32_t *roundsp, const cJSON *json,
		       struct error *error)
{
	const cJSON *loop = input_field(json, "loop");
	const char *str = cJSON_GetStringValue(loop);

	*roundsp = 1;

	if (!loop || cJSON_IsFalse(loop))
		return 0;

	if (cJSON_IsTrue(loop) || (str && !strcmp(str, "forever")))
		*roundsp = 0;
	else if (cJSON_IsNumber(loop) && loop->valueint >= 0 &&
		 loop->valuedouble == loop->valueint)
		*roundsp = loop->valueint;
	else
		return error_set(error, "loop",
				 "must be a whole number, true or "
				 "\"forever\"");

	return 0;
}


static int play_decode(struct sipverb *verb, const cJSON *json,
		       struct error *error)
{
	int err;

	err = files_decode(&verb->files, json, error);
	if (!err)
		err = loop_decode(&verb->rounds, json, error);

	return err;
}


static int type_decode(enum sipverb_type *typep, const cJSON *json,
		       struct error *error)
{
	static const struct {
		const char *name;
		enum sipverb_type type;
	} verbs[] = {
		{"sip:refer", SIPVERB_REFER},
		{"answer", SIPVERB_ANSWER},
		{"sip:decline", SIPVERB_DECLINE},
		{"hangup", SIPVERB_HANGUP},
		{"play", SIPVERB_PLAY},
		{"sip:request", SIPVERB_REQUEST},
	};
	const char *name;
	size_t i;
	int err;

	err = input_string(&name, json, "verb", true, error);
	if (err)
		return err;

	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (!strcmp(name, verbs[i].name)) {
			*typep = verbs[i].type;
			return 0;
		}
	}

	return error_set(error, "verb", "is not a verb that baresip runs");
}


int sipverb_decode(struct sipverb **verbp, const struct cJSON *json,
		   const struct farend *far, struct error *error)
{
	struct sipverb *verb;
	int err;

	if (!verbp || !far)
		return EINVAL;

	if (!cJSON_IsObject(json))
		return error_set(error, "verb", "must be an object");

	verb = mem_zalloc(sizeof(*verb), destructor);
	if (!verb)
		return ENOMEM;

	err = type_decode(&verb->type, json, error);
	if (err)
		goto out;

	switch (verb->type) {

	case SIPVERB_REFER: err = refer_decode(verb, json, far, error); break;

	case SIPVERB_DECLINE:
		err = decline_decode(verb, json, far, error);
		break;

	case SIPVERB_HANGUP: err = hdrs_decode(verb, json, error); break;

	case SIPVERB_REQUEST: err = request_decode(verb, json, error); break;

	case SIPVERB_PLAY: err = play_decode(verb, json, error); break;

	case SIPVERB_ANSWER: break;
	}

out:
	if (err)
		mem_deref(verb);
	else
		*verbp = verb;

	return err;
}
