/**
 * @file nkey.h  Keys of NATS users
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef NKEY_H
#define NKEY_H

#include <stddef.h>

enum {
	NKEY_SEED_SIZE = 59, /* with the terminating zero */
	NKEY_PUBLIC_SIZE = 57,
	NKEY_BYTES = 32,
	NKEY_SIGNATURE_SIZE = 64,
};

int nkey_public(char key[NKEY_PUBLIC_SIZE], const char *seed);
int nkey_sign(unsigned char sig[NKEY_SIGNATURE_SIZE], const char *seed,
	      const char *text);
void nkey_seed(char seed[NKEY_SEED_SIZE], const unsigned char raw[NKEY_BYTES]);

#endif
