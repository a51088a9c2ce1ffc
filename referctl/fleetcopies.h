/**
 * @file fleetcopies.h  The copies of a stream at its servers
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef FLEETCOPIES_H
#define FLEETCOPIES_H

#include <stddef.h>
#include <cjson/cJSON.h>
#include "fleetset.h"

enum status fleetcopies_compare(char *text, size_t size,
				const struct fleet_settings *s,
				const cJSON *info);

#endif
