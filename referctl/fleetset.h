/**
 * @file fleetset.h  The servers of a fleet, and the credentials
 *
 * Copyright (C) 2026 the sip_refer authors
 */
#ifndef FLEETSET_H
#define FLEETSET_H

#include "args.h"
#include "settings.h"

enum {
	FLEET_URLS_MAX = 4096,
	FLEET_NAME_MAX = 64, /* a part of a subject */
};

/* Texts are "" where nothing is set */
struct fleet_settings {
	char urls[FLEET_URLS_MAX];
	char name[FLEET_NAME_MAX];
	char stream[FLEET_NAME_MAX]; /* the name in capitals */
	char node[FLEET_NAME_MAX];
	char creds[SETTING_MAX];
	char nkey[SETTING_MAX];
	char ca[SETTING_MAX];
	char cert[SETTING_MAX];
	char key[SETTING_MAX];
};

enum status fleetset_read(struct fleet_settings *s, const struct args *a);
enum status fleetset_number(unsigned *np, const struct args *a,
			    const char *name, unsigned max);
bool fleetset_is_name(const char *name);
size_t fleetset_server(const char *urls, size_t i, const char **hostp,
		       size_t *lenp, unsigned *portp);
void fleetset_hide(char *to, size_t size, const char *urls);

#endif
