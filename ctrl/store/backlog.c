/**
 * @file backlog.c  Writes that are not in SQLite's file yet
 *
 * The messages wait in the spool, all else in the journal.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdlib.h>
#include "backlog.h"
#include "base/base.h"
#include "db.h"
#include "journal.h"
#include "spool.h"


enum { WAITING_MAX = 64 << 20 }; /* bytes of what can't be written */

static struct {
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
 * @param group  One of enum db_group
 * @param values Values bound to it, copied
 * @param count  Number of values
 *
 * @return 0 if success, ENOMEM if out of memory
 */
int backlog_add(unsigned stmt, unsigned group, const struct value *values,
		unsigned count)
{
	return group == GROUP_SPOOL ? spool_add(stmt, values, count)
				    : journal_add(stmt, group, values, count);
}


/**
 * Take all waiting writes, for one transaction: if only a part of them were in
 * the file, reports of nodes would be taken twice
 *
 * @param batch Set to it
 *
 * @return 0 if success, or ENOMEM
 */
int backlog_take(struct batch *batch)
{
	int err;

	*batch = (struct batch){0};
	err = spool_take(&batch->messages, &batch->messagec);
	if (err)
		return err;

	batch->write = journal_take();
	batch->last = journal_last();

	return 0;
}


/**
 * Get the next write that was taken, the messages first; any thread may do so
 *
 * @param batch Taken writes
 * @param todo  Set to it, until the next call
 *
 * @return True if there is another write
 */
bool batch_next(struct batch *batch, struct todo *todo)
{
	if (batch->at < batch->messagec) {
		spool_read(todo, &batch->messages[batch->at++]);
		return true;
	}

	return journal_read(todo, &batch->write, batch->last);
}


/**
 * Note that no taken write is in the file
 *
 * @param batch Taken writes
 */
void backlog_undo(struct batch *batch)
{
	free(batch->messages);
	batch->messages = NULL;
	journal_undo();
	spool_undo();
}


/**
 * Note that all that was taken is in the file.  It is freed by backlog_free().
 *
 * @param batch Taken writes
 * @param kind  Gets the properties of a statement
 */
void backlog_settled(struct batch *batch, journal_kind_h *kind)
{
	free(batch->messages);
	batch->messages = NULL;
	journal_settled(kind);
	spool_settled();
}


/**
 * Free some writes that are in the file
 *
 * @param count Number of writes, twice
 *
 * @return True if more of them are left
 */
bool backlog_free(size_t count)
{
	const bool more = spool_free(count);

	return journal_free(count) || more;
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
		log_error("store: messages are lost, the oldest first: out of "
			  "memory");
	backlog.dropped = true;

	/* without all that need not be known for calls to go on */
	if (backlog_size() > WAITING_MAX &&
	    journal_drop(past, WAITING_MAX / 8 * 7) && !backlog.overflown) {
		log_error("store: the outcomes of transfers are lost, the "
			  "oldest first: out of memory");
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
 * @return Their number
 */
size_t backlog_count(void)
{
	return journal_count() + spool_count();
}
