/**
 * @file redo.c  The redo log: what a turn writes, on disk before it is sent
 *
 * A turn costs one write() here, where a commit of SQLite costs one for each
 * page that changed, so that SQLite need commit only now and then.  Whoever
 * opens the store after a crash repeats what SQLite has not got.  Without it a
 * transfer costs the store 20 times the CPU, 1,500 us for 75, and 20 times the
 * time: `tests/bench/run savings` measures both side by side.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "journal.h"
#include "redo.h"
#include "redoformat.h"


enum {
	KEEP_SIZE = 4 << 20, /* bytes that the file may keep, once cleared */
	MAX_SIZE = 64 << 20, /* bytes that it may have */
};

struct buffer {
	char *p;
	size_t len;
	size_t size;
	bool failed;
};

static struct {
	int fd;
	off_t begin; /* of the records */
	off_t end;   /* of the last one */
	bool gap;    /* one could not be written: no other may follow */
	struct buffer turn;
} redo = {.fd = -1};


static void put(struct buffer *b, const void *p, size_t len)
{
	if (b->len + len > b->size) {
		const size_t size = 2 * (b->len + len);
		char *grown = realloc(b->p, size);

		if (!grown) {
			b->failed = true;
			return;
		}
		b->p = grown;
		b->size = size;
	}

	memcpy(b->p + b->len, p, len);
	b->len += len;
}


static void put_u32(struct buffer *b, uint32_t value)
{
	put(b, &value, sizeof(value));
}


/* With its NUL, so that it can be read where it stands */
static void put_text(struct buffer *b, const char *text, size_t len)
{
	put_u32(b, (uint32_t)len + 1);
	put(b, text, len + 1);
}


static int write_all(const char *p, size_t len, off_t at)
{
	while (len) {
		const ssize_t n = pwrite(redo.fd, p, len, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? errno : EIO;

		p += n;
		len -= (size_t)n;
		at += n;
	}

	return 0;
}


/**
 * Close the log
 */
void redo_close(void)
{
	if (redo.fd >= 0)
		(void)close(redo.fd);
	free(redo.turn.p);
	memset(&redo, 0, sizeof(redo));
	redo.fd = -1;
}


/**
 * Begin a log in which nothing is left to do
 *
 * @param dir   Directory of the store
 * @param sql   Statements
 * @param count Number of statements
 *
 * @return 0 if success, ENOMEM, or an error of open() or pwrite()
 */
int redo_open(const char *dir, const char *const *sql, unsigned count)
{
	struct buffer b = {0};
	char path[PATH_MAX];
	int err;

	redo_path(path, sizeof(path), dir);
	redo.fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (redo.fd < 0)
		return errno;

	put(&b, REDO_MAGIC, sizeof(REDO_MAGIC));
	put_u32(&b, count);
	for (unsigned i = 0; i < count; i++)
		put_text(&b, sql[i], strlen(sql[i]));

	err = b.failed ? ENOMEM : write_all(b.p, b.len, 0);
	redo.begin = redo.end = (off_t)b.len;
	free(b.p);

	/* behind half a header nothing would be found */
	if (err)
		redo_close();

	return err;
}


/**
 * Add a write to the turn at hand
 *
 * @param stmt   Number of its statement
 * @param values What is bound to it
 * @param count  Number of values
 */
void redo_add(unsigned stmt, const struct value *values, unsigned count)
{
	static const struct record none;
	struct buffer *b = &redo.turn;

	/* it would not be written */
	if (redo.gap)
		return;

	if (!b->len)
		put(b, &none, sizeof(none));

	put_u32(b, stmt);
	put_u32(b, count);
	for (unsigned i = 0; i < count; i++) {
		const struct value *v = &values[i];

		if (v->is_number) {
			put_u32(b, REDO_NUMBER);
			put(b, &v->number, sizeof(v->number));
		}
		else if (v->text) {
			put_text(b, v->text, v->len);
		}
		else {
			put_u32(b, REDO_NULL);
		}
	}
}


/**
 * Write what was added since the last time
 *
 * @param turn Number of the turn, one above that of the last
 *
 * @return 0 if success, ENOMEM if what was added has no room in memory, EFBIG
 * if the log is full, EIO if a turn before this one is missing, or an error of
 * pwrite()
 */
int redo_write(uint64_t turn)
{
	struct buffer *b = &redo.turn;
	struct record r = {.turn = turn, .size = b->len - sizeof(r)};
	int err = redo.gap ? EIO : b->failed ? ENOMEM : 0;

	if (redo.end > MAX_SIZE)
		err = EFBIG;
	if (!err) {
		memcpy(b->p, &r, sizeof(r));
		r.sum = redo_sum(b->p + sizeof(r.sum), b->len - sizeof(r.sum));
		memcpy(b->p, &r.sum, sizeof(r.sum));
		err = write_all(b->p, b->len, redo.end);
	}

	if (err)
		redo.gap = true;
	else
		redo.end += (off_t)b->len;

	b->len = 0;
	b->failed = false;

	return err;
}


/**
 * Forget what was written: it is done
 */
void redo_clear(void)
{
	if (redo.end > KEEP_SIZE)
		(void)!ftruncate(redo.fd, redo.begin);

	redo.end = redo.begin;
	redo.gap = false;
}
