/**
 * @file pack.c  Values in as few bytes as they need
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>
#include "journal.h"
#include "pack.h"


/* Type of a value, in the byte before it */
enum kind { KIND_NULL, KIND_NUMBER, KIND_TEXT };

/* Parameters of deflate: a window as large as a sample, and little memory */
enum { WINDOW_BITS = -12, MEMORY_LEVEL = 5, LEVEL = 6 };

/* Of this thread */
static _Thread_local struct {
	z_stream in, out;
	bool can_in, can_out;
} pack;


/**
 * Tell how many bytes values take
 *
 * @param values Values
 * @param count  Number of values, up to VALUES_MAX
 *
 * @return Bytes
 */
size_t pack_size(const struct value *values, unsigned count)
{
	size_t size = 1 + count;

	for (unsigned i = 0; i < count; i++) {
		if (values[i].is_number)
			size += sizeof(values[i].number);
		else if (values[i].text)
			size += sizeof(uint32_t) + values[i].len + 1;
	}

	return size;
}


static char *put(char *p, const void *data, size_t len)
{
	memcpy(p, data, len);

	return p + len;
}


/**
 * Write values
 *
 * @param p      Output, with room for pack_size()
 * @param values Values
 * @param count  Number of values
 */
void pack_write(char *p, const struct value *values, unsigned count)
{
	*p++ = (char)count;
	for (unsigned i = 0; i < count; i++) {
		const struct value *v = &values[i];
		const uint32_t len = (uint32_t)v->len;

		*p++ = v->is_number ? KIND_NUMBER
		       : v->text    ? KIND_TEXT
				    : KIND_NULL;
		if (v->is_number) {
			p = put(p, &v->number, sizeof(v->number));
		}
		else if (v->text) {
			p = put(p, &len, sizeof(len));
			p = put(p, v->text, v->len + 1);
		}
	}
}


static const char *get(void *data, const char *p, size_t len)
{
	memcpy(data, p, len);

	return p + len;
}


/**
 * Read values; their texts stay where they are
 *
 * @param values Filled, with room for VALUES_MAX
 * @param p      Output of pack_write()
 *
 * @return Number of values
 */
unsigned pack_read(struct value *values, const char *p)
{
	const unsigned count = (unsigned char)*p++;
	uint32_t len;

	for (unsigned i = 0; i < count; i++) {
		struct value *v = &values[i];
		const char kind = *p++;

		memset(v, 0, sizeof(*v));
		if (kind == KIND_NUMBER) {
			v->is_number = true;
			p = get(&v->number, p, sizeof(v->number));
		}
		else if (kind == KIND_TEXT) {
			p = get(&len, p, sizeof(len));
			v->text = p;
			v->len = len;
			p += len + 1;
		}
	}

	return count;
}


/**
 * Write bytes with fewer
 *
 * @param out       Output
 * @param size      Room that is there
 * @param p         Bytes
 * @param len       Their number
 * @param sample    Others like them, which pack_expand() is to get, too
 * @param samplelen Their number, up to PACK_SAMPLE_MAX
 *
 * @return How many were written, 0 if there was no room for them, or no memory
 */
size_t pack_squeeze(char *out, size_t size, const char *p, size_t len,
		    const char *sample, size_t samplelen)
{
	z_stream *z = &pack.out;

	if (!pack.can_out)
		pack.can_out = deflateInit2(z, LEVEL, Z_DEFLATED, WINDOW_BITS,
					    MEMORY_LEVEL,
					    Z_DEFAULT_STRATEGY) == Z_OK;
	if (!pack.can_out || deflateReset(z) != Z_OK ||
	    deflateSetDictionary(z, (const Bytef *)sample, (uInt)samplelen) !=
		    Z_OK)
		return 0;

	z->next_in = (Bytef *)p;
	z->avail_in = (uInt)len;
	z->next_out = (Bytef *)out;
	z->avail_out = (uInt)size;

	return deflate(z, Z_FINISH) == Z_STREAM_END ? size - z->avail_out : 0;
}


/**
 * Get squeezed values back
 *
 * @param out       Output
 * @param len       Number of bytes that there were
 * @param p         Output of pack_squeeze()
 * @param size      How many bytes that is
 * @param sample    As it was then
 * @param samplelen As it was then
 *
 * @return 0 if success, ENOMEM, or EBADMSG if it gives another number of bytes
 */
int pack_expand(char *out, size_t len, const char *p, size_t size,
		const char *sample, size_t samplelen)
{
	z_stream *z = &pack.in;

	if (!pack.can_in)
		pack.can_in = inflateInit2(z, WINDOW_BITS) == Z_OK;
	if (!pack.can_in || inflateReset(z) != Z_OK ||
	    inflateSetDictionary(z, (const Bytef *)sample, (uInt)samplelen) !=
		    Z_OK)
		return ENOMEM;

	z->next_in = (Bytef *)p;
	z->avail_in = (uInt)size;
	z->next_out = (Bytef *)out;
	z->avail_out = (uInt)len;

	return inflate(z, Z_FINISH) == Z_STREAM_END && !z->avail_out ? 0
								     : EBADMSG;
}


/**
 * Let go of the memory that this takes, in this thread
 */
void pack_close(void)
{
	if (pack.can_in)
		(void)inflateEnd(&pack.in);
	if (pack.can_out)
		(void)deflateEnd(&pack.out);
	memset(&pack, 0, sizeof(pack));
}
