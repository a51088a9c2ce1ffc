/**
 * @file appsave.h  The applications that are to be written to the store
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef APPSAVE_H
#define APPSAVE_H

struct app;
struct cJSON;

void appsave_init(void);
void appsave_close(void);
int appsave_load(struct app *a, const struct cJSON *obj);
void appsave_mark(struct app *a);
void appsave_forget(struct app *a);

#endif
