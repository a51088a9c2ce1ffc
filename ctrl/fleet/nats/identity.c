/**
 * @file identity.c  Who this referd is to the servers
 *
 * A file has the seed of an NKey, or the credentials of a user: a JWT, and the
 * seed of the NKey that the JWT is for.  libnats gets both from here: it would
 * send as a JWT whatever a file has, be it a seed.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cjson/cJSON.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include "parts.h"


enum { FILE_SIZE = 64 << 10, TIME_SIZE = sizeof("YYYY-MM-DDThh:mm:ssZ") };

static const char ruler[] = "---"; /* begins the lines around each of both */


/* The JSON text between the first two dots */
static cJSON *read_claims(const char *jwt)
{
	const size_t begin = strcspn(jwt, ".") + 1;
	const size_t len = jwt[begin - 1] ? strcspn(jwt + begin, ".") : 0;
	const size_t padded = (len + 3) / 4 * 4;
	char *text = len && jwt[begin + len] ? malloc(2 * padded + 1) : NULL;
	cJSON *tree = NULL;
	unsigned char *json;
	int n;

	if (!text)
		return NULL;

	/* RFC 4648 section 5, to section 4 */
	for (size_t i = 0; i < padded; i++) {
		const char c = i < len ? jwt[begin + i] : '=';

		text[i] = (char)(c == '-' ? '+' : c == '_' ? '/' : c);
	}
	text[padded] = '\0';
	json = (unsigned char *)text + padded + 1;
	n = EVP_DecodeBlock(json, (unsigned char *)text, (int)padded);
	if (n > 0)
		tree = cJSON_ParseWithLength((char *)json,
					     (size_t)n - (padded - len));
	free(text);

	return tree;
}


/* Ends the line at p; the next line, NULL after the last one */
static char *cut_line(char *p)
{
	char *end = p + strcspn(p, "\n");
	char *next = *end ? end + 1 : NULL;

	while (end > p && strchr(" \t\r", end[-1]))
		--end;
	*end = '\0';

	return next;
}


/* Takes the next line that is alone between two rulers; NULL without one */
static char *take_block(char **textp)
{
	char *value = NULL;
	bool ruled = false;

	while (*textp) {
		char *line = *textp;

		*textp = cut_line(line);
		if (!strncmp(line, ruler, sizeof(ruler) - 1)) {
			if (value)
				return value;
			ruled = true;
		}
		else if (ruled && *line) {
			if (value)
				return NULL;
			value = line;
		}
	}

	return NULL;
}


static int take_seed(struct identity *who, const char *seed)
{
	int err = nkey_public(who->key, seed);

	if (!err)
		(void)snprintf(who->seed, sizeof(who->seed), "%s", seed);

	return err;
}


static int refuse(char why[WHY_SIZE], const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));


static int refuse(char why[WHY_SIZE], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, WHY_SIZE, fmt, ap);
	va_end(ap);

	return EINVAL;
}


static int take_nkey(struct identity *who, char why[WHY_SIZE], char *text)
{
	return take_seed(who, text)
		       ? refuse(why,
				"%s must begin with the seed of a user's NKey "
				"(SU...)",
				who->path)
		       : 0;
}


static int take_creds(struct identity *who, char why[WHY_SIZE], char *text)
{
	const char *jwt = take_block(&text);
	const char *seed = jwt ? take_block(&text) : NULL;
	cJSON *claims = seed ? read_claims(jwt) : NULL;
	const char *user = cJSON_GetStringValue(
		cJSON_GetObjectItem(claims, "sub"));
	const cJSON *expires = cJSON_GetObjectItem(claims, "exp");
	int err = 0;

	if (!user || take_seed(who, seed))
		err = refuse(
			why,
			"%s must have the JWT of a user and the seed of its "
			"NKey, as in a .creds file of nsc",
			who->path);
	else if (strcmp(user, who->key) != 0)
		err = refuse(why,
			     "%s must have the seed that belongs to its JWT",
			     who->path);
	else
		who->jwt = strdup(jwt);
	if (!err && !who->jwt)
		err = ENOMEM;
	if (cJSON_IsNumber(expires))
		who->expires = (int64_t)expires->valuedouble;
	cJSON_Delete(claims);

	return err;
}


static int read_file(char text[FILE_SIZE], const char *path)
{
	FILE *f = fopen(path, "re");
	size_t n;
	int err;

	if (!f)
		return errno;

	n = fread(text, 1, FILE_SIZE - 1, f);
	text[n] = '\0';
	err = ferror(f) ? errno : 0;
	(void)fclose(f);

	return err;
}


/**
 * Read the file of an identity
 *
 * @param who      Identity; identity_forget() must be called in any case
 * @param why      What is wrong
 * @param path     File, borrowed
 * @param is_creds Whether it has credentials, not a seed alone
 *
 * @return 0, EINVAL, ENOMEM, or the error of reading
 */
int identity_read(struct identity *who, char why[WHY_SIZE], const char *path,
		  bool is_creds)
{
	char *text = malloc(FILE_SIZE);
	int err;

	if (!text)
		return ENOMEM;

	who->path = path;
	err = read_file(text, path);
	if (err)
		(void)snprintf(why, WHY_SIZE, "%s: %s", path, strerror(err));
	else
		err = is_creds ? take_creds(who, why, text)
			       : take_nkey(who, why, text);
	OPENSSL_cleanse(text, FILE_SIZE);
	free(text);

	return err;
}


static natsStatus jwt_handler(char **jwt, char **error, void *arg)
{
	const struct identity *who = arg;
	(void)error;

	*jwt = strdup(who->jwt);

	return *jwt ? NATS_OK : NATS_NO_MEMORY;
}


/* libnats leaves out a signature that begins with a zero byte, one of 256: the
   next connection gets another nonce to sign */
static natsStatus sign_handler(char **error, unsigned char **sig, int *len,
			       const char *nonce, void *arg)
{
	struct identity *who = arg;
	(void)error;

	*len = NKEY_SIGNATURE_SIZE;
	*sig = malloc(NKEY_SIGNATURE_SIZE);
	if (!*sig)
		return NATS_NO_MEMORY;

	who->unlucky = false;
	if (!nkey_sign(*sig, who->seed, nonce ? nonce : "")) {
		if (**sig)
			return NATS_OK;

		who->unlucky = true;
	}
	free(*sig);
	*sig = NULL;

	return NATS_ERR;
}


/**
 * Have libnats log in with an identity
 *
 * @param o   Options
 * @param who Identity, borrowed while it connects
 *
 * @return NATS_OK, or an error
 */
natsStatus identity_use(natsOptions *o, struct identity *who)
{
	return who->jwt ? natsOptions_SetUserCredentialsCallbacks(
				  o, jwt_handler, who, sign_handler, who)
			: natsOptions_SetNKey(o, who->key, sign_handler, who);
}


/**
 * Tell that the servers have refused an identity
 *
 * @param who  Identity
 * @param why  Sentence
 * @param text Text of a server
 */
void identity_refused(const struct identity *who, char why[WHY_SIZE],
		      const char *text)
{
	const time_t expires = (time_t)who->expires;
	char when[TIME_SIZE] = "";
	struct tm tm;

	if (!who->path) {
		(void)snprintf(why, WHY_SIZE, "%s", text);
	}
	else if (expires && expires <= time(NULL) && gmtime_r(&expires, &tm)) {
		(void)strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
		(void)snprintf(why, WHY_SIZE,
			       "the servers refuse %s, whose JWT expired at "
			       "%s",
			       who->path, when);
	}
	else {
		(void)snprintf(why, WHY_SIZE, "the servers refuse %s: %s",
			       who->path, text);
	}
}


/**
 * Forget an identity
 *
 * @param who Identity
 */
void identity_forget(struct identity *who)
{
	free(who->jwt);
	OPENSSL_cleanse(who, sizeof(*who));
}
