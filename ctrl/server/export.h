/**
 * @file export.h  The SIP messages of a transfer, as a file
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef EXPORT_H
#define EXPORT_H

struct error;
struct export;
struct job;
struct lws;
struct past_file;

int export_read(struct export **xp, const char *path, struct lws *wsi,
		struct error *error);
const char *export_id(const struct export *x);
void export_free(struct export *x);
int export_ask(struct job **jp, const char *request, struct export *x);
void export_make(struct past_file *f, const struct export *x, const char *text,
		 struct error *error);

#endif
