/**
 * @file txn.c  A transaction on SQLite's file: all that was taken, or nothing
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sqlite3.h>
#include "backlog.h"
#include "db.h"
#include "dbfile.h"
#include "journal.h"
#include "txn.h"


/**
 * Tell whether a write will not be taken later, either
 *
 * @param rc What SQLite says of it
 *
 * @return True if it is refused for what it is
 */
bool txn_refused(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_CONSTRAINT:
	case SQLITE_ERROR:
	case SQLITE_MISMATCH:
	case SQLITE_MISUSE:
	case SQLITE_RANGE:
	case SQLITE_TOOBIG: return true;
	default: return false;
	}
}


static void explain(char *reason, sqlite3 *file)
{
	(void)snprintf(reason, REASON_SIZE, "%s", sqlite3_errmsg(file));
}


/* One that is refused for what it is is lost, which is said */
static int run(sqlite3 *file, const struct db_rules *rules,
	       struct batch *batch, const struct todo *todo)
{
	const int rc = rules->run(file, todo);

	if (rc == SQLITE_DONE)
		return 0;

	if (!txn_refused(rc))
		return EIO;

	explain(batch->refused, file);

	return 0;
}


/* What is refused for what it is is lost here, too */
static int flush(sqlite3 *file, const struct db_rules *rules,
		 struct batch *batch)
{
	const int rc = rules->flush(file);

	if (!txn_refused(rc))
		return rc == SQLITE_DONE ? 0 : EIO;

	explain(batch->refused, file);
	rules->undo();

	return 0;
}


static int run_all(sqlite3 *file, const struct db_rules *rules,
		   struct batch *batch)
{
	struct todo todo;
	int err = 0;

	while (!err && batch_next(batch, &todo))
		err = run(file, rules, batch, &todo);

	return err ? err : flush(file, rules, batch);
}


/**
 * Run what was taken, and commit it together with the mark: of what is in the
 * redo log, nothing is repeated.  In the writer.
 *
 * @param file  The file
 * @param rules What is known of the statements
 * @param batch What was taken; what has become of it is set
 */
void txn_settle(sqlite3 *file, const struct db_rules *rules,
		struct batch *batch)
{
	int err = batch->room ? dbfile_room(file, batch->room) : 0;

	batch->err = err;
	if (err) {
		(void)snprintf(batch->reason, REASON_SIZE, "%s",
			       strerror(err));
		return;
	}

	err = EIO;
	if (sqlite3_exec(file, "BEGIN IMMEDIATE", NULL, NULL, NULL) ==
	    SQLITE_OK)
		err = run_all(file, rules, batch);
	if (!err)
		err = dbfile_mark(file, batch->turn);
	if (!err &&
	    sqlite3_exec(file, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		err = EIO;

	batch->err = err;
	if (!err)
		return;

	explain(batch->reason, file);
	if (!sqlite3_get_autocommit(file))
		(void)sqlite3_exec(file, "ROLLBACK", NULL, NULL, NULL);
	rules->undo();
}
