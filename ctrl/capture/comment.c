/**
 * @file comment.c  A packet in words
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE 1
#include <stdio.h>
#include <string.h>
#include "capture.h"


enum { WORD_SIZE = 64, STATUS_LEN = 3 };

static const char version[] = "SIP/2.0 ";


/* Copies printable characters up to the end of the line */
static void copy_word(char buf[WORD_SIZE], const char *p, const char *end,
		      const char *marks)
{
	size_t n = 0;

	while (p < end && n + 1 < WORD_SIZE && !strchr(marks, *p)) {
		buf[n++] = *p >= ' ' && *p < 0x7f ? *p : '?';
		++p;
	}
	buf[n] = '\0';
}


/* The method of the request that the response belongs to */
static void method_of_cseq(char buf[WORD_SIZE], const struct packet *p)
{
	const char *cseq = strcasestr(p->data, "\nCSeq");
	const char *end = p->data + p->len;

	*buf = '\0';
	if (!cseq)
		return;

	cseq += strcspn(cseq, ":");
	cseq += strspn(cseq, ": \t0123456789");
	copy_word(buf, cseq, end, "\r\n ;\t");
}


/* Status in a NOTIFY about a transfer: RFC 3420 */
static void fragment(char buf[WORD_SIZE], const struct packet *p)
{
	const char *body = strstr(p->data, "\r\n\r\n");

	*buf = '\0';
	body = body ? strstr(body, version) : NULL;
	if (body)
		copy_word(buf, body + sizeof(version) - 1, p->data + p->len,
			  "\r\n");
}


static void describe(char *buf, size_t size, const struct packet *p)
{
	const bool response = !strncmp(p->data, version, sizeof(version) - 1);
	char word[WORD_SIZE], more[WORD_SIZE] = "";

	if (response) {
		method_of_cseq(word, p);
		(void)snprintf(buf, size, "%s answered %.*s",
			       *word ? word : "a request", STATUS_LEN,
			       p->data + sizeof(version) - 1);
		return;
	}

	copy_word(word, p->data, p->data + p->len, "\r\n \t");
	if (!strcmp(word, "NOTIFY"))
		fragment(more, p);
	(void)snprintf(buf, size, "%s %s%s%s", word,
		       p->sent ? "sent" : "received", *more ? ": " : "", more);
}


void packet_comment(char *buf, size_t size, const struct packet *p)
{
	char what[3 * WORD_SIZE], cut[WORD_SIZE] = "";
	const bool other = *p->transport && strcmp(p->transport, "UDP") != 0;

	describe(what, sizeof(what), p);
	if (p->len > UDP_PAYLOAD_MAX)
		(void)snprintf(cut, sizeof(cut),
			       "; cut to %d of its %zu bytes", UDP_PAYLOAD_MAX,
			       p->len);

	(void)snprintf(
		buf, size, "%s%s%s%s%s%s%s%s%s%s",
		*p->step ? "transfer:status " : "", p->step,
		*p->step ? ": " : "", what, other ? "; over " : "",
		other ? p->transport : "",
		p->from.family && p->to.family ? ""
					       : "; an address is unknown",
		cut,
		p->gap ? "; messages of the call before it are missing" : "",
		p->last ? "; the capture ends here, as no more is kept of one "
			  "transfer"
			: "");
}
