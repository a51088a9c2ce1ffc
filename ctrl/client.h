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
	MESSAGE_MAX = 65536,   /* bytes of one message, in and out */
};

/* What clients say and do, for those that care */
struct clients_events {
	/* A whole message, which may be changed */
	void (*message)(const struct sender *sender, char *text, size_t len);
	void (*binary)(const struct sender *sender);
	/* A client has come, and gets what it has missed behind a seq,
	   UINT64_MAX if nothing; or it has gone */
	void (*up)(const char *name, uint64_t since);
	void (*down)(const char *name);
	/* JSON text of what a client hears first, to be freed */
	char *(*hello)(const char *client, const char *name, const char *role,
		       uint64_t seq);
	/* Name of the application of a call, which is to hear something; NULL
	   if it has none */
	const char *(*app)(const char *call_sid);
};

int clients_init(const struct clients_events *events);
void clients_close(void);
size_t clients_count(void);
void clients_post(const char *name, const char *call_sid, bool jambonz,
		  uint64_t seq, const char *text);

bool client_name_valid(const char *name);
bool client_connected(const char *name);
bool client_awaits(const char *name, uint64_t seq);

int client_create(struct client **cp, struct lws *wsi, const char *name,
		  const char *call_sid, enum dialect dialect, uint64_t since,
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
