/**
 * @file plainrules.h  A store whose writes are each its statement, and no more
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef PLAINRULES_H
#define PLAINRULES_H

#include <sqlite3.h>
#include "store/db.h"
#include "store/dbstmt.h"


static inline int plain_run(sqlite3 *file, const struct todo *todo)
{
	(void)file;

	return dbstmt_run(todo);
}


static inline int plain_flush(sqlite3 *file)
{
	(void)file;

	return SQLITE_DONE;
}


static inline void plain_end(void)
{
}


#define PLAIN_RULES                                                           \
	.run = plain_run, .flush = plain_flush, .undo = plain_end,            \
	.close = plain_end

#endif
