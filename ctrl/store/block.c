/**
 * @file block.c  Many messages in one row of SQLite's file
 *
 * One row for each message, with its entries in two indexes, would be most of
 * the cost of the store.  So messages that arrive together share a row, and
 * one more small row leads from each call to it.
 *
 * Each writer of a file has one of these, and uses it in one thread at a time.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sqlite3.h>
#include "base/base.h"
#include "block.h"
#include "journal.h"
#include "record.h"


enum {
	BLOCK_SIZE = 1 << 16, /* bytes, but of a single message */
	BLOCK_COUNT = 256,    /* messages */
	SLOTS = 2 * BLOCK_COUNT,
};

enum sql {
	SQL_PUT,
	SQL_LEAD,
	SQL_GET,
	SQL_CHANGE,
	SQL_FORGET,
	SQL_LOSE,
	SQLS
};

static const char *const sql[SQLS] = {
	[SQL_PUT] = "INSERT INTO blocks VALUES(?, ?, ?, ?)",
	[SQL_LEAD] = "INSERT OR REPLACE INTO block_calls VALUES(?, ?, ?, ?)",
	[SQL_GET] = "SELECT data FROM blocks WHERE last = ?",
	[SQL_CHANGE] =
		"UPDATE blocks SET shared=?2, time=?3, data=?4 WHERE last=?1",
	[SQL_FORGET] = "DELETE FROM blocks WHERE last = ?",
	[SQL_LOSE] = "DELETE FROM block_calls WHERE call = ? AND block = ?",
};

/* A call, and where the first and the last message about it are */
struct span {
	int64_t call;
	size_t begin, end;
};

/* Calls, each once */
struct calls {
	uint16_t slots[SLOTS]; /* places in the list, each 1 above it */
	struct span list[BLOCK_COUNT];
	size_t count;
};

struct blocks {
	sqlite3 *file;
	sqlite3_stmt *stmts[SQLS];

	/* The block that is being filled */
	char *p;
	size_t len, size;
	unsigned count;
	int64_t last;   /* seq of its last message */
	int64_t shared; /* ... of the last one that is for all */
	int64_t time;   /* of the latest, ms since 1970 */
	struct calls calls;
};


static void finalize(struct blocks *b)
{
	for (unsigned i = 0; i < SQLS; i++) {
		(void)sqlite3_finalize(b->stmts[i]);
		b->stmts[i] = NULL;
	}
	b->file = NULL;
}


static int prepare(struct blocks *b, sqlite3 *file)
{
	int rc = SQLITE_OK;

	if (b->file == file)
		return SQLITE_OK;

	finalize(b);
	for (unsigned i = 0; i < SQLS && rc == SQLITE_OK; i++)
		rc = sqlite3_prepare_v3(file, sql[i], -1,
					SQLITE_PREPARE_PERSISTENT,
					&b->stmts[i], NULL);
	if (rc == SQLITE_OK)
		b->file = file;
	else
		finalize(b);

	return rc;
}


static int run(const struct blocks *b, enum sql n)
{
	const int rc = sqlite3_step(b->stmts[n]);

	(void)sqlite3_reset(b->stmts[n]);
	(void)sqlite3_clear_bindings(b->stmts[n]);

	return rc;
}


static void bind(const struct blocks *b, enum sql n, int col, int64_t value)
{
	(void)sqlite3_bind_int64(b->stmts[n], col, value);
}


/**
 * Get the number that leads to a call: FNV-1a.  Two calls may have the same
 * number, and no call has 0.
 *
 * @param call_sid Its call_sid
 *
 * @return The number
 */
int64_t block_call(const char *call_sid)
{
	uint64_t sum = 0xcbf29ce484222325;

	for (; *call_sid; call_sid++)
		sum = (sum ^ (unsigned char)*call_sid) * 0x100000001b3;

	return sum ? (int64_t)sum : 1;
}


/* Its slot, or the one that it would have */
static size_t slot_of(const struct calls *calls, int64_t call)
{
	size_t i = (uint64_t)call % SLOTS;

	while (calls->slots[i] &&
	       calls->list[calls->slots[i] - 1].call != call)
		i = (i + 1) % SLOTS;

	return i;
}


static bool calls_have(const struct calls *calls, int64_t call)
{
	return calls->slots[slot_of(calls, call)] != 0;
}


static void calls_add(struct calls *calls, int64_t call, size_t begin,
		      size_t end)
{
	uint16_t *slot = &calls->slots[slot_of(calls, call)];

	if (!*slot) {
		if (calls->count == BLOCK_COUNT)
			return;

		calls->list[calls->count].call = call;
		calls->list[calls->count].begin = begin;
		*slot = (uint16_t)++calls->count;
	}
	calls->list[*slot - 1].end = end;
}


/* Empty */
static void begin(struct blocks *b)
{
	b->len = 0;
	b->count = 0;
	b->last = b->shared = b->time = 0;
	memset(&b->calls, 0, sizeof(b->calls));
}


static int lead_to(const struct blocks *b, int64_t last,
		   const struct calls *calls)
{
	int rc = SQLITE_DONE;

	for (size_t i = 0; i < calls->count && rc == SQLITE_DONE; i++) {
		const struct span *span = &calls->list[i];

		bind(b, SQL_LEAD, 1, span->call);
		bind(b, SQL_LEAD, 2, last);
		bind(b, SQL_LEAD, 3, (int64_t)span->begin);
		bind(b, SQL_LEAD, 4, (int64_t)(span->end - span->begin));
		rc = run(b, SQL_LEAD);
	}

	return rc;
}


/**
 * Write the block: the file has none of its messages yet
 *
 * @param b    Block
 * @param file The file
 *
 * @return SQLITE_DONE, or what SQLite says
 */
int block_flush(struct blocks *b, sqlite3 *file)
{
	int rc;

	if (!b->count)
		return SQLITE_DONE;

	rc = prepare(b, file);
	if (rc != SQLITE_OK)
		return rc;

	bind(b, SQL_PUT, 1, b->last);
	bind(b, SQL_PUT, 2, b->shared);
	bind(b, SQL_PUT, 3, b->time);
	(void)sqlite3_bind_blob64(b->stmts[SQL_PUT], 4, b->p, b->len,
				  SQLITE_STATIC);
	rc = run(b, SQL_PUT);
	if (rc == SQLITE_DONE)
		rc = lead_to(b, b->last, &b->calls);
	if (rc == SQLITE_DONE)
		begin(b);

	return rc;
}


/**
 * Forget the messages of the block: they will be added again
 *
 * @param b Block, may be NULL
 */
void block_undo(struct blocks *b)
{
	if (b)
		begin(b);
}


/**
 * Allocate blocks
 *
 * @return Memory, to be freed with blocks_destroy(); NULL if out of memory
 */
struct blocks *blocks_create(void)
{
	return calloc(1, sizeof(struct blocks));
}


/**
 * Let go of the file, which is to be closed
 *
 * @param b Block, may be NULL
 */
void blocks_destroy(struct blocks *b)
{
	if (!b)
		return;

	finalize(b);
	free(b->p);
	free(b);
}


static int make_room(struct blocks *b, size_t size)
{
	char *p;

	if (b->len + size <= b->size)
		return SQLITE_OK;

	if (size < BLOCK_SIZE)
		size = BLOCK_SIZE;
	p = realloc(b->p, b->len + size);
	if (!p)
		return SQLITE_NOMEM;

	b->p = p;
	b->size = b->len + size;

	return SQLITE_OK;
}


/**
 * Add a message.  It gets into the file with others, block_flush() at last.
 *
 * @param b      Block
 * @param file   The file
 * @param values Values of STMT_MESSAGE
 *
 * @return SQLITE_DONE, or what SQLite says
 */
int block_add(struct blocks *b, sqlite3 *file, const struct value *values)
{
	struct message_row m;
	size_t size;
	int rc;

	record_of(&m, values);
	size = record_size(&m);
	if (b->count == BLOCK_COUNT || b->len + size > BLOCK_SIZE) {
		rc = block_flush(b, file);
		if (rc != SQLITE_DONE)
			return rc;
	}

	rc = make_room(b, size);
	if (rc != SQLITE_OK)
		return rc;

	record_write(b->p + b->len, &m);
	b->len += size;
	++b->count;
	b->last = (int64_t)m.seq;
	if (!m.client)
		b->shared = (int64_t)m.seq;
	if (m.time > b->time)
		b->time = m.time;
	if (m.call_sid)
		calls_add(&b->calls, block_call(m.call_sid), b->len - size,
			  b->len);

	return SQLITE_DONE;
}


/* Calls of which everything is kept: a JSON array of numbers */
static void read_calls(struct calls *calls, const char *text)
{
	char *end;

	memset(calls, 0, sizeof(*calls));
	for (; text && (*text == '[' || *text == ','); text = end) {
		const int64_t call = strtoll(text + 1, &end, 10);

		if (call)
			calls_add(calls, call, 0, 0);
	}
}


/* Writes a block without the removed messages: the rest moves together */
struct rest {
	char *p;
	size_t len;
	int64_t shared, time;
	struct calls gone, kept;
};


static void sort_out(struct rest *rest, struct records r,
		     const struct calls *keep)
{
	struct message_row m;

	for (;;) {
		const char *begin = r.p;
		int64_t call;
		size_t size;

		if (!record_next(&m, &r))
			return;

		call = m.call_sid ? block_call(m.call_sid) : 0;
		if (!call || !calls_have(keep, call)) {
			if (call)
				calls_add(&rest->gone, call, 0, 0);
			continue;
		}

		size = (size_t)(r.p - begin);
		memcpy(rest->p + rest->len, begin, size);
		calls_add(&rest->kept, call, rest->len, rest->len + size);
		rest->len += size;
		if (!m.client)
			rest->shared = (int64_t)m.seq;
		if (m.time > rest->time)
			rest->time = m.time;
	}
}


/* SQLITE_ROW if the block exists */
static int read_rest(const struct blocks *b, struct rest *rest, int64_t last,
		     const struct calls *keep)
{
	sqlite3_stmt *stmt = b->stmts[SQL_GET];
	struct records r;
	int rc;

	bind(b, SQL_GET, 1, last);
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW) {
		r.p = sqlite3_column_blob(stmt, 0);
		r.left = (size_t)sqlite3_column_bytes(stmt, 0);
		rest->p = malloc(r.left + 1);
		if (rest->p)
			sort_out(rest, r, keep);
		else
			rc = SQLITE_NOMEM;
	}
	(void)sqlite3_reset(stmt);

	return rc;
}


static int write_rest(const struct blocks *b, const struct rest *rest,
		      int64_t last)
{
	int rc;

	if (!rest->len) {
		bind(b, SQL_FORGET, 1, last);
		return run(b, SQL_FORGET);
	}

	bind(b, SQL_CHANGE, 1, last);
	bind(b, SQL_CHANGE, 2, rest->shared);
	bind(b, SQL_CHANGE, 3, rest->time);
	(void)sqlite3_bind_blob64(b->stmts[SQL_CHANGE], 4, rest->p, rest->len,
				  SQLITE_STATIC);

	rc = run(b, SQL_CHANGE);

	return rc == SQLITE_DONE ? lead_to(b, last, &rest->kept) : rc;
}


static int lose_calls(const struct blocks *b, const struct calls *calls,
		      int64_t last)
{
	int rc = SQLITE_DONE;

	for (size_t i = 0; i < calls->count && rc == SQLITE_DONE; i++) {
		bind(b, SQL_LOSE, 1, calls->list[i].call);
		bind(b, SQL_LOSE, 2, last);
		rc = run(b, SQL_LOSE);
	}

	return rc;
}


/**
 * Remove a block from the file, except the messages of some calls
 *
 * @param b      Block
 * @param file   The file
 * @param values Values of STMT_FORGET_BLOCK: seq of its last message, and
 *               numbers of calls as a JSON array
 *
 * @return SQLITE_DONE, or what SQLite says
 */
int block_forget(struct blocks *b, sqlite3 *file, const struct value *values)
{
	const int64_t last = values[0].number;
	struct rest rest = {.len = 0};
	struct calls keep;
	int rc = prepare(b, file);

	if (rc != SQLITE_OK)
		return rc;

	read_calls(&keep, values[1].text);
	rc = read_rest(b, &rest, last, &keep);
	if (rc == SQLITE_ROW)
		rc = lose_calls(b, &rest.gone, last);
	if (rc == SQLITE_DONE && rest.p)
		rc = write_rest(b, &rest, last);
	free(rest.p);

	return rc;
}
