/**
 * @file capture.h  The SIP messages of transfers, for those that read packets
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef CAPTURE_H
#define CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <netinet/in.h>

struct cJSON;
struct json;

enum {
	UDP_PAYLOAD_MAX = 65507, /* RFC 768 within RFC 791 [bytes] */
	HEP_HOST_SIZE = 256,
};

/* Source or destination of a message.  The family is AF_UNSPEC if unknown. */
struct packet_end {
	int family;
	unsigned char addr[16]; /* in network order: 4 or 16 of them */
	uint16_t port;
};

/* A SIP message, as a baresip sent or received it */
struct packet {
	int64_t us; /* since 1970 */
	bool sent;
	char transport[8]; /* UDP, TCP, TLS, WS, WSS */
	struct packet_end from;
	struct packet_end to;
	char step[16]; /* that it became, "" for none */
	bool gap;      /* one before it was not kept */
	bool last;     /* no other behind it is kept */
	char *data;    /* its bytes, with a NUL behind them */
	size_t len;
};

typedef void(packet_h)(struct packet *p, void *arg);

/* Reads packets from several texts, which may repeat a packet */
struct packet_reader {
	struct packet at; /* the packet that is still incomplete */
	size_t size;
};

/* Bytes under construction; a failure sticks */
struct bytes {
	unsigned char *p;
	size_t len;
	size_t size;
	bool failed;
};

struct hep_config {
	const char *to; /* HOST:PORT; NULL or "" for none */
	unsigned id;
	bool mask;
};


/* bytes: Bytes in the making */

/**
 * Add bytes
 *
 * @param b   Bytes
 * @param p   Bytes to add; NULL for zeros
 * @param len Its length in bytes
 */
void bytes_put(struct bytes *b, const void *p, size_t len);

/**
 * Free the bytes
 *
 * @param b Bytes, empty afterwards
 */
void bytes_free(struct bytes *b);


/* comment: A packet in words */

/**
 * Describe a packet, and the step that it became
 *
 * @param buf  Buffer
 * @param size Its size
 * @param p    Packet
 */
void packet_comment(char *buf, size_t size, const struct packet *p);


/* gather: The SIP messages of a transfer in the store */

/**
 * Write the SIP messages of a transfer, and of the other attempts of its verb;
 * in a job
 *
 * @param j  Text
 * @param id Its transfer_id
 *
 * @return 0 if success, ENOENT if it is not kept, or ENOMEM
 */
int capture_gather(struct json *j, const char *id);


/* hep: A packet in the format of HOMER */

/**
 * Write a packet as HEP3, in one datagram.  A message that does not fit is
 * cut.
 *
 * @param b  Bytes, empty
 * @param p  Packet
 * @param id Number of this sender
 */
void hep_write(struct bytes *b, const struct packet *p, uint32_t id);


/* hepout: Packets on their way to HOMER */

/**
 * Check the destination of HEP3
 *
 * @param to HOST:PORT
 *
 * @return NULL, or the rule that it breaks, as in "must be HOST:PORT"
 */
const char *hep_error(const char *to);

/**
 * Begin to send.  Logs its errors.
 *
 * @param c Configuration, which is copied
 *
 * @return 0, also if nothing is to be sent; EINVAL or ENOMEM
 */
int hep_open(const struct hep_config *c);

/**
 * Send no more
 */
void hep_close(void);

/**
 * Send the packets of a report.  Packets that cannot be sent at once are lost,
 * and counted.
 *
 * @param packets JSON text of an array
 */
void hep_send(const char *packets);


/* mask: Numbers with all but their last digits hidden */

/**
 * Replace each digit of a person's number, except the last ones, by a *; the
 * length stays
 *
 * @param p Packet
 */
void packet_mask(struct packet *p);


/* packet: The SIP messages in the reports of a baresip */

/**
 * Read packets.  Invalid ones are skipped.
 *
 * @param r    Reader, zeroed at first
 * @param json Text of an array, as docs/link.md has it
 * @param h    Handler, which may change the bytes
 * @param arg  Handler argument
 */
void packets_read(struct packet_reader *r, const char *json, packet_h *h,
		  void *arg);

/**
 * Read packets of a tree
 *
 * @param r    Reader, zeroed at first
 * @param list Array, as packets_read() takes it
 * @param h    Handler, which may change the bytes
 * @param arg  Handler argument
 */
void packets_take(struct packet_reader *r, const struct cJSON *list,
		  packet_h *h, void *arg);

/**
 * Free the memory of a reader
 *
 * @param r Reader
 */
void packets_end(struct packet_reader *r);


/* pcapng: Packets in the format of Wireshark */

/**
 * Begin a file
 *
 * @param b       Bytes, empty
 * @param comment Comment on the whole capture
 */
void pcapng_begin(struct bytes *b, const char *comment);

/**
 * Add a packet, as UDP
 *
 * @param b       Bytes
 * @param p       Packet
 * @param comment On it
 */
void pcapng_add(struct bytes *b, const struct packet *p, const char *comment);

#endif
