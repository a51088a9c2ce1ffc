/**
 * @file scrub.c  Clean copies of text from the network, cut to size
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <string.h>
#include <re.h>
#include "text.h"
#include "syntax.h"


/* Length of the linear white space at p: spaces, tabs and folds (RFC 3261
   section 25.1, LWS); whether it is of spaces alone */
static size_t lws_len(const char *p, const char *end, bool *spaces)
{
	const char *begin = p, *q;

	for (*spaces = true; p < end; p = q) {

		q = p;
		if (q < end && *q == '\r')
			++q;
		if (q < end && *q == '\n')
			++q;
		else
			q = p;

		if (q == end || (*q != ' ' && *q != '\t'))
			break;

		*spaces = *spaces && *p == ' ';
		++q;
	}

	return p - begin;
}


/* Replacement of the text at p, and the length of that text */
static size_t scrub_next(const char *p, const char *end, const char **sp,
			 size_t *lp)
{
	bool spaces;
	size_t n;

	*sp = p;
	*lp = 1;
	if (*p > 0x20 && *p < 0x7f)
		return 1; /* nearly everything */

	n = lws_len(p, end, &spaces);
	if (n) {
		*lp = spaces ? n : 1;
		if (!spaces)
			*sp = " ";
		return n;
	}

	n = *p & 0x80 ? text_utf8_len((const unsigned char *)p) : 0;
	if (n)
		*lp = n;
	else
		*sp = "?";

	return n ? n : 1;
}


/* Sixteen bytes at once, on every processor: gcc and clang have such types */
typedef unsigned char bytes __attribute__((vector_size(16)));


/* Not 0 for each byte outside of printable ASCII */
static bytes others(const char *p)
{
	bytes v;

	memcpy(&v, p, sizeof(v));

	return (bytes)((v < 0x20) | (v > 0x7e));
}


/**
 * Tell whether a text is as text_scrub() makes it, because it is of printable
 * ASCII, as nearly everything
 *
 * @param pl Text
 *
 * @return True if it is
 */
bool text_is_plain(const struct pl *pl)
{
	static const bytes none;
	bytes found = none;
	char few[sizeof(bytes)];
	size_t n = 0;

	for (; n + sizeof(bytes) <= pl->l; n += sizeof(bytes))
		found |= others(pl->p + n);

	memset(few, ' ', sizeof(few));
	memcpy(few, pl->p + n, pl->l - n);
	found |= others(few);

	return !memcmp(&found, &none, sizeof(found));
}


int text_scrub(char **strp, const struct pl *pl)
{
	const char *p, *end, *s;
	char *str, *to;
	size_t l;
	int err;

	err = pl_strdup(&str, pl);
	if (err)
		return err;

	if (text_is_plain(pl)) {
		*strp = str;
		return 0;
	}

	/* it never gets longer, so that it can overwrite itself */
	end = str + pl->l;
	for (p = to = str; p < end; to += l) {
		p += scrub_next(p, end, &s, &l);
		memmove(to, s, l);
	}
	*to = '\0';

	*strp = str;

	return 0;
}


/**
 * Cut a text to a length, but not within a character
 *
 * @param pl  Text
 * @param max Most that it may have [bytes]
 *
 * @return True if something was cut off
 */
bool text_cut(struct pl *pl, size_t max)
{
	if (pl->l <= max)
		return false;

	while (max && (pl->p[max] & 0xc0) == 0x80)
		--max;
	pl->l = max;

	return true;
}


int text_scrub_cut(char **strp, const struct pl *pl, size_t max)
{
	struct pl head = *pl;
	char *str;
	int err;

	if (!text_cut(&head, max))
		return text_scrub(strp, pl);

	err = text_scrub(&str, &head);
	if (err)
		return err;

	err = re_sdprintf(strp, "%s" TEXT_MARK, str);
	mem_deref(str);

	return err;
}
