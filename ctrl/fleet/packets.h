/**
 * @file packets.h  The SIP messages of transfers of other members
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef PACKETS_H
#define PACKETS_H

struct cJSON;
struct error;
struct json;

int packets_serve(const struct cJSON *rq, const char *from,
		  struct json *answer, struct error *f);

#endif
