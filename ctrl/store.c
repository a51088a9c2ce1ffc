/**
 * @file store.c  What is on disk: messages by seq, and what must survive us
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <assert.h>
#include <errno.h>
#include <string.h>
#include "clock.h"
#include "db.h"
#include "log.h"
#include "schema.h"
#include "store.h"


enum {
	SAVERS_MAX = 8,
	RESERVE = 1 << 20,      /* numbers */
	WAITING_MAX = 64 << 20, /* bytes of what can't be written */
};

/* Numbers are reserved on disk before they are given out: also one that was
   given out while nothing could be written is never given out again. */
static struct {
	uint64_t seq;      /* last one given out */
	uint64_t saved;    /* last one on disk */
	uint64_t reserved; /* may have been given out, as far as the disk knows
			    */
	uint64_t forgotten; /* last one that is not kept */
	bool dirty;         /* that is not on disk */
} store;


/* They outlive a store: who has it opened again need not add them again */
static store_save_h *savers[SAVERS_MAX];
static size_t saverc;


/**
 * Have a handler store what has changed, before each commit.  Handlers are
 * called in the order in which they were added.
 *
 * @param h Handler; one that was added before is not added again
 */
void store_saver_add(store_save_h *h)
{
	for (size_t i = 0; i < saverc; i++) {
		if (savers[i] == h)
			return;
	}

	assert(saverc < SAVERS_MAX);
	savers[saverc++] = h;
}


/**
 * Call a handler no more
 *
 * @param h Handler
 */
void store_saver_remove(store_save_h *h)
{
	for (size_t i = 0; i < saverc; i++) {
		if (savers[i] != h)
			continue;

		memmove(savers + i, savers + i + 1,
			(--saverc - i) * sizeof(*savers));
		return;
	}
}


/**
 * Have everybody store what has changed: what looks into the store sees it
 */
void store_save(void)
{
	for (size_t i = 0; i < saverc; i++)
		savers[i]();
}


/* A statement that gives one number */
static uint64_t query(unsigned n)
{
	uint64_t value;

	if (db_step(n))
		return 0;

	value = (uint64_t)db_column_int(n, 0);
	db_reset(n);

	return value;
}


static void load_counters(void)
{
	if (db_step(STMT_COUNTERS))
		return;

	store.seq = (uint64_t)db_column_int(STMT_COUNTERS, 0);
	store.forgotten = (uint64_t)db_column_int(STMT_COUNTERS, 1);
	store.reserved = store.seq;
	db_reset(STMT_COUNTERS);
}


/**
 * Open the store, and make it if there is none.  Says itself what is wrong.
 *
 * @param dir Directory of the store
 *
 * @return 0 if success, otherwise errorcode
 */
int store_open(const char *dir)
{
	int err;

	err = db_open(dir, schema_apply, schema_group, schema_sql, STMTS);
	if (!err) {
		load_counters();
		store.dirty = true;
		(void)store_commit();
	}

	if (err)
		db_close();

	return err;
}


static void save_counters(void)
{
	db_bind_int(STMT_COUNT, 1, (int64_t)store.seq);
	db_bind_int(STMT_COUNT, 2, (int64_t)store.forgotten);
	db_bind_int(STMT_COUNT, 3, (int64_t)store.reserved);
	db_write(STMT_COUNT);
	store.saved = store.seq;
	store.dirty = false;
}


/**
 * Commit what is pending, and close the store
 */
void store_close(void)
{
	store.reserved = store.seq;
	save_counters();
	(void)db_commit();
	db_close();
	memset(&store, 0, sizeof(store));
}


/**
 * Commit what this turn of the loop has brought about.  Costs nothing if that
 * is nothing.  Call it before anything is sent.  A failure is reported here;
 * what can't be stored waits, and is sent nevertheless: calls go on.  Until it
 * is stored, the nodes keep what they have reported.
 *
 * @return 0 if everything is on disk, otherwise errorcode
 */
int store_commit(void)
{
	store_save();
	if (store.seq + RESERVE / 2 > store.reserved) {
		store.reserved = store.seq + RESERVE;
		store.dirty = true;
	}

	if (store.saved != store.seq || store.dirty)
		save_counters();

	return db_commit();
}


/**
 * Tell whether the store will write before long what is on disk already, but
 * not where it is looked up
 *
 * @return True if it will
 */
bool store_pending(void)
{
	return db_pending();
}


/**
 * Tell why what is to be kept is not on disk
 *
 * @return What the system says, NULL if all is well
 */
const char *store_trouble(void)
{
	return db_trouble();
}


/**
 * Get the last number given to a message
 *
 * @return seq
 */
uint64_t store_seq(void)
{
	return store.seq;
}


/**
 * Give out the next number for a message
 *
 * @return seq
 */
uint64_t store_seq_next(void)
{
	return ++store.seq;
}


/**
 * Get the number from which on every message is kept
 *
 * @return seq
 */
uint64_t store_first(void)
{
	return store.forgotten + 1;
}


/**
 * Take note that messages are not kept any more
 *
 * @param seq Number of the last one of them
 */
void store_forgotten(uint64_t seq)
{
	if (seq <= store.forgotten)
		return;

	store.forgotten = seq;
	store.dirty = true;
}


/* What became of the transfers, and hooks, still waits */
static void drop_waiting(void)
{
	log_error("store: the messages up to %llu are lost, there is no "
		  "memory for more",
		  (unsigned long long)store.seq);
	journal_drop_all(STMT_MESSAGE);
	store_forgotten(store.seq);
}


/**
 * Store a message
 *
 * @param seq      Its number
 * @param client   Name of the client that it is for, NULL if for all
 * @param call_sid Call that it is about, may be NULL
 * @param jambonz  True if it is for clients of the jambonz dialect, too
 * @param text     JSON text
 */
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

	if (db_trouble() && journal_size() > WAITING_MAX)
		drop_waiting();
}


/* Whom a message is for, and who asks for it */
struct reader {
	uint64_t since;
	const char *client;
	const char *call_sid;
	bool jambonz;
	unsigned limit;
	uint64_t last;
	store_replay_h *h;
	void *arg;
};


static bool is_for(const struct reader *r, const struct value *v)
{
	const char *client = v[1].text, *call_sid = v[2].text;

	if ((uint64_t)v[0].number <= r->since || (r->jambonz && !v[3].number))
		return false;

	if (client)
		return !strcmp(client, r->client);

	return !r->call_sid || (call_sid && !strcmp(call_sid, r->call_sid));
}


/* Of what waits to be written */
static bool waiting_handler(const struct value *v, void *arg)
{
	struct reader *r = arg;

	if (!is_for(r, v))
		return false;

	r->last = (uint64_t)v[0].number;
	if (!r->h)
		return false;

	if (!r->limit)
		return true;

	--r->limit;
	r->h(r->last, v[5].text, r->arg);

	return false;
}


/**
 * Get the number of the last message that a client is to have
 *
 * @param client  Name of the client
 * @param jambonz True if it speaks the jambonz dialect
 *
 * @return seq, 0 if there is none
 */
uint64_t store_last(const char *client, bool jambonz)
{
	struct reader r = {.client = client, .jambonz = jambonz};

	db_waiting(STMT_MESSAGE, waiting_handler, &r);
	if (r.last)
		return r.last;

	db_bind_text(STMT_LAST, 1, client);
	db_bind_int(STMT_LAST, 2, jambonz);

	return query(STMT_LAST);
}


static unsigned each_message(unsigned n, store_replay_h *h, void *arg)
{
	unsigned count = 0;

	while (!db_step(n)) {
		++count;
		h((uint64_t)db_column_int(n, 0), db_column_text(n, 1), arg);
	}

	return count;
}


/**
 * Go through the messages behind a number, in order
 *
 * @param since    Number of the last one that is known
 * @param client   Name of the client that asks
 * @param call_sid The only call that it hears of, NULL for all
 * @param jambonz  True if it speaks the jambonz dialect
 * @param limit    How many at most
 * @param h        Handler
 * @param arg      Handler argument
 */
void store_replay(uint64_t since, const char *client, const char *call_sid,
		  bool jambonz, unsigned limit, store_replay_h *h, void *arg)
{
	struct reader r = {since, client, call_sid, jambonz, limit, 0, h, arg};

	db_bind_int(STMT_REPLAY, 1, (int64_t)since);
	db_bind_text(STMT_REPLAY, 2, client);
	db_bind_text(STMT_REPLAY, 3, call_sid);
	db_bind_int(STMT_REPLAY, 4, jambonz);
	db_bind_int(STMT_REPLAY, 5, limit);

	r.limit -= each_message(STMT_REPLAY, h, arg);
	db_waiting(STMT_MESSAGE, waiting_handler, &r);
}


/**
 * Go through the messages of a call that are for all, in order
 *
 * @param call_sid The call
 * @param limit    How many at most
 * @param h        Handler
 * @param arg      Handler argument
 */
void store_call(const char *call_sid, unsigned limit, store_replay_h *h,
		void *arg)
{
	(void)db_apply();
	db_bind_text(STMT_CALL, 1, call_sid);
	db_bind_int(STMT_CALL, 2, limit);
	(void)each_message(STMT_CALL, h, arg);
}


/**
 * Store a text under a key, in place of what was there
 *
 * @param table Table
 * @param key   Key
 * @param data  Text; if NULL, nothing is stored
 */
void store_put(enum store_table table, const char *key, const char *data)
{
	if (!data)
		return;

	db_bind_text(STMT_PUT + table, 1, key);
	db_bind_text(STMT_PUT + table, 2, data);
	db_write(STMT_PUT + table);
}


/**
 * Forget what is under a key
 *
 * @param table Table
 * @param key   Key
 */
void store_forget(enum store_table table, const char *key)
{
	db_bind_text(STMT_FORGET + table, 1, key);
	db_write(STMT_FORGET + table);
}


/**
 * Go through a table, in the order in which its keys came
 *
 * @param table Table
 * @param h     Handler, which may not touch the same table
 * @param arg   Handler argument
 */
void store_each(enum store_table table, store_each_h *h, void *arg)
{
	const unsigned n = STMT_EACH + table;

	(void)db_apply();
	while (!db_step(n))
		h(db_column_text(n, 0), db_column_text(n, 1), arg);
}
