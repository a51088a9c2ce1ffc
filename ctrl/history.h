/**
 * @file history.h  The transfers of the past, for who asks over HTTP
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef HISTORY_H
#define HISTORY_H

struct archive_filter;
struct fault;

char *history_list(const struct archive_filter *filter, struct fault *fault);
char *history_one(const char *id, struct fault *fault);

#endif
