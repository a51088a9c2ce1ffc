/**
 * @file record.c  Messages in a block, one after the other
 *
 * A head with numbers, the lowest byte first, then the texts with their NULs:
 * they are read where they stand.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <endian.h>
#include <string.h>
#include "journal.h"
#include "record.h"


/* Bytes of a head: size of all, seq, time, flags, sizes of two texts */
enum { HEAD_SIZE = 4 + 8 + 8 + 1 + 4 + 4 };

enum flag { FLAG_JAMBONZ = 1, FLAG_CLIENT = 2, FLAG_CALL = 4 };


static inline char *put_number(char *p, uint64_t value, unsigned size)
{
	const uint64_t lowest_first = htole64(value);

	memcpy(p, &lowest_first, size);

	return p + size;
}


static inline uint64_t get_number(const char **pp, unsigned size)
{
	uint64_t value = 0;

	memcpy(&value, *pp, size);
	*pp += size;

	return le64toh(value);
}


static size_t text_size(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}


/**
 * Read the message of a write
 *
 * @param m      Set to the message, whose texts are borrowed
 * @param values Values of the write
 */
void record_of(struct message_row *m, const struct value *values)
{
	*m = (struct message_row){.seq = (uint64_t)values[0].number,
				  .client = values[1].text,
				  .call_sid = values[2].text,
				  .jambonz = values[3].number != 0,
				  .time = values[4].number,
				  .text = values[5].text};
}


/**
 * Tell how many bytes a message takes
 *
 * @param m Message
 *
 * @return Bytes
 */
size_t record_size(const struct message_row *m)
{
	return HEAD_SIZE + text_size(m->client) + text_size(m->call_sid) +
	       text_size(m->text);
}


static char *put_text(char *p, const char *text, size_t size)
{
	if (size)
		memcpy(p, text, size);

	return p + size;
}


/**
 * Write a message
 *
 * @param p Output, with room for record_size()
 * @param m Message
 */
void record_write(char *p, const struct message_row *m)
{
	const size_t client = text_size(m->client);
	const size_t sid = text_size(m->call_sid);

	p = put_number(p, record_size(m), 4);
	p = put_number(p, m->seq, 8);
	p = put_number(p, (uint64_t)m->time, 8);
	p = put_number(p,
		       (m->jambonz ? FLAG_JAMBONZ : 0) |
			       (m->client ? FLAG_CLIENT : 0) |
			       (m->call_sid ? FLAG_CALL : 0),
		       1);
	p = put_number(p, client, 4);
	p = put_number(p, sid, 4);
	p = put_text(p, m->client, client);
	p = put_text(p, m->call_sid, sid);
	(void)put_text(p, m->text, text_size(m->text));
}


/* NULL if that is no text */
static const char *get_text(const char **pp, size_t *leftp, size_t size)
{
	const char *text = *pp;

	if (!size || size > *leftp || text[size - 1])
		return NULL;

	*pp += size;
	*leftp -= size;

	return text;
}


/**
 * Read a message
 *
 * @param m Set to it; its texts stay where they are
 * @param r Rest of the block
 *
 * @return False at the end, or if the rest is not valid
 */
bool record_next(struct message_row *m, struct records *r)
{
	const char *p = r->p;
	size_t size, left, client, sid;
	unsigned flags;

	if (r->left < HEAD_SIZE)
		return false;

	size = (size_t)get_number(&p, 4);
	if (size < HEAD_SIZE || size > r->left)
		return false;

	m->seq = get_number(&p, 8);
	m->time = (int64_t)get_number(&p, 8);
	flags = (unsigned)get_number(&p, 1);
	client = (size_t)get_number(&p, 4);
	sid = (size_t)get_number(&p, 4);
	left = size - HEAD_SIZE;

	m->jambonz = flags & FLAG_JAMBONZ;
	m->client = flags & FLAG_CLIENT ? get_text(&p, &left, client) : NULL;
	m->call_sid = flags & FLAG_CALL ? get_text(&p, &left, sid) : NULL;
	m->text = get_text(&p, &left, left);
	if (!m->text || (flags & FLAG_CLIENT && !m->client) ||
	    (flags & FLAG_CALL && !m->call_sid))
		return false;

	r->p += size;
	r->left -= size;

	return true;
}
