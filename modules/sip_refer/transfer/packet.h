/**
 * @file packet.h  A SIP message as it was sent or received
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef PACKET_H
#define PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <re.h>
#include "host/host.h"
#include "text/text.h"

struct json;

enum {
	PACKET_PIECE = 30000, /**< Of a message in one entry [bytes] */
};

/** A SIP message, kept until it is reported */
struct packet {
	struct le le;
	uint64_t us;      /**< See walltime_us()                     */
	struct sa src;    /**< Unset if libre does not tell          */
	struct sa dst;    /**< The same                              */
	const char *step; /**< That it became, a constant; NULL: none */
	char owner[17];   /**< transfer_id, "" while there is none    */
	enum sip_transp tp;
	uint16_t scode; /**< 0: it is a request                      */
	bool sent;
	bool gap;     /**< One before it in its call was not kept      */
	bool last;    /**< None is kept behind it: there are too many  */
	char met[16]; /**< Of its CSeq                             */
	size_t len;
	char pkt[]; /**< As it is, without credentials           */
};

struct packet *packet_alloc(const struct traced *t, const struct rawsip *raw);
size_t packet_size(const struct packet *p);
size_t packet_print(struct json *j, const struct packet *p, size_t pos);

#endif
