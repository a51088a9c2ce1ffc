/**
 * @file hep.c  A packet in the format of HOMER
 *
 * HEP3, as specified by "The HEP/EEP protocol, rev. 36" of sipcapture.org: the
 * word and the total length, then chunks of vendor 0, each with its type and
 * length.  All numbers have their highest byte first.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <string.h>
#include <strings.h>
#include "capture.h"


enum {
	CHUNK_FAMILY = 1,
	CHUNK_PROTOCOL = 2,
	CHUNK_IPV4_FROM = 3,
	CHUNK_IPV4_TO = 4,
	CHUNK_IPV6_FROM = 5,
	CHUNK_IPV6_TO = 6,
	CHUNK_PORT_FROM = 7,
	CHUNK_PORT_TO = 8,
	CHUNK_SECONDS = 9,
	CHUNK_MICROSECONDS = 10,
	CHUNK_KIND = 11,
	CHUNK_ID = 12,
	CHUNK_PAYLOAD = 15,
	CHUNK_CORRELATION = 17,

	FAMILY_IPV4 = 2,
	FAMILY_IPV6 = 10,
	PROTOCOL_TCP = 6,
	PROTOCOL_UDP = 17,
	KIND_SIP = 1,

	US_PER_S = 1000000,
	CHUNK_SIZE = 6,
	CALL_ID_MAX = 1024, /* of the key that HOMER searches by [bytes] */
};


static void chunk(struct bytes *b, unsigned type, const void *p, size_t len)
{
	const uint16_t head[3] = {0, htons((uint16_t)type),
				  htons((uint16_t)(CHUNK_SIZE + len))};

	bytes_put(b, head, sizeof(head));
	bytes_put(b, p, len);
}


static void chunk8(struct bytes *b, unsigned type, uint8_t value)
{
	chunk(b, type, &value, sizeof(value));
}


static void chunk16(struct bytes *b, unsigned type, uint16_t value)
{
	const uint16_t order = htons(value);

	chunk(b, type, &order, sizeof(order));
}


static void chunk32(struct bytes *b, unsigned type, uint32_t value)
{
	const uint32_t order = htonl(value);

	chunk(b, type, &order, sizeof(order));
}


/* Value of a header field, by its full or its short name */
static const char *call_id(size_t *lenp, const struct packet *p)
{
	const char *line = p->data, *end = strstr(p->data, "\r\n\r\n");

	while (line && (!end || line < end)) {
		size_t n = 0;

		if (!strncasecmp(line, "Call-ID", 7))
			n = 7;
		else if (*line == 'i' || *line == 'I')
			n = 1;

		n += n ? strspn(line + n, " \t") : 0;
		if (n && line[n] == ':') {
			line += n + 1;
			line += strspn(line, " \t");
			n = strcspn(line, "\r\n \t");
			*lenp = n < CALL_ID_MAX ? n : CALL_ID_MAX;
			return line;
		}

		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}

	return NULL;
}


static void put_ends(struct bytes *b, const struct packet *p)
{
	if (p->from.family == AF_INET6 || p->to.family == AF_INET6) {
		chunk8(b, CHUNK_FAMILY, FAMILY_IPV6);
		chunk(b, CHUNK_IPV6_FROM, p->from.addr, 16);
		chunk(b, CHUNK_IPV6_TO, p->to.addr, 16);
	}
	else {
		chunk8(b, CHUNK_FAMILY, FAMILY_IPV4);
		chunk(b, CHUNK_IPV4_FROM, p->from.addr, 4);
		chunk(b, CHUNK_IPV4_TO, p->to.addr, 4);
	}

	chunk8(b, CHUNK_PROTOCOL,
	       strcmp(p->transport, "UDP") ? PROTOCOL_TCP : PROTOCOL_UDP);
	chunk16(b, CHUNK_PORT_FROM, p->from.port);
	chunk16(b, CHUNK_PORT_TO, p->to.port);
}


void hep_write(struct bytes *b, const struct packet *p, uint32_t id)
{
	static const char word[] = "HEP3";
	uint16_t len = 0;
	size_t room, n;
	const char *correlation = call_id(&n, p);

	bytes_put(b, word, sizeof(word) - 1);
	bytes_put(b, &len, sizeof(len));
	put_ends(b, p);
	chunk32(b, CHUNK_SECONDS, (uint32_t)(p->us / US_PER_S));
	chunk32(b, CHUNK_MICROSECONDS, (uint32_t)(p->us % US_PER_S));
	chunk8(b, CHUNK_KIND, KIND_SIP);
	chunk32(b, CHUNK_ID, id);
	if (correlation && n)
		chunk(b, CHUNK_CORRELATION, correlation, n);

	room = UDP_PAYLOAD_MAX - b->len - CHUNK_SIZE;
	chunk(b, CHUNK_PAYLOAD, p->data, p->len < room ? p->len : room);

	if (!b->failed) {
		len = htons((uint16_t)b->len);
		memcpy(b->p + sizeof(word) - 1, &len, sizeof(len));
	}
}
