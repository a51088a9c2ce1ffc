/**
 * @file store.c  What is on disk: messages by seq, and what must survive us
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <assert.h>
#include <errno.h>
#include <string.h>
#include "base/base.h"
#include "db.h"
#include "journal.h"
#include "schema.h"
#include "spool.h"
#include "store.h"
#include "txn.h"


enum {
	SAVERS_MAX = 8,
	RESERVE = 1 << 20, /* numbers */
	LOOKS = 512,       /* messages that are looked at in one go */
};

/* Numbers are reserved on disk before they are given out: also one that was
   given out while nothing could be written is never given out again. */
static struct {
	uint64_t seq;      /* last one given out */
	uint64_t last;     /* ... to a message that is for all */
	uint64_t saved;    /* last one on disk */
	uint64_t reserved; /* may have been given out, as far as the disk knows
			    */
	uint64_t forgotten; /* last one that is not kept */
	bool dirty;         /* that is not on disk */
} store;


/* They outlive a store: who has it opened again need not add them again */
static store_save_h *savers[SAVERS_MAX];
static size_t saverc;


void store_saver_add(store_save_h *h)
{
	for (size_t i = 0; i < saverc; i++) {
		if (savers[i] == h)
			return;
	}

	assert(saverc < SAVERS_MAX);
	savers[saverc++] = h;
}


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
	store.last = query(STMT_LAST);
}


int store_open(const char *dir)
{
	int err;

	err = db_open(dir, &schema_rules, schema_sql, STMTS);
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


void store_close(void)
{
	store.reserved = store.seq;
	save_counters();
	(void)db_commit();
	db_close();
	memset(&store, 0, sizeof(store));
}


static void save(void)
{
	store_save();
	if (store.seq + RESERVE / 2 > store.reserved) {
		store.reserved = store.seq + RESERVE;
		store.dirty = true;
	}

	store_forgotten((uint64_t)db_relieve());
	if (store.saved != store.seq || store.dirty)
		save_counters();
}


int store_secure(void)
{
	save();

	return db_secure();
}


int store_commit(void)
{
	save();

	return db_commit();
}


bool store_pending(void)
{
	return db_pending();
}


bool store_busy(void)
{
	return db_busy();
}


const char *store_trouble(void)
{
	return txn_trouble();
}


uint64_t store_seq(void)
{
	return store.seq;
}


uint64_t store_seq_next(void)
{
	return ++store.seq;
}


uint64_t store_first(void)
{
	return store.forgotten + 1;
}


void store_forgotten(uint64_t seq)
{
	if (seq <= store.forgotten)
		return;

	store.forgotten = seq;
	store.dirty = true;
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
	if (!client)
		store.last = seq;
}


/* Whom a message is for, and who asks for it */
struct reader {
	uint64_t since; /* number of the last one that was looked at */
	const char *client;
	const char *call_sid;
	bool jambonz;
	unsigned limit; /* messages that it may still get */
	unsigned looks; /* ... and that may still be looked at */
	store_replay_h *h;
	void *arg;
};


static bool is_for(const struct reader *r, const char *client,
		   const char *call_sid, bool jambonz)
{
	if (r->jambonz && !jambonz)
		return false;

	if (client && *client)
		return !strcmp(client, r->client);

	return !r->call_sid || (call_sid && !strcmp(call_sid, r->call_sid));
}


/* True once that is enough for now */
static bool is_over(const struct reader *r)
{
	return !r->limit || !r->looks;
}


static void take(struct reader *r, uint64_t seq, const char *text)
{
	if (text) {
		--r->limit;
		r->h(seq, text, r->arg);
	}

	--r->looks;
	r->since = seq;
}


/* Of what waits to be written */
static bool waiting_handler(const struct value *v, void *arg)
{
	struct reader *r = arg;
	const bool is = is_for(r, v[1].text, v[2].text, v[3].number != 0);

	take(r, (uint64_t)v[0].number, is ? v[5].text : NULL);

	return is_over(r);
}


static bool last_handler(const struct value *v, void *arg)
{
	struct reader *r = arg;

	if (!v[1].text || !strcmp(v[1].text, r->client))
		r->since = (uint64_t)v[0].number;

	return false;
}


uint64_t store_last(const char *client)
{
	struct reader r = {.since = store.last, .client = client};
	uint64_t last;

	db_bind_text(STMT_LAST_OF, 1, client);
	last = query(STMT_LAST_OF);
	if (last > r.since)
		r.since = last;
	spool_each(STMT_MESSAGE, (int64_t)r.since, last_handler, &r);

	return r.since;
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


static void each_row(struct reader *r)
{
	const unsigned n = STMT_REPLAY;

	db_bind_int(n, 1, (int64_t)r->since);
	db_bind_int(n, 2, r->looks);
	while (!db_step(n)) {
		const bool is = is_for(r, db_column_text(n, 1),
				       db_column_text(n, 2),
				       db_column_int(n, 3) != 0);

		take(r, (uint64_t)db_column_int(n, 0),
		     is ? db_column_text(n, 4) : NULL);
		if (is_over(r)) {
			db_reset(n);
			return;
		}
	}
}


bool store_replay(uint64_t *sincep, const char *client, const char *call_sid,
		  bool jambonz, unsigned limit, store_replay_h *h, void *arg)
{
	struct reader r = {*sincep, client, call_sid, jambonz,
			   limit,   LOOKS,  h,        arg};

	each_row(&r);
	if (!is_over(&r))
		spool_each(STMT_MESSAGE, (int64_t)r.since, waiting_handler,
			   &r);
	*sincep = r.since;

	return is_over(&r);
}


void store_call(const char *call_sid, unsigned limit, store_replay_h *h,
		void *arg)
{
	db_bind_text(STMT_CALL, 1, call_sid);
	db_bind_int(STMT_CALL, 2, limit);
	(void)each_message(STMT_CALL, h, arg);
}


void store_put(enum store_table table, const char *key, const char *data)
{
	if (!data)
		return;

	db_bind_text(STMT_PUT + table, 1, key);
	db_bind_text(STMT_PUT + table, 2, data);
	db_write(STMT_PUT + table);
}


void store_forget(enum store_table table, const char *key)
{
	db_bind_text(STMT_FORGET + table, 1, key);
	db_write(STMT_FORGET + table);
}


void store_each(enum store_table table, store_each_h *h, void *arg)
{
	const unsigned n = STMT_EACH + table;

	(void)db_apply();
	while (!db_step(n))
		h(db_column_text(n, 0), db_column_text(n, 1), arg);
}
