/**
 * @file fleetkeep.c  How long the past of a fleet is kept
 *
 * Removes data beyond the age and size limits in small steps, each in a
 * transaction of the thread that writes the file.  Messages of a call stay
 * while the call lives.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sqlite3.h>
#include "base/base.h"
#include "block.h"
#include "db.h"
#include "dbstmt.h"
#include "fleetfile.h"
#include "fleetkeep.h"
#include "json.h"
#include "record.h"
#include "schema.h"


enum {
	STEP_BLOCKS = 8,
	STEP_TRANSFERS = 256,
};

/* That goes, but what was said in it of some calls */
struct old_block {
	int64_t last; /* number of its last message */
	struct json keep;
};

struct step {
	sqlite3 *db;
	struct blocks *blocks;
	sqlite3_stmt *live; /* whether a call lives */
	struct old_block old[STEP_BLOCKS];
	size_t count;
	int64_t gone[STEP_TRANSFERS]; /* ids of transfers */
	int64_t used, free;           /* bytes of the file */
};


static bool is_live(const struct step *s, const char *call_sid)
{
	bool live;

	(void)sqlite3_bind_text(s->live, 1, call_sid, -1, SQLITE_STATIC);
	live = sqlite3_step(s->live) == SQLITE_ROW;
	(void)sqlite3_reset(s->live);

	return live;
}


static int run(const struct step *s, unsigned stmt, int64_t number,
	       const char *text)
{
	struct todo todo = {
		.stmt = stmt,
		.count = text ? 2 : 1,
		.values = {{.number = number, .is_number = true},
			   {.text = text, .len = text ? strlen(text) : 0}}};
	const int rc = schema_run(s->blocks, s->db, &todo);

	fleetfile_failed(rc);

	return rc == SQLITE_DONE ? 0 : EIO;
}


static void measure(struct step *s)
{
	if (db_step(STMT_SIZE))
		return;

	s->free = db_column_int(STMT_SIZE, 1);
	s->used = db_column_int(STMT_SIZE, 0) - s->free;
	db_reset(STMT_SIZE);
}


/* Most messages are about the same call as the one before.  False if it need
   not be touched, as all in it stays. */
static bool sort_out(const struct step *s, struct json *keep, struct records r)
{
	const char *before = NULL;
	struct message_row m;
	bool live = false, goes = false;

	json_init(keep);
	json_open(keep, NULL, '[');
	while (record_next(&m, &r)) {
		if (!m.call_sid) {
			goes = true;
			continue;
		}
		if (!before || strcmp(m.call_sid, before)) {
			live = is_live(s, m.call_sid);
			before = m.call_sid;
			if (live)
				json_int(keep, NULL, block_call(m.call_sid));
		}
		goes |= !live;
	}
	json_close(keep, ']');

	return goes && json_done(keep);
}


/* Up to the first one that is to be kept.  True if there may be more. */
static bool find_blocks(struct step *s, struct fleetkeep *k)
{
	const int64_t oldest = clock_ms() - k->age;
	int64_t excess = s->used - k->size;
	unsigned looked = 0;
	bool more = true;

	db_bind_int(STMT_OLD_BLOCKS, 1, k->message);
	db_bind_int(STMT_OLD_BLOCKS, 2, STEP_BLOCKS);
	while (more && !db_step(STMT_OLD_BLOCKS)) {
		struct old_block *b = &s->old[s->count];
		struct records r;

		r.p = db_column_data(STMT_OLD_BLOCKS, 2, &r.left);
		more = excess > 0 ||
		       db_column_int(STMT_OLD_BLOCKS, 1) < oldest;
		if (!more)
			break;

		b->last = k->message = db_column_int(STMT_OLD_BLOCKS, 0);
		excess -= (int64_t)r.left;
		++looked;
		if (sort_out(s, &b->keep, r))
			++s->count;
		else
			json_free(&b->keep);
	}
	db_reset(STMT_OLD_BLOCKS);

	return more && looked == STEP_BLOCKS;
}


static int forget_blocks(const struct step *s)
{
	int err = 0;

	for (size_t i = 0; i < s->count && !err; i++)
		err = run(s, STMT_FORGET_BLOCK, s->old[i].last,
			  json_done(&s->old[i].keep));

	return err;
}


/* A transfer goes with the last message about it */
static int forget_transfers(struct step *s, struct fleetkeep *k,
			    const struct fleetfile *f, bool *morep)
{
	unsigned looked = 0, count = 0;
	int err = 0;

	db_bind_int(STMT_OLD_TRANSFERS, 1, k->transfer);
	db_bind_int(STMT_OLD_TRANSFERS, 2, (int64_t)f->forgotten);
	db_bind_int(STMT_OLD_TRANSFERS, 3, STEP_TRANSFERS);
	while (!db_step(STMT_OLD_TRANSFERS)) {
		++looked;
		k->transfer = db_column_int(STMT_OLD_TRANSFERS, 1);
		if (!is_live(s, db_column_text(STMT_OLD_TRANSFERS, 2)))
			s->gone[count++] = db_column_int(STMT_OLD_TRANSFERS,
							 0);
	}

	while (count && !err)
		err = run(s, STMT_FORGET_TRANSFER, s->gone[--count], NULL);

	if (looked == STEP_TRANSFERS)
		*morep = true;
	else
		k->transfer = -1;

	return err;
}


/* Room in the file that is too large goes back to the disk */
static int shrink(const struct step *s, struct fleetkeep *k, bool *morep)
{
	const int64_t before = k->free;

	k->free = 0;
	if (!s->free || s->used + s->free <= k->size)
		return 0;

	k->free = s->free;
	*morep |= s->free != before;

	return run(s, STMT_SHRINK, 0, NULL);
}


static int take_step(struct step *s, struct fleetkeep *k, struct fleetfile *f,
		     bool *morep)
{
	const bool more = find_blocks(s, k);
	int err = forget_blocks(s);

	if ((uint64_t)k->message > f->forgotten)
		f->forgotten = (uint64_t)k->message;
	if (more)
		*morep = true;
	else
		k->message = 0; /* for the calls that have ended since */

	if (!err)
		err = forget_transfers(s, k, f, morep);
	if (!err)
		err = shrink(s, k, morep);
	if (!err && fleetfile_write(s->db, f) != SQLITE_DONE)
		err = EIO;

	return err;
}


/**
 * Remove a few of what need not be kept any more, in the thread that writes
 * the file
 *
 * @param k     What is to be kept, and where the last step has ended
 * @param b     What comes together for the file
 * @param db    The file
 * @param f     What it says, which is changed if that is in the file
 * @param morep Set to whether there may be more to remove
 *
 * @return 0 if success, EIO if nothing can be written
 */
int fleetkeep_step(struct fleetkeep *k, struct blocks *b, sqlite3 *db,
		   struct fleetfile *f, bool *morep)
{
	const struct fleetkeep before = *k;
	struct step s = {.db = db, .blocks = b};
	struct fleetfile now = *f;
	int err = EIO;

	*morep = false;
	measure(&s);
	if (sqlite3_prepare_v2(db, "SELECT 1 FROM sessions WHERE key = ?", -1,
			       &s.live, NULL) == SQLITE_OK &&
	    sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK)
		err = take_step(&s, k, &now, morep);
	if (!err && sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		err = EIO;

	if (err) {
		*k = before;
		if (!sqlite3_get_autocommit(db))
			(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	}
	else {
		*f = now;
	}

	for (size_t i = 0; i < s.count; i++)
		json_free(&s.old[i].keep);
	(void)sqlite3_finalize(s.live);

	return err;
}
