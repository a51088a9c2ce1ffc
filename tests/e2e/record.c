/**
 * @file record.c  Records the changes of one process to files of a directory
 *
 * Preloaded, it appends each change of a file in the directory RECORD_DIR to
 * the file RECORD_FILE, with its data and its times, and each fsync().
 * lib/power.js reads the record, and rebuilds the disk as a loss of power
 * would leave it.
 *
 * Mapped files are not recorded: SQLite's -shm, which does not survive anyway.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE 1
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>


enum kind {
	KIND_CREATE = 1, /* name */
	KIND_WRITE,      /* data, at */
	KIND_SIZE,       /* at */
	KIND_SYNC,
	KIND_SYNC_NAMES,
	KIND_UNLINK, /* name */
	KIND_RENAME, /* name, then another name */
};

struct head {
	uint64_t kind;
	uint64_t begun, ended; /* ns, of the monotonic clock */
	uint64_t file;         /* number of its inode */
	uint64_t at;
	uint64_t namelen, len;
};

static const char *dir;
static int to = -1;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;


__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("RECORD_FILE");

	dir = getenv("RECORD_DIR");
	if (path && dir)
		to = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
			  0600);
}


static uint64_t now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);

	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}


/* The name of a file in the directory, "" for the directory, else NULL */
static const char *name_of(const char *path)
{
	const size_t len = strlen(dir);

	if (strncmp(path, dir, len) != 0)
		return NULL;

	return path[len] == '/' ? path + len + 1 : path[len] ? NULL : "";
}


static const char *name_of_fd(char path[4096], int fd)
{
	char link[64];
	ssize_t n;

	if (to < 0)
		return NULL;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, 4095);
	if (n < 0)
		return NULL;

	path[n] = '\0';

	return name_of(path);
}


static uint64_t file_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? 0 : st.st_ino;
}


static void note(struct head *h, const char *name, const void *data)
{
	const int saved = errno;
	struct iovec v[3] = {{h, sizeof(*h)},
			     {(void *)name, h->namelen = strlen(name)},
			     {(void *)data, h->len}};

	h->ended = now();
	(void)pthread_mutex_lock(&mutex);
	(void)!syscall(SYS_writev, to, v, 3);
	(void)pthread_mutex_unlock(&mutex);
	errno = saved;
}


/* The function of that name that this library replaces */
#define NEXT(name)                                                            \
	static __typeof__(name) *next;                                        \
	if (!next)                                                            \
	*(void **)&next = dlsym(RTLD_NEXT, #name)


static int opened(int fd, uint64_t begun, const char *path, int flags,
		  int existed)
{
	const char *name = to < 0 ? NULL : name_of(path);
	struct head h = {.begun = begun};

	if (fd < 0 || !name || !*name)
		return fd;

	h.file = file_of(fd);
	if (!existed) {
		h.kind = KIND_CREATE;
		note(&h, name, NULL);
	}
	else if (flags & O_TRUNC) {
		h.kind = KIND_SIZE;
		note(&h, "", NULL);
	}

	return fd;
}


static mode_t mode_of(int flags, va_list ap)
{
	return flags & O_CREAT ? va_arg(ap, mode_t) : 0;
}


#define OPEN(name)                                                            \
	int name(const char *path, int flags, ...)                            \
	{                                                                     \
		const uint64_t begun = now();                                 \
		const int existed = !access(path, F_OK);                      \
		va_list ap;                                                   \
		mode_t mode;                                                  \
		NEXT(name);                                                   \
		va_start(ap, flags);                                          \
		mode = mode_of(flags, ap);                                    \
		va_end(ap);                                                   \
		return opened(next(path, flags, mode), begun, path, flags,    \
			      existed);                                       \
	}


OPEN(open)
OPEN(open64)


static void wrote(int fd, uint64_t begun, const void *p, ssize_t n, off_t at)
{
	char path[4096];
	const char *name = n > 0 ? name_of_fd(path, fd) : NULL;
	struct head h = {.kind = KIND_WRITE, .begun = begun};

	if (!name)
		return;

	h.file = file_of(fd);
	h.at = (uint64_t)(at < 0 ? lseek(fd, 0, SEEK_CUR) - n : at);
	h.len = (uint64_t)n;
	note(&h, "", p);
}


ssize_t write(int fd, const void *p, size_t size)
{
	const uint64_t begun = now();
	ssize_t n;
	NEXT(write);

	n = next(fd, p, size);
	wrote(fd, begun, p, n, -1);

	return n;
}


ssize_t pwrite(int fd, const void *p, size_t size, off_t at)
{
	const uint64_t begun = now();
	ssize_t n;
	NEXT(pwrite);

	n = next(fd, p, size, at);
	wrote(fd, begun, p, n, at);

	return n;
}


ssize_t pwrite64(int fd, const void *p, size_t size, off64_t at)
{
	const uint64_t begun = now();
	ssize_t n;
	NEXT(pwrite64);

	n = next(fd, p, size, at);
	wrote(fd, begun, p, n, at);

	return n;
}


static int done(int fd, uint64_t begun, enum kind kind, int rc, off_t at)
{
	char path[4096];
	const char *name = rc ? NULL : name_of_fd(path, fd);
	struct head h = {.kind = kind, .begun = begun, .at = (uint64_t)at};

	if (!name)
		return rc;

	if (!*name)
		h.kind = KIND_SYNC_NAMES;
	h.file = file_of(fd);
	note(&h, "", NULL);

	return rc;
}


int ftruncate(int fd, off_t size)
{
	const uint64_t begun = now();
	NEXT(ftruncate);

	return done(fd, begun, KIND_SIZE, next(fd, size), size);
}


int ftruncate64(int fd, off64_t size)
{
	const uint64_t begun = now();
	NEXT(ftruncate64);

	return done(fd, begun, KIND_SIZE, next(fd, size), size);
}


int fsync(int fd)
{
	const uint64_t begun = now();
	NEXT(fsync);

	return done(fd, begun, KIND_SYNC, next(fd), 0);
}


int fdatasync(int fd)
{
	const uint64_t begun = now();
	NEXT(fdatasync);

	return done(fd, begun, KIND_SYNC, next(fd), 0);
}


int unlink(const char *path)
{
	struct head h = {.kind = KIND_UNLINK, .begun = now()};
	const char *name = to < 0 ? NULL : name_of(path);
	int rc;
	NEXT(unlink);

	rc = next(path);
	if (!rc && name)
		note(&h, name, NULL);

	return rc;
}


int rename(const char *from, const char *onto)
{
	struct head h = {.kind = KIND_RENAME, .begun = now()};
	const char *name = to < 0 ? NULL : name_of(from);
	const char *other = to < 0 ? NULL : name_of(onto);
	int rc;
	NEXT(rename);

	rc = next(from, onto);
	if (!rc && name && other) {
		h.len = strlen(other);
		note(&h, name, other);
	}

	return rc;
}
