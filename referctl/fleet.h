/**
 * @file fleet.h  Commands for a fleet of referds
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef REFERCTL_FLEET_H
#define REFERCTL_FLEET_H

#include "args.h"

enum status fleet_init(const struct args *a);
enum status fleet_status(const struct args *a);
enum status fleet_config(const struct args *a);

#endif
