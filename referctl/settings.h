/**
 * @file settings.h  Address of referd, and its token
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>
#include "args.h"

enum { SETTING_MAX = 512, URL_MAX = 2048 };

struct settings {
	char url[SETTING_MAX];   /* as given */
	char token[SETTING_MAX]; /* "" for none */
	char ca[SETTING_MAX];    /* file, "" for those of the system */
	bool tls;
	char host[SETTING_MAX];
	int port;
	char path[SETTING_MAX]; /* before /ws, "" as a rule */
};

enum status settings_read(struct settings *s, const struct args *a);

#endif
