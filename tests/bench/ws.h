/**
 * @file ws.h  A WebSocket client that costs next to nothing
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <stddef.h>

struct sockaddr_in;
struct ws;

/* A whole message.  The handler must not close the client. */
typedef void(ws_h)(const char *text, size_t len, void *arg);

int ws_connect(struct ws **wsp, const struct sockaddr_in *peer,
	       const char *path, const char *protocol);
int ws_fd(const struct ws *ws);
int ws_send(struct ws *ws, const char *text, size_t len);
int ws_read(struct ws *ws, ws_h *handler, void *arg);
void *ws_close(struct ws *ws);
