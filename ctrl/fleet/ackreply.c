/**
 * @file ackreply.c  The reply subject of a message that JetStream delivers
 *
 * It tells where in the stream the message stands, and how many the consumer
 * has had (ADR-15 of nats-architecture):
 *
 * $JS.ACK.<stream>.<consumer>.<delivered>.<sseq>.<cseq>.<time>.<pending>
 * $JS.ACK.<domain>.<account>.<stream>. … .<pending>.<random>
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "ackreply.h"


enum {
	PARTS_SHORT = 9,
	PARTS_LONG = 11, /* or more */
	PARTS_MAX = 12,
};

struct part {
	const char *p;
	size_t len;
};


static size_t split(struct part parts[PARTS_MAX], const char *text)
{
	size_t n = 0;

	for (const char *p = text; n < PARTS_MAX; p += parts[n++].len + 1) {
		parts[n].p = p;
		parts[n].len = strcspn(p, ".");
		if (!p[parts[n].len])
			return n + 1;
	}

	return n;
}


static int copy(char name[ACKREPLY_NAME_SIZE], const struct part *part)
{
	if (!part->len || part->len >= ACKREPLY_NAME_SIZE)
		return EBADMSG;

	memcpy(name, part->p, part->len);
	name[part->len] = '\0';

	return 0;
}


static int number(uint64_t *np, const struct part *part)
{
	char *end;

	*np = strtoull(part->p, &end, 10);

	return end == part->p + part->len && part->len ? 0 : EBADMSG;
}


/**
 * Read the reply subject of a message
 *
 * @param r     The reply
 * @param reply The subject, may be NULL
 *
 * @return 0, or EBADMSG if it is no such subject
 */
int ackreply_parse(struct ackreply *r, const char *reply)
{
	static const char begin[] = "$JS.ACK.";
	struct part parts[PARTS_MAX], *p = parts + 2;
	size_t n;

	if (!reply || strncmp(reply, begin, sizeof(begin) - 1))
		return EBADMSG;

	n = split(parts, reply);
	if (n >= PARTS_LONG)
		p += 2;
	else if (n != PARTS_SHORT)
		return EBADMSG;

	return copy(r->stream, &p[0]) | copy(r->consumer, &p[1]) |
	       number(&r->stream_seq, &p[3]) |
	       number(&r->consumer_seq, &p[4]) | number(&r->pending, &p[6]);
}
