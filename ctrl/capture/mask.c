/**
 * @file mask.c  Numbers with all but their last digits hidden
 *
 * Finds numbers of people as the page does, web/mask.js, but replaces each
 * digit by a *, so that each length in a message stays true.
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include "capture.h"


enum {
	NUMBER_MIN = 6, /* digits, wherever it stands */
	USER_MIN = 3,   /* ... where a user stands    */
	GAP_MAX = 2,    /* between two digits         */
};

/* A line; nothing before it is looked at */
struct line {
	char *p;
	size_t len;
};

/* Header fields with numbers that do not belong to people */
static const char *const exact[] = {"Via", "v", "CSeq", "Call-ID",
				    "i",   "l", "RAck", "Content-Length"};


static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}


static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}


static bool ends_with(const struct line *l, size_t at, const char *text)
{
	const size_t len = strlen(text);

	return at >= len && !strncasecmp(l->p + at - len, text, len);
}


static bool is_scheme(const struct line *l, size_t at, const char *scheme)
{
	const size_t len = strlen(scheme);

	return ends_with(l, at, scheme) &&
	       (at == len || !is_word(l->p[at - len - 1]));
}


static void hide(const struct line *l, size_t begin, size_t end)
{
	size_t digits = 0, left;

	for (size_t i = begin; i < end; i++)
		digits += is_digit(l->p[i]);
	if (digits < USER_MIN)
		return;

	left = digits - (digits < NUMBER_MIN ? 2 : 3);
	for (size_t i = begin; i < end && left; i++) {
		if (is_digit(l->p[i])) {
			l->p[i] = '*';
			--left;
		}
	}
}


/* The end of the user: before an @, or in a URI that has only a user */
static size_t user_end(const struct line *l, size_t at)
{
	const bool tel = is_scheme(l, at, "tel:");
	const bool sip = is_scheme(l, at, "sip:") || is_scheme(l, at, "sips:");
	size_t i = at, count = 0;
	bool digits = true;

	if (!tel && !sip && at && !strchr(" \t<\"(", l->p[at - 1]))
		return 0;

	i += l->p[i] == '+';
	for (; i < l->len && (is_digit(l->p[i]) || strchr("().-", l->p[i]));
	     i++) {
		digits = digits && is_digit(l->p[i]);
		++count;
	}
	if (count < USER_MIN)
		return 0;

	if (i < l->len && l->p[i] == '@')
		return i;

	return (tel || (sip && digits)) &&
			       (i == l->len || strchr(";>?", l->p[i]))
		       ? i
		       : 0;
}


/* An address of IPv4, or a date */
static bool is_other(const char *p, size_t len)
{
	unsigned dots = 0, dashes = 0;

	for (size_t i = 0; i < len; i++) {
		dots += p[i] == '.';
		dashes += p[i] == '-';
		if (!is_digit(p[i]) && p[i] != '.' && p[i] != '-')
			return false;
	}

	return (dots == 3 && !dashes) ||
	       (len >= 10 && p[4] == '-' && p[7] == '-');
}


static size_t number_end(const struct line *l, size_t at)
{
	size_t i = at + (l->p[at] == '+'), digits = 0, end = 0;

	if (at && (is_word(l->p[at - 1]) || strchr(".-", l->p[at - 1])))
		return 0;
	if (ends_with(l, at, "tag=") || ends_with(l, at, "branch="))
		return 0;

	for (size_t gap = 0; i < l->len && gap <= GAP_MAX; i++) {
		if (is_digit(l->p[i])) {
			++digits;
			end = i + 1;
			gap = 0;
		}
		else if (strchr(" ()/.-", l->p[i]) && digits) {
			++gap;
		}
		else {
			break;
		}
	}

	if (digits < NUMBER_MIN || is_other(l->p + at, end - at))
		return 0;
	if (end < l->len && is_word(l->p[end]))
		return 0;

	return end + 1 < l->len && strchr(".-", l->p[end]) &&
			       is_word(l->p[end + 1])
		       ? 0
		       : end;
}


static void mask_line(const struct line *l)
{
	size_t i = 0;

	while (i < l->len) {
		size_t end = 0;

		if (is_digit(l->p[i]) || strchr("+(", l->p[i]))
			end = user_end(l, i);
		if (!end && (is_digit(l->p[i]) || l->p[i] == '+'))
			end = number_end(l, i);

		if (end)
			hide(l, i, end);
		i = end ? end : i + 1;
	}
}


static bool is_exact(const struct line *l)
{
	for (size_t i = 0; i < sizeof(exact) / sizeof(*exact); i++) {
		const size_t len = strlen(exact[i]);

		if (l->len > len && !strncasecmp(l->p, exact[i], len) &&
		    strchr(": \t", l->p[len]))
			return true;
	}

	return false;
}


/* Lines of SDP, RFC 8866, with texts or the name of the sender */
static void mask_sdp(struct line l)
{
	const char *space = memchr(l.p, ' ', l.len);

	l.p += 2;
	l.len -= 2;
	if (l.p[-2] == 'o' && space)
		l.len = (size_t)(space - l.p);
	else if (!strchr("sieup", l.p[-2]))
		return;

	mask_line(&l);
}


static bool is_sdp(const struct line *l)
{
	return l->len > 2 && l->p[1] == '=';
}


void packet_mask(struct packet *p)
{
	const char *body = strstr(p->data, "\r\n\r\n");
	char *at = p->data, *end = p->data + p->len;

	while (at < end) {
		char *eol = memchr(at, '\n', (size_t)(end - at));
		const struct line l = {at, (size_t)((eol ? eol : end) - at)};

		if (body && at > body && is_sdp(&l))
			mask_sdp(l);
		else if ((body && at > body) || !is_exact(&l))
			mask_line(&l);
		at += l.len + 1;
	}
}
