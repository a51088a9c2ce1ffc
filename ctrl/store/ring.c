/**
 * @file ring.c  The redo log in memory that outlives referd, until on disk
 *
 * A mapped file in a file system without a disk.  The writes of a turn are
 * copied there, which never waits and needs no system call.  The file remains
 * if referd is killed.  The writer brings it to disk a little later, however
 * slow the disk is.  Once the ring is empty, it begins anew.
 *
 * The loop moves the head, the writer moves the tail.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "redoformat.h"
#include "ring.h"


enum {
	STEP = 1 << 20,      /* bytes by which it grows */
	MAX_SIZE = 16 << 20, /* that it may have */
	PLACES_MAX = 4,
	RAMFS = (int)0x858458f6, /* RAMFS_MAGIC is unsigned there */
};

static struct {
	const char *const *dirs; /* of a test */
	char path[PATH_MAX];
	int fd;
	char *p;
	size_t begin; /* of the records */
	size_t size;  /* that there is */

	/* Bytes that have come, and gone, since it was opened; the record
	   that begins at `base` stands in front */
	_Atomic uint64_t head, tail;
	uint64_t base;
} ring = {.fd = -1};


/**
 * Have other directories tried than the usual ones
 *
 * @param dirs Directories, up to NULL; NULL for the usual ones
 */
void ring_try(const char *const *dirs)
{
	ring.dirs = dirs;
}


/* True in a container, whose memory is lost when it ends */
static bool is_container(void)
{
	return (getpid() == 1 || getppid() == 1) &&
	       (!access("/.dockerenv", F_OK) ||
		!access("/run/.containerenv", F_OK) || getenv("container"));
}


static const char *place(unsigned n)
{
	const char *dirs[PLACES_MAX] = {getenv("XDG_RUNTIME_DIR"),
					"/run/referd", "/dev/shm", NULL};
	const char *const *list = ring.dirs ? ring.dirs : dirs;
	const char *dir = NULL;

	for (unsigned i = 0; i <= n; i++) {
		dir = list[i];
		if (!dir && (ring.dirs || i))
			return NULL;
	}

	return dir;
}


/**
 * Tell in how many directories one may be
 *
 * @return How many
 */
unsigned ring_places(void)
{
	return PLACES_MAX - 1;
}


/* A state directory that was moved or copied has another path here */
static int make_path(char *path, const char *dir, unsigned n)
{
	const char *where = place(n);
	struct stat st;

	if (!where || *where != '/')
		return ENOENT;
	if (stat(dir, &st))
		return errno;

	return snprintf(path, PATH_MAX, "%s/referd-%llx-%llx.redo", where,
			(unsigned long long)st.st_dev,
			(unsigned long long)st.st_ino) < PATH_MAX
		       ? 0
		       : ENAMETOOLONG;
}


/* Others may write to the directory, too */
static bool is_ours(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISREG(st.st_mode) &&
	       st.st_uid == geteuid() && !(st.st_mode & 077);
}


static bool has_names(int fd)
{
	struct stat st;

	return fstat(fd, &st) || st.st_nlink != 1;
}


static bool is_memory(int fd)
{
	struct statfs st;

	return !fstatfs(fd, &st) &&
	       (st.f_type == TMPFS_MAGIC || (int)st.f_type == RAMFS);
}


/**
 * Find the ring that a crash has left
 *
 * @param dir Directory of the store
 * @param n   Number of the place where it may be
 *
 * @return Descriptor, -1 if this directory has none there
 */
int ring_find(const char *dir, unsigned n)
{
	char path[PATH_MAX];
	int fd;

	if (make_path(path, dir, n))
		return -1;

	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0 && !is_ours(fd)) {
		(void)close(fd);
		fd = -1;
	}

	return fd;
}


/* With all its memory, so that none is missing when it is needed; to try for
   more than a process may have would be answered with a signal */
static int grow(size_t size)
{
	struct rlimit limit;

	if (size > MAX_SIZE)
		return ENOSPC;

	if (getrlimit(RLIMIT_FSIZE, &limit) || limit.rlim_cur < size ||
	    fallocate(ring.fd, 0, 0, (off_t)size))
		return ENOSPC;

	ring.size = size;

	return 0;
}


static int map(void)
{
	int err = grow(STEP);

	if (err)
		return err;

	ring.p = mmap(NULL, MAX_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
		      ring.fd, 0);
	if (ring.p == MAP_FAILED) {
		ring.p = NULL;
		err = errno;
	}

	return err;
}


/* Replace the file that another referd has left here: nothing needs it now */
static int make_file(const char *dir, unsigned n)
{
	int err;

	err = make_path(ring.path, dir, n);
	if (err)
		return err;

	ring.fd = open(ring.path,
		       O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK,
		       0600);
	if (ring.fd < 0)
		return errno;

	/* it is emptied, which nothing else of ours may be that somebody has
	   given this name */
	if (!is_ours(ring.fd) || has_names(ring.fd))
		return EPERM;
	if (!is_memory(ring.fd))
		err = ENODEV;
	if (!err && ftruncate(ring.fd, 0))
		err = errno;
	if (!err)
		err = map();

	if (err)
		(void)unlink(ring.path);

	return err;
}


static void begin(const char *header, size_t len)
{
	memcpy(ring.p, header, len);
	ring.begin = len;
	ring.base = 0;
	ring.head = ring.tail = 0;
}


/**
 * Begin with an empty ring
 *
 * @param dir    Directory of the store
 * @param header What stands in front of the records
 * @param len    Bytes of it
 *
 * @return 0 if success, ENOENT if there is no directory for it, or the error
 * in the last directory that was tried
 */
int ring_open(const char *dir, const char *header, size_t len)
{
	int err = ENOENT;

	if (len >= STEP || (!ring.dirs && is_container()))
		return ENOENT;

	for (unsigned i = 0; i < ring_places() && err; i++) {
		const int e = make_file(dir, i);

		if (e != ENOENT)
			err = e;
		if (e)
			ring_close(false);
	}
	if (err)
		return err;

	begin(header, len);

	return 0;
}


/**
 * Begin with a ring that ends with the process: its records are kept only once
 * they are on the disk
 *
 * @param header What stands in front of the records
 * @param len    Bytes of it
 *
 * @return 0 if success, EFBIG, or an error of memfd_create() or mmap()
 */
int ring_open_own(const char *header, size_t len)
{
	int err;

	if (len >= STEP)
		return EFBIG;

	ring.path[0] = '\0';
	ring.fd = memfd_create("referd-redo", MFD_CLOEXEC);
	err = ring.fd < 0 ? errno : map();
	if (err)
		ring_close(false);
	else
		begin(header, len);

	return err;
}


/**
 * Tell whether there is one
 *
 * @return True if so
 */
bool ring_is_open(void)
{
	return ring.p != NULL;
}


/**
 * Let go of it
 *
 * @param done True if nothing in it is needed any more: it is removed
 */
void ring_close(bool done)
{
	if (ring.p) {
		(void)munmap(ring.p, MAX_SIZE);
		if (done && *ring.path)
			(void)unlink(ring.path);
	}
	if (ring.fd >= 0)
		(void)close(ring.fd);
	ring.p = NULL;
	ring.fd = -1;
}


/* From the front, with the memory of a quiet time.  The old records behind
   have lower numbers, so that they are not taken for later turns. */
static void begin_anew(void)
{
	ring.base = ring.head;
	if (ring.size > STEP &&
	    !fallocate(ring.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		       STEP, (off_t)(ring.size - STEP)))
		ring.size = STEP;
}


/**
 * Append a record; in the loop
 *
 * @param p   Record
 * @param len Bytes of it
 *
 * @return 0 if success, ENOSPC if there is no room, EFBIG if there will never
 *         be
 */
int ring_put(const char *p, size_t len)
{
	const uint64_t head = ring.head;
	size_t at;
	int err = 0;

	if (len > MAX_SIZE - ring.begin)
		return EFBIG;

	if (head == ring.tail && head != ring.base)
		begin_anew();

	at = ring.begin + (size_t)(head - ring.base);
	if (at + len > ring.size)
		err = grow((at + len + STEP - 1) / STEP * STEP);
	if (err)
		return err;

	memcpy(ring.p + at, p, len);
	ring.head = head + len;

	return 0;
}


/**
 * Tell whether something is there that was not taken
 *
 * @return True if so
 */
bool ring_waits(void)
{
	return ring.p && ring.head != ring.tail;
}


/**
 * Get all that is there; in the writer
 *
 * @param lenp  Set to its bytes
 * @param turnp Set to the number of the last turn in it
 *
 * @return The records, until ring_taken()
 */
const char *ring_next(size_t *lenp, uint64_t *turnp)
{
	const uint64_t head = ring.head, tail = ring.tail;
	const char *p = ring.p + ring.begin + (tail - ring.base);
	struct record r;

	*lenp = (size_t)(head - tail);
	*turnp = 0;
	for (size_t at = 0; at < *lenp; at += sizeof(r) + r.size) {
		memcpy(&r, p + at, sizeof(r));
		*turnp = r.turn;
	}

	return p;
}


/**
 * Note that the first records are no longer needed; in the writer
 *
 * @param len Bytes from the front on
 */
void ring_taken(size_t len)
{
	ring.tail += len;
}


/**
 * Note that all records up to a turn are no longer needed; in the writer
 *
 * @param turn Number of the turn
 */
void ring_skip(uint64_t turn)
{
	struct record r;
	uint64_t last;
	size_t len, at = 0;
	const char *p;

	if (!ring_waits())
		return;

	p = ring_next(&len, &last);
	while (at < len) {
		memcpy(&r, p + at, sizeof(r));
		if (r.turn > turn)
			break;
		at += sizeof(r) + r.size;
	}

	ring_taken(at);
}
