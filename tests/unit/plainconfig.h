/**
 * @file plainconfig.h  A referd without an application, a token or a limit
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef PLAINCONFIG_H
#define PLAINCONFIG_H

#include "config.h"


#define PLAIN_CONFIG                                                          \
	.token_file = "", .app = "", .app_map = "", .app_status = "",         \
	.hook_allow = "", .max_calls = 100, .hook_grace = 60, .keep_days = 1, \
	.keep_mb = 100

#endif
