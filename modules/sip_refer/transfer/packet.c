/**
 * @file packet.c  A SIP message as it was sent or received
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <string.h>
#include <re.h>
#include "host/host.h"
#include "json.h"
#include "text/text.h"
#include "textcheck.h"
#include "packet.h"


enum {
	TEXT_MAX = 16384, /* that escapes may double [bytes] */
	ADDR_SIZE = 64,
};


/**
 * Keep a message
 *
 * @param t   Message
 * @param raw What it is
 *
 * @return Packet, to be given back with mem_deref(); NULL if out of memory
 */
struct packet *packet_alloc(const struct traced *t, const struct rawsip *raw)
{
	struct packet *p = mem_alloc(sizeof(*p) + t->len, NULL);

	if (!p)
		return NULL;

	memset(p, 0, sizeof(*p));
	p->us = walltime_us();
	p->tp = t->tp;
	p->sent = t->sent;
	p->scode = raw->scode;
	(void)pl_strcpy(&raw->met, p->met, sizeof(p->met));
	sa_init(&p->src, AF_UNSPEC);
	sa_init(&p->dst, AF_UNSPEC);
	if (t->src)
		p->src = *t->src;
	if (t->dst)
		p->dst = *t->dst;

	p->len = t->len;
	memcpy(p->pkt, t->pkt, t->len);
	if (raw->secret)
		rawsip_blank(p->pkt, p->len);

	return p;
}


/**
 * Tell how much memory a packet takes
 *
 * @param p Packet
 *
 * @return Bytes
 */
size_t packet_size(const struct packet *p)
{
	return sizeof(*p) + p->len;
}


/* What JSON writes as two characters, of what may stand in a text. The end of
   a line is one. */
static char short_escape(const char *p, size_t len)
{
	switch (*p) {

	case '\r': return len > 1 && p[1] == '\n' ? 'n' : '\0';
	case '\t': return 't';
	case '"':
	case '\\': return *p;
	default: return '\0';
	}
}


/* As JSON has it, in quotes: NULL if it is no text, or out of memory. Nearly
   all of it is plain, but for the ends of its lines. */
static char *text_quote(const char *p, size_t len)
{
	char *text, *to, c;
	size_t n;

	text = to = mem_alloc(2 * len + 3, NULL);
	if (!text)
		return NULL;

	*to++ = '"';
	for (;;) {

		n = json_plain_len(p, len);
		memcpy(to, p, n);
		to += n;
		p += n;
		len -= n;
		if (!len)
			break;

		c = short_escape(p, len);
		if (!c)
			return mem_deref(text);

		*to++ = '\\';
		*to++ = c;
		n = c == 'n' ? 2 : 1;
		p += n;
		len -= n;
	}
	*to++ = '"';
	*to = '\0';

	return text;
}


/* It comes back as it was */
static char *text_of(const struct packet *p)
{
	return p->len <= TEXT_MAX && utf8_valid(p->pkt, p->len)
		       ? text_quote(p->pkt, p->len)
		       : NULL;
}


static void addr_print(struct json *j, const char *key, const struct sa *sa)
{
	char buf[ADDR_SIZE];

	if (sa_isset(sa, SA_ADDR) &&
	    re_snprintf(buf, sizeof(buf), "%J", sa) > 0)
		json_str(j, key, buf);
}


static void bytes_print(struct json *j, const char *p, size_t len)
{
	char buf[PACKET_PIECE / 3 * 4 + 8];
	size_t size = sizeof(buf);

	if (!base64_encode((const uint8_t *)p, len, buf, &size))
		json_strn(j, "base64", buf, size);
}


/**
 * Write a packet, or a piece of one that is long
 *
 * @param j   Text, an array
 * @param p   Packet
 * @param pos Where in it the piece begins [bytes]
 *
 * @return Where the next piece begins; its length if there is none [bytes]
 */
size_t packet_print(struct json *j, const struct packet *p, size_t pos)
{
	char *text = pos ? NULL : text_of(p);
	const size_t len = text ? p->len
				: min(p->len - pos, (size_t)PACKET_PIECE);

	json_open(j, NULL, '{');
	json_int(j, "us", (int64_t)p->us);
	json_bool(j, "sent", p->sent);
	json_str(j, "transport", sip_transp_name(p->tp));
	addr_print(j, "from", &p->src);
	addr_print(j, "to", &p->dst);
	json_str(j, "step", p->step);
	if (p->gap)
		json_bool(j, "gap", true);
	if (pos + len < p->len)
		json_bool(j, "more", true);
	else if (p->last)
		json_bool(j, "last", true);
	if (text)
		json_raw(j, "text", text);
	else
		bytes_print(j, p->pkt + pos, len);
	json_close(j, '}');
	mem_deref(text);

	return pos + len;
}
