/**
 * @file profile.c  One profile: how a far end is transferred
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <stdlib.h>
#include <string.h>
#include <re.h>
#include "json.h"
#include "text.h"
#include "syntax.h"
#include "uri.h"


/* Takes a value; EBADMSG if it is not valid */
typedef int(set_h)(struct profile *p, const char *value);

struct setting {
	const char *name;
	set_h *h;
	const char *must;
};


static int set_bool(bool *valp, const char *value, const char *yes,
		    const char *no)
{
	*valp = !strcmp(value, yes);

	return *valp || !strcmp(value, no) ? 0 : EBADMSG;
}


/* [s] to [ms]; digits, and maybe a point and one digit */
static int set_ms(uint32_t *msp, const char *value, double least, double most)
{
	const size_t len = strspn(value, "0123456789");
	double sec;

	if (!len || len > 4)
		return EBADMSG;

	if (value[len] && (value[len] != '.' || value[len + 1] < '0' ||
			   value[len + 1] > '9' || value[len + 2]))
		return EBADMSG;

	sec = (double)strtoul(value, NULL, 10);
	if (value[len])
		sec += (value[len + 1] - '0') / 10.0;
	if (sec < least || sec > most)
		return EBADMSG;

	*msp = (uint32_t)(sec * 1000 + 0.5);

	return 0;
}


/* A host and port, and nothing else of a URI */
static int set_domain(char **domainp, const char *value)
{
	struct uri_parts uri;
	struct pl pl;
	char *str;
	int err;

	err = re_sdprintf(&str, "sip:%s", value);
	if (err)
		return err;

	pl_set_str(&pl, str);
	if (!text_is_uri(&pl) || uri_split(&uri, &pl) || uri.user.p ||
	    uri.params.l || uri.hdrs.l || uri.junk ||
	    !uri_host_is_valid(&uri) || !uri_port_is_valid(&uri))
		err = EBADMSG;
	else
		err = str_dup(domainp, value);
	mem_deref(str);

	return err;
}


static int refer_to_handler(struct profile *p, const char *value)
{
	if (!strcmp(value, "far-end"))
		return 0;

	p->tel = !strcmp(value, "tel");

	return p->tel ? 0 : set_domain(&p->domain, value);
}


static int user_phone_handler(struct profile *p, const char *value)
{
	return set_bool(&p->user_phone, value, "yes", "no");
}


/* Which is read once, and is right for each verb */
static int fixed_check(const char *value)
{
	const struct farend nobody = {.hostport = NULL};
	struct target target = {.rule = NULL};
	int err;

	err = target_encode(&target, "referred-by", value, NULL, NULL, &nobody,
			    NULL);
	target_reset(&target);

	return err;
}


static int referred_by_handler(struct profile *p, const char *value)
{
	static const char *const names[] = {
		[REFERRER_FAR_END] = "far-end",
		[REFERRER_OWN] = "own",
		[REFERRER_NONE] = "none",
	};
	size_t i;
	int err;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(value, names[i])) {
			p->referrer = (enum referrer)i;
			return 0;
		}
	}

	p->referrer = REFERRER_FIXED;
	err = fixed_check(value);

	return err ? err : str_dup(&p->referred_by, value);
}


static int hold_handler(struct profile *p, const char *value)
{
	return set_bool(&p->hold, value, "yes", "no");
}


/* "we", or "they" and how long is waited for them */
static int hangup_handler(struct profile *p, const char *value)
{
	static const char they[] = "they";
	const size_t len = strlen(they);

	if (!strcmp(value, "we"))
		return 0;

	if (strncmp(value, they, len) || !text_is_space(value[len]))
		return EBADMSG;

	value += len;
	while (text_is_space(*value))
		++value;

	return set_ms(&p->hangup, value, 0.1, HANGUP_MAX);
}


static int no_notify_handler(struct profile *p, const char *value)
{
	return set_bool(&p->presume_silence, value, "presumed", "unknown");
}


static int terminated_handler(struct profile *p, const char *value)
{
	return set_bool(&p->presume_terminated, value, "presumed", "unknown");
}


static int notify_handler(struct profile *p, const char *value)
{
	return set_ms(&p->timeouts.notify, value, 0.1, TIMEOUT_MAX);
}


static int ringing_handler(struct profile *p, const char *value)
{
	return set_ms(&p->timeouts.ringing, value, 0.1, TIMEOUT_MAX);
}


static int retry_handler(struct profile *p, const char *value)
{
	int err;

	err = set_ms(&p->timeouts.retry, value, 0, RETRY_MAX / 1000.0);
	if (!err && !p->timeouts.retry)
		p->timeouts.retry = RETRY_NEVER;

	return err;
}


static int unsubscribe_handler(struct profile *p, const char *value)
{
	bool yes;
	int err;

	err = set_bool(&yes, value, "yes", "no");
	p->timeouts.unsubscribe = yes ? UNSUBSCRIBE : UNSUBSCRIBE_NEVER;

	return err;
}


static int event_handler(struct profile *p, const char *value)
{
	static const char *const names[] = {
		[EVENT_NOTIFIED] = "notified",
		[EVENT_PLAIN] = "plain",
		[EVENT_NAMED] = "id",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(value, names[i])) {
			p->event = (enum event_form)i;
			return 0;
		}
	}

	return EBADMSG;
}


static const char must_yes_no[] = "must be yes or no";
static const char must_presume[] = "must be unknown or presumed";
static const char must_seconds[] = "must be a number of seconds from 0.1 to "
				   "3600";

static const struct setting settings[PROFILE_KEYC] = {
	[PROFILE_REFER_TO] =
		{"refer-to", refer_to_handler,
		 "must be far-end, tel, or a host with or without a port"},
	[PROFILE_USER_PHONE] = {"user-phone", user_phone_handler, must_yes_no},
	[PROFILE_REFERRED_BY] =
		{"referred-by", referred_by_handler,
		 "must be far-end, own, none, or a sip:, sips: "
		 "or tel: URI"},
	[PROFILE_HOLD] = {"hold", hold_handler, must_yes_no},
	[PROFILE_HANGUP] = {"hangup", hangup_handler,
			    "must be we, or they and a number of seconds from "
			    "0.1 to 60"},
	[PROFILE_NO_NOTIFY] = {"no-notify", no_notify_handler, must_presume},
	[PROFILE_TERMINATED] = {"terminated", terminated_handler,
				must_presume},
	[PROFILE_NOTIFY] = {"notify-timeout", notify_handler, must_seconds},
	[PROFILE_RINGING] = {"ringing-timeout", ringing_handler, must_seconds},
	[PROFILE_RETRY] = {"retry-timeout", retry_handler,
			   "must be a number of seconds from 0 to 4"},
	[PROFILE_UNSUBSCRIBE] = {"unsubscribe", unsubscribe_handler,
				 must_yes_no},
	[PROFILE_EVENT] = {"event", event_handler,
			   "must be notified, plain or id"},
};


int profile_set(struct profile *p, const char *name, const char *value,
		unsigned line, const char **mustp)
{
	size_t i;
	int err;

	for (i = 0; i < PROFILE_KEYC; i++) {
		if (!strcmp(name, settings[i].name))
			break;
	}
	if (i == PROFILE_KEYC)
		return ENOENT;

	if (p->rules[i].value)
		return EALREADY;

	*mustp = settings[i].must;
	err = settings[i].h(p, value);
	if (err)
		return err;

	p->rules[i].line = line;

	return str_dup(&p->rules[i].value, value);
}


void profile_refer_to(struct farend *to, const struct farend *far,
		      const struct profile *p)
{
	*to = *far;
	if (!p)
		return;

	if (p->domain) {
		to->hostport = p->domain;
		to->rule = "profile";
	}
	to->tel = p->tel;
	to->user_phone = p->user_phone;
}


void timeouts_override(struct timeouts *timeouts, const struct timeouts *by)
{
	if (by->notify)
		timeouts->notify = by->notify;
	if (by->ringing)
		timeouts->ringing = by->ringing;
	if (by->answer)
		timeouts->answer = by->answer;
	if (by->retry)
		timeouts->retry = by->retry;
	if (by->unsubscribe)
		timeouts->unsubscribe = by->unsubscribe;
}


void profile_write_rules(struct json *j, const struct sipverb *verb)
{
	char text[512];
	size_t i;

	for (i = 0; i < PROFILE_KEYC; i++) {

		const struct profile_rule *rule = &verb->profile->rules[i];
		const char *name = settings[i].name;

		if (verb->said & 1U << i) {
			json_str(j, name, "verb");
			continue;
		}

		if (!rule->value) {
			json_str(j, name, "default");
			continue;
		}

		(void)re_snprintf(text, sizeof(text), "line %u: %s = %s",
				  rule->line, name, rule->value);
		json_str(j, name, text);
	}
}
