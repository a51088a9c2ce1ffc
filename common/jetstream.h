/**
 * @file jetstream.h  Requests to JetStream, and its answers
 *
 * Its API is requests in JSON, on subjects $JS.API.
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef JETSTREAM_H
#define JETSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json;

/* err_code of an answer */
enum jetstream_code {
	JETSTREAM_NO_MESSAGE = 10037,
	JETSTREAM_NO_STREAM = 10059,
	JETSTREAM_WRONG_LAST = 10071, /* another message of the subject was
					 last than the expected one */
	JETSTREAM_EXISTS = 10058,     /* the stream, with another config */
};

enum { JETSTREAM_TEXT_SIZE = 200, JETSTREAM_TIME_SIZE = 64 };

struct jetstream_error {
	int code;     /* as of HTTP; 0 for none */
	int err_code; /* which of them */
	char text[JETSTREAM_TEXT_SIZE];
};

/* The acknowledgement of a published message */
struct jetstream_ack {
	uint64_t seq;
	bool duplicate;
};

struct jetstream_stream {
	char name[JETSTREAM_TIME_SIZE];
	char created[JETSTREAM_TIME_SIZE]; /* as in the answer */
	char leader[JETSTREAM_TIME_SIZE];  /* "" if there is none */
	uint64_t first, last; /* sequences; last is first - 1 if it is empty */
	uint64_t messages, bytes;
	uint64_t max_age;    /* [ns], 0 for none */
	int64_t max_bytes;   /* -1 for no limit */
	uint64_t duplicates; /* window [ns] */
	unsigned replicas;
	unsigned offline, lagging; /* replicas that are not there, or are and
				      have not caught up */
	bool quorum; /* the leader hears enough of the other servers */
	bool on_disk;
	bool drops_old; /* when it is full */
	bool by_limits; /* what is in it stays, whoever has read it */
	bool deny_delete, deny_purge;
	bool has_events, has_lost; /* of the fleet in its subjects */
};

struct jetstream_consumer {
	char name[JETSTREAM_TIME_SIZE];
	uint64_t pending; /* messages of the stream that it is to get */
};

struct jetstream_message {
	uint64_t seq;
	char *data; /* allocated, with a zero behind it */
	size_t len;
};

int jetstream_ack_read(struct jetstream_ack *a, struct jetstream_error *e,
		       const char *text);
int jetstream_stream_read(struct jetstream_stream *s,
			  struct jetstream_error *e, const char *text,
			  const char *fleet);
const char *jetstream_stream_wrong(const struct jetstream_stream *s,
				   unsigned servers);
int jetstream_consumer_read(struct jetstream_consumer *c,
			    struct jetstream_error *e, const char *text);
int jetstream_message_read(struct jetstream_message *m,
			   struct jetstream_error *e, const char *text);
int jetstream_answer_read(struct jetstream_error *e, const char *text);

void jetstream_print_last(struct json *j, const char *subject);
void jetstream_print_get(struct json *j, uint64_t seq);

#endif
