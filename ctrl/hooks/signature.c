/**
 * @file signature.c  The signature of a hook
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE 1
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/hmac.h>
#include "base/base.h"
#include "signature.h"


enum { SECRET_MAX = 4096 };

static struct {
	char text[SECRET_MAX];
	size_t len; /* 0 if nothing is signed */
} secret;


/**
 * Read the secret.  Logs its errors.
 *
 * @param path File that has it
 *
 * @return 0, or ENOENT if it has none
 */
int signature_read(const char *path)
{
	FILE *f = fopen(path, "r");

	if (f) {
		secret.len = fread(secret.text, 1, SECRET_MAX, f);
		(void)fclose(f);
	}

	while (secret.len && strchr("\r\n", secret.text[secret.len - 1]))
		--secret.len;

	if (secret.len)
		return 0;

	log_error("signature: %s has no secret", path);

	return ENOENT;
}


/**
 * Forget the secret
 */
void signature_forget(void)
{
	explicit_bzero(&secret, sizeof(secret));
}


/**
 * Sign as jambonz does: HMAC-SHA256 of the time, a dot, and the body, so that
 * the receiver can refuse old requests
 *
 * @param text Set to the signature, "" without a secret
 * @param sent Body
 *
 * @return 0, or ENOMEM
 */
int signature_make(char text[SIGNATURE_SIZE], const char *sent)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	char hex[2 * EVP_MAX_MD_SIZE + 1];
	int64_t now = clock_ms() / 1000;
	unsigned len = 0;
	char *msg;

	text[0] = '\0';
	if (!secret.len)
		return 0;

	if (asprintf(&msg, "%" PRId64 ".%s", now, sent) < 0)
		return ENOMEM;

	(void)HMAC(EVP_sha256(), secret.text, (int)secret.len,
		   (unsigned char *)msg, strlen(msg), mac, &len);
	free(msg);

	for (unsigned i = 0; i < len; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", mac[i]);
	(void)snprintf(text, SIGNATURE_SIZE, "t=%" PRId64 ",v1=%s", now, hex);

	return 0;
}
