/**
 * @file past.h  Requests about the past, which are answered beside the loop
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef PAST_H
#define PAST_H

#include <stddef.h>
#include "store/store.h"


struct error;
struct job;

/* Makes an answer, in another thread; NULL if there is an error, or out of
   memory */
typedef char *(past_h)(void *arg, struct error *error);
typedef void(past_free_h)(void *arg);

/* A file to be kept by who has asked */
struct past_file {
	const char *type; /* Content-Type */
	char name[96];
	char *p; /* to be freed; NULL if there is an error, or out of memory */
	size_t len;
};

typedef void(past_file_h)(struct past_file *f, void *arg, struct error *error);

int past_ask(struct job **jp, enum scope scope, const char *request, past_h *h,
	     past_free_h *freeh, void *arg);
int past_ask_file(struct job **jp, const char *request, past_file_h *h,
		  past_free_h *freeh, void *arg);

#endif
