/**
 * @file dialparse.h  The data of a dial
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef DIALPARSE_H
#define DIALPARSE_H


struct cJSON;
struct error;
struct message;

int dial_parse(struct message *m, const struct cJSON *data, struct error *f);

#endif
