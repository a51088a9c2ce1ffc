/**
 * @file fleetstream.h  The stream of a fleet, as JetStream tells and takes it
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef FLEETSTREAM_H
#define FLEETSTREAM_H

#include <stdint.h>
#include <cjson/cJSON.h>
#include "fleetset.h"

enum { STREAM_DIFFERS_MAX = 1024 };

/* Settings that an operator chooses; 0 for the present one */
struct fleetstream_choice {
	unsigned replicas;
	int64_t max_age; /* ns */
	int64_t max_bytes;
};

enum status fleetstream_info(cJSON **infop, const struct fleet_settings *s,
			     double patience);
enum status fleetstream_put(cJSON **infop, const struct fleet_settings *s,
			    const struct fleetstream_choice *c, bool update);
enum status fleetstream_delete(const struct fleet_settings *s);
void fleetstream_choose(struct fleetstream_choice *c, const cJSON *info);
bool fleetstream_differs(char text[STREAM_DIFFERS_MAX],
			 const struct fleet_settings *s, const cJSON *info,
			 const struct fleetstream_choice *c);
bool fleetstream_is_missing(const cJSON *tree);
const char *fleetstream_error(const cJSON *tree);

#endif
