/**
 * @file dbpiece.c  A part of a row of SQLite's file
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <limits.h>
#include <stdlib.h>
#include <sqlite3.h>
#include "db.h"
#include "dbstmt.h"


/* After a failure it is opened again */
static int find(struct db_piece *piece, int64_t row)
{
	int rc;

	rc = piece->blob
		     ? sqlite3_blob_reopen(piece->blob, row)
		     : sqlite3_blob_open(dbstmts_file(), "main", piece->table,
					 piece->column, row, 0, &piece->blob);
	if (rc != SQLITE_OK) {
		(void)sqlite3_blob_close(piece->blob);
		piece->blob = NULL;
	}

	return rc;
}


/**
 * Read a piece, with the connection of this thread
 *
 * @param piece Table and column; to be closed
 * @param row   Number of the row
 * @param begin Its first byte
 * @param len   Number of bytes
 *
 * @return The bytes, until the next call; NULL if there are none
 */
const char *db_piece_read(struct db_piece *piece, int64_t row, size_t begin,
			  size_t len)
{
	char *p;

	if (len > piece->size) {
		p = realloc(piece->p, len);
		if (!p)
			return NULL;

		piece->p = p;
		piece->size = len;
	}

	if (!len || len > INT_MAX || begin > INT_MAX ||
	    find(piece, row) != SQLITE_OK ||
	    sqlite3_blob_read(piece->blob, piece->p, (int)len, (int)begin) !=
		    SQLITE_OK)
		return NULL;

	return piece->p;
}


/**
 * Read no more
 *
 * @param piece Piece
 */
void db_piece_close(struct db_piece *piece)
{
	(void)sqlite3_blob_close(piece->blob);
	free(piece->p);
	piece->blob = NULL;
	piece->p = NULL;
	piece->size = 0;
}
