/**
 * @file module_target.c  Any text as referTo: the input's first line, with the
 * display name and header fields of the next two, and the names of the far
 * end: From, remote target, route set
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <stdlib.h>
#include <string.h>
#include <re.h>
#include "text/syntax.h"
#include "text/text.h"
#include "fuzz.h"


static char *line(char **textp)
{
	char *str = strsep(textp, "\n");

	return str && *str ? str : NULL;
}


/* Text in a SIP message is one line, and within <> */
static void check(const char *addr, const char *uri)
{
	struct sip_addr sa;
	struct pl pl;

	if (has_controls(addr) || has_controls(uri) || strpbrk(uri, "<> \""))
		abort();

	pl_set_str(&pl, addr);
	if (strncmp(uri, "tel:", 4) && sip_addr_decode(&sa, &pl))
		abort();
}


/* ... and contains nothing that far ends refuse */
static void check_referto(const struct target *target)
{
	struct error error = {.index = -1};
	const int err = referto_check(target, "referTo", &error);

	if (err && (err != EBADMSG || !*error.text))
		abort();
	if (!err && (!strstr(target->addr, ">") ||
		     strcmp(strrchr(target->addr, '>'), ">")))
		abort();
}


static void taken(const char *input, const struct farend *far)
{
	struct target target = {.rule = NULL};
	struct error error = {.index = -1};

	if (target_encode(&target, "referredBy", input, NULL, NULL, far,
			  &error))
		abort();

	check(target.addr, target.uri);
	target_reset(&target);
}


/* No name of a far end causes an error here */
static void check_far(const struct farend *far, const char *remote)
{
	char *uri;

	taken(far->identity, far);
	taken("100", far);

	if (!remote)
		return;

	if (farend_target(&uri, far, remote))
		abort();
	taken(uri, far);
	mem_deref(uri);
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), *rest = text;
	struct target target = {.rule = NULL};
	struct error error = {.index = -1};
	struct farend_names names = {.source = "10.0.0.1:5080"};
	struct farend far;
	const char *input = line(&rest);
	const char *dname = line(&rest);
	const char *hdrs = line(&rest);
	int err;

	names.identity = line(&rest);
	names.target = line(&rest);
	names.routes = line(&rest);
	if (!names.identity)
		names.identity = "sip:+4940999@carrier.example:5070"
				 ";transport=tcp";

	if (!input || (dname && !text_is_clean(dname)))
		goto out;
	if (hdrs && strspn(hdrs, "abcdefghijklmnopqrstuvwxyz=&%0123456789") !=
			    strlen(hdrs))
		goto out;

	if (farend_init(&far, &names))
		abort();
	check_far(&far, names.target);

	err = target_encode(&target, "referTo", input, dname, hdrs, &far,
			    &error);
	if (!err) {
		check(target.addr, target.uri);
		check_referto(&target);
	}
	else if (err != EBADMSG || !*error.text) {
		abort();
	}

	target_reset(&target);
	farend_reset(&far);

out:
	free(text);

	return 0;
}
