/**
 * @file message.h  JSON text of a client to struct message
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

struct error;
struct message;

struct cJSON;
struct verb;

int message_decode(struct message **mp, char *text, size_t len,
		   struct error *f);
int message_decode_dial(struct message **mp, char *text, size_t len,
			struct error *f);
void message_free(struct message *m);

#endif
