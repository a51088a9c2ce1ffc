/**
 * @file node.c  A baresip with nothing in it: its end of the link to referd
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include "node.h"


enum { LINE_MAX_LEN = 65536 };

struct node {
	int fd;
	uint64_t n, acked; /* of the last report */
	node_line_h *h;
	void *arg;
	size_t len;
	char in[LINE_MAX_LEN + 1];
};


static void take(struct node *n, const char *line)
{
	static const char ack[] = "{\"type\":\"ack\",\"n\":";

	if (!strncmp(line, ack, sizeof(ack) - 1))
		n->acked = strtoull(line + sizeof(ack) - 1, NULL, 10);
	else if (n->h)
		n->h(line, n->arg);
}


static int read_lines(struct node *n, int flags)
{
	ssize_t got = recv(n->fd, n->in + n->len, LINE_MAX_LEN - n->len,
			   flags);
	char *p = n->in, *nl;

	if (got <= 0)
		return got < 0 ? errno : ECONNRESET;

	n->len += (size_t)got;
	n->in[n->len] = '\0';
	while ((nl = strchr(p, '\n'))) {
		*nl = '\0';
		take(n, p);
		p = nl + 1;
	}

	n->len -= (size_t)(p - n->in);
	memmove(n->in, p, n->len);

	return n->len < LINE_MAX_LEN ? 0 : EMSGSIZE;
}


static int greet(struct node *n, const char *name)
{
	char hello[256];
	int len = snprintf(hello, sizeof(hello),
			   "{\"type\":\"hello\",\"protocol\":1,"
			   "\"node\":\"%s\",\"boot\":\"%s-%d\","
			   "\"version\":\"0\",\"first\":1,\"next\":1}",
			   name, name, (int)getpid());
	int err;

	err = node_send(n, hello, (size_t)len);
	if (!err)
		err = read_lines(n, 0);
	if (!err)
		err = node_report(n, "\"type\":\"sync\",\"transfers\":[]");

	return err;
}


/**
 * Connect to a server, and say hello if it is a referd
 *
 * @param np   Pointer to the new node
 * @param path Path of the socket
 * @param name Name of the node, NULL if the server is no referd
 * @param h    Handler of requests to the node, may be NULL
 * @param arg  Its argument
 *
 * @return 0 if success, otherwise errorcode
 */
int node_connect(struct node **np, const char *path, const char *name,
		 node_line_h *h, void *arg)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	struct node *n = calloc(1, sizeof(*n));
	int err;

	if (!n)
		return ENOMEM;

	(void)snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
	n->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	err = n->fd < 0 || connect(n->fd, (struct sockaddr *)&to, sizeof(to))
		      ? errno
		      : 0;
	if (!err && name)
		err = greet(n, name);
	n->h = h;
	n->arg = arg;
	if (err)
		n = node_close(n);
	*np = n;

	return err;
}


/**
 * Get the socket of a node, to wait until it can be read
 *
 * @param n Node
 *
 * @return File descriptor
 */
int node_fd(const struct node *n)
{
	return n->fd;
}


/**
 * Send a line, and wait until the socket has it
 *
 * @param n    Node
 * @param line Line without a newline
 * @param len  Its length [bytes]
 *
 * @return 0 if success, otherwise errorcode
 */
int node_send(struct node *n, const char *line, size_t len)
{
	struct iovec iov[] = {{(void *)line, len}, {"\n", 1}};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};
	ssize_t sent = sendmsg(n->fd, &msg, MSG_NOSIGNAL);

	/* a blocking stream socket of this kind takes all or fails */
	if (sent < 0)
		return errno;

	return (size_t)sent == len + 1 ? 0 : EIO;
}


/**
 * Report something, under the next number
 *
 * @param n   Node
 * @param fmt The members of the report, but for `n` and `time`
 *
 * @return 0 if success, otherwise errorcode
 */
int node_report(struct node *n, const char *fmt, ...)
{
	static char line[LINE_MAX_LEN];
	struct timespec now;
	va_list ap;
	int len;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	len = snprintf(line, sizeof(line),
		       "{\"n\":%" PRIu64 ",\"time\":%lld%03ld,", ++n->n,
		       (long long)now.tv_sec, now.tv_nsec / 1000000);

	va_start(ap, fmt);
	len += vsnprintf(line + len, sizeof(line) - 1 - (size_t)len, fmt, ap);
	va_end(ap);
	if ((size_t)len >= sizeof(line) - 1)
		return EMSGSIZE;

	line[len++] = '}';

	return node_send(n, line, (size_t)len);
}


/**
 * Read all available input
 *
 * @param n Node
 *
 * @return 0 if success, otherwise errorcode
 */
int node_read(struct node *n)
{
	int err = read_lines(n, MSG_DONTWAIT);

	return err == EAGAIN ? 0 : err;
}


/**
 * Wait until referd has stored the reports
 *
 * @param n     Node
 * @param ahead Number of the last reports that may still be unstored
 *
 * @return 0 if success, otherwise errorcode
 */
int node_settle(struct node *n, unsigned ahead)
{
	int err = 0;

	while (!err && n->acked + ahead < n->n)
		err = read_lines(n, 0);

	return err;
}


/**
 * Disconnect a node
 *
 * @param n Node, may be NULL
 *
 * @return NULL
 */
void *node_close(struct node *n)
{
	if (!n)
		return NULL;

	if (n->fd >= 0)
		(void)close(n->fd);
	free(n);

	return NULL;
}
