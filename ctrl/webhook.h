/**
 * @file webhook.h  One HTTP request for a hook
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef WEBHOOK_H
#define WEBHOOK_H

#include <stddef.h>

struct webhook;

struct webhook_request {
	const char *id; /* the same for each attempt */
	const char *url;
	const char *method;
	const char *username; /* may be NULL */
	const char *password; /* may be NULL */
	const char *data;     /* JSON text of an object */
};

/* status is 0 if there was no answer, error says why */
typedef void(webhook_h)(long status, const char *error, const char *body,
			size_t len, void *arg);

int webhooks_init(const char *secret_file);
void webhooks_close(void);
int webhook_send(struct webhook **wp, const struct webhook_request *r,
		 webhook_h *h, void *arg);
void webhook_cancel(struct webhook *w);
void webhook_public_url(char *text, size_t size, const char *url);

#endif
