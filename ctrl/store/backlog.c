/**
 * @file backlog.c  What was written and is not in SQLite's file yet
 *
 * The messages wait in the spool, all else in the journal.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include "backlog.h"
#include "base/base.h"
#include "db.h"
#include "journal.h"
#include "spool.h"


enum { WAITING_MAX = 64 << 20 }; /* bytes of what can't be written */

static struct {
	bool spooled;   /* what comes next */
	bool dropped;   /* messages are gone */
	bool overflown; /* ... and more than these */
} backlog;


/**
 * Say whether much may come together, for long
 *
 * @param save True if it is to take as little memory as can be
 */
void backlog_save(bool save)
{
	journal_save(save);
	if (!save)
		backlog.dropped = backlog.overflown = false;
}


/**
 * Add a write
 *
 * @param stmt   Number of its statement
 * @param group  Of enum db_group
 * @param values What is bound to it, copied
 * @param count  Number of values
 *
 * @return 0 if success, ENOMEM if memory ran out
 */
int backlog_add(unsigned stmt, unsigned group, const struct value *values,
		unsigned count)
{
	return group == GROUP_SPOOL ? spool_add(stmt, values, count)
				    : journal_add(stmt, group, values, count);
}


/**
 * Get the oldest write that was not run, the messages first
 *
 * @param todo Set to it, until the next call
 *
 * @return True if there is one
 */
bool backlog_next(struct todo *todo)
{
	backlog.spooled = spool_next(todo);

	return backlog.spooled || journal_next(todo);
}


/**
 * Take note that what backlog_next() gave was run
 */
void backlog_done(void)
{
	if (backlog.spooled)
		spool_done();
	else
		journal_done();
}


/**
 * Take note that nothing was run
 */
void backlog_undo(void)
{
	journal_undo();
	spool_undo();
}


/**
 * Let go of what waits, if that is too much
 *
 * @param past Number of the statement whose writes go if it is too much
 *             without half of the messages, too
 *
 * @return Number of the last message that is gone, 0 if none is
 */
int64_t backlog_relieve(unsigned past)
{
	int64_t number;

	if (backlog_size() <= WAITING_MAX)
		return 0;

	number = spool_drop();
	if (!backlog.dropped)
		log_error("store: messages are lost, the oldest first: there "
			  "is no memory for more");
	backlog.dropped = true;

	/* without all that need not be known for calls to go on */
	if (backlog_size() > WAITING_MAX &&
	    journal_drop(past, WAITING_MAX / 8 * 7) && !backlog.overflown) {
		log_error("store: the outcomes of transfers are lost, the "
			  "oldest first: there is no memory for more");
		backlog.overflown = true;
	}

	return number;
}


/**
 * Forget all writes
 */
void backlog_clear(void)
{
	journal_clear();
	spool_clear();
}


/**
 * Tell how much memory the writes take
 *
 * @return Bytes
 */
size_t backlog_size(void)
{
	return journal_size() + spool_size();
}


/**
 * Count the writes
 *
 * @return How many there are
 */
size_t backlog_count(void)
{
	return journal_count() + spool_count();
}
