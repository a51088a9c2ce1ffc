/**
 * @file ws.c  A WebSocket client that costs next to nothing
 *
 * Copyright (C) 2026 the sip_refer authors
 *
 * The measurement is of the server: the client uses no library, does not copy
 * a message that arrives in one piece, and thousands of clients share one
 * buffer.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "ws.h"


enum {
	ANSWER_TIME = 20, /* seconds that a server has to take us */
	HEADER_MAX = 14,
	MASK_SIZE = 4,
};

/* RFC 6455 section 5.2 */
enum {
	OP_CONTINUATION = 0,
	OP_TEXT = 1,
	OP_BINARY = 2,
	OP_CLOSE = 8,
	OP_PING = 9,
	OP_PONG = 10,
	FIN = 0x80,
	MASKED = 0x80,
};

struct buffer {
	char *data;
	size_t len, size;
};

struct ws {
	int fd;
	struct buffer in;   /* of a frame that is not complete */
	struct buffer text; /* of a message that is not complete */
};

struct frame {
	uint8_t first; /* FIN and the opcode */
	const char *data;
	size_t len;
};

/* Buffer for one read; no client keeps data here */
static char piece[1 << 16];


static int append(struct buffer *b, const char *data, size_t len)
{
	if (b->len + len > b->size) {
		size_t size = (b->len + len) * 2;
		char *p = realloc(b->data, size);

		if (!p)
			return ENOMEM;

		b->data = p;
		b->size = size;
	}

	memcpy(b->data + b->len, data, len);
	b->len += len;

	return 0;
}


/* Thousands of clients wait: each frees the memory that it does not need */
static void clear(struct buffer *b)
{
	free(b->data);
	memset(b, 0, sizeof(*b));
}


/* A message is small beside the buffer of a socket: to wait is the exception
 */
static int send_all(int fd, const char *data, size_t len)
{
	while (len) {
		struct pollfd p = {.fd = fd, .events = POLLOUT};
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n >= 0) {
			data += n;
			len -= (size_t)n;
		}
		else if (errno == EAGAIN) {
			(void)poll(&p, 1, -1);
		}
		else if (errno != EINTR) {
			return errno;
		}
	}

	return 0;
}


static int send_frame(struct ws *ws, uint8_t opcode, const char *data,
		      size_t len)
{
	static const uint8_t mask[MASK_SIZE] = {0x5a, 0xc3, 0x3c, 0xa5};
	uint8_t *f = malloc(HEADER_MAX + len), *p = f;
	int err;

	if (!f)
		return ENOMEM;

	*p++ = FIN | opcode;
	if (len < 126) {
		*p++ = (uint8_t)(MASKED | len);
	}
	else {
		int bytes = len < 1 << 16 ? 2 : 8;

		*p++ = MASKED | (bytes == 2 ? 126 : 127);
		while (bytes--)
			*p++ = (uint8_t)((uint64_t)len >> 8 * bytes);
	}

	memcpy(p, mask, MASK_SIZE);
	p += MASK_SIZE;
	for (size_t i = 0; i < len; i++)
		*p++ = (uint8_t)data[i] ^ mask[i % MASK_SIZE];

	err = send_all(ws->fd, (char *)f, (size_t)(p - f));
	free(f);

	return err;
}


/* Take a frame off the bytes that are there: EAGAIN if it is not complete */
static int decode(struct frame *f, const char **pp, size_t *lenp)
{
	const uint8_t *p = (const uint8_t *)*pp;
	size_t head = 2;
	uint64_t len;

	if (*lenp < head)
		return EAGAIN;

	if (p[1] & MASKED)
		return EBADMSG;

	len = p[1];
	if (len > 125) {
		head += len == 126 ? 2 : 8;
		if (*lenp < head)
			return EAGAIN;

		len = 0;
		for (size_t i = 2; i < head; i++)
			len = len << 8 | p[i];
	}

	if (*lenp - head < len)
		return EAGAIN;

	*f = (struct frame){p[0], *pp + head, (size_t)len};
	*pp += head + len;
	*lenp -= head + len;

	return 0;
}


static int handle(struct ws *ws, const struct frame *f, ws_h *handler,
		  void *arg)
{
	bool fin = f->first & FIN;
	int err;

	switch (f->first & 0x0f) {
	case OP_CLOSE: return ESHUTDOWN;
	case OP_PING: return send_frame(ws, OP_PONG, f->data, f->len);
	case OP_PONG: return 0;
	case OP_TEXT:
	case OP_BINARY:
		if (fin) {
			handler(f->data, f->len, arg);
			return 0;
		}
		break;
	case OP_CONTINUATION: break;
	default: return EBADMSG;
	}

	err = append(&ws->text, f->data, f->len);
	if (!err && fin) {
		handler(ws->text.data, ws->text.len, arg);
		clear(&ws->text);
	}

	return err;
}


/* Take all frames that are complete, and keep the rest */
static int take(struct ws *ws, const char *data, size_t len, ws_h *handler,
		void *arg)
{
	struct buffer old = ws->in;
	struct frame f;
	int err;

	if (old.len) {
		err = append(&old, data, len);
		if (err)
			return err;

		data = old.data;
		len = old.len;
	}

	ws->in = (struct buffer){NULL, 0, 0};
	while (!(err = decode(&f, &data, &len))) {
		err = handle(ws, &f, handler, arg);
		if (err)
			goto out;
	}

	if (err == EAGAIN)
		err = len ? append(&ws->in, data, len) : 0;

out:
	free(old.data);

	return err;
}


static int upgrade(struct ws *ws, const char *path, const char *protocol)
{
	char text[1024];
	int n = snprintf(text, sizeof(text),
			 "GET %s HTTP/1.1\r\nHost: localhost\r\n"
			 "Upgrade: websocket\r\nConnection: Upgrade\r\n"
			 "Sec-WebSocket-Version: 13\r\n"
			 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
			 "%s%s%s\r\n",
			 path, protocol ? "Sec-WebSocket-Protocol: " : "",
			 protocol ? protocol : "", protocol ? "\r\n" : "");
	const char *end = NULL;
	size_t len = 0;
	int err;

	if (n < 0 || (size_t)n >= sizeof(text))
		return EMSGSIZE;

	err = send_all(ws->fd, text, (size_t)n);
	if (err)
		return err;

	/* later data of the server stays in the socket */
	while (!end) {
		ssize_t got = recv(ws->fd, piece + len,
				   sizeof(piece) - 1 - len, MSG_PEEK);

		if (got <= 0)
			return got < 0 ? errno : ECONNRESET;

		piece[len + (size_t)got] = '\0';
		end = strstr(piece, "\r\n\r\n");
		if (end)
			got = end + 4 - (piece + len);

		len += (size_t)recv(ws->fd, piece + len, (size_t)got, 0);
	}

	return strncmp(piece, "HTTP/1.1 101", 12) ? ECONNREFUSED : 0;
}


static int set_up(struct ws *ws, const struct sockaddr_in *peer,
		  const char *path, const char *protocol)
{
	struct timeval limit = {.tv_sec = ANSWER_TIME};
	int on = 1, err;

	ws->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (ws->fd < 0)
		return errno;

	if (setsockopt(ws->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) ||
	    setsockopt(ws->fd, SOL_SOCKET, SO_RCVTIMEO, &limit,
		       sizeof(limit)) ||
	    connect(ws->fd, (const struct sockaddr *)peer, sizeof(*peer)))
		return errno;

	err = upgrade(ws, path, protocol);
	if (err)
		return err;

	return fcntl(ws->fd, F_SETFL, O_NONBLOCK) ? errno : 0;
}


/**
 * Connect to a server, and wait until it has accepted us
 *
 * @param wsp      Pointer to the new client, which does not block
 * @param peer     Address of the server
 * @param path     Path of the request, with its query
 * @param protocol Subprotocol, may be NULL
 *
 * @return 0 if success, ECONNREFUSED if the server refuses us, otherwise
 *         errorcode
 */
int ws_connect(struct ws **wsp, const struct sockaddr_in *peer,
	       const char *path, const char *protocol)
{
	struct ws *ws = calloc(1, sizeof(*ws));
	int err;

	if (!ws)
		return ENOMEM;

	err = set_up(ws, peer, path, protocol);
	if (err)
		ws = ws_close(ws);
	*wsp = ws;

	return err;
}


/**
 * Get the socket of a client, to wait until it can be read
 *
 * @param ws Client
 *
 * @return File descriptor
 */
int ws_fd(const struct ws *ws)
{
	return ws->fd;
}


/**
 * Send a message
 *
 * @param ws   Client
 * @param text Text
 * @param len  Its length [bytes]
 *
 * @return 0 if success, otherwise errorcode
 */
int ws_send(struct ws *ws, const char *text, size_t len)
{
	return send_frame(ws, OP_TEXT, text, len);
}


/**
 * Read all that is there
 *
 * @param ws      Client
 * @param handler Called for each message
 * @param arg     Its argument
 *
 * @return 0 if success, ESHUTDOWN if the server has said that it closes,
 *         otherwise errorcode
 */
int ws_read(struct ws *ws, ws_h *handler, void *arg)
{
	ssize_t n;
	int err;

	do {
		n = recv(ws->fd, piece, sizeof(piece), 0);
		if (n < 0)
			return errno == EAGAIN ? 0 : errno;
		if (n == 0)
			return ECONNRESET;

		err = take(ws, piece, (size_t)n, handler, arg);
	} while (!err && n == sizeof(piece));

	return err;
}


/**
 * Close a client
 *
 * @param ws Client, may be NULL
 *
 * @return NULL
 */
void *ws_close(struct ws *ws)
{
	if (!ws)
		return NULL;

	if (ws->fd >= 0)
		(void)close(ws->fd);
	clear(&ws->in);
	clear(&ws->text);
	free(ws);

	return NULL;
}
