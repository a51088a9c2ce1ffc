/**
 * @file route.c  Which application a call gets
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "apps.h"
#include "base/base.h"
#include "hooks/hooks.h"
#include "net/net.h"
#include "route.h"


/* One line of the map; the first that matches decides */
struct route {
	struct route *next;
	char *pattern;
	struct hook hook; /* no URL: no application */
};

static struct {
	struct route *head;
	struct route **tail;
	char status[HOOK_MAX + 1];
} routes = {.tail = &routes.head};


static int add(const char *pattern, const char *url, const char *method)
{
	bool none = !strcmp(url, "-");
	struct route *r;

	if (!none && (strlen(url) > HOOK_MAX || !weburl_valid(url))) {
		log_error("route: %s must be a ws:, wss:, http: or https: URL",
			  url);
		return EINVAL;
	}

	r = calloc(1, sizeof(*r));
	if (!r)
		return ENOMEM;

	*routes.tail = r;
	routes.tail = &r->next;
	r->pattern = strdup(pattern);
	if (!r->pattern)
		return ENOMEM;

	return none ? 0 : hook_set(&r->hook, url, method, NULL, NULL);
}


/* PATTERN URL [GET|POST] */
static int read_line(char *line)
{
	static const char space[] = " \t\r\n";
	char *save = NULL;
	const char *pattern = strtok_r(line, space, &save);
	const char *url, *method;

	if (!pattern || *pattern == '#')
		return 0;

	url = strtok_r(NULL, space, &save);
	method = strtok_r(NULL, space, &save);
	if (!url || (method && strcasecmp(method, "GET") &&
		     strcasecmp(method, "POST")))
		return EINVAL;

	return add(pattern, url, method ? method : "POST");
}


static int read_map(const char *path)
{
	FILE *f = fopen(path, "r");
	char line[HOOK_MAX + 256];
	unsigned n = 0;
	int err = 0;

	if (!f) {
		err = errno;
		log_error("route: cannot read %s: %s", path, strerror(err));
		return err;
	}

	while (!err && fgets(line, sizeof(line), f)) {
		++n;
		err = read_line(line);
		if (err)
			log_error(
				"route: %s, line %u: the line must be PATTERN "
				"URL, with GET or POST after an http: URL",
				path, n);
	}
	(void)fclose(f);

	return err;
}


static void drop(struct route *r)
{
	while (r) {
		struct route *next = r->next;

		hook_reset(&r->hook);
		free(r->pattern);
		free(r);
		r = next;
	}
}


int routes_init(const char *url, const char *map, const char *status)
{
	struct route *before = routes.head;
	int err = 0;

	(void)snprintf(routes.status, sizeof(routes.status), "%s", status);
	routes.head = NULL;
	routes.tail = &routes.head;

	if (*map)
		err = read_map(map);
	if (!err && *url)
		err = add("*", url, "POST");

	if (err) {
		struct route *bad = routes.head;

		routes.head = before;
		routes.tail = &routes.head;
		while (*routes.tail)
			routes.tail = &(*routes.tail)->next;
		before = bad;
	}
	drop(before);

	return err;
}


void routes_close(void)
{
	drop(routes.head);
	routes.head = NULL;
	routes.tail = &routes.head;
}


/**
 * Find the application of a call that comes in
 *
 * @param hook   Application, to be freed with hook_reset()
 * @param number Called number
 *
 * @return True if it has an application
 */
bool route_find(struct hook *hook, const char *number)
{
	const struct route *r = routes.head;

	while (r && fnmatch(r->pattern, number, 0))
		r = r->next;

	return r && r->hook.url && !hook_copy(hook, &r->hook);
}


/**
 * Get where an application over HTTP hears of a call's status
 *
 * @return A URL or a path on the application's host, "" for nowhere
 */
const char *route_status(void)
{
	return routes.status;
}
