/**
 * @file keyfile.c  Files with the keys of users of nats-servers
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include "keyfile.h"


enum { PATH_SIZE = 1024 };


static enum status make_seed(char seed[NKEY_SEED_SIZE], const char *path)
{
	unsigned char raw[NKEY_BYTES];
	enum status status = STATUS_DONE;
	bool written;
	int fd;

	if (RAND_bytes(raw, sizeof(raw)) != 1)
		return say_error(STATUS_ERROR,
				 "cannot get random bytes from OpenSSL");

	nkey_seed(seed, raw);
	OPENSSL_cleanse(raw, sizeof(raw));

	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return say_error(STATUS_ERROR, "cannot make %s: %s", path,
				 strerror(errno));

	written = dprintf(fd, "%s\n", seed) > 0 && !fsync(fd);
	if (!written) {
		status = say_error(STATUS_ERROR, "cannot write %s: %s", path,
				   strerror(errno));
		(void)unlink(path);
	}
	(void)close(fd);

	return status;
}


static enum status load_seed(char seed[NKEY_SEED_SIZE], const char *path,
			     FILE *f)
{
	return fgets(seed, NKEY_SEED_SIZE, f)
		       ? STATUS_DONE
		       : say_error(STATUS_ERROR, "%s is empty", path);
}


/**
 * Get the public key of a user, whose seed is in the file DIR/NAME.nk; the
 * file is made if it does not exist.  Prints its errors.
 *
 * @param key  Public key
 * @param dir  Directory of the seeds
 * @param name Name of the user
 *
 * @return STATUS_DONE, otherwise the exit status
 */
enum status keyfile_get(char key[NKEY_PUBLIC_SIZE], const char *dir,
			const char *name)
{
	char path[PATH_SIZE], seed[NKEY_SEED_SIZE] = "";
	enum status status;
	FILE *f;
	int n = snprintf(path, sizeof(path), "%s/%s.nk", dir, name);

	if (n < 0 || (size_t)n >= sizeof(path))
		return say_error(STATUS_USAGE, "--keys is too long");

	f = fopen(path, "re");
	if (f) {
		status = load_seed(seed, path, f);
		(void)fclose(f);
	}
	else if (errno == ENOENT)
		status = make_seed(seed, path);
	else
		status = say_error(STATUS_ERROR, "cannot read %s: %s", path,
				   strerror(errno));

	if (!status && nkey_public(key, seed))
		status = say_error(STATUS_ERROR,
				   "%s must have the seed of a user's NKey in "
				   "its first line",
				   path);
	OPENSSL_cleanse(seed, sizeof(seed));

	return status;
}
