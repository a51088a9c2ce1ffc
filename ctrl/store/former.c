/**
 * @file former.c  The store of referd 0.1.0
 *
 * It had a row for each message, where there are blocks now.  Everything else
 * stands as it did.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdint.h>
#include <string.h>
#include <sqlite3.h>
#include "block.h"
#include "former.h"
#include "journal.h"


enum { COLUMNS = 6 };

/* The columns are those of STMT_MESSAGE */
static const char each_message[] =
	"SELECT seq, client, call_sid, jambonz, time, text FROM messages"
	" ORDER BY seq";

static const struct {
	const char *sql;
	enum former former;
} statements[] = {
	{"INSERT INTO messages VALUES(?, ?, ?, ?, ?, ?)", FORMER_MESSAGE},
	{"DELETE FROM messages WHERE seq = ?", FORMER_FORGETS},
};


static void read_value(struct value *v, sqlite3_stmt *stmt, int col)
{
	memset(v, 0, sizeof(*v));
	switch (sqlite3_column_type(stmt, col)) {
	case SQLITE_INTEGER:
		v->number = sqlite3_column_int64(stmt, col);
		v->is_number = true;
		break;

	case SQLITE_TEXT:
		v->text = (const char *)sqlite3_column_text(stmt, col);
		v->len = (size_t)sqlite3_column_bytes(stmt, col);
		break;

	default: break;
	}
}


static int add_each(struct blocks *b, sqlite3 *db)
{
	struct value values[COLUMNS];
	sqlite3_stmt *stmt;
	int rc;

	rc = sqlite3_prepare_v2(db, each_message, -1, &stmt, NULL);
	if (rc != SQLITE_OK)
		return rc;

	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		for (int i = 0; i < COLUMNS; i++)
			read_value(&values[i], stmt, i);
		rc = values[COLUMNS - 1].text ? block_add(b, db, values)
					      : SQLITE_CORRUPT;
		if (rc != SQLITE_DONE)
			break;
	}
	(void)sqlite3_finalize(stmt);

	return rc;
}


/**
 * Put the messages of 0.1.0 into blocks, for which there are tables.  To be
 * called within a transaction.
 *
 * @param db The file
 *
 * @return SQLITE_OK, or what SQLite says
 */
int former_convert(sqlite3 *db)
{
	struct blocks *b = blocks_create();
	int rc = b ? add_each(b, db) : SQLITE_NOMEM;

	if (rc == SQLITE_DONE)
		rc = block_flush(b, db);
	blocks_destroy(b);

	return rc == SQLITE_DONE ? sqlite3_exec(db, "DROP TABLE messages",
						NULL, NULL, NULL)
				 : rc;
}


/**
 * Tell what a statement did that is in the redo log of 0.1.0
 *
 * @param sql Its text
 *
 * @return What it did, FORMER_UNKNOWN if it is no statement of this table: it
 *         can be run as it stands
 */
enum former former_stmt(const char *sql)
{
	for (size_t i = 0; i < sizeof(statements) / sizeof(*statements); i++) {
		if (!strcmp(sql, statements[i].sql))
			return statements[i].former;
	}

	return FORMER_UNKNOWN;
}
