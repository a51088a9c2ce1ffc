/**
 * @file config.h  Options and environment to struct config
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef CONFIG_H
#define CONFIG_H

#include "base/base.h"
#include "server/server.h"

struct config {
	struct server_config server;
	const char *token_file; /* "" for none */
	unsigned max_calls;
	char socket[512];
	char state[512];
	unsigned keep_days;
	unsigned hook_grace; /* seconds */
	unsigned keep_mb;
	char hook_secret[512];  /* file, "" for none */
	const char *app;        /* URL, "" for none */
	const char *hook_allow; /* patterns of hosts, by commas */
	const char *app_map;    /* file, "" for none */
	const char *app_status;
	enum log_level log_level;
};

enum config_result {
	CONFIG_RUN,
	CONFIG_EXIT, /* everything is said, with success */
	CONFIG_BAD,
};

enum config_result config_read(struct config *c, int argc, char *argv[]);

#endif
