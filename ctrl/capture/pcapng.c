/**
 * @file pcapng.c  Packets in the format of Wireshark
 *
 * draft-ietf-opsawg-pcapng: a section header, one interface, and an enhanced
 * packet block for each message.  A message of any transport is one datagram.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <arpa/inet.h>
#include <string.h>
#include "capture.h"


enum {
	BLOCK_SECTION = 0x0a0d0d0a,
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 6,
	MAGIC_ORDER = 0x1a2b3c4d,
	VERSION_MAJOR = 1,
	LINKTYPE_RAW = 101, /* IPv4 and IPv6, by their first bits */
	SNAP_LEN = 65535,

	OPT_END = 0,
	OPT_COMMENT = 1,
	OPT_SHB_USERAPPL = 4,
	OPT_IF_NAME = 2,
	OPT_IF_TSRESOL = 9,
	OPT_EPB_FLAGS = 2,
	TSRESOL_US = 6,
	FLAG_INBOUND = 1,
	FLAG_OUTBOUND = 2,

	IPV4_SIZE = 20,
	IPV6_SIZE = 40,
	UDP_SIZE = 8,
	PROTOCOL_UDP = 17,
	TTL = 64,
	DONT_FRAGMENT = 0x4000,
	COMMENT_MAX = 1024,
};


static void put16(struct bytes *b, uint16_t value)
{
	bytes_put(b, &value, sizeof(value));
}


static void put32(struct bytes *b, uint32_t value)
{
	bytes_put(b, &value, sizeof(value));
}


static void pad(struct bytes *b, size_t len)
{
	bytes_put(b, NULL, (4 - len % 4) % 4);
}


static void option(struct bytes *b, uint16_t code, const void *p, size_t len)
{
	put16(b, code);
	put16(b, (uint16_t)len);
	bytes_put(b, p, len);
	pad(b, len);
}


static void comment_option(struct bytes *b, const char *comment)
{
	const size_t len = strlen(comment);

	option(b, OPT_COMMENT, comment, len < COMMENT_MAX ? len : COMMENT_MAX);
}


/* Its length stands at both ends */
static size_t block_begin(struct bytes *b, uint32_t type)
{
	const size_t at = b->len;

	put32(b, type);
	put32(b, 0);

	return at;
}


static void block_end(struct bytes *b, size_t at)
{
	uint32_t len;

	put32(b, OPT_END);
	len = (uint32_t)(b->len - at) + sizeof(len);
	put32(b, len);
	if (!b->failed)
		memcpy(b->p + at + 4, &len, sizeof(len));
}


void pcapng_begin(struct bytes *b, const char *comment)
{
	static const char app[] = "referd " PROJECT_VERSION;
	static const char name[] = "SIP of baresip";
	static const uint64_t unknown = UINT64_MAX;
	const unsigned char resolution = TSRESOL_US;
	size_t at = block_begin(b, BLOCK_SECTION);

	put32(b, MAGIC_ORDER);
	put16(b, VERSION_MAJOR);
	put16(b, 0);
	bytes_put(b, &unknown, sizeof(unknown));
	option(b, OPT_SHB_USERAPPL, app, sizeof(app) - 1);
	comment_option(b, comment);
	block_end(b, at);

	at = block_begin(b, BLOCK_INTERFACE);
	put16(b, LINKTYPE_RAW);
	put16(b, 0);
	put32(b, SNAP_LEN);
	option(b, OPT_IF_NAME, name, sizeof(name) - 1);
	option(b, OPT_IF_TSRESOL, &resolution, sizeof(resolution));
	block_end(b, at);
}


/* RFC 1071, for data in network order */
static uint32_t sum_add(uint32_t sum, const void *data, size_t len)
{
	const unsigned char *p = data;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	if (len % 2)
		sum += (uint32_t)p[len - 1] << 8;

	return (sum & 0xffff) + (sum >> 16);
}


static uint16_t sum_end(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);

	return htons((uint16_t)~sum);
}


static void put_ipv4(struct bytes *b, const struct packet *p, size_t len)
{
	struct {
		uint8_t version, tos;
		uint16_t len, id, offset;
		uint8_t ttl, protocol;
		uint16_t sum;
		unsigned char from[4], to[4];
	} ip = {
		.version = 0x45,
		.len = htons((uint16_t)(IPV4_SIZE + UDP_SIZE + len)),
		.offset = htons(DONT_FRAGMENT),
		.ttl = TTL,
		.protocol = PROTOCOL_UDP,
	};

	memcpy(ip.from, p->from.addr, sizeof(ip.from));
	memcpy(ip.to, p->to.addr, sizeof(ip.to));
	ip.sum = sum_end(sum_add(0, &ip, sizeof(ip)));
	bytes_put(b, &ip, sizeof(ip));
}


static void put_ipv6(struct bytes *b, const struct packet *p, size_t len)
{
	struct {
		uint32_t version;
		uint16_t len;
		uint8_t next, hops;
		unsigned char from[16], to[16];
	} ip = {
		.version = htonl(UINT32_C(6) << 28),
		.len = htons((uint16_t)(UDP_SIZE + len)),
		.next = PROTOCOL_UDP,
		.hops = TTL,
	};

	memcpy(ip.from, p->from.addr, sizeof(ip.from));
	memcpy(ip.to, p->to.addr, sizeof(ip.to));
	bytes_put(b, &ip, sizeof(ip));
}


/* One of the two may be unknown */
static bool is_ipv6(const struct packet *p)
{
	return p->from.family == AF_INET6 || p->to.family == AF_INET6;
}


/* With the pseudo-header of RFC 768 or RFC 8200 section 8.1 */
static void put_udp(struct bytes *b, const struct packet *p, size_t len)
{
	const size_t size = is_ipv6(p) ? 16 : 4;
	uint16_t udp[4] = {htons(p->from.port), htons(p->to.port),
			   htons((uint16_t)(UDP_SIZE + len)), 0};
	uint32_t sum = PROTOCOL_UDP + (uint32_t)(UDP_SIZE + len);

	sum = sum_add(sum, p->from.addr, size);
	sum = sum_add(sum, p->to.addr, size);
	sum = sum_add(sum, udp, sizeof(udp));
	sum = sum_add(sum, p->data, len);
	udp[3] = sum_end(sum);
	if (!udp[3])
		udp[3] = 0xffff;

	bytes_put(b, udp, sizeof(udp));
	bytes_put(b, p->data, len);
}


void pcapng_add(struct bytes *b, const struct packet *p, const char *comment)
{
	const size_t len = p->len < UDP_PAYLOAD_MAX ? p->len : UDP_PAYLOAD_MAX;
	const size_t size = (is_ipv6(p) ? IPV6_SIZE : IPV4_SIZE) + UDP_SIZE +
			    len;
	const uint32_t flags = p->sent ? FLAG_OUTBOUND : FLAG_INBOUND;
	const size_t at = block_begin(b, BLOCK_PACKET);

	put32(b, 0);
	put32(b, (uint32_t)((uint64_t)p->us >> 32));
	put32(b, (uint32_t)p->us);
	put32(b, (uint32_t)size);
	put32(b, (uint32_t)size);
	if (is_ipv6(p))
		put_ipv6(b, p, len);
	else
		put_ipv4(b, p, len);
	put_udp(b, p, len);
	pad(b, size);

	option(b, OPT_EPB_FLAGS, &flags, sizeof(flags));
	comment_option(b, comment);
	block_end(b, at);
}
