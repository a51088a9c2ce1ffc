/**
 * @file config.h  Options and environment to struct config
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef CONFIG_H
#define CONFIG_H

#include "log.h"

struct config {
	const char *listen;       /* HOST:PORT */
	const char *token_file;   /* "" for none */
	const char *allow_origin; /* origins, parted by commas */
	const char *tls_cert;     /* file, "" for none */
	const char *tls_key;
	unsigned max_connections;
	unsigned max_per_address;
	unsigned max_rate; /* messages or requests in a second */
	unsigned max_calls;
	unsigned idle_time; /* seconds */
	char socket[512];
	char web[512];
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
