/**
 * @file agents.c  The user agents of baresip, and the calls that they have now
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <re.h>
#include "host.h"


enum {
	AOR_MAX = 2048, /* bytes */
};


struct ua *agents_find(const char *aor)
{
	struct le *le;

	for (le = list_head(uag_list()); le; le = le->next) {

		struct ua *ua = le->data;

		if (!aor || !str_casecmp(account_aor(ua_account(ua)), aor))
			return ua;
	}

	return NULL;
}


const char *agents_aor(void)
{
	struct ua *ua = agents_find(NULL);
	const char *aor = ua ? account_aor(ua_account(ua)) : NULL;

	return str_len(aor) > AOR_MAX ? NULL : aor;
}


bool agents_each_call(agents_call_h *h, const void *arg)
{
	struct le *ule, *cle;

	for (ule = list_head(uag_list()); ule; ule = ule->next) {

		cle = list_head(ua_calls(ule->data));
		for (; cle; cle = cle->next) {
			if (h(ule->data, cle->data, arg))
				return true;
		}
	}

	return false;
}


static bool is_handler(struct ua *ua, struct call *call, const void *arg)
{
	(void)ua;

	return call == arg;
}


bool agents_have_call(const struct call *call)
{
	return agents_each_call(is_handler, call);
}


static bool has_id_handler(struct ua *ua, struct call *call, const void *arg)
{
	const char *id = call_id(call);
	(void)ua;

	return id && !pl_strcmp(arg, id);
}


bool agents_have_call_id(const struct pl *id)
{
	return agents_each_call(has_id_handler, id);
}
