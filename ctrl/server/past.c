/**
 * @file past.c  Requests about the past, which are answered beside the loop
 *
 * Copyright (C) 2026 the sip_refer authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/base.h"
#include "http.h"
#include "past.h"
#include "store/store.h"


enum { REQUEST_SIZE = 24 };

struct past {
	char request[REQUEST_SIZE];
	past_h *h;
	past_free_h *freeh;
	void *arg;
	char *text;
	struct error error;
};


static void run_handler(void *arg)
{
	struct past *p = arg;

	p->text = p->h(p->arg, &p->error);
}


static void done_handler(void *arg)
{
	struct past *p = arg;

	http_answer(p->request, p->text, &p->error);
	p->freeh(p->arg);
	free(p);
}


/**
 * Answer a request by what the store has
 *
 * @param jp      Pointer to the job that is taken, gone with its answer
 * @param scope   Which store
 * @param request Name of the request
 * @param h       Makes the answer
 * @param freeh   Frees what h works on
 * @param arg     That; NULL if there was no memory for it
 *
 * @return 0 if success, or ENOMEM
 */
int past_ask(struct job **jp, enum scope scope, const char *request, past_h *h,
	     past_free_h *freeh, void *arg)
{
	struct past *p = arg ? calloc(1, sizeof(*p)) : NULL;
	int err = ENOMEM;

	if (p) {
		(void)snprintf(p->request, sizeof(p->request), "%s", request);
		p->h = h;
		p->freeh = freeh;
		p->arg = arg;
		error_init(&p->error);
		err = db_ask(jp, scope, run_handler, done_handler, p);
	}

	if (err) {
		freeh(arg);
		free(p);
	}

	return err;
}
