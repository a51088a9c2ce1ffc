/**
 * @file control.c  Code shared by the controls
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "control.h"


static const struct control_type *const types[] = {
	&control_referd,    &control_embedded,  &control_tcp,
	&control_tcp_plain, &control_tcp_relay, &control_janus,
	&control_asterisk,
};


/**
 * Find a type of control
 *
 * @param name Its name
 *
 * @return The type, NULL if not found
 */
const struct control_type *control_type_find(const char *name)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); ++i) {
		if (!strcmp(types[i]->name, name))
			return types[i];
	}

	return NULL;
}


/**
 * Connect to the address of a control. Writes are sent at once, and reads do
 * not block.
 *
 * @param c   Control
 * @param fdp Set to the socket, -1 on failure
 *
 * @return 0 or an errno value
 */
int control_connect(const struct control *c, int *fdp)
{
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const int on = 1;
	int err = 0;

	if (fd < 0 ||
	    connect(fd, (const struct sockaddr *)&c->address,
		    sizeof(c->address)) ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) ||
	    fcntl(fd, F_SETFL, O_NONBLOCK))
		err = errno;

	if (err && fd >= 0)
		close(fd);
	*fdp = err ? -1 : fd;

	return err;
}


/**
 * Get a string member out of a JSON text. It is not decoded: a measurement
 * is to cost the same few instructions for each peer.
 *
 * @param text   JSON
 * @param len    Its length in bytes
 * @param name   Name of the member, the first one of that name
 * @param valuep Set to where its value begins
 * @param sizep  Set to the value's length in bytes
 *
 * @return 0, ENOENT if the text has no such member
 */
int control_text(const char *text, size_t len, const char *name,
		 const char **valuep, size_t *sizep)
{
	char key[32];
	const int n = snprintf(key, sizeof(key), "\"%s\":", name);
	const char *p = memmem(text, len, key, (size_t)n);
	const char *end;

	if (!p)
		return ENOENT;

	p += n;
	p += strspn(p, " ");
	if (*p++ != '"')
		return ENOENT;

	end = memchr(p, '"', (size_t)(text + len - p));
	if (!end)
		return ENOENT;

	*valuep = p;
	*sizep = (size_t)(end - p);

	return 0;
}
