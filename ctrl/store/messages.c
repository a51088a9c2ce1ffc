/**
 * @file messages.c  The messages on disk, and those that get there
 *
 * Recent messages are in memory.  Older ones come from SQLite's file, in a
 * thread: the loop never waits for the disk here.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "block.h"
#include "db.h"
#include "journal.h"
#include "messages.h"
#include "reader.h"
#include "record.h"
#include "schema.h"
#include "spool.h"
#include "store.h"


enum {
	LOOKS = 512, /* messages that are looked at in one go */

	/* Limits of one fetch: messages, bytes, and blocks */
	FETCH_COUNT = 256,
	FETCH_SIZE = 1 << 16,
	FETCH_BLOCKS = 64,

	AHEAD_MAX = 64, /* clients that stay in a table for nothing */
};

static struct {
	uint64_t shared; /* number of the last one that is for all */

	/* The last message of each client that has one after that */
	struct table *ahead;
} messages;


static void note(const char *client, uint64_t seq)
{
	if (client) {
		(void)table_put(messages.ahead, client,
				(void *)(uintptr_t)seq);
		return;
	}

	messages.shared = seq;
	if (table_count(messages.ahead) <= AHEAD_MAX)
		return;

	/* none is ahead any more */
	table_destroy(messages.ahead);
	messages.ahead = NULL;
	(void)table_create(&messages.ahead);
}


void store_message(uint64_t seq, const char *client, const char *call_sid,
		   bool jambonz, const char *text)
{
	db_bind_int(STMT_MESSAGE, 1, (int64_t)seq);
	db_bind_text(STMT_MESSAGE, 2, client);
	db_bind_text(STMT_MESSAGE, 3, call_sid);
	db_bind_int(STMT_MESSAGE, 4, jambonz);
	db_bind_int(STMT_MESSAGE, 5, clock_ms());
	db_bind_text(STMT_MESSAGE, 6, text);
	db_write(STMT_MESSAGE);
	note(client, seq);
}


uint64_t store_last(const char *client)
{
	const uint64_t own = (uintptr_t)table_get(messages.ahead, client);

	return own > messages.shared ? own : messages.shared;
}


/**
 * Tell whether a message is for somebody
 *
 * @param m  Message
 * @param to Reader
 *
 * @return True if it is
 */
bool message_is_for(const struct message_row *m, const struct listener *to)
{
	if (to->jambonz && !m->jambonz)
		return false;

	if (m->client && *m->client)
		return !strcmp(m->client, to->name);

	return !to->call_sid ||
	       (m->call_sid && !strcmp(m->call_sid, to->call_sid));
}


static bool next_block(struct records *r)
{
	if (db_step(STMT_BLOCKS))
		return false;

	r->p = db_column_data(STMT_BLOCKS, 1, &r->left);

	return true;
}


/**
 * Go through messages in SQLite's file, in order, in any thread that has its
 * statements
 *
 * @param since  Number behind which to begin
 * @param blocks How many blocks are looked at, at most; 0 for all
 * @param h      Handler, returns true to stop
 * @param arg    Handler argument
 *
 * @return True if those of the file were all
 */
bool messages_each(uint64_t since, unsigned blocks, message_h *h, void *arg)
{
	struct message_row m;
	struct records r;

	db_bind_int(STMT_BLOCKS, 1, (int64_t)since);
	while (next_block(&r)) {
		while (record_next(&m, &r)) {
			if (m.seq > since && h(&m, arg)) {
				db_reset(STMT_BLOCKS);
				return false;
			}
		}
		if (!--blocks) {
			db_reset(STMT_BLOCKS);
			return false;
		}
	}

	return true;
}


static bool ahead_handler(const struct message_row *m, void *arg)
{
	(void)arg;

	note(m->client, m->seq);

	return false;
}


/**
 * Find the last messages
 *
 * @param seq No message has a higher number
 *
 * @return 0 if success, or ENOMEM
 */
int messages_open(uint64_t seq)
{
	int err = table_create(&messages.ahead);

	if (err)
		return err;

	spool_begin((int64_t)seq);
	if (!db_step(STMT_SHARED)) {
		messages.shared = (uint64_t)db_column_int(STMT_SHARED, 0);
		db_reset(STMT_SHARED);
	}
	(void)messages_each(messages.shared, 0, ahead_handler, NULL);

	return 0;
}


/**
 * Forget them
 */
void messages_close(void)
{
	table_destroy(messages.ahead);
	memset(&messages, 0, sizeof(messages));
}


/* The reader of messages in memory */
struct memory {
	const struct listener *to;
	uint64_t since; /* number of the last one that was looked at */
	unsigned limit; /* messages that it may still get */
	unsigned looks; /* ... and that may still be looked at */
	store_replay_h *h;
	void *arg;
};


static bool memory_handler(const struct value *values, void *arg)
{
	struct memory *r = arg;
	struct message_row m;

	record_of(&m, values);
	r->since = m.seq;
	--r->looks;
	if (message_is_for(&m, r->to)) {
		--r->limit;
		r->h(m.seq, m.text, r->arg);
	}

	return !r->limit || !r->looks;
}


enum replay store_replay(uint64_t *sincep, const struct listener *to,
			 unsigned limit, store_replay_h *h, void *arg)
{
	struct memory r = {to, *sincep, limit, LOOKS, h, arg};

	if ((int64_t)*sincep < spool_gone())
		return REPLAY_FETCH;

	spool_each(STMT_MESSAGE, (int64_t)r.since, memory_handler, &r);
	*sincep = r.since;

	return r.limit && r.looks ? REPLAY_ALL : REPLAY_MORE;
}


/* A fetch gets the messages that were in the file when it was asked for; later
   ones are still in memory, or in the next fetch */
struct fetch {
	struct job *job;
	struct listener to;
	char *name, *call_sid; /* of the listener */
	uint64_t since;        /* number of the last one that was looked at */
	uint64_t known;        /* ... of what was in the file */
	bool ran;

	/* Result */
	char *p;
	size_t len, size;
	unsigned count;
	int err;

	store_replay_h *h;
	store_fetched_h *done;
	void *arg; /* NULL: nobody waits any more */
};


static void fetch_destroy(struct fetch *f)
{
	free(f->name);
	free(f->call_sid);
	free(f->p);
	free(f);
}


static int keep(struct fetch *f, const struct message_row *m)
{
	const size_t size = record_size(m);
	char *p;

	if (f->len + size > f->size) {
		p = realloc(f->p, f->len + size + FETCH_SIZE);
		if (!p)
			return ENOMEM;

		f->p = p;
		f->size = f->len + size + FETCH_SIZE;
	}

	record_write(f->p + f->len, m);
	f->len += size;
	++f->count;

	return 0;
}


static bool fetch_handler(const struct message_row *m, void *arg)
{
	struct fetch *f = arg;

	if (message_is_for(m, &f->to)) {
		f->err = keep(f, m);
		if (f->err)
			return true;
	}

	f->since = m->seq;

	return f->count == FETCH_COUNT || f->len >= FETCH_SIZE;
}


/* In the thread */
static void run_handler(void *arg)
{
	struct fetch *f = arg;

	f->ran = true;
	if (messages_each(f->since, FETCH_BLOCKS, fetch_handler, f) &&
	    f->since < f->known)
		f->since = f->known;
}


static void done_handler(void *arg)
{
	struct fetch *f = arg;
	struct records r = {f->p, f->len};
	struct message_row m;

	f->job = NULL;
	while (f->arg && record_next(&m, &r))
		f->h(m.seq, m.text, f->arg);
	if (f->arg)
		f->done(f->since, f->ran ? f->err : ECANCELED, f->arg);
	fetch_destroy(f);
}


static char *copy(const char *text, int *errp)
{
	char *p = text ? strdup(text) : NULL;

	if (text && !p)
		*errp = ENOMEM;

	return p;
}


/**
 * Fetch messages after a number, in order, from a file
 *
 * @param fp    Pointer to the fetch, which ends by itself
 * @param scope The file
 * @param since Number of the last one that is known
 * @param known The file has no message after this
 * @param to    Reader, copied
 * @param h     Handler of each message, called in the loop
 * @param done  Called then, once
 * @param arg   Argument of both
 *
 * @return 0 if success, or ENOMEM
 */
int messages_fetch(struct fetch **fp, enum scope scope, uint64_t since,
		   uint64_t known, const struct listener *to,
		   store_replay_h *h, store_fetched_h *done, void *arg)
{
	struct fetch *f = calloc(1, sizeof(*f));
	int err = 0;

	if (!f)
		return ENOMEM;

	f->name = copy(to->name, &err);
	f->call_sid = copy(to->call_sid, &err);
	f->to = (struct listener){f->name, f->call_sid, to->jambonz};
	f->since = since;
	f->known = known;
	f->h = h;
	f->done = done;
	f->arg = arg;
	if (!err)
		err = reader_look_at(&f->job, scope, run_handler, done_handler,
				     f);
	if (err)
		fetch_destroy(f);
	else
		*fp = f;

	return err;
}


int store_fetch(struct fetch **fp, uint64_t since, const struct listener *to,
		store_replay_h *h, store_fetched_h *done, void *arg)
{
	return messages_fetch(fp, SCOPE_LOCAL, since, (uint64_t)spool_gone(),
			      to, h, done, arg);
}


void store_fetch_cancel(struct fetch *f)
{
	if (!f)
		return;

	f->arg = NULL;
	reader_cancel(f->job);
}


/* Of the messages read, those of a call that went to all */
static unsigned take_call(const char *call_sid, struct records r,
			  unsigned limit, store_replay_h *h, void *arg)
{
	struct message_row m;

	while (limit && record_next(&m, &r)) {
		if (m.client || !m.call_sid || strcmp(m.call_sid, call_sid))
			continue;

		--limit;
		h(m.seq, m.text, arg);
	}

	return limit;
}


void store_call(const char *call_sid, unsigned limit, store_replay_h *h,
		void *arg)
{
	struct db_piece piece = {.table = "blocks", .column = "data"};
	struct records r;

	db_bind_int(STMT_CALL, 1, block_call(call_sid));
	while (!db_step(STMT_CALL)) {
		r.left = (size_t)db_column_int(STMT_CALL, 2);
		r.p = db_piece_read(&piece, db_column_int(STMT_CALL, 0),
				    (size_t)db_column_int(STMT_CALL, 1),
				    r.left);
		if (r.p)
			limit = take_call(call_sid, r, limit, h, arg);
		if (!limit) {
			db_reset(STMT_CALL);
			break;
		}
	}
	db_piece_close(&piece);
}
