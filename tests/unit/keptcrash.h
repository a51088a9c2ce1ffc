/**
 * @file keptcrash.h  The store of keptstore.h after a crash
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef KEPTCRASH_H
#define KEPTCRASH_H

#include "keptstore.h"
#include "tempdir.h"
#include "unit.h"
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>


static inline int open_db(void)
{
	return db_open(dir, &rules, sql, STMTS);
}


/* A turn of its own */
static inline int add(int64_t n)
{
	db_bind_int(ADD, 1, n);
	db_write(ADD);

	return db_commit();
}


/* Runs something in a process that is gone without a word */
static inline void crash(void (*act)(void))
{
	const pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (open_db())
			_exit(1);
		act();
		(void)kill(getpid(), SIGKILL);
	}

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, SIGKILL);
}


/* READ is "a=3;c=4;b=5;" then, and COUNT "2;" */
static inline void write_some(void)
{
	put("a", "1");
	put("b", "2");
	(void)db_commit();
	put("a", "3");
	forget("b");
	put("c", "4");
	put("b", "5");
	(void)db_commit();
	if (add(1) || add(2))
		_exit(2);
}


/* Behind the store's back, while it is closed */
static inline void edit(const char *statement)
{
	char path[128];
	sqlite3 *db;

	(void)snprintf(path, sizeof(path), "%s/referd.db", dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, statement, NULL, NULL, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

#endif
