/**
 * @file jetstream.c  Requests to JetStream, and its answers
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "jetstream.h"
#include "json.h"


/* Without a word of a server [ns]; each sends one a second at least */
static const double silent = 3e9;


static void copy(char *buf, size_t size, const cJSON *item)
{
	const char *text = cJSON_GetStringValue(item);

	(void)snprintf(buf, size, "%s", text ? text : "");
}


static const cJSON *get(const cJSON *obj, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(obj, key);
}


/* Beyond 2^53 nothing that is counted here gets */
static int64_t number(const cJSON *obj, const char *key)
{
	const cJSON *item = get(obj, key);

	if (!cJSON_IsNumber(item) || !(item->valuedouble >= -1) ||
	    !(item->valuedouble < 9007199254740992.))
		return 0;

	return (int64_t)item->valuedouble;
}


/* A number that may be beyond what fits */
static uint64_t positive(const cJSON *obj, const char *key)
{
	const int64_t n = number(obj, key);

	return n > 0 ? (uint64_t)n : 0;
}


static bool is(const cJSON *obj, const char *key, const char *value)
{
	const char *text = cJSON_GetStringValue(get(obj, key));

	return text && !strcmp(text, value);
}


/* Returns EPROTO if the answer is an error, EBADMSG if it is no answer */
static int read_tree(cJSON **treep, struct jetstream_error *e,
		     const char *text)
{
	cJSON *tree = cJSON_Parse(text);
	const cJSON *error = get(tree, "error");

	memset(e, 0, sizeof(*e));
	*treep = tree;
	if (!cJSON_IsObject(tree))
		return EBADMSG;
	if (!cJSON_IsObject(error))
		return 0;

	e->code = (int)(number(error, "code") % 1000);
	e->err_code = (int)(number(error, "err_code") % 100000);
	copy(e->text, sizeof(e->text), get(error, "description"));

	return EPROTO;
}


/**
 * Read the information on a consumer
 *
 * @param c    Consumer
 * @param e    Error, if that is the answer
 * @param text Answer to CONSUMER.CREATE or CONSUMER.INFO
 *
 * @return 0, EBADMSG, or EPROTO: an error, in e
 */
int jetstream_consumer_read(struct jetstream_consumer *c,
			    struct jetstream_error *e, const char *text)
{
	cJSON *tree;
	int err = read_tree(&tree, e, text);

	memset(c, 0, sizeof(*c));
	if (!err) {
		const char *name = cJSON_GetStringValue(get(tree, "name"));

		if (!name || !*name || strlen(name) >= sizeof(c->name))
			err = EBADMSG;
		else
			strcpy(c->name, name);
		c->pending = positive(tree, "num_pending");
	}
	cJSON_Delete(tree);

	return err;
}


/**
 * Read the answer to anything that needs no more than success
 *
 * @param e    Error, if that is the answer
 * @param text Answer
 *
 * @return 0, EPROTO if the answer is an error, EBADMSG if it is not valid
 */
int jetstream_answer_read(struct jetstream_error *e, const char *text)
{
	cJSON *tree;
	const int err = read_tree(&tree, e, text);

	cJSON_Delete(tree);

	return err;
}


/**
 * Read the answer to a published message.  Each batch of events has one, so
 * this builds no tree.
 *
 * @param a    The acknowledgement
 * @param e    Error, if that is the answer
 * @param text Answer
 *
 * @return 0, EPROTO if the answer is an error, EBADMSG if it is not valid
 */
int jetstream_ack_read(struct jetstream_ack *a, struct jetstream_error *e,
		       const char *text)
{
	static const char seq[] = "\"seq\":";
	const char *p = strstr(text, seq);
	int err;

	memset(e, 0, sizeof(*e));
	if (!p || strstr(text, "\"error\"")) {
		err = jetstream_answer_read(e, text);
		return err ? err : EBADMSG;
	}

	p += sizeof(seq) - 1;
	a->seq = strtoull(p + strspn(p, " "), NULL, 10);
	a->duplicate = strstr(text, "\"duplicate\":true") != NULL ||
		       strstr(text, "\"duplicate\": true") != NULL;

	return a->seq ? 0 : EBADMSG;
}


/* True if the subjects of the stream have one, as it is or by a wildcard */
static bool has_subject(const cJSON *config, const char *fleet,
			const char *rest)
{
	const size_t len = strlen(fleet);
	const cJSON *item;

	cJSON_ArrayForEach(item, get(config, "subjects"))
	{
		const char *s = cJSON_GetStringValue(item);

		if (!s || strncmp(s, fleet, len) || s[len] != '.')
			continue;
		if (!strcmp(s + len + 1, ">") || !strcmp(s + len + 1, rest))
			return true;
	}

	return false;
}


static void read_config(struct jetstream_stream *s, const cJSON *config,
			const char *fleet)
{
	copy(s->name, sizeof(s->name), get(config, "name"));
	s->max_age = positive(config, "max_age");
	s->max_bytes = number(config, "max_bytes");
	s->duplicates = positive(config, "duplicate_window");
	s->replicas = (unsigned)(positive(config, "num_replicas") % 100);
	s->on_disk = is(config, "storage", "file");
	s->drops_old = is(config, "discard", "old");
	s->by_limits = is(config, "retention", "limits");
	s->deny_delete = cJSON_IsTrue(get(config, "deny_delete"));
	s->deny_purge = cJSON_IsTrue(get(config, "deny_purge"));
	s->has_events = has_subject(config, fleet, "ev.*");
	s->has_lost = has_subject(config, fleet, "lost.*.*");
}


static bool is_heard(const cJSON *replica)
{
	const cJSON *active = get(replica, "active");

	return !cJSON_IsTrue(get(replica, "offline")) &&
	       (!cJSON_IsNumber(active) || active->valuedouble < silent);
}


/* A server alone has no cluster, and always a quorum */
static void read_cluster(struct jetstream_stream *s, const cJSON *cluster)
{
	unsigned heard = 1, all = 1;
	const cJSON *replica;

	copy(s->leader, sizeof(s->leader), get(cluster, "leader"));
	cJSON_ArrayForEach(replica, get(cluster, "replicas"))
	{
		++all;
		if (is_heard(replica))
			++heard;
		if (cJSON_IsTrue(get(replica, "offline")))
			++s->offline;
		else if (!cJSON_IsTrue(get(replica, "current")))
			++s->lagging;
	}
	s->quorum = !cluster || (*s->leader && heard > all / 2);
}


/**
 * Read what STREAM.INFO, or STREAM.CREATE, answers
 *
 * @param s     Stream
 * @param e     Error, if that is the answer
 * @param text  Answer
 * @param fleet Name of the fleet, the first token of its subjects
 *
 * @return 0, EPROTO if the answer is an error, EBADMSG if it is not valid
 */
int jetstream_stream_read(struct jetstream_stream *s,
			  struct jetstream_error *e, const char *text,
			  const char *fleet)
{
	const cJSON *state;
	cJSON *tree;
	int err = read_tree(&tree, e, text);

	memset(s, 0, sizeof(*s));
	if (!err && (!cJSON_IsObject(get(tree, "config")) ||
		     !cJSON_IsString(get(tree, "created"))))
		err = EBADMSG;
	if (!err) {
		state = get(tree, "state");
		copy(s->created, sizeof(s->created), get(tree, "created"));
		s->first = positive(state, "first_seq");
		s->last = positive(state, "last_seq");
		s->messages = positive(state, "messages");
		s->bytes = positive(state, "bytes");
		read_config(s, get(tree, "config"), fleet);
		read_cluster(s, get(tree, "cluster"));
	}
	cJSON_Delete(tree);

	return err;
}


/**
 * Find the first fault in the configuration of a stream
 *
 * @param s       Stream
 * @param servers Number of servers
 *
 * @return What it must be, as in "it must be on disk"; NULL if it has no fault
 */
const char *jetstream_stream_wrong(const struct jetstream_stream *s,
				   unsigned servers)
{
	if (!s->has_events)
		return "it must have the subjects ev.* of the fleet";
	if (!s->has_lost)
		return "it must have the subjects lost.*.* of the fleet";
	if (!s->by_limits)
		return "its retention must be by limits";
	if (!s->drops_old)
		return "it must drop the oldest messages when it is full";
	if (!s->on_disk)
		return "it should be on disk (storage file): a stream in "
		       "memory is lost with the servers";
	if (servers >= 3 && s->replicas < 3)
		return "it should have 3 replicas: with fewer, the failure of "
		       "a server makes it unavailable";
	if (!s->deny_delete || !s->deny_purge)
		return "it should refuse to delete and to purge messages";

	return NULL;
}


static int value_of(char c)
{
	if (isupper((unsigned char)c))
		return c - 'A';
	if (islower((unsigned char)c))
		return c - 'a' + 26;
	if (isdigit((unsigned char)c))
		return c - '0' + 52;

	return c == '+' ? 62 : c == '/' ? 63 : -1;
}


/* RFC 4648 section 4 */
static char *decode(const char *text, size_t *lenp)
{
	char *data = malloc(strlen(text) / 4 * 3 + 4), *p = data;
	uint32_t bits = 0;
	unsigned count = 0;

	for (; data && *text && *text != '='; text++) {
		const int value = value_of(*text);

		if (value < 0) {
			free(data);
			return NULL;
		}

		bits = bits << 6 | (uint32_t)value;
		count += 6;
		if (count >= 8) {
			count -= 8;
			*p++ = (char)(bits >> count & 0xff);
		}
	}

	if (data) {
		*p = '\0';
		*lenp = (size_t)(p - data);
	}

	return data;
}


/**
 * Read what STREAM.MSG.GET answers
 *
 * @param m    Message, whose data is to be freed
 * @param e    Error, if that is the answer
 * @param text Answer
 *
 * @return 0, ENOMEM, EPROTO if the answer is an error, EBADMSG if it is not
 *         valid
 */
int jetstream_message_read(struct jetstream_message *m,
			   struct jetstream_error *e, const char *text)
{
	const cJSON *message;
	const char *data;
	cJSON *tree;
	int err = read_tree(&tree, e, text);

	memset(m, 0, sizeof(*m));
	message = get(tree, "message");
	if (!err && !cJSON_IsObject(message))
		err = EBADMSG;
	if (!err) {
		data = cJSON_GetStringValue(get(message, "data"));
		m->seq = positive(message, "seq");
		m->data = decode(data ? data : "", &m->len);
		if (!m->data || !m->seq)
			err = EBADMSG;
	}
	if (err) {
		free(m->data);
		m->data = NULL;
	}
	cJSON_Delete(tree);

	return err;
}


/**
 * Ask for the last message of a subject, by STREAM.MSG.GET
 *
 * @param j       JSON text
 * @param subject Subject
 */
void jetstream_print_last(struct json *j, const char *subject)
{
	json_open(j, NULL, '{');
	json_str(j, "last_by_subj", subject);
	json_close(j, '}');
}


/**
 * Ask for a message, by STREAM.MSG.GET
 *
 * @param j   JSON text
 * @param seq Its sequence in the stream
 */
void jetstream_print_get(struct json *j, uint64_t seq)
{
	json_open(j, NULL, '{');
	json_int(j, "seq", (int64_t)seq);
	json_close(j, '}');
}
