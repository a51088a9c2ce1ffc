/**
 * @file httploop.h  The HTTP requests of libcurl on the event loop of libev
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef HTTPLOOP_H
#define HTTPLOOP_H

#include <curl/curl.h>


typedef void(httploop_h)(CURL *easy, CURLcode result);

int httploop_init(long connections, httploop_h *h);
void httploop_close(void);
int httploop_add(CURL *easy);
void httploop_remove(CURL *easy);

#endif
