/**
 * @file lines.c  Lines received on the link
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <string.h>
#include <sys/socket.h>
#include <re.h>
#include "lines.h"


/**
 * Drop received bytes
 *
 * @param l Lines
 */
void lines_reset(struct lines *l)
{
	l->len = 0;
	l->skipping = false;
}


/**
 * Receive bytes, as far as they fit
 *
 * @param l  Lines
 * @param fd Socket
 *
 * @return As recv()
 */
ssize_t lines_recv(struct lines *l, int fd)
{
	const ssize_t n = recv(fd, l->buf + l->len, sizeof(l->buf) - l->len,
			       MSG_DONTWAIT);

	if (n > 0)
		l->len += n;

	return n;
}


/* The line has no end yet, and is too long for one */
static bool is_too_long(struct lines *l)
{
	const bool first = !l->skipping;

	if (l->len < sizeof(l->buf))
		return false;

	l->skipping = true;
	l->len = 0;

	return first;
}


/**
 * Handle each complete line, and keep the rest. A line that is too long is not
 * handled.
 *
 * @param l Lines
 * @param h Handler, which may reset the lines if it stops
 *
 * @return True if a line that is too long has just begun
 */
bool lines_split(struct lines *l, lines_h *h)
{
	char *start = l->buf, *end;
	bool on = true;

	while (on) {

		end = memchr(start, '\n', l->buf + l->len - start);
		if (!end)
			break;

		if (!l->skipping)
			on = h(start, end - start);
		l->skipping = false;
		start = end + 1;
	}

	if (l->len) {
		l->len -= start - l->buf;
		memmove(l->buf, start, l->len);
	}

	return on && is_too_long(l);
}
