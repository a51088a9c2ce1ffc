/**
 * @file http.h  HTTP for curl and scripts
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef HTTP_H
#define HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include "net/net.h"


struct error;
struct lws;
struct past_file;
struct request;

int http_begin(struct request **rp, struct lws *wsi, enum role role);
int http_body(struct request *r, const void *in, size_t len);
int http_body_done(struct request *r);
bool http_answers(struct request *r);
int http_writable(struct request *r);
struct request *http_end(struct request *r);

void http_answer(const char *name, char *text, const struct error *error);
void http_answer_file(const char *name, struct past_file *file,
		      const struct error *error);

#endif
