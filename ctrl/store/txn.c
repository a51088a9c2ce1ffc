/**
 * @file txn.c  Transactions on SQLite's file, and whether they succeed
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sqlite3.h>
#include "backlog.h"
#include "base/base.h"
#include "dbfile.h"
#include "dbstmt.h"
#include "txn.h"


static struct {
	sqlite3 *file;
	bool begun;

	/* The last one failed: what is written waits in memory */
	bool broken;
	char trouble[128]; /* what SQLite said of it */
} txn;


/**
 * Begin with a file
 *
 * @param file The file, borrowed
 */
void txn_open(sqlite3 *file)
{
	txn.file = file;
}


/**
 * Leave the file
 */
void txn_close(void)
{
	memset(&txn, 0, sizeof(txn));
}


/* Operation goes on in memory, so that one line for each trouble is enough */
static int fail(void)
{
	if (!txn.broken) {
		(void)snprintf(txn.trouble, sizeof(txn.trouble), "%s",
			       sqlite3_errmsg(txn.file));
		log_error("store: can't write (%s): what is to be kept waits "
			  "in memory",
			  txn.trouble);
	}

	txn.broken = true;
	txn.begun = false;
	backlog_save(true);
	backlog_undo();
	if (!sqlite3_get_autocommit(txn.file))
		(void)sqlite3_exec(txn.file, "ROLLBACK", NULL, NULL, NULL);

	return EIO;
}


/* What is refused for what it is will not be taken later */
static bool is_refusal(int rc)
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


/**
 * Begin a transaction, if none is begun
 *
 * @return 0 if success, EIO if SQLite can't
 */
int txn_begin(void)
{
	if (!txn.begun && sqlite3_exec(txn.file, "BEGIN IMMEDIATE", NULL, NULL,
				       NULL) != SQLITE_OK)
		return fail();

	txn.begun = true;

	return 0;
}


/**
 * Run a write, in a transaction.  One that is refused for what it is is lost,
 * which is said.
 *
 * @param todo Write
 *
 * @return 0 if success, EIO if SQLite can't, and nothing of the transaction
 *         was run
 */
int txn_run(const struct todo *todo)
{
	int rc;

	if (txn_begin())
		return EIO;

	rc = dbstmt_run(todo);
	if (is_refusal(rc)) {
		log_error("store: can't write: %s", sqlite3_errmsg(txn.file));
		return 0;
	}

	return rc == SQLITE_DONE ? 0 : fail();
}


/**
 * Commit the transaction, together with the mark: of what is in the redo log,
 * nothing is repeated
 *
 * @param turn Number of the last turn that is in it
 *
 * @return 0 if success, EIO if SQLite can't, and nothing of the transaction
 *         was run
 */
int txn_commit(uint64_t turn)
{
	if (dbfile_mark(txn.file, turn) ||
	    sqlite3_exec(txn.file, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		return fail();

	txn.begun = false;

	return 0;
}


/**
 * Tell whether a transaction is begun
 *
 * @return True if so
 */
bool txn_begun(void)
{
	return txn.begun;
}


/**
 * Tell why nothing can be written
 *
 * @return What the system says, NULL if all is well
 */
const char *txn_trouble(void)
{
	return txn.broken ? txn.trouble : NULL;
}


/**
 * Take note that all that waited has been written
 */
void txn_recovered(void)
{
	txn.broken = false;
	backlog_save(false);
	log_warning("store: can write again, and has written what waited");
}
