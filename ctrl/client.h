/**
 * @file client.h  The WebSocket clients: their names, their input until
 * complete
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "sender.h"

struct badge;
struct client;
struct lws;

enum {
	CLIENT_NAME_SIZE = 66, /* of 64 characters and a mark */
};

int clients_init(void);
void clients_close(void);
size_t clients_count(void);
void clients_post(const char *name, const char *app, bool jambonz,
		  uint64_t seq, const char *text);

bool client_name_valid(const char *name);
bool client_connected(const char *name);
bool client_jambonz(const char *name);
bool client_awaits(const char *name, uint64_t seq);

int client_create(struct client **cp, struct lws *wsi, const char *name,
		  enum dialect dialect, uint64_t since,
		  const struct badge *badge);
void clients_check(void);
void clients_leave(void);
void client_destroy(struct client *c);
int client_receive(struct client *c, const void *in, size_t len, bool last,
		   bool binary);
int client_writable(struct client *c);
void client_say(struct client *c, const char *text);
void client_resume(struct client *c);
void client_close(struct client *c, int code);
bool client_drained(const struct client *c);
uint64_t client_since(const struct client *c);
uint64_t client_arrived(struct client *c);

#endif
