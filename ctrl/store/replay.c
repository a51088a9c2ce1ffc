/**
 * @file replay.c  Reads the redo log that a crash has left
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "journal.h"
#include "redoformat.h"
#include "replay.h"
#include "ring.h"


enum { STMTS_MAX = 256 };

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
	if (len == REDO_NULL)
		return true;

	if (len == REDO_NUMBER) {
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


/* Whose log it is */
static bool get_magic(struct reader *r, uint64_t key)
{
	const char *magic = key ? RING_MAGIC : REDO_MAGIC;
	const void *p = get(r, sizeof(REDO_MAGIC));

	if (!p || memcmp(p, magic, sizeof(REDO_MAGIC)))
		return false;

	if (key)
		p = get(r, sizeof(key));

	return p && (!key || !memcmp(p, &key, sizeof(key)));
}


static bool get_header(struct reader *r, uint64_t key, struct replay *replay)
{
	uint32_t len;

	if (!get_magic(r, key) || !get_u32(r, &replay->count) ||
	    replay->count > STMTS_MAX)
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
	       record->sum == redo_sum(begin + sizeof(record->sum),
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


/* Its descriptor is closed here */
static int read_file(int fd, struct reader *r)
{
	struct stat st;
	char *p = NULL;
	int err = 0;

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


/* What is done is skipped; a gap, or a lower number, ends it */
static int replay_file(int fd, uint64_t key, struct replay *replay,
		       uint64_t *turnp)
{
	struct reader file = {0}, body;
	struct record record;
	const char *p;
	int err;

	err = read_file(fd, &file);
	if (err)
		return err;

	p = file.p;
	if (!get_header(&file, key, replay))
		goto out;

	for (uint64_t last = 0;
	     get_record(&file, &record, &body) && record.turn > last;
	     last = record.turn) {
		if (record.turn <= *turnp)
			continue;
		if (record.turn > *turnp + 1)
			break;

		err = replay_turn(replay, record.turn, &body);
		if (err)
			break;
		*turnp = record.turn;
	}

out:
	free((void *)p);

	return err;
}


/* Either may be the older one */
static int replay_files(const char *dir, struct replay *replay,
			uint64_t *turnp)
{
	char path[PATH_MAX];
	int fd, err = 0;

	for (unsigned i = 0; i <= REDO_FILES && !err; i++) {
		redo_path(path, sizeof(path), dir, i % REDO_FILES);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0)
			err = replay_file(fd, 0, replay, turnp);
		else if (errno != ENOENT)
			err = errno;
	}

	return err;
}


/**
 * Go through the writes that a crash has left: on disk, and what had not got
 * there yet, in memory
 *
 * @param dir   Directory of the store
 * @param key   Of what is in memory, 0 if that is of no use
 * @param turnp The last turn that is done; set to the last one that was found
 * @param h     Handler of each write of the turns behind it, in order
 * @param arg   Handler argument
 *
 * @return 0 if success or there is no log, EBADMSG if a record that is whole
 * has what is no write, ENOMEM, an error of open() or read(), or what the
 * handler returns
 */
int redo_replay(const char *dir, uint64_t key, uint64_t *turnp, redo_h *h,
		void *arg)
{
	struct replay replay = {.h = h, .arg = arg};
	int err, fd;

	err = replay_files(dir, &replay, turnp);

	for (unsigned i = 0; !err && key && i < ring_places(); i++) {
		fd = ring_find(dir, i);
		if (fd >= 0)
			err = replay_file(fd, key, &replay, turnp);
	}

	return err;
}
