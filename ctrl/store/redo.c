/**
 * @file redo.c  The redo log: keeps the writes of a turn before messages leave
 *
 * A turn costs a copy here, where a commit of SQLite costs a write() for each
 * page that changed, so that SQLite need commit only now and then.  After a
 * crash, the next referd repeats the writes that SQLite has not got.  Without
 * the log a transfer costs the store many times the CPU, and the time:
 * `tests/bench/run savings` measures both side by side.
 *
 * The copy goes to memory that outlives the process, ring.c, and the writer
 * brings it to disk.  Without such memory, it is written to disk at once.  If
 * the kept writes must outlive a loss of power, the syncer takes them from
 * that memory at once, and forces them onto the disk.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "journal.h"
#include "redo.h"
#include "redofile.h"
#include "redoformat.h"
#include "ring.h"


struct buffer {
	char *p;
	size_t len;
	size_t size;
	bool failed;
};

static struct buffer turn_buffer; /* of the one at hand */
static bool power;                /* the kept writes must be on the disk */


static void put(struct buffer *b, const void *p, size_t len)
{
	if (b->len + len > b->size) {
		const size_t size = 2 * (b->len + len);
		char *grown = realloc(b->p, size);

		if (!grown) {
			b->failed = true;
			return;
		}
		b->p = grown;
		b->size = size;
	}

	memcpy(b->p + b->len, p, len);
	b->len += len;
}


static void put_u32(struct buffer *b, uint32_t value)
{
	put(b, &value, sizeof(value));
}


/* With its NUL, so that it can be read in place */
static void put_text(struct buffer *b, const char *text, size_t len)
{
	put_u32(b, (uint32_t)len + 1);
	put(b, text, len + 1);
}


/**
 * Close the log
 *
 * @param done True if all that is in it is in the database
 */
void redo_close(bool done)
{
	ring_close(done);
	redofiles_close();
	free(turn_buffer.p);
	memset(&turn_buffer, 0, sizeof(turn_buffer));
}


static void put_sql(struct buffer *b, const char *const *sql, unsigned count)
{
	put_u32(b, count);
	for (unsigned i = 0; i < count; i++)
		put_text(b, sql[i], strlen(sql[i]));
}


static int open_files(const char *dir, const char *const *sql, unsigned count)
{
	struct buffer b = {0};
	int err;

	put(&b, REDO_MAGIC, sizeof(REDO_MAGIC));
	put_sql(&b, sql, count);
	err = b.failed ? ENOMEM : redofiles_open(dir, b.p, b.len, power);
	free(b.p);

	return err;
}


static int open_ring(const char *dir, uint64_t key, const char *const *sql,
		     unsigned count)
{
	struct buffer b = {0};
	int err;

	put(&b, RING_MAGIC, sizeof(RING_MAGIC));
	put(&b, &key, sizeof(key));
	put_sql(&b, sql, count);
	err = b.failed ? ENOMEM : ring_open(dir, b.p, b.len);
	if (err && power)
		err = ring_open_own(b.p, b.len);
	free(b.p);

	return err;
}


/**
 * Begin a log without records to repeat.  Logs its errors: a turn costs
 * more then.
 *
 * @param dir   Directory of the store
 * @param key   That the database has
 * @param sql   Statements
 * @param count Number of statements
 * @param sync  True if each turn is to be forced onto the disk: redo_sync()
 */
void redo_open(const char *dir, uint64_t key, const char *const *sql,
	       unsigned count, bool sync)
{
	bool ring;
	int err;

	power = sync;
	ring = !open_ring(dir, key, sql, count);
	err = open_files(dir, sql, count);

	if (!ring && power)
		log_warning("store: the redo log has no memory: each "
			    "turn is committed by itself");
	else if (!ring)
		log_info("store: there is no tmpfs that outlives this "
			 "process: each turn is written to the disk itself");
	if (err)
		log_warning("store: cannot write %s/referd.redo (%s): %s", dir,
			    strerror(err),
			    ring ? "changes go into the database at once"
				 : "each turn is committed by itself");
}


/**
 * Add a write to the turn at hand
 *
 * @param stmt   Number of its statement
 * @param values Values bound to it
 * @param count  Number of values
 */
void redo_add(unsigned stmt, const struct value *values, unsigned count)
{
	static const struct record none;
	struct buffer *b = &turn_buffer;

	if (!b->len)
		put(b, &none, sizeof(none));

	put_u32(b, stmt);
	put_u32(b, count);
	for (unsigned i = 0; i < count; i++) {
		const struct value *v = &values[i];

		if (v->is_number) {
			put_u32(b, REDO_NUMBER);
			put(b, &v->number, sizeof(v->number));
		}
		else if (v->text) {
			put_text(b, v->text, v->len);
		}
		else {
			put_u32(b, REDO_NULL);
		}
	}
}


/**
 * Tell whether the log is in memory, and gets to disk later
 *
 * @return True if so
 */
bool redo_is_memory(void)
{
	return ring_is_open();
}


/**
 * Keep the writes that were added since the last time
 *
 * @param turn Number of the turn, above that of the last
 *
 * @return 0 if success, ENOMEM if memory has no room for the writes, ENOSPC if
 * the ring is full, EFBIG if it is too small, EBADF if there is no ring and
 * the writes must be on the disk, or an error of redofile_append()
 */
int redo_write(uint64_t turn)
{
	struct buffer *b = &turn_buffer;
	struct record r = {.turn = turn, .size = b->len - sizeof(r)};
	int err = b->failed ? ENOMEM : 0;

	/* the disk is the syncer's */
	if (power && !ring_is_open())
		err = EBADF;
	if (!err) {
		memcpy(b->p, &r, sizeof(r));
		r.sum = redo_sum(b->p + sizeof(r.sum), b->len - sizeof(r.sum));
		memcpy(b->p, &r.sum, sizeof(r.sum));
		err = ring_is_open() ? ring_put(b->p, b->len)
				     : redofile_append(b->p, b->len, turn);
	}

	b->len = 0;
	b->failed = false;
	if (!err)
		counter_add(COUNTER_STORE_WRITES);

	return err;
}


/**
 * Note that the writes so far are on their way into the database
 */
void redo_taken(void)
{
	if (!ring_is_open())
		redofile_turn();
}


/**
 * Note the last turn in the database; in the loop
 *
 * @param turn Number of the last turn that is there
 */
void redo_settled(uint64_t turn)
{
	if (!ring_is_open())
		redofiles_settled(turn);
}


static int bring(uint64_t *turnp, bool sync)
{
	const char *p;
	size_t len;
	int err;

	if (!ring_waits())
		return 0;

	p = ring_next(&len, turnp);
	err = redofile_append(p, len, *turnp);
	if (!err && sync)
		err = redofile_sync();
	if (!err)
		ring_taken(len);

	return err;
}


/**
 * Bring the log from memory to disk; in the writer
 *
 * @return 0 if success, or an error of redofile_append()
 */
int redo_bring(void)
{
	uint64_t turn;

	return bring(&turn, false);
}


/**
 * Force the log from memory onto the disk; in the syncer
 *
 * @param turnp Set to the number of the last turn that is there, unless there
 *              was none
 *
 * @return 0 if success, or an error of redofile_append() or redofile_sync()
 */
int redo_sync(uint64_t *turnp)
{
	return bring(turnp, true);
}


/**
 * Fill the other file from now on, if that is free; in the syncer
 */
void redo_turn(void)
{
	redofile_turn();
}


/**
 * The same in the thread that brings it to disk
 *
 * @param turn Number of the last turn that is in the database
 */
void redo_brought(uint64_t turn)
{
	if (!ring_is_open())
		return;

	redofiles_settled(turn);
	ring_skip(turn);
}
