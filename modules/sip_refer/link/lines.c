/**
 * @file lines.c  Lines in what comes on the link
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#include <string.h>
#include <sys/socket.h>
#include <re.h>
#include "lines.h"


/**
 * Forget what has come
 *
 * @param l Lines
 */
void lines_reset(struct lines *l)
{
	l->len = 0;
	l->skipping = false;
}


/**
 * Receive what there is, as far as there is room
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


/* What has no end yet and can't get one any more */
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
 * Handle each line that is whole, and keep the rest. Of a line that is too
 * long nothing is handled.
 *
 * @param l Lines
 * @param h Handler, which may reset the lines if it stops
 *
 * @return True if there is a line, just begun, that is too long
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
