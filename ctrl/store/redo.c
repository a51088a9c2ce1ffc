/**
 * @file redo.c  The redo log: what a turn writes, on disk before it is sent
 *
 * A turn costs one write() here, where a commit of SQLite costs one for each
 * page that changed, so that SQLite need commit only now and then.  Whoever
 * opens the store after a crash repeats what SQLite has not got.
 *
 * The file begins with the statements that its writes name by their number:
 * another release may have others.  One record for each turn follows, over
 * what is left of those before.  It is ours alone, in the byte order at hand.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "journal.h"
#include "redo.h"


static const char magic[8] = "redo-1\n";

/* In place of a text's length */
static const uint32_t is_null = UINT32_MAX, is_number = UINT32_MAX - 1;

enum {
	KEEP_SIZE = 4 << 20, /* bytes that the file may keep, once cleared */
	MAX_SIZE = 64 << 20, /* bytes that it may have */
	STMTS_MAX = 256,
};

struct record {
	uint64_t sum; /* of all that follows */
	uint64_t turn;
	uint64_t size; /* bytes behind this */
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


static uint64_t mix(uint64_t sum, uint64_t word)
{
	sum = (sum ^ word) * 0x100000001b3;

	return sum ^ sum >> 32;
}


/* FNV-1a, eight bytes at a time */
static uint64_t sum_of(const char *p, size_t len)
{
	uint64_t sum = 0xcbf29ce484222325, word;

	for (; len >= sizeof(word); p += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		sum = mix(sum, word);
	}

	if (!len)
		return sum;

	word = 0;
	memcpy(&word, p, len);

	return mix(sum, word);
}


static void make_path(char *path, size_t size, const char *dir)
{
	(void)snprintf(path, size, "%s/referd.redo", dir);
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
 * @return 0 if success, otherwise errorcode
 */
int redo_open(const char *dir, const char *const *sql, unsigned count)
{
	struct buffer b = {0};
	char path[PATH_MAX];
	int err;

	make_path(path, sizeof(path), dir);
	redo.fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (redo.fd < 0)
		return errno;

	put(&b, magic, sizeof(magic));
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
			put_u32(b, is_number);
			put(b, &v->number, sizeof(v->number));
		}
		else if (v->text) {
			put_text(b, v->text, v->len);
		}
		else {
			put_u32(b, is_null);
		}
	}
}


/**
 * Write what was added since the last time
 *
 * @param turn Number of the turn, one above that of the last
 *
 * @return 0 if success, otherwise errorcode
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
		r.sum = sum_of(b->p + sizeof(r.sum), b->len - sizeof(r.sum));
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


/* What is read, and how far */
struct reader {
	const char *p;
	size_t left;
};


static const void *get(struct reader *r, size_t len)
{
	const char *p = r->p;

	if (len > r->left)
		return NULL;

	r->p += len;
	r->left -= len;

	return p;
}


static bool get_u32(struct reader *r, uint32_t *value)
{
	const void *p = get(r, sizeof(*value));

	if (p)
		memcpy(value, p, sizeof(*value));

	return p != NULL;
}


static const char *get_text(struct reader *r, uint32_t len)
{
	const char *text = len ? get(r, len) : NULL;

	return text && !text[len - 1] ? text : NULL;
}


static bool get_value(struct reader *r, struct value *v)
{
	uint32_t len;

	memset(v, 0, sizeof(*v));
	if (!get_u32(r, &len))
		return false;
	if (len == is_null)
		return true;

	if (len == is_number) {
		const void *p = get(r, sizeof(v->number));

		if (p)
			memcpy(&v->number, p, sizeof(v->number));
		v->is_number = true;

		return p != NULL;
	}

	v->text = get_text(r, len);
	v->len = len - 1;

	return v->text != NULL;
}


struct replay {
	const char *sql[STMTS_MAX];
	uint32_t count;
	redo_h *h;
	void *arg;
};


static bool get_header(struct reader *r, struct replay *replay)
{
	const void *p = get(r, sizeof(magic));
	uint32_t len;

	if (!p || memcmp(p, magic, sizeof(magic)) ||
	    !get_u32(r, &replay->count) || replay->count > STMTS_MAX)
		return false;

	for (uint32_t i = 0; i < replay->count; i++) {
		if (!get_u32(r, &len))
			return false;
		replay->sql[i] = get_text(r, len);
		if (!replay->sql[i])
			return false;
	}

	return true;
}


/* False, if what follows is what is left of earlier turns, or half of one */
static bool get_record(struct reader *r, struct record *record,
		       struct reader *body)
{
	const char *begin = r->p;

	if (!get(r, sizeof(*record)))
		return false;

	memcpy(record, begin, sizeof(*record));
	body->p = r->p;
	body->left = record->size;

	return get(r, record->size) &&
	       record->sum == sum_of(begin + sizeof(record->sum),
				     sizeof(*record) - sizeof(record->sum) +
					     record->size);
}


static int replay_turn(const struct replay *replay, uint64_t turn,
		       struct reader *r)
{
	struct value values[VALUES_MAX];
	uint32_t stmt, count;
	int err = 0;

	while (r->left && !err) {
		if (!get_u32(r, &stmt) || !get_u32(r, &count) ||
		    stmt >= replay->count || count > VALUES_MAX)
			return EBADMSG;
		for (uint32_t i = 0; i < count; i++) {
			if (!get_value(r, &values[i]))
				return EBADMSG;
		}
		err = replay->h(turn, stmt, replay->sql[stmt], values, count,
				replay->arg);
	}

	return err;
}


static int read_file(const char *path, struct reader *r)
{
	struct stat st;
	char *p = NULL;
	int fd, err = 0;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;

	if (fstat(fd, &st)) {
		err = errno;
		goto out;
	}

	p = malloc((size_t)st.st_size + 1);
	if (!p) {
		err = ENOMEM;
		goto out;
	}

	r->p = p;
	for (ssize_t n; r->left < (size_t)st.st_size; r->left += (size_t)n) {
		n = read(fd, p + r->left, (size_t)st.st_size - r->left);
		if (n <= 0) {
			err = n ? errno : EIO;
			goto out;
		}
	}

out:
	if (err)
		free(p);
	(void)close(fd);

	return err;
}


/**
 * Go through the writes that a crash has left
 *
 * @param dir   Directory of the store
 * @param turnp The last turn that is done; set to the last one that was found
 * @param h     Handler of each write of the turns behind it, in order
 * @param arg   Handler argument
 *
 * @return 0 if success, otherwise errorcode
 */
int redo_replay(const char *dir, uint64_t *turnp, redo_h *h, void *arg)
{
	struct replay replay = {.h = h, .arg = arg};
	struct reader file = {0}, body;
	struct record record;
	char path[PATH_MAX];
	const char *p;
	int err;

	make_path(path, sizeof(path), dir);
	err = read_file(path, &file);
	if (err)
		return err == ENOENT ? 0 : err;

	p = file.p;
	if (!get_header(&file, &replay))
		goto out;

	/* what is done is skipped; a gap, or a lower number, ends it */
	for (uint64_t last = 0; get_record(&file, &record, &body);
	     last = record.turn) {
		if (last ? record.turn != last + 1 : record.turn > *turnp + 1)
			break;
		if (record.turn <= *turnp)
			continue;

		err = replay_turn(&replay, record.turn, &body);
		if (err)
			break;
		*turnp = record.turn;
	}

out:
	free((void *)p);

	return err;
}
