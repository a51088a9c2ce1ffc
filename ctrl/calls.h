/**
 * @file calls.h  What happens to calls, for their applications
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef CALLS_H
#define CALLS_H

#include <stdbool.h>

struct hook;
struct sender;
struct session;

/* What an ack of an application answers */
enum app_ack {
	APP_ACK_HOOK, /* a hook, or nothing */
	APP_ACK_NEW,  /* session:new */
	APP_ACK_DONE, /* nothing that waits */
};

struct calls_events {
	void (*created)(const struct session *s);
	void (*changed)(const struct session *s); /* its state */
	void (*idle)(const struct session *s);    /* no verb is left */

	/* What a sender has said is done, or can't be; msgid is what it had
	   answered, "" for nothing.  Senders that are no applications are told
	   of, too. */
	void (*accepted)(const struct sender *sender);
	void (*refused)(const struct sender *sender, const char *msgid);

	/* An application has acknowledged something; it had nothing to say */
	enum app_ack (*acked)(const struct sender *app, const char *msgid);
	void (*empty)(const struct sender *app);

	/* True if the application at a URL takes the call over, and is asked
	   for verbs */
	bool (*redirect)(const struct session *s, const char *url);

	/* A call is about to be made for an application: 0, or ENOMEM.  It
	   was not made. */
	int (*dialled)(const char *call_sid, const struct hook *app);
	void (*dropped)(const char *call_sid);

	/* Makes the URL of a hook whole: 0, or ENOMEM */
	int (*resolve)(const struct sender *owner, struct hook *hook);
};

void calls_init(const struct calls_events *events);
const struct calls_events *calls_events(void);

#endif
