/**
 * @file fakestream.h  A stream of JetStream's, behind the plugin of the test
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef FAKESTREAM_H
#define FAKESTREAM_H

#include <stdbool.h>
#include <stddef.h>

enum { FAKESTREAM_MAX = 64 };

struct fakestream {
	char created[64];               /* when */
	char *messages[FAKESTREAM_MAX]; /* the first has sequence 1 */
	char *ids[FAKESTREAM_MAX];      /* Nats-Msg-Id */
	unsigned count;                 /* includes expired ones */
	unsigned published; /* how often something was to be put into it */
	bool deaf;          /* stores nothing, answers no publish */
	bool slow;          /* does not say whether we were lost */
	bool mute;          /* takes it, but does not say so */
	unsigned others;    /* messages of others at its end */
	const char *leader; /* NULL for the first of the three servers */
	bool cut_off;       /* the leader hears none of the others */
	const char *error;  /* answer to each publish, or NULL */
	const char *rival;  /* boot of another of our name, or NULL */
};

extern struct fakestream fakestream;

void fakestream_make(const char *created);
void fakestream_age(void);
void fakestream_lose(void);
void fakestream_run(bool (*done)(void));
void fakestream_idle(unsigned ms);

#endif
