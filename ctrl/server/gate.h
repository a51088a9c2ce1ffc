/**
 * @file gate.h  Whether a request may come in, and as whom
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef GATE_H
#define GATE_H

#include <stdbool.h>
#include <stddef.h>


struct badge;
struct lws;

enum gate {
	GATE_OPEN,    /* it may come, the badge says as whom */
	GATE_NOTHING, /* it has shown no token */
	GATE_UNKNOWN, /* it has shown one that nobody knows */
};

void gate_init(const char *origins);
bool gate_foreign(struct lws *wsi);
char *gate_origin(struct lws *wsi);
enum gate gate_check(struct badge *badge, struct lws *wsi, bool query);
bool gate_frame(struct badge *badge, char *text, size_t len);

#endif
