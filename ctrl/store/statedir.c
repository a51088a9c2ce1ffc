/**
 * @file statedir.c  The directory of the state that survives a restart
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/base.h"
#include "statedir.h"


static int lock = -1;


static int make_dirs(const char *dir)
{
	char path[4096];
	struct stat st;

	if (snprintf(path, sizeof(path), "%s", dir) >= (int)sizeof(path))
		return ENAMETOOLONG;

	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;

		*p = '\0';
		(void)mkdir(path, 0755);
		*p = '/';
	}

	if (mkdir(path, 0700) && errno != EEXIST)
		return errno;

	if (stat(path, &st))
		return errno;

	return S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
}


/* Two services with the same directory would use the same numbers twice */
static int lock_dir(const char *dir)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/lock", dir);

	lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (lock < 0)
		return errno;

	return flock(lock, LOCK_EX | LOCK_NB) ? errno : 0;
}


/**
 * Make the directory if it does not exist, and lock it.  Logs its errors.
 *
 * @param dir Directory
 *
 * @return 0 if success, ENAMETOOLONG, ENOTDIR if it is a file, EWOULDBLOCK if
 * another referd uses it, or an error of mkdir(), stat() or open()
 */
int statedir_open(const char *dir)
{
	int err;

	err = make_dirs(dir);
	if (!err)
		err = lock_dir(dir);
	if (err)
		log_error("store: cannot use the state directory %s: %s", dir,
			  err == EWOULDBLOCK ? "another referd uses it"
					     : strerror(err));

	return err;
}


static int sync_dir(const char *dir)
{
	const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return errno;

	err = fsync(fd) ? errno : 0;
	(void)close(fd);

	return err;
}


/* Others own the parents, and some can't be opened: referd has not made the
   entries in those */
static void sync_parents(const char *dir)
{
	char path[4096];
	char *slash;

	(void)snprintf(path, sizeof(path), "%s", dir);
	while ((slash = strrchr(path, '/')) && slash != path) {
		*slash = '\0';
		(void)sync_dir(path);
	}
}


/**
 * Force the names of the files in the directory onto the disk, and its own.
 * Logs its errors.
 *
 * @param dir Directory
 *
 * @return 0 if success, or an error of open() or fsync()
 */
int statedir_sync(const char *dir)
{
	int err = sync_dir(dir);

	sync_parents(dir);
	if (err)
		log_error(
			"store: cannot force the state directory %s onto the "
			"disk: %s",
			dir, strerror(err));

	return err;
}


/**
 * Let others have the directory
 */
void statedir_close(void)
{
	if (lock >= 0)
		(void)close(lock);
	lock = -1;
}
