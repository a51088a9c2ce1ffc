/**
 * @file fleetstream.c  The stream of a fleet, as JetStream tells and takes it
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "engine.h"
#include "fleetstream.h"
#include "print.h"


enum {
	PATIENCE = 15, /* seconds that servers may take to choose a leader */
	BODY_SIZE = 2048,
	NO_STREAM = 10059, /* error code of JetStream */
};

/* ns in which a message that comes twice is known as such */
static const int64_t duplicate_window = INT64_C(120) * 1000000000;

/* Fixed settings of the stream of a fleet */
static const struct {
	const char *key;
	const char *text; /* NULL for a switch that is on */
} fixed[] = {
	{"storage", "file"},   {"retention", "limits"}, {"discard", "old"},
	{"deny_delete", NULL}, {"deny_purge", NULL},
};


static enum status ask(cJSON **treep, const struct fleet_settings *s,
		       const char *what, const char *body, double patience)
{
	char subject[128];

	(void)snprintf(subject, sizeof(subject), "$JS.API.STREAM.%s.%s", what,
		       s->stream);

	return engine_ask(treep, subject, body, patience);
}


/**
 * Tell whether an answer says that the stream does not exist
 *
 * @param tree Answer
 *
 * @return True if it does
 */
bool fleetstream_is_missing(const cJSON *tree)
{
	return json_number(cJSON_GetObjectItem(tree, "error"), "err_code") ==
	       NO_STREAM;
}


/**
 * Get the error that the servers answered
 *
 * @param tree Answer
 *
 * @return Text of the error, NULL if it is none
 */
const char *fleetstream_error(const cJSON *tree)
{
	const cJSON *error = cJSON_GetObjectItem(tree, "error");

	return error ? json_text(error, "description") : NULL;
}


/**
 * Get the configuration and the state of the stream, its leader, and the
 * number of messages of each member.  Prints its errors.
 *
 * @param infop    Answer, to be deleted
 * @param s        Settings with the servers
 * @param patience Seconds to try for
 *
 * @return STATUS_DONE, otherwise the exit status
 */
enum status fleetstream_info(cJSON **infop, const struct fleet_settings *s,
			     double patience)
{
	char body[128];

	(void)snprintf(body, sizeof(body), "{\"subjects_filter\":\"%s.ev.*\"}",
		       s->name);

	return ask(infop, s, "INFO", body, patience);
}


/**
 * Make the stream, or change it.  Prints its errors.
 *
 * @param infop  Answer, to be deleted
 * @param s      Settings with the servers
 * @param c      Chosen settings
 * @param update Whether it exists
 *
 * @return STATUS_DONE, otherwise the exit status
 */
enum status fleetstream_put(cJSON **infop, const struct fleet_settings *s,
			    const struct fleetstream_choice *c, bool update)
{
	char body[BODY_SIZE];
	enum status status;

	/* Numbers as JetStream takes them: cJSON would print an exponent */
	(void)snprintf(body, sizeof(body),
		       "{\"name\":\"%s\",\"subjects\":[\"%s.ev.*\","
		       "\"%s.lost.*.*\"],\"retention\":\"limits\","
		       "\"storage\":\"file\",\"discard\":\"old\","
		       "\"max_consumers\":-1,\"max_msgs\":-1,"
		       "\"max_msgs_per_subject\":-1,\"max_msg_size\":-1,"
		       "\"num_replicas\":%u,\"max_age\":%" PRId64
		       ",\"max_bytes\":%" PRId64
		       ",\"duplicate_window\":%" PRId64
		       ",\"deny_delete\":true,\"deny_purge\":true}",
		       s->stream, s->name, s->name, c->replicas, c->max_age,
		       c->max_bytes, duplicate_window);

	status = ask(infop, s, update ? "UPDATE" : "CREATE", body, PATIENCE);
	if (!status && fleetstream_error(*infop))
		status = say_error(STATUS_ERROR,
				   "the servers do not %s the stream %s: %s",
				   update ? "change" : "make", s->stream,
				   fleetstream_error(*infop));

	return status;
}


/**
 * Delete the stream, with all its messages.  Prints its errors.
 *
 * @param s Settings with the servers
 *
 * @return STATUS_DONE, otherwise the exit status
 */
enum status fleetstream_delete(const struct fleet_settings *s)
{
	cJSON *tree = NULL;
	enum status status = ask(&tree, s, "DELETE", "", PATIENCE);

	if (!status && fleetstream_error(tree))
		status = say_error(STATUS_ERROR,
				   "the servers do not delete the stream %s: "
				   "%s",
				   s->stream, fleetstream_error(tree));
	cJSON_Delete(tree);

	return status;
}


/**
 * Take the present setting where none is chosen
 *
 * @param c    Chosen settings
 * @param info Present settings, from fleetstream_info()
 */
void fleetstream_choose(struct fleetstream_choice *c, const cJSON *info)
{
	const cJSON *config = cJSON_GetObjectItem(info, "config");

	if (!c->replicas)
		c->replicas = (unsigned)json_number(config, "num_replicas");
	if (!c->max_age)
		c->max_age = (int64_t)json_number(config, "max_age");
	if (!c->max_bytes)
		c->max_bytes = (int64_t)json_number(config, "max_bytes");
}


static void note(char text[STREAM_DIFFERS_MAX], const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));


static void note(char text[STREAM_DIFFERS_MAX], const char *fmt, ...)
{
	size_t len = strlen(text);
	va_list ap;

	if (len)
		len += (size_t)snprintf(text + len, STREAM_DIFFERS_MAX - len,
					", ");
	if (len >= STREAM_DIFFERS_MAX)
		return;

	va_start(ap, fmt);
	(void)vsnprintf(text + len, STREAM_DIFFERS_MAX - len, fmt, ap);
	va_end(ap);
}


static void compare_number(char text[STREAM_DIFFERS_MAX], const cJSON *config,
			   const char *key, int64_t wanted)
{
	const int64_t is = (int64_t)json_number(config, key);

	if (wanted && is != wanted)
		note(text, "%s is %" PRId64 " and should be %" PRId64, key, is,
		     wanted);
}


static void compare_subjects(char text[STREAM_DIFFERS_MAX],
			     const struct fleet_settings *s,
			     const cJSON *config)
{
	const cJSON *list = cJSON_GetObjectItem(config, "subjects");
	char wanted[2][FLEET_NAME_MAX + 16];
	int found = 0;
	const cJSON *item;

	(void)snprintf(wanted[0], sizeof(wanted[0]), "%s.ev.*", s->name);
	(void)snprintf(wanted[1], sizeof(wanted[1]), "%s.lost.*.*", s->name);
	cJSON_ArrayForEach(item, list)
	{
		const char *is = cJSON_GetStringValue(item);

		found += is &&
			 (!strcmp(is, wanted[0]) || !strcmp(is, wanted[1]));
	}
	if (found != 2 || cJSON_GetArraySize(list) != 2)
		note(text, "subjects should be %s and %s", wanted[0],
		     wanted[1]);
}


/**
 * Tell in which ways a stream is not as a fleet needs it
 *
 * @param text Differences, separated by commas
 * @param s    Settings with the servers
 * @param info The stream, as fleetstream_info() gives it
 * @param c    Chosen settings
 *
 * @return True if something does
 */
bool fleetstream_differs(char text[STREAM_DIFFERS_MAX],
			 const struct fleet_settings *s, const cJSON *info,
			 const struct fleetstream_choice *c)
{
	const cJSON *config = cJSON_GetObjectItem(info, "config");

	*text = '\0';
	compare_subjects(text, s, config);
	for (size_t i = 0; i < sizeof(fixed) / sizeof(*fixed); i++) {
		const char *key = fixed[i].key, *wanted = fixed[i].text;

		if (!wanted && !cJSON_IsTrue(cJSON_GetObjectItem(config, key)))
			note(text, "%s is not set", key);
		else if (wanted && strcmp(json_text(config, key), wanted))
			note(text, "%s is %s and should be %s", key,
			     json_text(config, key), wanted);
	}
	compare_number(text, config, "num_replicas", c->replicas);
	compare_number(text, config, "max_age", c->max_age);
	compare_number(text, config, "max_bytes", c->max_bytes);
	compare_number(text, config, "duplicate_window", duplicate_window);
	compare_number(text, config, "max_msgs", -1);

	return *text != '\0';
}
