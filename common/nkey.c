/**
 * @file nkey.c  Keys of NATS users
 *
 * A key is an Ed25519 key (RFC 8032).  Bytes for its kind precede it, and a
 * checksum (CRC-16/XMODEM) follows it.  The text form is base 32 (RFC 4648)
 * without padding: a seed begins with SU, a public key with U.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include "nkey.h"


enum {
	PREFIX_SEED = 18 << 3, /* S */
	PREFIX_USER = 20 << 3, /* U */

	SEED_BYTES = 2 + NKEY_BYTES + 2,
	PUBLIC_BYTES = 1 + NKEY_BYTES + 2,
};

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";


static uint16_t checksum(const unsigned char *p, size_t len)
{
	uint16_t crc = 0;

	while (len--) {
		crc = (uint16_t)(crc ^ *p++ << 8);
		for (int i = 0; i < 8; i++)
			crc = (uint16_t)(crc & 0x8000 ? crc << 1 ^ 0x1021
						      : crc << 1);
	}

	return crc;
}


/* The checksum goes into the last two bytes of `len` */
static void encode(char *text, unsigned char *p, size_t len)
{
	const uint16_t crc = checksum(p, len - 2);
	uint32_t bits = 0;
	unsigned count = 0;

	p[len - 2] = (unsigned char)crc;
	p[len - 1] = (unsigned char)(crc >> 8);
	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | p[i];
		for (count += 8; count >= 5; count -= 5)
			*text++ = letters[bits >> (count - 5) & 31];
	}
	if (count)
		*text++ = letters[bits << (5 - count) & 31];
	*text = '\0';
}


static int decode(unsigned char *p, size_t len, const char *text)
{
	const unsigned char *begin = p;
	const size_t textlen = (len * 8 + 4) / 5;
	uint32_t bits = 0;
	unsigned count = 0;

	for (size_t i = 0; i < textlen; i++) {
		const char *letter = text[i] ? strchr(letters, text[i]) : NULL;

		if (!letter)
			return EINVAL;

		bits = bits << 5 | (uint32_t)(letter - letters);
		count += 5;
		if (count >= 8) {
			count -= 8;
			*p++ = (unsigned char)(bits >> count);
		}
	}

	return checksum(begin, len - 2) ==
			       (begin[len - 2] | begin[len - 1] << 8)
		       ? 0
		       : EINVAL;
}


static int read_seed(EVP_PKEY **pkeyp, const char *seed)
{
	unsigned char raw[SEED_BYTES];

	if (decode(raw, sizeof(raw), seed) || (raw[0] & 0xf8) != PREFIX_SEED ||
	    ((raw[0] & 7) << 5 | (raw[1] & 0xf8) >> 3) != PREFIX_USER)
		return EINVAL;

	*pkeyp = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, raw + 2,
					      NKEY_BYTES);
	OPENSSL_cleanse(raw, sizeof(raw));

	return *pkeyp ? 0 : ENOMEM;
}


/**
 * Find the public key of a user
 *
 * @param key  Public key
 * @param seed Seed; anything after it is ignored
 *
 * @return 0, EINVAL if it is no seed of a user, or ENOMEM
 */
int nkey_public(char key[NKEY_PUBLIC_SIZE], const char *seed)
{
	unsigned char bytes[PUBLIC_BYTES] = {PREFIX_USER};
	size_t len = NKEY_BYTES;
	EVP_PKEY *pkey;
	int err = read_seed(&pkey, seed);

	if (err)
		return err;

	if (EVP_PKEY_get_raw_public_key(pkey, bytes + 1, &len) == 1)
		encode(key, bytes, sizeof(bytes));
	else
		err = ENOMEM;
	EVP_PKEY_free(pkey);

	return err;
}


/**
 * Sign as a user
 *
 * @param sig  Signature
 * @param seed Seed; anything after it is ignored
 * @param text Text to sign
 *
 * @return 0, EINVAL if it is no seed of a user, or ENOMEM
 */
int nkey_sign(unsigned char sig[NKEY_SIGNATURE_SIZE], const char *seed,
	      const char *text)
{
	size_t len = NKEY_SIGNATURE_SIZE;
	EVP_MD_CTX *ctx;
	EVP_PKEY *pkey;
	int err = read_seed(&pkey, seed);

	if (err)
		return err;

	ctx = EVP_MD_CTX_new();
	if (!ctx || EVP_DigestSignInit(ctx, NULL, NULL, NULL, pkey) != 1 ||
	    EVP_DigestSign(ctx, sig, &len, (const unsigned char *)text,
			   strlen(text)) != 1)
		err = ENOMEM;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);

	return err;
}


/**
 * Write the seed of a user
 *
 * @param seed Seed
 * @param raw  Random bytes
 */
void nkey_seed(char seed[NKEY_SEED_SIZE], const unsigned char raw[NKEY_BYTES])
{
	unsigned char bytes[SEED_BYTES];

	bytes[0] = PREFIX_SEED | PREFIX_USER >> 5;
	bytes[1] = (PREFIX_USER & 31) << 3;
	memcpy(bytes + 2, raw, NKEY_BYTES);
	encode(seed, bytes, sizeof(bytes));
	OPENSSL_cleanse(bytes, sizeof(bytes));
}
