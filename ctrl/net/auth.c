/**
 * @file auth.c  Tokens and their roles
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include "base/base.h"
#include "net.h"


enum {
	TOKENS_MAX = 1024,
	LINE_SIZE = 512,
};

/* Tokens are kept, and compared, as their hashes only */
struct tokens {
	size_t count;
	struct badge badges[TOKENS_MAX];
};

static struct tokens *tokens; /* NULL if none are asked for */


static void make_hash(unsigned char hash[AUTH_HASH_SIZE], const char *token)
{
	(void)SHA256((const unsigned char *)token, strlen(token), hash);
}


static const char *role_parse(enum role *rolep, const char *name)
{
	if (!strcmp(name, "controller"))
		*rolep = ROLE_CONTROLLER;
	else if (!strcmp(name, "observer"))
		*rolep = ROLE_OBSERVER;
	else
		return "the role must be controller or observer";

	return NULL;
}


static bool is_plain(const char *text)
{
	for (; *text; text++) {
		if (*text <= ' ' || *text > '~')
			return false;
	}

	return true;
}


static const char *add(struct tokens *t, const char *name, const char *role,
		       const char *token)
{
	struct badge *b = &t->badges[t->count];
	size_t len = strlen(token);
	const char *why;

	if (t->count == TOKENS_MAX)
		return "the file must have at most 1024 tokens";

	if (strlen(name) >= AUTH_NAME_SIZE || !is_plain(name))
		return "the name must have at most 64 plain characters";

	why = role_parse(&b->role, role);
	if (why)
		return why;

	if (len < AUTH_TOKEN_MIN || len > AUTH_TOKEN_MAX || !is_plain(token))
		return "the token must have 16 to 256 plain characters";

	strcpy(b->name, name);
	make_hash(b->hash, token);

	for (size_t i = 0; i < t->count; i++) {
		if (!strcmp(t->badges[i].name, name))
			return "the name must appear only once";
		if (!memcmp(t->badges[i].hash, b->hash, AUTH_HASH_SIZE))
			return "the token must appear only once";
	}

	++t->count;

	return NULL;
}


/* NAME ROLE TOKEN, a comment, or nothing */
static const char *read_line(struct tokens *t, char *line)
{
	static const char blank[] = " \t\r\n";
	char *save = NULL;
	char *name = strtok_r(line, blank, &save);
	char *role = name ? strtok_r(NULL, blank, &save) : NULL;
	char *token = role ? strtok_r(NULL, blank, &save) : NULL;

	if (!name || *name == '#')
		return NULL;

	if (!token || strtok_r(NULL, blank, &save))
		return "the line must have a name, a role and a token";

	return add(t, name, role, token);
}


static int read_lines(struct tokens *t, FILE *f, const char *path)
{
	char line[LINE_SIZE];
	const char *why = NULL;
	unsigned n = 0;

	while (!why && fgets(line, sizeof(line), f)) {
		++n;
		why = strlen(line) == sizeof(line) - 1 ? "the line is too long"
						       : read_line(t, line);
	}
	explicit_bzero(line, sizeof(line));

	if (why)
		log_error("auth: %s, line %u: %s", path, n, why);
	else if (!t->count)
		log_error("auth: %s has no token", path);

	return why || !t->count ? EINVAL : 0;
}


static int read_file(struct tokens *t, const char *path)
{
	FILE *f = fopen(path, "re");
	struct stat st;
	int err;

	if (!f || fstat(fileno(f), &st)) {
		err = errno;
		log_error("auth: cannot read the tokens in %s: %s", path,
			  strerror(err));
		goto out;
	}

	if (st.st_mode & (S_IROTH | S_IWOTH)) {
		err = EACCES;
		log_error("auth: %s must not be accessible to other users "
			  "(chmod o-rwx)",
			  path);
		goto out;
	}

	err = read_lines(t, f, path);

out:
	if (f)
		(void)fclose(f);

	return err;
}


int auth_load(const char *path)
{
	struct tokens *t;
	int err;

	if (!*path)
		return 0;

	t = calloc(1, sizeof(*t));
	if (!t)
		return ENOMEM;

	err = read_file(t, path);
	if (err) {
		free(t);
		return err;
	}

	free(tokens);
	tokens = t;
	log_info("auth: %zu tokens are known", t->count);

	return 0;
}


void auth_close(void)
{
	free(tokens);
	tokens = NULL;
}


bool auth_required(void)
{
	return tokens != NULL;
}


/* All are compared, so that the time says nothing */
static const struct badge *find(const unsigned char hash[AUTH_HASH_SIZE])
{
	const struct badge *found = NULL;

	for (size_t i = 0; tokens && i < tokens->count; i++) {
		const struct badge *b = &tokens->badges[i];

		if (!CRYPTO_memcmp(b->hash, hash, AUTH_HASH_SIZE))
			found = b;
	}

	return found;
}


bool auth_check(struct badge *badge, const char *token)
{
	unsigned char hash[AUTH_HASH_SIZE];
	const struct badge *found;

	make_hash(hash, token);
	found = find(hash);
	if (found)
		*badge = *found;

	return found != NULL;
}


bool auth_stands(const struct badge *badge)
{
	const struct badge *found = find(badge->hash);

	return !auth_required() || (found && found->role == badge->role);
}


const char *role_name(enum role role)
{
	switch (role) {
	case ROLE_OBSERVER: return "observer";
	case ROLE_CONTROLLER: return "controller";
	case ROLE_NONE: break;
	}

	return "none";
}
