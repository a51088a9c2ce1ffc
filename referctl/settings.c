/**
 * @file settings.c  Address of referd, and its token
 *
 * From options, else the environment, else the user's file, else that of the
 * machine.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <curl/curl.h>
#include "base/base.h"
#include "settings.h"


enum { FAULT_SIZE = 2048 };

static const char default_url[] = "http://127.0.0.1:8080";
static const char machine_file[] = "/etc/referd/referctl.conf";

/* One place that settings come from */
struct source {
	char url[SETTING_MAX];
	char token[SETTING_MAX];
	char token_file[SETTING_MAX];
	char ca[SETTING_MAX];
};


static const char *put(const char *key, const char *value, void *arg)
{
	struct source *s = arg;
	char *to = !strcmp(key, "url")          ? s->url
		   : !strcmp(key, "token")      ? s->token
		   : !strcmp(key, "token-file") ? s->token_file
		   : !strcmp(key, "ca")         ? s->ca
						: NULL;

	if (!to)
		return "is not a setting";
	if (!*value || strlen(value) >= SETTING_MAX)
		return "must have 1 to 511 bytes";

	strcpy(to, value);

	return NULL;
}


static enum status put_named(struct source *s, const char *key,
			     const char *name, const char *value)
{
	const char *wrong = value ? put(key, value, s) : NULL;

	return wrong ? say_error(STATUS_USAGE, "%s %s", name, wrong)
		     : STATUS_DONE;
}


/* An empty variable is one that is not set */
static enum status from_environment(struct source *s)
{
	static const char *const vars[][2] = {
		{"url", "REFERD_URL"},
		{"token", "REFERD_TOKEN"},
		{"token-file", "REFERD_TOKEN_FILE"},
		{"ca", "REFERD_CA"}};
	enum status status = STATUS_DONE;

	for (size_t i = 0; !status && i < sizeof(vars) / sizeof(*vars); i++) {
		const char *value = getenv(vars[i][1]);

		if (value && *value)
			status = put_named(s, vars[i][0], vars[i][1], value);
	}

	return status;
}


static enum status from_options(struct source *s, const struct args *a)
{
	static const char *const names[] = {"url", "token", "token-file",
					    "ca"};
	enum status status = STATUS_DONE;

	for (size_t i = 0; !status && i < sizeof(names) / sizeof(*names);
	     i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "--%s", names[i]);
		status = put_named(s, names[i], name, args_value(a, names[i]));
	}

	return status;
}


static enum status from_file(struct source *s, const char *path)
{
	char error[FAULT_SIZE];
	char *text = NULL;
	int err = configfile_read(&text, path, put, s, error, sizeof(error));

	free(text);
	if (err && err != ENOENT && err != ENOTDIR)
		return say_error(STATUS_USAGE, "%s", error);

	return STATUS_DONE;
}


static enum status from_users_file(struct source *s)
{
	const char *dir = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");
	char path[SETTING_MAX];

	if (dir && *dir)
		(void)snprintf(path, sizeof(path), "%s/referctl.conf", dir);
	else if (home && *home)
		(void)snprintf(path, sizeof(path), "%s/.config/referctl.conf",
			       home);
	else
		return STATUS_DONE;

	return from_file(s, path);
}


/* The last word of the first line that is no comment: a file of referd's own,
   of lines with a name, a role and a token, will do */
static bool find_token(char *token, FILE *f)
{
	char line[SETTING_MAX];

	while (fgets(line, sizeof(line), f)) {
		char *rest = line, *word;

		if (*line == '#')
			continue;

		while ((word = strsep(&rest, " \t\r\n"))) {
			if (*word)
				strcpy(token, word);
		}
		if (*token)
			return true;
	}

	return false;
}


static enum status read_token(char *token, const char *path)
{
	FILE *f = fopen(path, "r");
	bool found;

	if (!f)
		return say_error(STATUS_USAGE,
				 "cannot read the token in %s: %s", path,
				 strerror(errno));

	found = find_token(token, f);
	(void)fclose(f);

	return found ? STATUS_DONE
		     : say_error(STATUS_USAGE, "%s has no token", path);
}


/* The first source that has a setting gives it; a token beats a token file */
static enum status choose(struct settings *s, const struct source *sources,
			  size_t n)
{
	const char *file = "";

	strcpy(s->url, default_url);
	for (size_t i = n; i-- > 0;) {
		if (*sources[i].url)
			strcpy(s->url, sources[i].url);
		if (*sources[i].ca)
			strcpy(s->ca, sources[i].ca);
		if (*sources[i].token || *sources[i].token_file) {
			strcpy(s->token, sources[i].token);
			file = *s->token ? "" : sources[i].token_file;
		}
	}

	return *file ? read_token(s->token, file) : STATUS_DONE;
}


/* It becomes a part of a header */
static bool is_printable(const char *s)
{
	for (; *s; s++) {
		if (*s <= ' ' || *s > '~')
			return false;
	}

	return true;
}


static bool get_part(CURLU *u, CURLUPart what, char *to, unsigned flags)
{
	char *text = NULL;
	bool ok = !curl_url_get(u, what, &text, flags) &&
		  strlen(text) < SETTING_MAX;

	if (ok)
		strcpy(to, text);
	curl_free(text);

	return ok;
}


/* HOST[:PORT][/PATH] of a referd or of the proxy before it; the address of
   its WebSocket is as good */
static bool split_url(struct settings *s)
{
	char scheme[SETTING_MAX], port[SETTING_MAX];
	CURLU *u = curl_url();
	size_t len;
	bool ok = u &&
		  !curl_url_set(u, CURLUPART_URL, s->url,
				CURLU_NON_SUPPORT_SCHEME) &&
		  get_part(u, CURLUPART_SCHEME, scheme, 0) &&
		  get_part(u, CURLUPART_HOST, s->host, 0) &&
		  get_part(u, CURLUPART_PATH, s->path, 0);

	if (ok)
		s->tls = !strcmp(scheme, "https") || !strcmp(scheme, "wss");
	if (ok && !s->tls)
		ok = !strcmp(scheme, "http") || !strcmp(scheme, "ws");
	if (ok)
		s->port = get_part(u, CURLUPART_PORT, port, 0) ? atoi(port)
			  : s->tls                             ? 443
							       : 80;
	curl_url_cleanup(u);
	if (!ok)
		return false;

	len = strlen(s->path);
	if (len >= 3 && !strcmp(s->path + len - 3, "/ws"))
		len -= 3;
	while (len && s->path[len - 1] == '/')
		--len;
	s->path[len] = '\0';

	return true;
}


/**
 * Find the address of referd.  Prints its errors.
 *
 * @param s Settings
 * @param a Command line
 *
 * @return STATUS_DONE, otherwise the exit status
 */
enum status settings_read(struct settings *s, const struct args *a)
{
	struct source sources[4] = {0};
	enum status status;

	memset(s, 0, sizeof(*s));

	status = from_options(&sources[0], a);
	if (!status)
		status = from_environment(&sources[1]);
	if (!status)
		status = from_users_file(&sources[2]);
	if (!status)
		status = from_file(&sources[3], machine_file);
	if (!status)
		status = choose(s, sources, 4);
	if (status)
		return status;

	if (!is_printable(s->token))
		return say_error(STATUS_USAGE, "the token must be printable "
					       "ASCII without spaces");

	if (!split_url(s))
		return say_error(STATUS_USAGE,
				 "the URL must be %s or wss://HOST/ws, not %s",
				 default_url, s->url);

	return STATUS_DONE;
}
