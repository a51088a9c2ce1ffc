/**
 * @file fleetinit.c  Makes the stream of a fleet
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <string.h>
#include "engine.h"
#include "fleet.h"
#include "fleetstream.h"
#include "print.h"


enum {
	PATIENCE = 15, /* seconds that servers may take to choose a leader */
	REPLICAS_MAX = 5,
	DAYS_MAX = 36500,
	MB_MAX = 1 << 30,
	DEFAULT_DAYS = 30,
	DEFAULT_MB = 4096,
};

static const int64_t day = INT64_C(86400) * 1000000000; /* ns */
static const int64_t mb = INT64_C(1) << 20;


static enum status read_choice(struct fleetstream_choice *c,
			       const struct args *a)
{
	unsigned days = 0, size = 0;
	enum status status;

	memset(c, 0, sizeof(*c));
	status = fleetset_number(&c->replicas, a, "replicas", REPLICAS_MAX);
	if (!status)
		status = fleetset_number(&days, a, "keep-days", DAYS_MAX);
	if (!status)
		status = fleetset_number(&size, a, "keep-mb", MB_MAX);
	if (!status && args_has(a, "anew") && args_has(a, "update"))
		status = say_error(STATUS_USAGE,
				   "fleet init takes either --update or "
				   "--anew");
	c->max_age = days * day;
	c->max_bytes = size * mb;

	return status;
}


static void say_made(const struct fleet_settings *s, const cJSON *info,
		     const char *how, const struct args *a)
{
	const cJSON *config = cJSON_GetObjectItem(info, "config");
	const cJSON *n = cJSON_GetObjectItem(config, "num_replicas");

	if (args_has(a, "json"))
		print_json(info);
	else
		print_line("the stream %s %s, with %d replica%s; its epoch is "
			   "%s",
			   s->stream, how, n ? n->valueint : 0,
			   n && n->valueint == 1 ? "" : "s",
			   json_text(info, "created"));
}


static enum status make(const struct fleet_settings *s,
			struct fleetstream_choice *c, const struct args *a)
{
	cJSON *info = NULL;
	const char *host;
	unsigned port;
	size_t len;
	enum status status;

	if (!c->replicas)
		c->replicas = fleetset_server(s->urls, 0, &host, &len, &port) <
					      3
				      ? 1
				      : 3;
	if (!c->max_age)
		c->max_age = DEFAULT_DAYS * day;
	if (!c->max_bytes)
		c->max_bytes = DEFAULT_MB * mb;

	status = fleetstream_put(&info, s, c, false);
	if (!status)
		say_made(s, info, "is made", a);
	cJSON_Delete(info);

	return status;
}


static enum status change(const struct fleet_settings *s,
			  const struct fleetstream_choice *c,
			  const char *differs, const struct args *a)
{
	cJSON *info = NULL;
	enum status status = fleetstream_put(&info, s, c, true);

	/* Some settings cannot be changed; those are reported */
	if (!status) {
		char left[STREAM_DIFFERS_MAX];

		if (fleetstream_differs(left, s, info, c))
			status = say_error(STATUS_ERROR,
					   "the stream %s still differs: %s",
					   s->stream, left);
		else
			say_made(s, info, "is changed", a);
	}
	else {
		(void)say_error(status, "the stream %s differs: %s", s->stream,
				differs);
	}
	cJSON_Delete(info);

	return status;
}


static enum status keep(const struct fleet_settings *s,
			struct fleetstream_choice *c, const cJSON *info,
			const struct args *a)
{
	char differs[STREAM_DIFFERS_MAX];

	if (!fleetstream_differs(differs, s, info, c)) {
		say_made(s, info, "exists and fits", a);
		return STATUS_DONE;
	}
	if (!args_has(a, "update"))
		return say_error(STATUS_ERROR,
				 "the stream %s exists and differs: %s; "
				 "--update changes what can be changed",
				 s->stream, differs);

	fleetstream_choose(c, info);

	return change(s, c, differs, a);
}


static enum status run(const struct fleet_settings *s,
		       struct fleetstream_choice *c, const struct args *a)
{
	cJSON *info = NULL;
	enum status status = fleetstream_info(&info, s, PATIENCE);

	if (!status && fleetstream_is_missing(info))
		status = make(s, c, a);
	else if (!status && fleetstream_error(info))
		status = say_error(
			STATUS_ERROR,
			"the servers give no information on the stream %s: %s",
			s->stream, fleetstream_error(info));
	else if (!status && args_has(a, "anew")) {
		fleetstream_choose(c, info);
		status = fleetstream_delete(s);
		if (!status)
			status = make(s, c, a);
	}
	else if (!status)
		status = keep(s, c, info, a);
	cJSON_Delete(info);

	return status;
}


/**
 * Make the stream of a fleet, or tell how the one that is there differs
 *
 * @param a Command line
 *
 * @return Exit status
 */
enum status fleet_init(const struct args *a)
{
	static struct fleet_settings s;
	struct fleetstream_choice c;
	enum status status = read_choice(&c, a);

	if (!status)
		status = fleetset_read(&s, a);
	if (!status) {
		status = engine_open(&s);
		if (!status)
			status = run(&s, &c, a);
		engine_close();
	}

	return status;
}
