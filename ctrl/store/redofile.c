/**
 * @file redofile.c  The redo log on disk
 *
 * Two files: while one is brought into the database, the other is filled.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <unistd.h>
#include "redofile.h"
#include "redoformat.h"


enum {
	KEEP_SIZE = 4 << 20, /* bytes that a file may keep, once cleared */
	MAX_SIZE = 64 << 20, /* bytes that it may have */
	FILL_SIZE =
		1 << 20, /* ... and has, where it is forced onto the disk */
};

struct file {
	int fd;
	off_t end;     /* of the last record */
	uint64_t last; /* turn, 0 if there is none */
};

static struct {
	struct file files[REDO_FILES];
	unsigned at; /* the one that is filled */
	off_t begin; /* of the records */
	bool gap;    /* one could not be written: no other may follow */
} redo = {.files = {{.fd = -1}, {.fd = -1}}};


static int write_all(int fd, const char *p, size_t len, off_t at)
{
	while (len) {
		const ssize_t n = pwrite(fd, p, len, at);

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
 * Close the files
 */
void redofiles_close(void)
{
	for (unsigned i = 0; i < REDO_FILES; i++) {
		if (redo.files[i].fd >= 0)
			(void)close(redo.files[i].fd);
		redo.files[i] = (struct file){.fd = -1};
	}
	redo.gap = false;
	redo.at = 0;
}


/* If a file need not grow, only its data must be forced onto the disk.  The
   records of an earlier referd must be overwritten. */
static int fill(int fd, off_t at)
{
	static const char zeros[4096];
	int err = 0;

	for (; at < FILL_SIZE && !err; at += (off_t)sizeof(zeros))
		err = write_all(fd, zeros, sizeof(zeros), at);
	if (!err && fsync(fd))
		err = errno;

	return err;
}


/**
 * Begin with files without records to repeat
 *
 * @param dir    Directory of the store
 * @param header Bytes in front of the records
 * @param len    Length of the header
 * @param sync   True if the files must be on the disk
 *
 * @return 0 if success, or an error of open(), pwrite() or fsync(): nothing
 *         can be appended
 */
int redofiles_open(const char *dir, const char *header, size_t len, bool sync)
{
	char path[PATH_MAX];
	int err = 0;

	redo.begin = (off_t)len;
	for (unsigned i = 0; i < REDO_FILES && !err; i++) {
		struct file *f = &redo.files[i];

		redo_path(path, sizeof(path), dir, i);
		f->end = redo.begin;
		f->fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC,
			     0600);
		err = f->fd < 0 ? errno : write_all(f->fd, header, len, 0);
		if (!err && sync)
			err = fill(f->fd, f->end);
	}

	/* behind half a header nothing would be found */
	if (err)
		redofiles_close();

	return err;
}


/**
 * Append records
 *
 * @param p    Records
 * @param len  Bytes of them
 * @param turn Number of the last turn
 *
 * @return 0 if success, EBADF if there is no log, EFBIG if it is full, EIO if
 * a turn before these is missing, or an error of pwrite()
 */
int redofile_append(const char *p, size_t len, uint64_t turn)
{
	struct file *f = &redo.files[redo.at];
	int err = 0;

	if (f->fd < 0)
		return EBADF;
	if (redo.gap)
		return EIO;

	err = f->end > MAX_SIZE ? EFBIG : write_all(f->fd, p, len, f->end);
	if (err) {
		redo.gap = true;
		return err;
	}

	f->end += (off_t)len;
	f->last = turn;

	return 0;
}


/**
 * Force the appended records onto the disk.  After a failure it does not try
 * again: the kernel may have dropped the data.
 *
 * @return 0 if success, or an error of fdatasync(): nothing may follow until
 *         all of it is done
 */
int redofile_sync(void)
{
	if (!fdatasync(redo.files[redo.at].fd))
		return 0;

	redo.gap = true;

	return errno;
}


/**
 * Fill the other file from now on, if that is free
 */
void redofile_turn(void)
{
	const unsigned other = (redo.at + 1) % REDO_FILES;

	if (!redo.files[other].last)
		redo.at = other;
}


static void clear(struct file *f)
{
	if (f->end > KEEP_SIZE)
		(void)!ftruncate(f->fd, redo.begin);

	f->end = redo.begin;
	f->last = 0;
}


/**
 * Forget the turns that are in the database
 *
 * @param turn Number of the last turn that is in the database
 */
void redofiles_settled(uint64_t turn)
{
	bool empty = true;

	for (unsigned i = 0; i < REDO_FILES; i++) {
		struct file *f = &redo.files[i];

		if (f->fd >= 0 && f->last <= turn)
			clear(f);
		empty &= !f->last;
	}

	if (empty)
		redo.gap = false;
}
