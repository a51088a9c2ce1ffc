/**
 * @file applink.h  How an application is reached
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef APPLINK_H
#define APPLINK_H


struct app;

enum {
	CLOSE_NORMAL = 1000,
	CLOSE_GOING_AWAY = 1001,
};

void applink_init(struct app *a);
void applink_reset(struct app *a);
void applink_close(struct app *a, int code);

void applink_url(struct app *a, const char *url);
void applink_open(struct app *a);
void applink_ask(struct app *a);
void applink_abandon(struct app *a, const char *why);

void applinks_start(void);

#endif
