/**
 * @file access.h  Whether a request may come in, and as whom
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef ACCESS_H
#define ACCESS_H

#include <stdbool.h>
#include <stddef.h>


struct badge;
struct lws;

enum access {
	ACCESS_OPEN,    /* it may come, the badge says as whom */
	ACCESS_NOTHING, /* it has shown no token */
	ACCESS_UNKNOWN, /* it has shown one that nobody knows */
};

void access_init(const char *origins);
bool access_foreign(struct lws *wsi);
char *access_origin(struct lws *wsi);
enum access access_check(struct badge *badge, struct lws *wsi, bool query);
bool access_frame(struct badge *badge, char *text, size_t len);

#endif
