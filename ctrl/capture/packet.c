/**
 * @file packet.c  The SIP messages in the reports of a baresip
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/base.h"
#include "capture.h"


enum {
	PACKET_MAX = 1 << 17, /* more than a datagram has [bytes] */
	ADDRESS_TEXT = 64,
	PORT_MAX = 65535,
};

/* The year 9999, as fields_print() has it */
static const int64_t us_max = INT64_C(253402300799999999);


/* Value of a character of base64, RFC 4648 section 4, or -1 */
static int digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;

	return c == '+' ? 62 : c == '/' ? 63 : -1;
}


static int make_room(struct packet_reader *r, size_t len)
{
	const size_t need = r->at.len + len + 1;
	char *p;

	if (need > PACKET_MAX)
		return EMSGSIZE;
	if (need <= r->size)
		return 0;

	p = realloc(r->at.data, need);
	if (!p)
		return ENOMEM;

	r->at.data = p;
	r->size = need;

	return 0;
}


/* Reads up to an invalid character, such as the padding */
static int add_base64(struct packet_reader *r, const char *text)
{
	const size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					"abcdefghijklmnopqrstuvwxyz"
					"0123456789+/");
	uint32_t bits = 0;

	if (text[len + strspn(text + len, "=")])
		return EBADMSG;
	if (make_room(r, len))
		return ENOMEM;

	for (size_t i = 0; i < len; i++) {
		bits = bits << 6 | (uint32_t)digit(text[i]);
		if (i % 4)
			r->at.data[r->at.len++] = (char)(bits >>
							 (6 - 2 * (i % 4)));
	}

	return 0;
}


/* An escaped line end there counts as one character */
static int add_text(struct packet_reader *r, const char *text)
{
	if (make_room(r, 2 * strlen(text)))
		return ENOMEM;

	for (; *text; text++) {
		if (*text == '\n')
			r->at.data[r->at.len++] = '\r';
		r->at.data[r->at.len++] = *text;
	}

	return 0;
}


/* ADDR:PORT, that of IPv6 in brackets */
static void read_end(struct packet_end *e, const char *text)
{
	const char *colon = text ? strrchr(text, ':') : NULL;
	char addr[ADDRESS_TEXT];
	unsigned long port;
	size_t len;

	memset(e, 0, sizeof(*e));
	e->family = AF_UNSPEC;
	len = colon ? (size_t)(colon - text) : 0;
	if (!len || len >= sizeof(addr))
		return;

	memcpy(addr, text, len);
	addr[len] = '\0';
	if (*addr == '[' && addr[len - 1] == ']') {
		memmove(addr, addr + 1, len);
		addr[len - 2] = '\0';
	}
	addr[strcspn(addr, "%")] = '\0';

	port = strtoul(colon + 1, NULL, 10);
	if (inet_pton(AF_INET, addr, e->addr) == 1)
		e->family = AF_INET;
	else if (inet_pton(AF_INET6, addr, e->addr) == 1)
		e->family = AF_INET6;
	if (port <= PORT_MAX)
		e->port = (uint16_t)port;
}


static void read_word(char *buf, size_t size, const char *text)
{
	size_t n = 0;

	while (text && text[n] && n + 1 < size &&
	       strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
		      text[n])) {
		buf[n] = text[n];
		++n;
	}
	buf[n] = '\0';
}


static void read_head(struct packet *p, const cJSON *entry)
{
	const cJSON *us = cJSON_GetObjectItemCaseSensitive(entry, "us");

	p->us = cJSON_IsNumber(us) && us->valuedouble > 0 &&
				us->valuedouble <= (double)us_max
			? (int64_t)us->valuedouble
			: 0;
	p->sent = field_bool(entry, "sent");
	p->gap = field_bool(entry, "gap");
	p->last = field_bool(entry, "last");
	read_word(p->transport, sizeof(p->transport),
		  field_str(entry, "transport"));
	read_word(p->step, sizeof(p->step), field_str(entry, "step"));
	read_end(&p->from, field_str(entry, "from"));
	read_end(&p->to, field_str(entry, "to"));
}


static void read_entry(struct packet_reader *r, const cJSON *entry,
		       packet_h *h, void *arg)
{
	const char *text = field_str(entry, "text");
	const char *base64 = field_str(entry, "base64");
	int err;

	read_head(&r->at, entry);
	err = text     ? add_text(r, text)
	      : base64 ? add_base64(r, base64)
		       : EBADMSG;
	if (!err && field_bool(entry, "more"))
		return;

	if (!err && r->at.len) {
		r->at.data[r->at.len] = '\0';
		h(&r->at, arg);
	}
	r->at.len = 0;
}


void packets_take(struct packet_reader *r, const cJSON *list, packet_h *h,
		  void *arg)
{
	const cJSON *entry;

	if (!cJSON_IsArray(list))
		return;

	cJSON_ArrayForEach(entry, list) read_entry(r, entry, h, arg);
}


void packets_read(struct packet_reader *r, const char *json, packet_h *h,
		  void *arg)
{
	cJSON *list = cJSON_Parse(json);

	packets_take(r, list, h, arg);
	cJSON_Delete(list);
}


void packets_end(struct packet_reader *r)
{
	free(r->at.data);
	memset(r, 0, sizeof(*r));
}
