/**
 * @file fleetstore.c  State of a whole fleet, on disk
 *
 * Stored data waits in memory until the writer has brought it into the file,
 * and a little longer for clients that have missed it.  The stream has all of
 * it, so that it needs no redo log.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sqlite3.h>
#include "archive.h"
#include "backlog.h"
#include "base/base.h"
#include "db.h"
#include "dbstmt.h"
#include "fleetfile.h"
#include "fleetqueue.h"
#include "fleetwriter.h"
#include "journal.h"
#include "messages.h"
#include "reader.h"
#include "record.h"
#include "schema.h"
#include "store.h"


enum {
	LOOKS = 512, /* messages that are looked at in one go */

	/* Bytes that may wait for the file, and that stay in memory when they
	   are there */
	WAIT_MAX = 1 << 22,
	KEEP_MAX = 1 << 20,
};

static struct {
	sqlite3 *db; /* as it was at the start */
	bool open;
	struct fleetfile start;

	struct chunk *head, **tail;
	struct chunk *fill; /* until the next mark, NULL if it is empty */
	size_t size;        /* bytes of all that is marked */
	size_t waits;       /* ... and not in the file */
	struct chunk *wait; /* the first one of them */
	uint64_t marked;    /* number of the last one */
	uint64_t begun;     /* ... of the one that has forgotten all before */

	uint64_t last;      /* number of the last message */
	uint64_t forgotten; /* ... of the last one that is not kept */
	uint64_t gone;      /* ... that is not in memory */
	char epoch[FLEET_EPOCH_SIZE];
	bool trouble;
	char reason[REASON_SIZE];
} fleet = {.tail = &fleet.head};


static void drop_head(void)
{
	struct chunk *c = fleet.head;

	fleet.head = c->next;
	if (!fleet.head)
		fleet.tail = &fleet.head;
	fleet.size -= c->len;
	if (c->last && !c->past)
		fleet.gone = c->last;
	chunk_destroy(c);
}


static void note_settled(void)
{
	const uint64_t settled = fleetwriter_settled();

	while (fleet.wait && fleet.wait->number <= settled) {
		fleet.waits -= fleet.wait->len;
		fleet.wait = fleet.wait->next;
	}

	while (fleet.head && fleet.head != fleet.wait &&
	       fleet.size - fleet.waits > KEEP_MAX)
		drop_head();
}


static void note_trouble(void)
{
	const bool before = fleet.trouble;

	fleet.trouble = fleetwriter_trouble(fleet.reason,
					    sizeof(fleet.reason));
	if (fleet.trouble && !before)
		log_error("fleetstore: cannot write (%s); reading of the "
			  "stream is paused",
			  fleet.reason);
	else if (before && !fleet.trouble)
		log_warning("fleetstore: writes again; the waiting changes "
			    "are stored");
}


/* Ignores data of the previous stream */
static void note_forgotten(void)
{
	const bool begun = fleetwriter_settled() >= fleet.begun;
	const uint64_t forgotten = fleetwriter_forgotten();

	if (begun && forgotten > fleet.forgotten)
		fleet.forgotten = forgotten;
}


static void news_handler(void *arg)
{
	(void)arg;

	note_settled();
	note_trouble();
	note_forgotten();
}


static int open_file(const char *dir)
{
	const enum scope before = dbstmts_scope(SCOPE_FLEET);
	const int err = fleetfile_open(&fleet.db, dir, &fleet.start);

	(void)dbstmts_scope(before);

	return err;
}


static void close_file(void)
{
	const enum scope before = dbstmts_scope(SCOPE_FLEET);

	dbstmts_finalize();
	(void)dbstmts_scope(before);
	(void)sqlite3_close(fleet.db);
	fleet.db = NULL;
}


int fleetstore_open(const char *dir)
{
	const char *path;
	int err = open_file(dir);

	if (!err) {
		path = sqlite3_db_filename(fleet.db, "main");
		err = fleetwriter_open(path, &fleet.start, news_handler);
	}
	if (err) {
		fleetwriter_close();
		close_file();
		return err;
	}

	reader_fleet(path);
	memcpy(fleet.epoch, fleet.start.epoch, sizeof(fleet.epoch));
	fleet.last = fleet.start.last;
	fleet.gone = fleet.start.last;
	fleet.forgotten = fleet.start.forgotten;
	fleet.open = true;

	return 0;
}


bool fleetstore_is_open(void)
{
	return fleet.open;
}


void fleetstore_close(void)
{
	if (!fleet.open)
		return;

	fleetwriter_close();
	reader_fleet(NULL);
	close_file();
	while (fleet.head)
		drop_head();
	chunk_destroy(fleet.fill);
	memset(&fleet, 0, sizeof(fleet));
	fleet.tail = &fleet.head;
}


void fleetstore_keep(unsigned days, unsigned mb)
{
	if (fleet.open)
		fleetwriter_keep(days, mb);
}


uint64_t fleetstore_cursor(char epoch[FLEET_EPOCH_SIZE])
{
	memcpy(epoch, fleet.start.epoch, FLEET_EPOCH_SIZE);

	return fleet.start.stream;
}


const char *fleetstore_epoch(void)
{
	return fleet.epoch;
}


static struct chunk *filling(void)
{
	if (fleet.open && !fleet.fill)
		fleet.fill = calloc(1, sizeof(*fleet.fill));
	if (fleet.open && !fleet.fill)
		log_error("fleetstore: out of memory");

	return fleet.fill;
}


/* The values bound to a statement */
static void keep(unsigned n)
{
	struct chunk *c = filling();
	struct todo todo = {.stmt = n};
	const struct value *values = dbstmt_take(n, &todo.count);

	if (!c)
		return;

	memcpy(todo.values, values, todo.count * sizeof(*values));
	if (chunk_add(c, &todo))
		log_error("fleetstore: out of memory");
}


/* The data before the mark belongs to the other stream, as does all data in
   memory: no client that lags gets it */
void fleetstore_begin(const char *epoch)
{
	struct chunk *c;

	chunk_destroy(fleet.fill);
	fleet.fill = NULL;
	c = filling();
	if (!c)
		return;

	c->begins = true;
	(void)snprintf(c->epoch, sizeof(c->epoch), "%s", epoch);
	memcpy(fleet.epoch, c->epoch, sizeof(fleet.epoch));
	for (struct chunk *old = fleet.head; old; old = old->next)
		old->past = true;
	fleet.begun = fleet.marked + 1;
	fleet.last = fleet.forgotten = fleet.gone = 0;
}


void fleetstore_forgotten(uint64_t f)
{
	struct chunk *c = filling();

	if (c && f > c->forgotten)
		c->forgotten = f;
	if (f > fleet.forgotten)
		fleet.forgotten = f;
}


void fleetstore_message(uint64_t f, const char *call_sid, bool jambonz,
			const char *text)
{
	db_bind_int(STMT_MESSAGE, 1, (int64_t)f);
	db_bind_text(STMT_MESSAGE, 2, NULL);
	db_bind_text(STMT_MESSAGE, 3, call_sid);
	db_bind_int(STMT_MESSAGE, 4, jambonz);
	db_bind_int(STMT_MESSAGE, 5, clock_ms());
	db_bind_text(STMT_MESSAGE, 6, text);
	keep(STMT_MESSAGE);
	fleet.last = f;
	if (fleet.fill)
		fleet.fill->last = f;
}


void fleetstore_transfer(const struct archive_transfer *t)
{
	archive_write(t, keep);
}


void fleetstore_put(enum store_table table, const char *key, const char *data)
{
	const unsigned n = (data ? STMT_PUT : STMT_FORGET) + table;

	db_bind_text(n, 1, key);
	if (data)
		db_bind_text(n, 2, data);
	keep(n);
}


/* The handler may use the other store */
static void each(unsigned n, store_each_h *h, void *arg)
{
	for (;;) {
		const enum scope before = dbstmts_scope(SCOPE_FLEET);
		const int err = db_step(n);
		const char *key = db_column_text(n, 0);
		const char *data = db_column_text(n, 1);

		(void)dbstmts_scope(before);
		if (err)
			return;

		h(key, data, arg);
	}
}


void fleetstore_each(enum store_table table, store_each_h *h, void *arg)
{
	each(STMT_EACH + table, h, arg);
}


void fleetstore_running(store_each_h *h, void *arg)
{
	each(STMT_RUNNING, h, arg);
}


void fleetstore_mark(uint64_t stream_seq)
{
	struct chunk *c = filling();

	if (!c)
		return;

	fleet.fill = NULL;
	c->stream = stream_seq;
	c->number = ++fleet.marked;
	*fleet.tail = c;
	fleet.tail = &c->next;
	if (!fleet.wait)
		fleet.wait = c;
	fleet.size += c->len;
	fleet.waits += c->len;
	fleetwriter_add(c);
}


bool fleetstore_full(void)
{
	return fleet.waits > WAIT_MAX;
}


const char *fleetstore_trouble(void)
{
	return fleet.trouble ? fleet.reason : NULL;
}


uint64_t fleetstore_last(void)
{
	return fleet.last;
}


uint64_t fleetstore_first(void)
{
	return fleet.forgotten + 1;
}


/**
 * Bring marked data into the file soon
 *
 * @return Its number, as reader_ask() takes it
 */
uint64_t fleetstore_hurry(void)
{
	if (fleet.wait)
		fleetwriter_hurry();

	return fleet.marked;
}


/**
 * Let jobs that look into the file begin: the data that they wait for is
 * there, or cannot get there.  Call it at the end of each turn.
 */
void fleetstore_start_jobs(void)
{
	reader_start(SCOPE_FLEET,
		     fleet.trouble ? UINT64_MAX : fleetwriter_settled());
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


/* False if that is enough */
static bool read_chunk(const struct chunk *c, struct memory *r)
{
	struct message_row m;
	struct todo todo;
	size_t at = 0;

	if (c->last <= r->since)
		return true;

	while (r->limit && r->looks && chunk_next(c, &at, &todo)) {
		if (todo.stmt != STMT_MESSAGE)
			continue;

		record_of(&m, todo.values);
		if (m.seq <= r->since)
			continue;

		--r->looks;
		r->since = m.seq;
		if (message_is_for(&m, r->to)) {
			--r->limit;
			r->h(m.seq, m.text, r->arg);
		}
	}

	return r->limit && r->looks;
}


enum replay fleetstore_replay(uint64_t *sincep, const struct listener *to,
			      unsigned limit, store_replay_h *h, void *arg)
{
	struct memory r = {to, *sincep, limit, LOOKS, h, arg};
	const struct chunk *c = fleet.head;
	bool all = true;

	if (*sincep < fleet.gone)
		return REPLAY_FETCH;

	for (; c && all; c = c->next) {
		if (!c->past)
			all = read_chunk(c, &r);
	}
	if (all && fleet.fill)
		all = read_chunk(fleet.fill, &r);
	*sincep = r.since;

	return all ? REPLAY_ALL : REPLAY_MORE;
}


int fleetstore_fetch(struct fetch **fp, uint64_t since,
		     const struct listener *to, store_replay_h *h,
		     store_fetched_h *done, void *arg)
{
	return messages_fetch(fp, SCOPE_FLEET, since, fleet.gone, to, h, done,
			      arg);
}
