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
	past_h *h; /* one of the two */
	past_file_h *fileh;
	past_free_h *freeh;
	void *arg;
	struct past_file file;
	struct error error;
};


static void run_handler(void *arg)
{
	struct past *p = arg;

	if (p->fileh)
		p->fileh(&p->file, p->arg, &p->error);
	else
		p->file.p = p->h(p->arg, &p->error);
}


static void done_handler(void *arg)
{
	struct past *p = arg;

	if (p->fileh)
		http_answer_file(p->request, &p->file, &p->error);
	else
		http_answer(p->request, p->file.p, &p->error);
	p->freeh(p->arg);
	free(p);
}


static int ask(struct job **jp, enum scope scope, const char *request,
	       const struct past *what)
{
	struct past *p = what->arg ? calloc(1, sizeof(*p)) : NULL;
	int err = ENOMEM;

	if (p) {
		*p = *what;
		(void)snprintf(p->request, sizeof(p->request), "%s", request);
		error_init(&p->error);
		err = db_ask(jp, scope, run_handler, done_handler, p);
	}

	if (err) {
		what->freeh(what->arg);
		free(p);
	}

	return err;
}


/**
 * Answer a request from the store
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
	return ask(jp, scope, request,
		   &(struct past){.h = h, .freeh = freeh, .arg = arg});
}


/**
 * Answer a request by a file that is made of what the store of this referd has
 *
 * @param jp      Pointer to the job that is taken, gone with its answer
 * @param request Name of the request
 * @param h       Makes the file
 * @param freeh   Frees what h works on
 * @param arg     That; NULL if there was no memory for it
 *
 * @return 0 if success, or ENOMEM
 */
int past_ask_file(struct job **jp, const char *request, past_file_h *h,
		  past_free_h *freeh, void *arg)
{
	return ask(jp, SCOPE_LOCAL, request,
		   &(struct past){.fileh = h, .freeh = freeh, .arg = arg});
}
