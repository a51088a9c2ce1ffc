/**
 * @file rows.c  The rows that a referd stores for live calls and transfers
 *
 * `rows FILE` prints one JSON object of the store FILE: for each table whose
 * rows must go in the end, an array of its keys, or of the calls of transfers.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stdbool.h>
#include <stdio.h>
#include <sqlite3.h>


enum { BUSY_TIME = 5000 }; /* ms */

static const struct {
	const char *name;
	const char *sql;
} tables[] = {
	{"nodes", "SELECT json_group_array(key) FROM nodes"},
	{"sessions", "SELECT json_group_array(key) FROM sessions"},
	{"dials", "SELECT json_group_array(key) FROM dials"},
	{"outbox", "SELECT json_group_array(key) FROM outbox"},
	{"apps", "SELECT json_group_array(key) FROM apps"},
	{"transfers", "SELECT json_group_array(call_sid) FROM transfers"
		      " WHERE outcome IS NULL"},
};


/* An older store may lack a table, and so has no such rows */
static int print(sqlite3 *db, const char *name, const char *sql, bool first)
{
	sqlite3_stmt *stmt;
	int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);

	if (rc == SQLITE_ERROR)
		return SQLITE_OK;
	if (rc != SQLITE_OK)
		return rc;

	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		(void)printf("%s\"%s\":%s", first ? "" : ",", name,
			     (const char *)sqlite3_column_text(stmt, 0));
	(void)sqlite3_finalize(stmt);

	return rc == SQLITE_ROW ? SQLITE_OK : rc;
}


int main(int argc, char *argv[])
{
	sqlite3 *db = NULL;
	int rc = argc == 2 ? sqlite3_open_v2(argv[1], &db,
					     SQLITE_OPEN_READONLY, NULL)
			   : SQLITE_MISUSE;

	if (rc == SQLITE_OK) {
		(void)sqlite3_busy_timeout(db, BUSY_TIME);
		rc = sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
	}

	(void)putchar('{');
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
		if (rc == SQLITE_OK)
			rc = print(db, tables[i].name, tables[i].sql, !i);
	}
	(void)puts("}");

	if (rc != SQLITE_OK)
		(void)fprintf(stderr, "rows: %s\n", sqlite3_errstr(rc));
	(void)sqlite3_close(db);

	return rc == SQLITE_OK ? 0 : 1;
}
