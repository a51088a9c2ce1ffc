/**
 * @file stall.c  A disk that stalls, for one process
 *
 * Preloaded, it delays each read, write and sync of files below the directory
 * STALL_DIR.  The file STALL_FILE has two numbers of 32 bits: the delay of
 * each call [ms], and the count of delayed calls.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE 1
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>


struct order {
	uint32_t ms;
	uint32_t waited;
};

static struct order *order;
static const char *dir;


__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("STALL_FILE");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *p;

	dir = getenv("STALL_DIR");
	if (fd < 0 || !dir)
		return;

	p = mmap(NULL, sizeof(*order), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		 0);
	(void)close(fd);
	if (p != MAP_FAILED)
		order = p;
}


static int is_ours(int fd)
{
	char link[64], path[4096];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return 0;

	path[n] = '\0';

	return !strncmp(path, dir, strlen(dir));
}


static void stall(int fd)
{
	const int saved = errno;
	const uint32_t ms = order ? __atomic_load_n(&order->ms,
						    __ATOMIC_RELAXED)
				  : 0;
	struct timespec rest = {ms / 1000, ms % 1000 * 1000000L};

	if (ms && is_ours(fd)) {
		(void)__atomic_add_fetch(&order->waited, 1, __ATOMIC_RELAXED);
		while (nanosleep(&rest, &rest) && errno == EINTR)
			;
	}
	errno = saved;
}


/* The function of that name that this library replaces */
#define NEXT(name)                                                            \
	static __typeof__(name) *next;                                        \
	if (!next)                                                            \
	*(void **)&next = dlsym(RTLD_NEXT, #name)


ssize_t read(int fd, void *buf, size_t size)
{
	NEXT(read);
	stall(fd);

	return next(fd, buf, size);
}


ssize_t pread(int fd, void *buf, size_t size, off_t at)
{
	NEXT(pread);
	stall(fd);

	return next(fd, buf, size, at);
}


ssize_t pread64(int fd, void *buf, size_t size, off64_t at)
{
	NEXT(pread64);
	stall(fd);

	return next(fd, buf, size, at);
}


ssize_t write(int fd, const void *buf, size_t size)
{
	NEXT(write);
	stall(fd);

	return next(fd, buf, size);
}


ssize_t writev(int fd, const struct iovec *iov, int count)
{
	NEXT(writev);
	stall(fd);

	return next(fd, iov, count);
}


ssize_t pwrite(int fd, const void *buf, size_t size, off_t at)
{
	NEXT(pwrite);
	stall(fd);

	return next(fd, buf, size, at);
}


ssize_t pwrite64(int fd, const void *buf, size_t size, off64_t at)
{
	NEXT(pwrite64);
	stall(fd);

	return next(fd, buf, size, at);
}


ssize_t pwritev(int fd, const struct iovec *iov, int count, off_t at)
{
	NEXT(pwritev);
	stall(fd);

	return next(fd, iov, count, at);
}


int fsync(int fd)
{
	NEXT(fsync);
	stall(fd);

	return next(fd);
}


int fdatasync(int fd)
{
	NEXT(fdatasync);
	stall(fd);

	return next(fd);
}


int ftruncate(int fd, off_t size)
{
	NEXT(ftruncate);
	stall(fd);

	return next(fd, size);
}


int ftruncate64(int fd, off64_t size)
{
	NEXT(ftruncate64);
	stall(fd);

	return next(fd, size);
}
