/**
 * @file former.h  The store of referd 0.1.0
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef FORMER_H
#define FORMER_H

struct sqlite3;

enum { FORMER_VERSION = 6 }; /* its PRAGMA user_version */

/* What has become of its statements that are no longer */
enum former {
	FORMER_UNKNOWN,
	FORMER_MESSAGE, /* a message: the values are those of STMT_MESSAGE */
	FORMER_FORGETS, /* ... goes: retention will forget it anyway */
};

int former_convert(struct sqlite3 *db);
enum former former_stmt(const char *sql);

#endif
