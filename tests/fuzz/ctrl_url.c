/**
 * @file ctrl_url.c  Any text as a URL: that of an application, of a hook, and
 *                   of a hook that belongs to the application before it
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "apps/appcall.h"
#include "fuzz.h"
#include "hooks/hooks.h"
#include "net/net.h"


static const char secret[] = "//name:secret@";


static void check_parts(const char *text)
{
	struct weburl u;

	if (!weburl_parse(&u, text) &&
	    (!u.scheme || !u.host || !u.origin || !u.path || u.port < 0 ||
	     u.port > 65535))
		abort();

	weburl_reset(&u);
}


/* Clients get a URL without the name and password in it */
static void check_public(const char *text)
{
	char url[HOOK_MAX + 1], small[8];

	webhook_public_url(small, sizeof(small), text);
	webhook_public_url(url, sizeof(url), text);
	if (!strncasecmp(text, "http:", 5) &&
	    !strncmp(text + 5, secret, strlen(secret)) &&
	    !strncmp(url + 5, secret, strlen(secret)))
		abort();
}


static void check_hook(const char *text, const char *app)
{
	struct hook hook = {0}, whole = {0};

	if (!hook_set(&hook, text, "POST", NULL, NULL) &&
	    !hook_set(&whole, app, "POST", "user", "password") &&
	    !appcall_resolve(&hook, &whole) && !hook.url)
		abort();

	hook_reset(&hook);
	hook_reset(&whole);
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), *hook = text;
	char *app = strsep(&hook, "\n");

	if (strlen(text) > HOOK_MAX || (hook && strlen(hook) > HOOK_MAX))
		goto out;

	check_parts(app);
	check_public(app);
	(void)weburl_valid(app);
	if (hook && weburl_valid(app))
		check_hook(hook, app);

out:
	free(text);

	return 0;
}
