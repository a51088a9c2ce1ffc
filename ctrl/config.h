/**
 * @file config.h  The sources of the options
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef CONFIG_H
#define CONFIG_H

#include "base/base.h"
#include "capture/capture.h"
#include "fleet/fleet.h"
#include "server/server.h"

struct config {
	struct server_config server;
	const char *token_file; /* "" for none */
	unsigned max_calls;
	char socket[512]; /* "" for none */
	char state[512];
	bool power; /* what is kept has to outlive the power */
	unsigned keep_days;
	unsigned hook_grace; /* seconds */
	unsigned keep_mb;
	char hook_secret[512];  /* file, "" for none */
	const char *app;        /* URL, "" for none */
	const char *hook_allow; /* patterns of hosts, by commas */
	const char *app_map;    /* file, "" for none */
	const char *app_status;
	enum log_level log_level;
	struct fleet_config fleet;
	struct hep_config hep;
};

enum config_result {
	CONFIG_RUN,
	CONFIG_EXIT, /* everything is said, with success */
	CONFIG_BAD,
};

/**
 * Finds a setting of baresip's config
 *
 * @param name  Its name, as in referd_some_thing
 * @param value Buffer for its value
 * @param size  Size of the buffer
 *
 * @return 0, ENOENT if it is not there, EOVERFLOW if it is too long
 */
typedef int(config_find_h)(const char *name, char *value, size_t size);

enum config_result config_read(struct config *c, int argc, char *argv[]);
int config_read_settings(struct config *c, config_find_h *h);
bool config_is_setting(const char *name);
void config_close(void);

#endif
