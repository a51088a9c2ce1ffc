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
#include "messages.h"
#include "schema.h"
#include "store.h"


enum {
	SAVERS_MAX = 8,
	RESERVE = 1 << 20, /* numbers */
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
	struct seals seqs;  /* given out, by turns */
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


static void load_counters(void)
{
	if (db_step(STMT_COUNTERS))
		return;

	store.seq = (uint64_t)db_column_int(STMT_COUNTERS, 0);
	store.forgotten = (uint64_t)db_column_int(STMT_COUNTERS, 1);
	store.reserved = store.seq;
	db_reset(STMT_COUNTERS);
}


int store_open(const char *dir)
{
	int err;

	err = db_open(dir, &schema_rules, schema_sql, STMTS);
	if (!err) {
		load_counters();
		err = messages_open(store.seq);
	}
	if (!err) {
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
	messages_close();
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
	int err;

	save();
	err = db_secure();
	seals_add(&store.seqs, db_turn() - 1, store.seq);

	return err;
}


int store_commit(void)
{
	int err;

	save();
	err = db_commit();
	seals_add(&store.seqs, db_turn() - 1, store.seq);

	return err;
}


void store_power(bool power)
{
	db_power(power);
}


uint64_t store_turn(void)
{
	return db_turn();
}


uint64_t store_kept(void)
{
	return db_kept();
}


uint64_t store_kept_seq(void)
{
	return seals_get(&store.seqs, db_kept());
}


void store_stuck(void)
{
	db_stuck();
}


bool store_pending(void)
{
	return db_pending();
}


bool store_busy(void)
{
	return db_busy();
}


double store_wait(void)
{
	return db_wait();
}


const char *store_trouble(void)
{
	return db_trouble();
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
