/**
 * @file ackreply.h  The reply subject of a message that JetStream delivers
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef ACKREPLY_H
#define ACKREPLY_H

#include <stdint.h>

enum { ACKREPLY_NAME_SIZE = 128 };

struct ackreply {
	char stream[ACKREPLY_NAME_SIZE];
	char consumer[ACKREPLY_NAME_SIZE];
	uint64_t stream_seq;
	uint64_t consumer_seq;
	uint64_t pending; /* messages behind it */
};

int ackreply_parse(struct ackreply *r, const char *reply);

#endif
